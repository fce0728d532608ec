import { FEW_SHOT } from './fixtures';
import { sentenceStarts } from './sentences';
import type { LineJoining } from './wrapped';

/** A text's sentences, without blanks at their ends. */
function sentences(text: string, joining: LineJoining = 'auto'): string[] {
  const starts = sentenceStarts(text, joining);
  return starts
    .map((start, i) => text.slice(start, starts[i + 1]).trim())
    .filter(sentence => sentence !== '');
}

/** Lines without a sentence that runs across two. */
function expectUnjoined(text: string, joining: LineJoining = 'auto') {
  expect(sentenceStarts(text, joining)).toEqual(sentenceStarts(text, 'off'));
}

const CONSTITUTION = `Analyze a menu item in a restaurant.

* The analysis should be brief and to the point.
* The analysis and recommendation should both be clear about the suitability for someone with a specified dietary restriction.

## For example:
Taste-likes: I've a sweet-tooth`;

const UNJOINED: [string, string][] = [
  ['the few-shot prompt of the codelab', FEW_SHOT],
  ['the one with a constitution', CONSTITUTION],
  [
    'labels in small letters',
    'Translate what follows into French and keep its tone.\ninput: a cheese that is as old as the hills\noutput: un fromage vieux comme le monde\nlast input: an onion\noutput:'
  ],
  [
    'a list with signs',
    'Name dishes for people who eat no eggs and no fish\n- quiches without any eggs in their filling, which\n- soups that are made of vegetables and nothing else\n• salads'
  ],
  [
    'a numbered list',
    'Read the whole of the article that follows below\n1. summarize it in one sentence of your own words\n2) name the people who are mentioned in the text\n(c) say who wrote it'
  ],
  [
    'what follows a colon',
    'These are all of the words that you may answer with:\npositive\nnegative'
  ],
  [
    'a list without signs',
    'Possible answers are\npositive\nnegative\nneither of both'
  ],
  [
    'a list of titles',
    'The Old Man and the Sea by Hemingway\nTo Kill a Mockingbird by Harper Lee\nOne Hundred Years of Solitude'
  ],
  [
    'verse',
    'Two roads diverged in a yellow wood,\nAnd sorry I could not travel both\nAnd be one traveler, long I stood\nAnd looked down one as far as I could'
  ],
  [
    'verse in small letters',
    'so much depends\nupon\n\na red wheel\nbarrow\n\nglazed with rain\nwater'
  ],
  [
    'long verse',
    'Shall I compare thee to a summer’s day at all times of it?\nThou art more lovely and more temperate than anything is,\nRough winds do shake the darling buds of May and of June\nAnd summer’s lease hath all too short a date for this one'
  ],
  ['Chinese verse', '床前明月光，\n疑是地上霜。\n举头望明月，\n低头思故乡。'],
  [
    'code in a fence',
    'Explain this:\n```\nthe first line of a program which is long\nand the second one\n```'
  ],
  [
    'code',
    'for name in all_of_the_names_of_the_people:\n    print_the_name_of_them(name, and_more)\n    return None'
  ],
  [
    'a table',
    '| name of the dish | what is in it | for whom |\n| soup that is hot | onions, water |  all |'
  ],
  [
    'a table with tabs',
    'the name of a dish\tall that is in it, spices included\nsoup of the day\tonions'
  ],
  [
    'arrows',
    'this was the very best meal of my life => positive\nthat was the worst one => negative'
  ],
  [
    'headings',
    '# What the guests of this restaurant like to eat\nand more\n\nWhat the guests of this restaurant like to eat\n==========\nmore'
  ],
  [
    'blank lines',
    'Where did the queen of that far country, who ruled when the\n\npainter was born, die?'
  ],
  [
    'a quotation',
    'She said what everybody in the room was thinking and\n> that it was late'
  ],
  [
    'tags',
    '<document>\nthe text of a document that a user uploaded here\n</document>\n<question>\nwhy</question>'
  ],
  [
    'two blanks at the end',
    'Write a line that is broken where the writer wants  \nit to be broken'
  ],
  [
    'whole sentences',
    'Answer in one word of the English language.\nbe polite to everybody who asks you things.\nnever lie.'
  ],
  [
    'a JSON object',
    '{\n  "name": "the name of a dish that is on the menu",\n  "price": "what it costs in the restaurant"\n}'
  ],
  [
    'a list of JSON',
    '{"role": "user", "content": "the message of the user"},\n{"role": "assistant", "content": "what was said then"},\n{"role": "user", "content": "another one of the user"}'
  ],
  [
    'letters in brackets',
    'Say whether the property is one that somebody owns and\n(a)not transferable,\n(b)subject to a risk of forfeiture that is so large'
  ],
  [
    'parameters and their types',
    'db_path (str): Path to the database of all the dishes\nfile_mappings (Dict[str, str]): Names of all tables'
  ],
  [
    'a line separator',
    'Where did the queen of that far country, who ruled when the\u2029painter was born, die?'
  ]
];

describe('sentences across lines that were wrapped by hand', () => {
  it('are one sentence', () => {
    const text =
      'Where did the queen of that far country, who ruled when the\npainter was born, die?';
    expect(sentences(text)).toEqual([text]);
    expect(sentences(text, 'on')).toEqual([text]);
    expect(sentences(text, 'off')).toHaveLength(2);
  });

  it.each([
    [
      'paragraphs, where sentences end in mid-line',
      'You are a helpful assistant that answers questions about food. Use\nonly what the document says, and never what you think that you know\nabout it. If the answer isn’t there, say that you can’t find it, as\nFrench waiters do.\n\nBe brief.',
      [
        'You are a helpful assistant that answers questions about food.',
        'Use\nonly what the document says, and never what you think that you know\nabout it.',
        'If the answer isn’t there, say that you can’t find it, as\nFrench waiters do.',
        'Be brief.'
      ]
    ],
    [
      'a literal’s indented lines',
      'Where did the queen of that far country, who ruled when the\n    painter was born, die? Who was\n    she?\n    ',
      [
        'Where did the queen of that far country, who ruled when the\n    painter was born, die?',
        'Who was\n    she?'
      ]
    ],
    [
      'items of a list',
      '- Name all of the dishes that are on the menu\n  without eggs.\n- Name the others, too, if there are any and if\n  you may. Stop.',
      [
        '- Name all of the dishes that are on the menu\n  without eggs.',
        '- Name the others, too, if there are any and if\n  you may.',
        'Stop.'
      ]
    ],
    [
      'a label’s text',
      'Taste-likes: sweet things\nAnalysis: it has cooked onions in it, which the guest who\nasked does not like.\nRecommendation: Avoid.',
      [
        'Taste-likes: sweet things',
        'Analysis: it has cooked onions in it, which the guest who\nasked does not like.',
        'Recommendation: Avoid.'
      ]
    ],
    [
      'a name behind an open word',
      'Write a short article about the history of the\nUnited States.',
      ['Write a short article about the history of the\nUnited States.']
    ],
    [
      'an abbreviation at the line’s end',
      'Say who was the doctor that was known as Dr.\nwho and why.',
      ['Say who was the doctor that was known as Dr.\nwho and why.']
    ],
    [
      'all in small letters',
      'you are a bot that answers what people ask about the\nfood here. be nice to',
      [
        'you are a bot that answers what people ask about the\nfood here.',
        'be nice to'
      ]
    ],
    [
      'lines that end with CR and LF',
      'Where did the queen of that far country, who ruled when the\r\npainter was born, die?\r\nSay it.',
      [
        'Where did the queen of that far country, who ruled when the\r\npainter was born, die?',
        'Say it.'
      ]
    ],
    [
      'Chinese',
      '请仔细阅读下面这篇关于人工智能在医疗领域应用的文章，\n然后用三句话概括它的主要内容。请用中文回答。',
      [
        '请仔细阅读下面这篇关于人工智能在医疗领域应用的文章，\n然后用三句话概括它的主要内容。',
        '请用中文回答。'
      ]
    ],
    [
      'Chinese of full width',
      '请仔细阅读下面这篇关于人工智能在医疗领域应用的文章并\n用三句话概括它的主要内容以及作者的观点和他所提出的建\n议。',
      [
        '请仔细阅读下面这篇关于人工智能在医疗领域应用的文章并\n用三句话概括它的主要内容以及作者的观点和他所提出的建\n议。'
      ]
    ],
    [
      'Arabic',
      'اكتب ملخصا قصيرا للنص التالي الذي يتحدث عن تاريخ المدينة،\nومن عاش فيها.',
      [
        'اكتب ملخصا قصيرا للنص التالي الذي يتحدث عن تاريخ المدينة،\nومن عاش فيها.'
      ]
    ],
    [
      'German, whose nouns have capitals',
      'Du bist ein Assistent, der Fragen zu den Speisen auf der\nKarte beantwortet und dabei immer sehr höflich bleibt, auch\nwenn ein Gast es nicht ist.',
      [
        'Du bist ein Assistent, der Fragen zu den Speisen auf der\nKarte beantwortet und dabei immer sehr höflich bleibt, auch\nwenn ein Gast es nicht ist.'
      ]
    ]
  ])('are joined: %s', (_, text, expected) => {
    expect(sentences(text)).toEqual(expected);
    expect(sentences(text, 'on')).toEqual(expected);
  });

  it.each(UNJOINED)('are not joined: %s', (_, text) => {
    expectUnjoined(text);
    expectUnjoined(text, 'on');
    expectUnjoined(text.replace(/\n/g, '\r\n'));
  });

  it('are not joined by themselves where sentences begin with small letters', () => {
    expectUnjoined(
      'Intents:\nthe customer wants to return the product\nthe customer asks about the delivery\nthe customer is angry at somebody'
    );
  });

  it('are joined where the user wants it, though nothing shows the wrapping', () => {
    const text =
      'the customer wants to return what was bought\nthe clerk agrees';
    expect(sentences(text)).toHaveLength(2);
    expect(sentences(text, 'on')).toEqual([text]);
  });

  it('partition any text', () => {
    const random = generator(7);
    const pieces = [
      ...'aBz. ,:;!?-*#|`\t\n\n\n\r{}[]<>=1$。，中文ب\u2028\u0301😀"'.split(''),
      ...UNJOINED.flatMap(([, text]) => text.split(/(?<=[\n ])/)),
      '\r\n',
      ' the\n',
      '```\n',
      'a line that is long enough to have been wrapped by hand in the\n'
    ];
    const wrong: string[] = [];
    for (let run = 0; run < 1_000; run++) {
      const text = Array.from(
        { length: random(40) },
        () => pieces[random(pieces.length)]
      ).join('');
      const breaks = new Set(sentenceStarts(text, 'off'));
      for (const joining of ['auto', 'on'] as const) {
        const starts = sentenceStarts(text, joining);
        const ends = [...starts.slice(1), text.length];
        const isPartition =
          starts[0] === 0 &&
          starts.every(
            (start, i) => start < ends[i] || ends[i] === text.length
          );
        // A blank line is never within a sentence.
        const isApart = starts.every(
          (start, i) => !/\n[^\S\n]*\n/.test(text.slice(start, ends[i]).trim())
        );
        // Without a line that continues, nothing changes.
        const isSame =
          starts.length !== breaks.size ||
          starts.every(start => breaks.has(start));
        if (!isPartition || !isApart || !isSame) {
          wrong.push(`${joining}: ${JSON.stringify(text)}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

/** Whole numbers below a bound, the same ones each time. */
function generator(seed: number): (bound: number) => number {
  let state = seed;
  return bound => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

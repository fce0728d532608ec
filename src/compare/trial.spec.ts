import { nullTranslator } from '@jupyterlab/translation';

import { segment } from '../salience';
import type { TokenSpan } from '../salience';
import { textOf } from '../session/runText';
import { tokens } from '../session/fixtures';
import { startRun } from '../session/run';
import type { IRun } from '../session/run';
import {
  isIdle,
  nameOfTrial,
  promptOfTrial,
  trialOf,
  trialWithout
} from './trial';

/** Also of lit_lab/deletion.py; spans count code points. */
const DELETIONS = jest.requireActual<
  { text: string; deleted: [number, number][]; left: string }[]
>('../../tests/fixtures/text/deletions.json');

const trans = nullTranslator.load('lit_lab');
const NAME = 'named';
const TRIAL = 'Without “One is here.”';

function run(prompt: string): IRun {
  return {
    ...startRun(
      {
        model: 'demo',
        prompt,
        values: { dish: 'soup' },
        sampling: { temperature: 0.5, seed: 3 },
        stop: ['Q:'],
        origin: { document: 'n.ipynb', place: ['cell 1'] },
        title: NAME
      },
      ''
    ),
    promptTokens: tokens(prompt)
  };
}

/** A prompt's sentences. */
function sentences({ promptTokens }: IRun): readonly TokenSpan[] {
  return segment(promptTokens, promptTokens.length, 'sentences');
}

/** The prompt without some of its sentences. */
function without(prompt: string, ...which: number[]): string {
  const made = run(prompt);
  const spans = sentences(made);
  return promptOfTrial(made, trialWithout(...which.map(n => spans[n])));
}

/** The prompt with another text in the place of its nth sentence. */
function instead(prompt: string, n: number, replacement: string): string {
  const made = run(prompt);
  return promptOfTrial(made, { spans: [sentences(made)[n]], replacement });
}

/** A text in tokens of one character. */
function charactersOf(text: string) {
  return [...text].map(character => ({
    ...tokens('x')[0],
    text: character
  }));
}

describe('compare/trial', () => {
  it('takes a sentence away with the blanks around it', () => {
    const prompt = 'One is here. Two is here. Three is here.';
    expect(without(prompt, 0)).toBe('Two is here. Three is here.');
    expect(without(prompt, 1)).toBe('One is here. Three is here.');
    expect(without(prompt, 2)).toBe('One is here. Two is here.');
  });

  it('takes a line away with its line break', () => {
    expect(without('One\nTwo\nThree', 1)).toBe('One\nThree');
  });

  it('keeps apart what an empty line parted', () => {
    expect(without('One\nTwo\n\nThree', 1)).toBe('One\n\nThree');
    expect(without('One\n\nTwo\nThree', 1)).toBe('One\n\nThree');
    expect(without('One\n\nTwo\n\nThree', 1)).toBe('One\n\nThree');
  });

  it('keeps how the prompt begins and ends', () => {
    expect(without('\nOne\n\nTwo', 0)).toBe('\nTwo');
    expect(without('One\n\nTwo\n', 1)).toBe('One\n');
    expect(without('One\n\nTwo', 1)).toBe('One');
  });

  it('leaves nothing of a prompt of one sentence', () => {
    expect(without('Only this.', 0).trim()).toBe('');
  });

  it.each(DELETIONS)(
    'takes away what the effects of parts are computed without: %j',
    ({ text, deleted, left }) => {
      const promptTokens = charactersOf(text);
      expect(promptOfTrial({ promptTokens }, trialWithout(...deleted))).toBe(
        left
      );
    }
  );

  it('takes several parts away as one after the other, in any order', () => {
    const gaps = ['', ' ', '\n', ' \n\n', '   '];
    // The blanks belong to a part, or stand before and behind it.
    for (let made = 0; made < 3 * gaps.length ** 3; made++) {
      const gap = (n: number) => gaps[Math.floor(made / 3 / 5 ** n) % 5];
      const pieces = ['Aa', gap(0), 'Bb', gap(1), 'Cc', gap(2), 'Dd'];
      const text = pieces.join('');
      const at = (n: number) => pieces.slice(0, n).join('').length;
      const ends = made % 3;
      const spans = [
        [at(2), at(3)],
        [at(4), at(5)]
      ].map(([start, end], n): TokenSpan => [
        ends === 1 ? start - gap(n).length : start,
        ends === 2 ? end + gap(n + 1).length : end
      ]);
      const cut = (from: string, core: string) => {
        const start = from.indexOf(core);
        return promptOfTrial(
          { promptTokens: charactersOf(from) },
          trialWithout([start, start + core.length])
        );
      };
      const both = promptOfTrial(
        { promptTokens: charactersOf(text) },
        trialWithout(...spans)
      );
      expect(both).toBe(cut(cut(text, 'Bb'), 'Cc'));
      expect(both).toBe(cut(cut(text, 'Cc'), 'Bb'));
    }
  });

  it('keeps the emptiest line of the gaps around neighbours that go', () => {
    expect(without('One.\nTwo.\n\nThree.\nFour.', 1, 2)).toBe('One.\n\nFour.');
    expect(without('One.\nTwo.\nThree.\nFour.', 0, 3)).toBe('Two.\nThree.');
    expect(without('One.\nTwo.', 0, 1).trim()).toBe('');
  });

  it('puts another text in a part’s place, and keeps the blanks around it', () => {
    const prompt = '\n One is here.  Two is here.\n\nThree is here.\n';
    expect(instead(prompt, 0, '1')).toBe(
      '\n 1  Two is here.\n\nThree is here.\n'
    );
    expect(instead(prompt, 1, '2a\n2b')).toBe(
      '\n One is here.  2a\n2b\n\nThree is here.\n'
    );
    expect(instead(prompt, 2, '$& 3')).toBe(
      '\n One is here.  Two is here.\n\n$& 3\n'
    );
  });

  it('knows a trial that changes nothing', () => {
    const made = run('One is here. Two is here.');
    const spans = [sentences(made)[1]];
    expect(isIdle(made, { spans, replacement: 'Two is here.' })).toBe(true);
    expect(isIdle(made, { spans, replacement: 'Two is gone.' })).toBe(false);
    expect(isIdle(made, trialWithout(...spans))).toBe(false);
    const blanks = { ...made, promptTokens: charactersOf('A  B') };
    expect(isIdle(blanks, trialWithout([1, 3]))).toBe(true);
    expect(promptOfTrial(blanks, trialWithout([1, 3]))).toBe('A  B');
  });

  it('changes the turns of a conversation that its parts are in', () => {
    const made = run('Be brief. Be kind. Onions? Eggs?');
    const texts = ['Be brief. Be kind.', 'Onions? Eggs?'];
    const all = sentences(made);
    const talk: IRun = {
      ...made,
      turns: [
        { role: 'system', text: texts[0] },
        { role: 'user', text: texts[1] }
      ],
      turnSpans: [
        [all[0][0], all[1][1]],
        [all[2][0], all[3][1]]
      ]
    };
    const turns = (...spans: TokenSpan[]) =>
      trialOf(talk, trialWithout(...spans), trans).turns?.map(
        ({ role, text }) => [role, text.trim()]
      );
    expect(turns(all[1], all[2])).toEqual([
      ['system', 'Be brief.'],
      ['user', 'Eggs?']
    ]);
    expect(turns(all[0], all[1], all[3])).toEqual([['user', 'Onions?']]);
    const { turns: changed } = trialOf(
      talk,
      { spans: [all[2]], replacement: 'Leeks?' },
      trans
    );
    expect(changed!.map(({ text }) => text.trim())).toEqual([
      'Be brief. Be kind.',
      'Leeks? Eggs?'
    ]);
  });

  it('asks the same in all else, and says what it is', () => {
    const made = run('One is here. Two is here.');
    const spans = segment(
      made.promptTokens,
      made.promptTokens.length,
      'sentences'
    );
    expect(textOf(made.promptTokens, spans[0])).toBe('One is here.');
    expect(trialOf(made, trialWithout(spans[0]), trans)).toEqual({
      model: 'demo',
      prompt: 'Two is here.',
      values: {},
      sampling: { temperature: 0.5, seed: 3 },
      stop: ['Q:'],
      thinking: false,
      chat: 'off',
      origin: { document: 'n.ipynb', place: ['cell 1'] },
      title: TRIAL
    });
    // In a chat format if the run was.
    const wrapped = { ...made, chatUse: 'wrapped' as const };
    expect(trialOf(wrapped, trialWithout(spans[0]), trans).chat).toBe('on');
  });

  it('names what goes, and what comes in its place', () => {
    const named = (
      text: string,
      spans: TokenSpan[],
      replacement: string | null = null
    ) =>
      nameOfTrial(
        { promptTokens: charactersOf(text) },
        { spans, replacement },
        trans
      );
    const onions = '🍲'.repeat(80);
    // By the beginning, in whole characters.
    expect(named(onions, [[0, 80]])).toBe(`Without “${'🍲'.repeat(59)}…”`);
    expect(named(' a\n b ', [[0, 6]])).toBe('Without “a b”');
    const [a, c, e, g] = [0, 2, 4, 6].map((at): TokenSpan => [at, at + 1]);
    expect(named('a b c d', [a, e])).toBe('Without 2 parts: “a”, “c”');
    expect(named('a b c d', [a, c, e, g])).toBe(
      'Without 4 parts: “a”, “b”, “c”, …'
    );
    expect(named('a b c d', [c], 'x\ny')).toBe('“x y” instead of “b”');
    // The server takes 200 characters.
    expect([...named(onions, [[0, 80]], onions)].length).toBeLessThan(200);
  });
});

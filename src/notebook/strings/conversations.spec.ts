import { pythonLanguage } from '@codemirror/lang-python';
import { nullTranslator } from '@jupyterlab/translation';

import { turnsIn } from '../../session/conversation';
import { sourceSpans } from '../../session/mapped';
import { fill } from '../../session/template';
import { candidatesOf, meant } from '../candidates';
import { makeFinder } from '../fakes';
import { findAgain, stringOrigin } from '../origin';
import { findConversations } from './conversations';
import { parseWithMagics } from './magics';

const { parser } = pythonLanguage;
const trans = nullTranslator.load('lit_lab');

const find = (source: string) =>
  findConversations(
    source,
    { lookup: () => null, trans },
    parseWithMagics(source, parser)
  );

/** The turns that are found, each as `role: text`; null: no conversation. */
const said = (source: string) => {
  const [found, ...others] = find(source);
  expect(others).toEqual([]);
  return found
    ? turnsIn(found.value, found.turns!).map(
        ({ role, text }) => `${role}: ${text}`
      )
    : null;
};

const CASE = [
  'messages = [\n  {"role": "system", "content": "You are brief."},\n  {"role": "user", "content": "Name a red fruit."},\n  {"role": "assistant", "content": "Apple."},\n  {"role": "user", "content": f"And a {colour} one?"},\n]',
  'colour = "green"'
];

const NOTEBOOK = {
  cells: CASE.map(source => ({ type: 'code', source })),
  language: 'python'
};

describe('findConversations', () => {
  it.each<[string, string, string[]]>([
    [
      'dictionaries, with other keys and in any order',
      '[{"content": "A", "name": "x", "role": "developer"}, dict_, ]'.replace(
        'dict_, ',
        '{"role": "user", "content": ("B"\n "C")}'
      ),
      ['system: A', 'user: BC']
    ],
    [
      'tuples',
      'ChatPromptTemplate.from_messages([("system", "A"), ("human", "B"), ("ai", "C")])',
      ['system: A', 'user: B', 'model: C']
    ],
    [
      'Gemini’s classes',
      'contents=[types.Content(role="user", parts=[types.Part(text="A")]), types.Content(role="model", parts=[types.Part.from_text(text="B")])]',
      ['user: A', 'model: B']
    ],
    [
      'Gemini’s dictionaries',
      '[{"role": "user", "parts": [{"text": "A"}]}, {"role": "model", "parts": ["B"]}]',
      ['user: A', 'model: B']
    ],
    [
      'parts of OpenAI’s',
      '[{"role": "user", "content": [{"type": "text", "text": "A"}]}]',
      ['user: A']
    ],
    [
      'LangChain’s classes',
      '[SystemMessage(content="A"), HumanMessage("B"), AIMessage("C")]',
      ['system: A', 'user: B', 'model: C']
    ],
    [
      'instructions beside an input',
      'client.responses.create(model="m", instructions="A", input="B")',
      ['system: A', 'user: B']
    ],
    [
      'a system’s text beside messages',
      'create(system="A", messages=[{"role": "user", "content": "B"}])',
      ['system: A', 'user: B']
    ],
    [
      'names, as fields',
      '[{"role": "user", "content": question}]',
      ['user: {question}']
    ]
  ])('finds %s', (_, source, expected) => {
    expect(said(source)).toEqual(expected);
  });

  it.each([
    '["a", "b"]',
    '[("a", "b")]',
    '[{"role": "tool", "content": "a"}]',
    '[{"role": "user", "content": make()}]',
    '[{"role": "user", "content": "a"}, other]',
    '[{"role": "system", "content": "a"}]',
    '[{"role": "user", "content": [{"type": "image_url", "image_url": "u"}]}]',
    '[{"role": "user", "content": f" {x} ".strip()}]',
    '[*others, {"role": "user", "content": "a"}]',
    '%%bash\n[{"role": "user", "content": "a"}]',
    '[]'
  ])('takes nothing else for one: %s', source => {
    expect(find(source)).toEqual([]);
  });

  it('finds each of several, and none within another', () => {
    const one = '[{"role": "user", "content": "A"}]';
    const found = find(`a = ${one}\nb = [${one}, ${one}]`);
    expect(found.map(({ variable }) => variable)).toEqual([
      'a',
      undefined,
      undefined
    ]);
  });

  it('maps each turn to its literal', () => {
    const [found] = find(CASE[0]);
    const { value, map, turns } = fill(found, { colour: 'green' });
    const own = turns!.map(turn =>
      sourceSpans(map, turn.value)
        .map(([from, to]) => CASE[0].slice(from, to))
        .join('')
    );
    expect(own).toEqual([
      'You are brief.',
      'Name a red fruit.',
      'Apple.',
      'And a {colour} one?'
    ]);
    expect(value.endsWith('And a green one?')).toBe(true);
    // The roles' labels come from nowhere.
    expect(sourceSpans(map, [0, 'System\n'.length])).toEqual([]);
  });
});

describe('a conversation in a cell', () => {
  it('is offered first, with its field’s value, then its texts', async () => {
    const finder = makeFinder();
    const found = await finder.find(NOTEBOOK, 0);
    const texts = { type: 'code', source: CASE[0], found, outputs: [] };
    const candidates = candidatesOf(texts);
    expect(candidates[0]).toMatchObject({
      kind: 'conversation',
      variable: 'messages'
    });
    expect(candidates[0].turns).toHaveLength(4);
    expect(candidates.map(({ value }) => value)).toContain('You are brief.');
    expect(await finder.suggest(NOTEBOOK, 0, found[0])).toMatchObject({
      colour: { value: 'green' }
    });
    // Within it, all of it or one of its texts may be meant.
    const offset = CASE[0].indexOf('brief');
    const asked = { offset, output: null, selection: null, selected: null };
    expect(meant(asked, texts, candidates)).toBeNull();
  });

  it('is found again as what it is, and so is each of its texts', async () => {
    const found = await makeFinder().find(NOTEBOOK, 0);
    for (let index = 0; index < found.length; index++) {
      const origin = stringOrigin(found, index);
      expect(origin.what === 'string' && findAgain(origin, found)).toBe(index);
    }
  });
});

/** Conversation templates of libraries. */
import { turnsIn } from '../../session/conversation';
import { sourceSpans } from '../../session/mapped';
import { codeCells, pythonFinder, suggested } from './fakes';

describe('a conversation template', () => {
  it.each<[string, string[], string[], Record<string, string>]>([
    [
      'tuples',
      [
        'p = ChatPromptTemplate.from_messages([("system", "You translate into {language}."), ("human", "{text}")])\np.invoke({"language": "German", "text": "hi"})'
      ],
      ['system: You translate into {language}.', 'user: {text}'],
      { language: 'German', text: 'hi' }
    ],
    [
      'names, of another cell, too, and braces',
      [
        'S = "You know {{\\"a\\": {x}}}."',
        'H = "On {y}"\np = ChatPromptTemplate.from_messages([("system", S), ("human", H)])\n(p | llm).invoke({"x": "X", "y": "Y"})'
      ],
      ['system: You know {"a": {x}}.', 'user: On {y}'],
      { x: 'X', y: 'Y' }
    ],
    [
      'classes, of which messages are no templates',
      [
        'p = ChatPromptTemplate.from_messages([SystemMessage(content="In {braces}."), HumanMessagePromptTemplate.from_template("On {x}"), AIMessage("{ok}"), ("user", "{y}")])\np.format_messages(x="X", y="Y")'
      ],
      ['system: In {braces}.', 'user: On {x}', 'model: {ok}', 'user: {y}'],
      { x: 'X', y: 'Y' }
    ],
    [
      'a text alone, and a list that a name stands for',
      [
        'messages = [("system", "In {a}."), "On {b}"]\nchat = ChatPromptTemplate(messages)',
        'chat.format_prompt(a="A", b="B")'
      ],
      ['system: In {a}.', 'user: On {b}'],
      { a: 'A', b: 'B' }
    ],
    [
      'a part of a message, and a sum of messages',
      [
        'p = ChatPromptTemplate.from_messages([("system", "In {a}."), ("human", [{"type": "text", "text": "On {b}"}])]) + "And {{{c}}}"\n(p | llm).invoke(dict(a="A", b="B", c="C"))'
      ],
      ['system: In {a}.', 'user: On {b}'],
      { a: 'A', b: 'B' }
    ],
    [
      'LlamaIndex',
      [
        'from llama_index.core.llms import ChatMessage, MessageRole\nfrom llama_index.core import ChatPromptTemplate\nt = ChatPromptTemplate([ChatMessage(role=MessageRole.SYSTEM, content="In {a}."), ChatMessage(content="On {b}", role="user")])\nt.format_messages(a="A", b="B")'
      ],
      ['system: In {a}.', 'user: On {b}'],
      { a: 'A', b: 'B' }
    ],
    [
      'dictionaries, and a name whose value is unknown',
      [
        'p = ChatPromptTemplate.from_messages([{"role": "system", "content": rules}, {"role": "user", "content": "On {{x}}: {x}"}])\np.invoke({"x": "X"})'
      ],
      ['system: {rules}', 'user: On {x}: {x}'],
      { x: 'X' }
    ]
  ])('is a conversation of %s', async (_, cells, turns, values) => {
    const at = cells.findIndex(
      cell =>
        cell.includes('("system"') ||
        cell.includes('SystemMessage(') ||
        cell.includes('"role"') ||
        cell.includes('MessageRole')
    );
    const { found } = await suggested(cells, at);
    const text = found.filter(({ kind }) => kind === 'conversation');
    expect(text).toHaveLength(1);
    expect(found[0]).toBe(text[0]);
    expect(
      turnsIn(text[0].value, text[0].turns!).map(
        ({ role, text: said }) => `${role}: ${said}`
      )
    ).toEqual(turns);
    const all = await pythonFinder().suggest(codeCells(cells), at, text[0]);
    const known = Object.entries(all).filter(([, { value }]) => value !== null);
    expect(
      Object.fromEntries(known.map(([name, { value }]) => [name, value]))
    ).toEqual(values);
    for (const { value, name } of text[0].fields) {
      for (const [from, to] of sourceSpans(text[0].map, value)) {
        expect([name, `{${name}}`]).toContain(cells[at].slice(from, to));
      }
    }
  });

  it.each([
    'MessagesPlaceholder("history")',
    'MessagesPlaceholder(variable_name="history", optional=True)',
    '("placeholder", "{history}")'
  ])('leaves messages out that %s puts in, and says so', async puts => {
    const cell = `p = ChatPromptTemplate.from_messages([("system", "Be {a}."), ${puts}, ("human", "{b}")])\np.invoke({"a": "A", "b": "B", "history": h})`;
    const { found } = await suggested([cell], 0);
    expect(found[0]).toMatchObject({ kind: 'conversation', variable: 'p' });
    expect(found[0].value).toBe('System\nBe {a}.\n\nUser\n{b}');
    expect(found[0].problem).toBe(
      'The messages of “history” are put in at run time; they are left out here.'
    );
  });
});

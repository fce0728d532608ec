import { FEW_SHOT } from '../salience/fixtures';
import { exampleLabel } from './fewshot';

describe('exampleLabel', () => {
  it.each([
    ['LIT’s menu', FEW_SHOT, 'Taste-likes:'],
    ['a blank behind it', `${FEW_SHOT} `, 'Taste-likes:'],
    ['a line break behind it', `${FEW_SHOT}\n`, 'Taste-likes:'],
    ['Windows’ line breaks', FEW_SHOT.replace(/\n/g, '\r\n'), 'Taste-likes:'],
    [
      'an answer that is begun',
      FEW_SHOT.replace(/Analysis:$/, 'Analysis: Quiche has'),
      'Taste-likes:'
    ],
    ['questions', 'Q: 2+2?\nA: 4\n\nQ: 3+3?\nA: 6\n\nQ: 4+4?\nA:', 'Q:'],
    ['one question before', 'Q: 2+2?\nA: 4\nQ: 3+3?\nA:', 'Q:'],
    [
      'an instruction before, with a label of its own',
      'Task: Add.\n\nInput: 1 1\nOutput: 2\n\nInput: 2 2\nOutput:',
      'Input:'
    ],
    [
      'sentiments, texts in lines of their own',
      'Review:\nGood soup.\nSentiment:\nglad\n\nReview:\nBad.\nSentiment:\n',
      'Review:'
    ],
    [
      'Alpaca’s headings',
      '### Instruction:\nAdd.\n\n### Response:\n2\n\n### Instruction:\nSay.\n\n### Response:\n',
      '### Instruction:'
    ],
    [
      'a conversation',
      'User: hello\nAssistant: Hello!\nUser: soup?\nAssistant:',
      'User:'
    ],
    [
      'another script',
      '问题：一加一？\n答案：二\n\n问题：二加二？\n答案：',
      '问题：'
    ],
    [
      'accents, digits and brackets',
      'Énoncé 1 (fr): a\nRéponse: b\nÉnoncé 1 (fr): c\nRéponse:',
      'Énoncé 1 (fr):'
    ]
  ])('finds it in %s', (_, prompt, label) => {
    expect(exampleLabel(prompt)).toBe(label);
  });

  it.each([
    ['nothing', ''],
    ['prose', 'Note: this is prose.\nIt goes on. He said: “Soup: good.”\n'],
    ['one example', 'Q: 2+2?\nA:'],
    ['a question alone behind the examples', 'Q: a\nA: b\nQ: c'],
    ['examples that are complete', 'Q: a\nA: b\nQ: c\nA: d'],
    ['text behind the last label', 'Q: a\nA: b\nQ: c\nA:\nd'],
    ['one label again and again', 'Note: a\nNote: b\nNote:'],
    ['examples of different kinds', 'A: a\nB: b\nA: c\nC: d\nA: e\nC:'],
    ['a list', '- Q: a\n- A: b\n- Q: c\n- A:'],
    ['a numbered list', '1. Soup: a\n2. Soup: b\n3. Soup:'],
    ['a log', 'ERROR: a\nINFO: b\nERROR: c\nINFO: d\nERROR: e'],
    [
      'Python',
      'try:\n    a()\nexcept OSError:\n    b()\ntry:\n    c()\nexcept OSError:'
    ],
    [
      'code behind a block',
      'if x:\n    a\nb\nelse:\n    c\nif x:\n    d\nelse:'
    ],
    ['C++', 'switch (x) {\ncase A: a();\ndefault: b();\n}\n'],
    [
      'YAML',
      'kind: Pod\nmetadata:\n  name: a\n---\nkind: Pod\nmetadata:\n  name: b\n---\nkind: Pod\nmetadata:'
    ],
    ['a YAML list', '- name: a\n  value: 1\n- name: b\n  value:'],
    [
      'Markdown',
      '# Soup\n\n**Note:** a\n\n## Pros:\n\n- b\n\n**Note:** c\n\n## Cons:\n\n- d\n'
    ],
    ['addresses and times', 'https://a.b\n12:30 soup\nhttps://a.b\n12:30'],
    ['a long sentence with a colon', 'What I want to say is: a\n'.repeat(3)],
    ['JSON', '{\n"q": 1,\n"a": 2,\n"q": 3,\n"a":']
  ])('finds none in %s', (_, prompt) => {
    expect(exampleLabel(prompt)).toBeNull();
  });
});

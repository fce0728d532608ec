import { FakeSource } from './fakes';
import { PromptModel } from './prompt';

const TEMPLATE = 'Likes {x}, not {y}.';
const FIELDS = [
  { name: 'x', expression: 'x', value: [6, 9] as const },
  { name: 'y', expression: 'y', value: [15, 18] as const }
];

describe('session/prompt', () => {
  let prompt: PromptModel;

  beforeEach(() => {
    prompt = new PromptModel();
  });

  it('follows its source until it is edited by hand', () => {
    const source = new FakeSource('one');
    prompt.open(source);
    expect(prompt.value).toBe('one');
    source.become('two');
    expect(prompt.value).toBe('two');
    prompt.edit('mine');
    source.become('three');
    expect(prompt.value).toBe('mine');
    expect(prompt.isEdited).toBe(true);
    prompt.follow();
    expect(prompt.value).toBe('three');
    expect(prompt.isEdited).toBe(false);
  });

  it('gives a hand-edited text back after another prompt was opened', () => {
    prompt.open(new FakeSource('one'));
    prompt.edit('mine');
    prompt.open(new FakeSource('two'));
    expect(prompt.value).toBe('two');
    expect(prompt.left).toBe('mine');
    prompt.takeBack();
    expect(prompt.value).toBe('mine');
    expect(prompt.left).toBeNull();
  });

  it('is not edited when typed back to what the source says', () => {
    prompt.open(new FakeSource('one'));
    prompt.edit('one!');
    prompt.edit('one');
    expect(prompt.isEdited).toBe(false);
  });

  it('keeps the line breaks of its source unless it is edited', () => {
    prompt.open(new FakeSource('one\r\ntwo'));
    expect(prompt.value).toBe('one\r\ntwo');
    prompt.edit('one\ntwo!');
    prompt.edit('one\ntwo');
    expect(prompt.isEdited).toBe(false);
    expect(prompt.value).toBe('one\r\ntwo');
  });

  it('fills variables in: what is typed wins over what is found', () => {
    const source = new FakeSource(TEMPLATE, FIELDS);
    source.suggestions = { x: { value: 'cheese', from: 'cell 3' } };
    prompt.open(source);
    expect(prompt.value).toBe('Likes cheese, not {y}.');
    expect(prompt.variables).toEqual([
      { name: 'x', value: 'cheese', from: 'cell 3' },
      { name: 'y', value: undefined, from: '' }
    ]);
    prompt.setVariable('y', 'eggs');
    prompt.setVariable('x', '');
    expect(prompt.value).toBe('Likes , not eggs.');
    source.suggestions = { x: { value: 'soup', from: 'cell 3' } };
    source.changed.emit();
    expect(prompt.value).toBe('Likes , not eggs.');
  });

  it('keeps the last text of a source that is gone', () => {
    const source = new FakeSource('one');
    prompt.open(source);
    source.become(null);
    expect(prompt.value).toBe('one');
    expect(prompt.isGone).toBe(true);
    expect(prompt.origin?.document).toBe('a/prompts.ipynb');
  });

  it('disposes of a source that another one replaces', () => {
    const source = new FakeSource('one');
    prompt.open(source);
    prompt.open(new FakeSource('two'));
    expect(source.isDisposed).toBe(true);
    source.become('three');
    expect(prompt.value).toBe('two');
  });

  it('keeps what was typed when the same text is opened again', () => {
    const source = new FakeSource(TEMPLATE, FIELDS);
    prompt.open(source);
    prompt.setVariable('y', 'eggs');
    prompt.open(new FakeSource(TEMPLATE, FIELDS));
    expect(prompt.value).toBe('Likes {x}, not eggs.');
    const other = new FakeSource(TEMPLATE, FIELDS);
    other.place = ['cell 9'];
    prompt.open(other);
    expect(prompt.value).toBe(TEMPLATE);
  });

  it('outlives a reload, found values too', () => {
    const source = new FakeSource(TEMPLATE, FIELDS);
    source.suggestions = { x: { value: 'cheese', from: 'cell 3' } };
    prompt.open(source);
    prompt.setVariable('y', 'eggs');
    const next = new PromptModel();
    next.restore(JSON.parse(JSON.stringify(prompt.save())));
    expect(next.value).toBe('Likes cheese, not eggs.');
    expect(next.variables[0].from).toBe('cell 3');
    expect(next.origin).toEqual({
      document: 'a/prompts.ipynb',
      place: ['cell 2', 'f-string']
    });
    next.setVariable('x', 'soup');
    expect(next.value).toBe('Likes soup, not eggs.');
    next.dispose();
  });
});

import { FakeSource } from './fakes';
import { PromptModel } from './prompt';
import type { IKernelAnswer } from './source';

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

  it('goes back to a text with its place, its fields and what was typed', () => {
    const first = new FakeSource(TEMPLATE, FIELDS);
    prompt.open(first);
    prompt.setVariable('x', 'cheese');
    prompt.edit('mine');
    const second = new FakeSource('two');
    second.place = ['cell 9', 'string'];
    prompt.open(second);
    expect(prompt.leftOrigin?.place).toEqual(['cell 2', 'f-string']);
    expect(prompt.isLeftElsewhere).toBe(true);
    prompt.takeBack();
    expect(prompt.value).toBe('mine');
    expect(prompt.source).toBe(first);
    expect(prompt.origin?.place).toEqual(['cell 2', 'f-string']);
    prompt.follow();
    expect(prompt.value).toBe('Likes cheese, not {y}.');
    // The other one wasn't edited: nothing leads back to it.
    expect(first.isDisposed).toBe(false);
    expect(second.isDisposed).toBe(true);
  });

  it('goes from one edited text to the next and loses none', () => {
    const sources = ['one', 'two', 'three'].map((text, i) => {
      const source = new FakeSource(text);
      source.place = [`cell ${i}`];
      prompt.open(source);
      prompt.edit(`my ${text}`);
      return source;
    });
    const seen = Array.from({ length: 4 }, () => {
      prompt.takeBack();
      expect(prompt.source?.text?.value).toBe(prompt.value.slice(3));
      return prompt.value;
    });
    expect(seen).toEqual(['my two', 'my one', 'my three', 'my two']);
    expect(sources.some(source => source.isDisposed)).toBe(false);
    prompt.dispose();
    expect(sources.every(source => source.isDisposed)).toBe(true);
  });

  it('follows a place that can be gone back to', () => {
    const first = new FakeSource('one');
    prompt.open(first);
    prompt.edit('mine');
    prompt.open(new FakeSource('two'));
    first.become('one, changed');
    expect(prompt.value).toBe('two');
    prompt.takeBack();
    prompt.follow();
    expect(prompt.value).toBe('one, changed');
  });

  it('says that the place is lost when it says something else after a reload', () => {
    prompt.open(new FakeSource('one'));
    const next = new PromptModel();
    next.restore(JSON.parse(JSON.stringify(prompt.save())));
    expect(next.isGone).toBe(false);
    next.relink(new FakeSource('another'));
    expect(next.value).toBe('one');
    expect(next.isGone).toBe(true);
    const last = new PromptModel();
    last.restore(JSON.parse(JSON.stringify(next.save())));
    expect(last.isGone).toBe(true);
    expect(last.lostLink).toBeNull();
    next.dispose();
    last.dispose();
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
    const none = { missing: '', choices: [], refused: '' };
    expect(prompt.variables).toEqual([
      {
        name: 'x',
        written: '{x}',
        value: 'cheese',
        from: 'cell 3',
        ...none
      },
      { name: 'y', written: '{y}', value: undefined, from: '', ...none }
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

  it('outlives a reload with the texts that were left, each with its place', () => {
    prompt.open(new FakeSource('one'));
    prompt.edit('mine');
    const other = new FakeSource('two');
    other.place = ['cell 9'];
    other.link = { path: 'other' };
    prompt.open(other);
    const next = new PromptModel();
    next.restore(JSON.parse(JSON.stringify(prompt.save())));
    expect(next.lostLink).toEqual({ path: 'other' });
    next.takeBack();
    expect(next.value).toBe('mine');
    expect(next.origin?.place).toEqual(['cell 2', 'f-string']);
    expect(next.lostLink).toEqual({ path: 'a/prompts.ipynb' });
    const found = new FakeSource('one');
    next.relink(found);
    expect(next.source).toBe(found);
    expect(next.value).toBe('mine');
    next.dispose();
  });
});

describe('session/prompt: values from a kernel', () => {
  let prompt: PromptModel;
  let later: PromptModel;

  beforeEach(() => {
    prompt = new PromptModel();
    later = new PromptModel();
  });

  const asked = (answer: IKernelAnswer) => {
    const source = new FakeSource(TEMPLATE, FIELDS);
    source.suggestions = { x: { value: 'wine', from: 'cell 1' } };
    return Object.assign(source, { askKernel: async () => answer });
  };
  const ofKernel = { value: 'tea', from: 'the kernel' };

  it('are taken when asked for, and leave the others as choices', async () => {
    prompt.open(
      asked({
        values: { x: ofKernel, y: { value: null, from: 'not defined' } },
        problem: ''
      })
    );
    expect(prompt.canTakeValues).toBe(true);
    expect(prompt.value).toBe('Likes wine, not {y}.');
    prompt.setVariable('x', 'beer');
    await prompt.takeValues('typed');
    expect(prompt.value).toBe('Likes tea, not {y}.');
    const [x, y] = prompt.variables;
    expect(x).toMatchObject({ value: 'tea', from: 'the kernel', refused: '' });
    expect(x.choices).toEqual([
      ofKernel,
      { value: 'beer', from: 'typed' },
      { value: 'wine', from: 'cell 1' }
    ]);
    expect(y.refused).toBe('not defined');
    // They stay over a reload, and the notebook's with them.
    later.restore(JSON.parse(JSON.stringify(prompt.save())));
    expect(later.value).toBe('Likes tea, not {y}.');
    expect(later.variables[0].choices).toEqual(x.choices);
    // Opened again, a text has what the notebook says.
    prompt.open(asked({ values: {}, problem: '' }));
    expect(prompt.value).toBe('Likes wine, not {y}.');
  });

  it('stay as they are where the kernel says nothing', async () => {
    prompt.open(asked({ values: {}, problem: 'busy' }));
    prompt.setVariable('x', 'beer');
    await prompt.takeValues('typed');
    expect(prompt.value).toBe('Likes beer, not {y}.');
    expect(prompt.kernelProblem).toBe('busy');
    prompt.open(new FakeSource(TEMPLATE, FIELDS));
    expect(prompt.kernelProblem).toBe('');
    expect(prompt.canTakeValues).toBe(false);
  });

  it('are dropped where another text was opened meanwhile', async () => {
    prompt.open(asked({ values: { x: ofKernel }, problem: '' }));
    const taking = prompt.takeValues('typed');
    prompt.open(asked({ values: {}, problem: '' }));
    await taking;
    expect(prompt.value).toBe('Likes wine, not {y}.');
  });
});

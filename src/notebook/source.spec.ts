import { fill } from '../session/template';
import { until } from '../session/fakes';
import { Fixture, makeFinder, painted, quiet, STRING } from './fakes';
import type { Origin } from './origin';

const SHADE = { span: [0, 2] as const, weight: 1, rank: 1, label: '' };

describe('NotebookSource', () => {
  it('reads text, place and suggestions without editors', async () => {
    const fixture = new Fixture(['p = f"Hi {x}"', 'x = "you"'], 0);
    const source = await fixture.open(0, STRING);
    expect(source.text?.value).toBe('Hi {x}');
    expect(source.place).toEqual(['cell 1', 'f-string']);
    expect(source.suggestions).toEqual({ x: { value: 'you', from: 'cell 2' } });
    expect(source.document).toBe('a.ipynb');
  });

  it('follows edits, moves, and suggestions from other cells', async () => {
    const fixture = new Fixture(['p = f"Hi {x}"', 'x = "you"']);
    const source = await fixture.open(0, STRING);
    const changed = jest.fn();
    source.changed.connect(changed);
    fixture.source(0).updateSource(0, 0, 'a = "new"\n');
    fixture.source(0).updateSource(16, 18, 'Bye');
    fixture.source(1).setSource('x = "them"');
    fixture.model.sharedModel.insertCell(0, { cell_type: 'markdown' });
    await until(() => expect(source.suggestions.x.value).toBe('them'));
    expect(source.text?.value).toBe('Bye {x}');
    expect(source.place).toEqual(['cell 2', 'f-string']);
    expect(changed).toHaveBeenCalledTimes(1);
  });

  it('is gone with its string or cell, and comes back', async () => {
    const fixture = new Fixture(['p = "Hi"', '']);
    const source = await fixture.open(0, STRING);
    fixture.source(0).setSource('p = 1');
    await quiet(); // undoing goes back over what came together
    await until(() => expect(source.text).toBeNull());
    fixture.source(0).setSource('p = "Hi"');
    await quiet();
    await until(() => expect(source.text?.value).toBe('Hi'));
    fixture.model.sharedModel.deleteCell(0);
    await quiet();
    expect(source.text).toBeNull();
    fixture.model.sharedModel.undo();
    await until(() => expect(source.text?.value).toBe('Hi'));
  });

  it('keeps the values of its fields when its cell is gone', async () => {
    const fixture = new Fixture(['p = f"Hi {x}"', 'x = "you"']);
    const source = await fixture.open(0, STRING);
    const { x } = source.suggestions;
    expect(x.value).toBe('you');
    fixture.model.sharedModel.deleteCell(0);
    await until(() => expect(source.text).toBeNull());
    expect(source.suggestions).toEqual({ x });
  });

  it('reads an edit at once when asked to', async () => {
    const fixture = new Fixture(['p = "Hi"']);
    const source = await fixture.open(0, STRING);
    fixture.source(0).setSource('p = "Hello"');
    expect(source.text?.value).toBe('Hi');
    await source.settled();
    expect(source.text?.value).toBe('Hello');
  });

  it('waits for the newest text when a reading is overtaken', async () => {
    const fixture = new Fixture(['p = "Hi"']);
    const source = await fixture.open(0, STRING);
    fixture.source(0).setSource('p = "Hello"');
    // Another reading overtakes it.
    const first = source.settled();
    const second = source.settled();
    await first;
    expect(source.text?.value).toBe('Hello');
    await second;
    // An edit overtakes it.
    fixture.source(0).setSource('p = "Bye"');
    const reading = source.settled();
    fixture.source(0).setSource('p = "Good night"');
    await reading;
    expect(source.text?.value).toBe('Good night');
    // A source that is gone has nothing to read.
    const last = source.settled();
    source.dispose();
    await last;
  });

  it('shades while the text gives the prompt, and moves with edits', async () => {
    const fixture = new Fixture(['p = f"Hi {x}"']);
    const source = await fixture.open(0, STRING);
    const values = { x: 'you' };
    const prompt = fill(source.text!, values).value;
    source.paint(prompt, values, [SHADE]);
    await painted();
    expect(fixture.shades()).toEqual(['Hi']);
    fixture.source(0).updateSource(0, 0, '# new\n');
    expect(fixture.shades()).toEqual(['Hi']);
    await source.settled();
    expect(fixture.shades()).toEqual(['Hi']);
    fixture.source(0).updateSource(14, 14, '!');
    await source.settled();
    expect(fixture.shades()).toEqual([]);
    fixture.source(0).updateSource(14, 15, '');
    await source.settled();
    expect(fixture.shades()).toEqual(['Hi']);
    source.paint(prompt, values, null);
    expect(fixture.shades()).toEqual([]);
    source.paint(prompt, { x: 'me' }, [SHADE]);
    await painted();
    expect(fixture.shades()).toEqual([]);
    source.paint(prompt, values, [SHADE]);
    await painted();
    source.dispose();
    expect(fixture.shades()).toEqual([]);
  });

  it('shades a Markdown cell where it is rendered, too', async () => {
    const fixture = new Fixture(['Be **very** kind.']);
    fixture.source(0);
    fixture.model.sharedModel.transact(() => {
      fixture.model.sharedModel.insertCell(1, {
        cell_type: 'markdown',
        source: 'Be **very** kind.'
      });
    });
    fixture.widgets.push(fixture.makeCell(1));
    const { node } = fixture.widgets[1];
    const html = '<p>Be <strong>very</strong> kind.</p>';
    node.innerHTML = `<div class="jp-MarkdownOutput">${html}</div>`;
    const source = await fixture.open(1, { what: 'cell' });
    const prompt = source.text!.value;
    const from = prompt.indexOf('very');
    const shade = { ...SHADE, span: [from, from + 4] as const };
    source.paint(prompt, {}, [shade]);
    await painted();
    expect(fixture.shades(1)).toEqual(['very']);
    const shades = () =>
      [...node.querySelectorAll('.lit-shade')].map(each => each.textContent);
    expect(shades()).toEqual(['very']);
    source.paint(prompt, {}, null);
    expect(shades()).toEqual([]);
    source.paint(prompt, {}, [shade]);
    await painted();
    source.dispose();
    expect(node.innerHTML).toContain(html);
  });

  it('scrolls to a span of its prompt, and moves nothing else', async () => {
    const fixture = new Fixture(['x = 1', 'p = f"""Hi {x}\nBye {x}"""']);
    const source = await fixture.open(1, STRING);
    const values = { x: 'you and me' };
    const prompt = fill(source.text!, values).value;
    const scrolled: number[] = [];
    const notebook = {
      scrollToItem: async (index: number) => void scrolled.push(index)
    };
    Object.assign(fixture.panel.content, notebook);
    const view = fixture.widgets[1].editor.editor;
    const dispatch = jest.spyOn(view, 'dispatch');
    const show = async (text: string, filled = values) => {
      const from = prompt.indexOf(text);
      source.show(prompt, filled, [from, from + text.length]);
      await new Promise(done => setTimeout(done, 0));
    };
    await show('Bye');
    expect(scrolled).toEqual([]); // It is in no tab in view.
    Object.assign(fixture.panel, { isVisible: true });
    await show('Bye', { x: 'another' });
    expect(scrolled).toEqual([]); // The text is another one by now.
    await show('Bye');
    expect(scrolled).toEqual([1]);
    const [{ effects }] = dispatch.mock.calls[0] as unknown as [
      { effects: { value: { range: { from: number } } } }
    ];
    const at = effects.value.range.from;
    expect(view.state.sliceDoc(at, at + 3)).toBe('Bye');
  });

  it('is found again when its cell was cut and pasted', async () => {
    const fixture = new Fixture(['p = "Hi"', 'x = 1'], 0);
    const source = await fixture.open(0, STRING);
    fixture.model.sharedModel.deleteCell(0);
    await until(() => expect(source.text).toBeNull());
    fixture.model.sharedModel.insertCell(1, {
      cell_type: 'code',
      source: 'p = "Hi"'
    });
    await until(() => expect(source.text?.value).toBe('Hi'));
    expect(source.place[0]).toBe('cell 2');
  });

  it('is gone while its cell is of another type', async () => {
    const fixture = new Fixture(['p = "Hi"'], 0);
    const source = await fixture.open(0, STRING);
    const { sharedModel } = fixture.model;
    const { id, source: text } = fixture.model.cells.get(0).toJSON();
    const become = (cell_type: string) => {
      sharedModel.transact(() => {
        sharedModel.deleteCell(0);
        sharedModel.insertCell(0, { id: `${id}`, cell_type, source: text });
      });
    };
    become('markdown');
    await until(() => expect(source.text).toBeNull());
    become('code');
    await until(() => expect(source.text?.value).toBe('Hi'));
  });

  it('shades a source with long line breaks', async () => {
    const fixture = new Fixture(['a = 1\r\np = """Hi\r\nyou"""']);
    const source = await fixture.open(0, STRING);
    expect(source.text?.value).toBe('Hi\nyou');
    source.paint('Hi\nyou', {}, [{ ...SHADE, span: [3, 6] }]);
    await painted();
    expect(fixture.shades()).toEqual(['you']);
  });

  it('shades a cell once it comes on screen', async () => {
    const fixture = new Fixture(['p = "Hi"']);
    const [cell] = fixture.widgets;
    const editor = cell.editor;
    let appear: () => void = () => undefined;
    const ready = new Promise<void>(resolve => (appear = resolve));
    Object.assign(cell, { editor: null, ready });
    const source = await fixture.open(0, STRING);
    source.paint('Hi', {}, [SHADE]);
    await painted();
    Object.assign(cell, { editor });
    expect(fixture.shades()).toEqual([]);
    appear();
    await ready;
    await Promise.resolve();
    expect(fixture.shades()).toEqual(['Hi']);
  });

  it('follows a selection', async () => {
    const fixture = new Fixture(['# one two three']);
    const origin: Origin = { what: 'selection', span: [6, 9] };
    const source = await fixture.open(0, origin);
    expect(source.text?.value).toBe('two');
    fixture.source(0).updateSource(0, 0, '# zero\n');
    await quiet();
    expect(source.text?.value).toBe('two');
  });

  it('tells when the notebook was renamed', async () => {
    const fixture = new Fixture(['"Hi"']);
    const source = await fixture.open(0, STRING);
    const changed = jest.fn();
    source.changed.connect(changed);
    fixture.pathChanged.emit('b.ipynb');
    expect(source.document).toBe('b.ipynb');
    expect(changed).toHaveBeenCalled();
  });
});

describe('StringFinder', () => {
  const notebook = (...sources: string[]) => ({
    language: 'python',
    cells: sources.map(source => ({ type: 'code', source }))
  });

  it('looks Unicode names up once', async () => {
    const lookup = jest.fn(async () => new Map([['BULLET', '•']]));
    const finder = makeFinder(lookup);
    const text = notebook('"\\N{BULLET}\\N{NO SUCH}"');
    for (let time = 0; time < 2; time++) {
      const [found] = await finder.find(text, 0);
      expect(found.value).toBe('•\\N{NO SUCH}');
      expect(found.problem).toContain('NO SUCH');
    }
    expect(lookup).toHaveBeenCalledTimes(1);
    expect(lookup).toHaveBeenCalledWith(['BULLET', 'NO SUCH']);
  });

  it('looks names up again after a failure, for values too', async () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation();
    let isOffline = true;
    const finder = makeFinder(async () => {
      if (isOffline) {
        throw new Error('offline');
      }
      return new Map([['BULLET', '•']]);
    });
    const text = notebook('f"{a}"', 'a = "\\N{BULLET}"');
    const [found] = await finder.find(text, 0);
    expect((await finder.suggest(text, 0, found)).a.value).toBeNull();
    isOffline = false;
    expect((await finder.suggest(text, 0, found)).a.value).toBe('•');
    warn.mockRestore();
  });

  it('says when names cannot be looked up', async () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation();
    const finder = makeFinder(() => Promise.reject(new Error('offline')));
    const [found] = await finder.find(notebook('"\\N{BULLET}"'), 0);
    expect(found.value).toBe('\\N{BULLET}');
    expect(found.problem).toContain('looked up');
    warn.mockRestore();
  });

  it('follows a composed text, and shades all of its literals', async () => {
    const steps = 'p = "Hi "\np += x + "!"';
    const fixture = new Fixture([steps, 'x = "you"']);
    const first = await fixture.open(0, {
      what: 'string',
      span: [4, steps.length],
      ordinal: 0,
      total: 3,
      isComposed: true
    });
    expect(first.place).toEqual(['cell 1', 'composed text']);
    // As after a reload.
    const { origin } = JSON.parse(JSON.stringify(first.link)) as {
      origin: Origin;
    };
    const source = await fixture.open(0, origin);
    fixture
      .source(0)
      .updateSource(steps.length, steps.length, '\np += " Bye."');
    fixture.source(1).setSource('x = "them"');
    const values = { x: 'them' };
    await until(() => expect(source.suggestions.x.value).toBe('them'));
    const { value } = fill(source.text!, values);
    expect(value).toBe('Hi them! Bye.');
    source.paint(value, values, [{ ...SHADE, span: [0, value.length] }]);
    await painted();
    expect(fixture.shades()).toEqual(['Hi', 'x', '!', 'Bye.']);
  });

  it('knows a template by a call of format in another cell', async () => {
    const text = notebook('t = "{a} {{b}}"', 't.format(a="A")');
    const [found] = await makeFinder().find(text, 0);
    expect(found.kind).toBe('template');
    expect(found.value).toBe('{a} {b}');
    expect(await makeFinder().suggest(text, 0, found)).toEqual({
      a: { value: 'A', from: 'cell 2' }
    });
  });

  it('knows a template by a percent sign in another cell', async () => {
    const text = notebook('t = "%s, 100%%"', 'x = "A"\nprint(t % x)');
    const [found] = await makeFinder().find(text, 0);
    expect(found.kind).toBe('template');
    expect(found.value).toBe('%s, 100%');
    expect(await makeFinder().suggest(text, 0, found)).toEqual({
      x: { value: 'A', from: 'cell 2, line 1' }
    });
  });

  it('finds nothing where no parser is known', async () => {
    const text = { ...notebook('"a"'), language: 'klingon' };
    expect(await makeFinder().find(text, 0)).toEqual([]);
  });
});

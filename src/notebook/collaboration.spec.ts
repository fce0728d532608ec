import type { IYText, YNotebook } from '@jupyter/ydoc';
import * as Y from 'yjs';

import { PromptModel } from '../session/prompt';
import { fill } from '../session/template';
import { Fixture, painted, STRING } from './fakes';

/** Exchange all edits of two clients of one document, as a collaboration server does. */
function share(one: Fixture, other: Fixture): void {
  const [a, b] = [one, other].map(
    client => (client.model.sharedModel as YNotebook).ydoc
  );
  Y.applyUpdate(b, Y.encodeStateAsUpdate(a), 'network');
  Y.applyUpdate(a, Y.encodeStateAsUpdate(b), 'network');
  a.on('update', (update: Uint8Array, origin: unknown) => {
    if (origin !== 'network') {
      Y.applyUpdate(b, update, 'network');
    }
  });
  b.on('update', (update: Uint8Array, origin: unknown) => {
    if (origin !== 'network') {
      Y.applyUpdate(a, update, 'network');
    }
  });
}

/** Two clients that have the same notebook open, with editors. */
function clients(sources: readonly string[]): [Fixture, Fixture] {
  const one = new Fixture(sources, 0);
  const other = new Fixture([], 0);
  share(one, other);
  for (const client of [one, other]) {
    sources.forEach((_, index) => client.widgets.push(client.makeCell(index)));
  }
  return [one, other];
}

describe('a notebook that several people edit', () => {
  it('is followed through what others do', async () => {
    const [mine, theirs] = clients(['p = f"Hi {x}"', 'x = "you"']);
    expect(theirs.source(0).getSource()).toBe('p = f"Hi {x}"');
    expect(theirs.model.cells.get(0).id).toBe(mine.model.cells.get(0).id);
    const source = await mine.open(0, STRING);
    const changed = jest.fn();
    source.changed.connect(changed);
    theirs.source(0).updateSource(0, 0, 'a = "new"\n');
    theirs.source(0).updateSource(16, 18, 'Bye');
    theirs.source(1).setSource('x = "them"');
    theirs.model.sharedModel.insertCell(0, { cell_type: 'markdown' });
    await source.settled();
    expect(changed).toHaveBeenCalled();
    expect(source.text?.value).toBe('Bye {x}');
    expect(source.place).toEqual(['cell 2', 'f-string']);
    expect(source.suggestions).toEqual({
      x: { value: 'them', from: 'cell 3' }
    });
    theirs.model.sharedModel.deleteCell(1);
    await source.settled();
    expect(source.text).toBeNull();
    source.dispose();
  });

  it('is shaded for who looks alone, and the shades move with others’ edits', async () => {
    const [mine, theirs] = clients(['p = "Hi you"']);
    const source = await mine.open(0, STRING);
    source.paint('Hi you', {}, [
      { span: [0, 2], weight: 1, rank: 1, label: '' }
    ]);
    await painted();
    expect(mine.shades()).toEqual(['Hi']);
    expect(theirs.shades()).toEqual([]);
    const before = JSON.stringify(theirs.model.toJSON());
    theirs.source(0).updateSource(0, 0, '# theirs\n');
    expect(mine.shades()).toEqual(['Hi']);
    await source.settled();
    expect(mine.shades()).toEqual(['Hi']);
    // Nothing of it is in the document.
    expect(JSON.stringify(mine.model.toJSON())).toBe(
      before.replace('p = ', '# theirs\\np = ')
    );
    source.dispose();
    expect(mine.shades()).toEqual([]);
  });

  it('leaves two people’s analyses of one cell apart', async () => {
    const [mine, theirs] = clients(['p = "Hi you"']);
    const [one, other] = [
      await mine.open(0, STRING),
      await theirs.open(0, STRING)
    ];
    const shade = { weight: 1, rank: 1, label: '' };
    one.paint('Hi you', {}, [{ ...shade, span: [0, 2] }]);
    other.paint('Hi you', {}, [{ ...shade, span: [3, 6] }]);
    await painted();
    expect(mine.shades()).toEqual(['Hi']);
    expect(theirs.shades()).toEqual(['you']);
    // A change of the prompt's text is a change for both: shades of the old one go.
    theirs.source(0).updateSource(6, 7, 'o');
    await Promise.all([one.settled(), other.settled()]);
    expect(fill(one.text!, {}).value).toBe(fill(other.text!, {}).value);
    expect(mine.shades()).toEqual([]);
    expect(theirs.shades()).toEqual([]);
    one.dispose();
    other.dispose();
  });

  it('takes an edit of a prompt without what others write beside it', async () => {
    const [mine, theirs] = clients(['p = "one two three"\nq = "four"']);
    const prompt = new PromptModel();
    prompt.open(await mine.open(0, STRING));
    prompt.edit('1 two 3');
    // Their cursor is in the text, and their edit beside it.
    const { ysource } = theirs.source(0) as unknown as IYText;
    const cursor = Y.createRelativePositionFromTypeIndex(ysource, 9);
    theirs.source(0).updateSource(20, 20, 'r = 1\n');
    await prompt.apply();
    const after = 'p = "1 two 3"\nr = 1\nq = "four"';
    for (const client of [mine, theirs]) {
      expect(client.source(0).getSource()).toBe(after);
      expect(client.widgets[0].editor.editor.state.doc.toString()).toBe(after);
    }
    const place = Y.createAbsolutePositionFromRelativePosition(
      cursor,
      ysource.doc!
    );
    expect(after.slice(place?.index)).toMatch(/^two 3/);
    // My undo takes back my edit alone.
    theirs.source(0).updateSource(0, 0, '# theirs\n');
    mine.source(0).undo();
    expect(theirs.source(0).getSource()).toBe(
      '# theirs\np = "one two three"\nr = 1\nq = "four"'
    );
    prompt.dispose();
  });

  it('refuses an edit of what others have changed', async () => {
    const [mine, theirs] = clients(['p = "one two three"']);
    const prompt = new PromptModel();
    prompt.open(await mine.open(0, STRING));
    prompt.edit('1 two three');
    theirs.source(0).updateSource(13, 18, '3');
    await prompt.apply();
    expect(prompt.refusal?.hint).toMatch(/has changed/);
    expect(mine.source(0).getSource()).toBe('p = "one two 3"');
    prompt.dispose();
  });
});

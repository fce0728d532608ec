import type { Signal } from '@lumino/signaling';

import { PromptModel } from '../../session/prompt';
import { Fixture, quiet, STRING } from '../fakes';

/** A prompt that a cell's string is, edited. */
async function edit(
  fixture: Fixture,
  change: (text: string) => string
): Promise<PromptModel> {
  const prompt = new PromptModel();
  prompt.open(await fixture.open(0, STRING));
  prompt.edit(change(prompt.value));
  return prompt;
}

describe('a prompt that is applied to its cell', () => {
  it('is followed again, and undone in one step', async () => {
    const fixture = new Fixture([
      'p = f"Hi {x}, you. "  # one\np += 1\nq = "b"',
      'x = "A"'
    ]);
    const before = fixture.source(0).getSource();
    const prompt = await edit(fixture, text => `Oh. ${text}Bye.`);
    expect(prompt.value).toBe('Oh. Hi A, you. Bye.');
    expect(prompt.canApply).toBe(true);
    // What was typed just before is another step.
    fixture.source(0).updateSource(before.length, before.length, '\nr = 1');
    await prompt.apply();
    expect(prompt.refusal).toBeNull();
    expect([prompt.isEdited, prompt.canApply, prompt.left]).toEqual([
      false,
      false,
      null
    ]);
    expect(prompt.value).toBe('Oh. Hi A, you. Bye.');
    const after = 'p = f"Oh. Hi {x}, you. Bye."  # one\np += 1\nq = "b"\nr = 1';
    expect(fixture.source(0).getSource()).toBe(after);
    expect(fixture.widgets[0].editor.editor.state.doc.toString()).toBe(after);
    fixture.source(0).undo();
    expect(fixture.source(0).getSource()).toBe(`${before}\nr = 1`);
    await prompt.settled();
    expect(prompt.value).toBe('Hi A, you. ');
    fixture.source(0).redo();
    expect(fixture.source(0).getSource()).toBe(after);
    prompt.dispose();
  });

  it('is refused where the cell has changed since, until that is undone', async () => {
    const fixture = new Fixture(['p = "one two"']);
    const prompt = await edit(fixture, text => `${text} three`);
    fixture.source(0).updateSource(5, 8, '1');
    await prompt.settled();
    await prompt.apply();
    expect(prompt.refusal?.hint).toMatch(/has changed since you began/);
    expect(fixture.source(0).getSource()).toBe('p = "1 two"');
    // Over a reload, too.
    const next = new PromptModel();
    next.restore(JSON.parse(JSON.stringify(prompt.save())));
    next.relink(await fixture.open(0, STRING));
    await next.apply();
    expect(next.refusal?.hint).toMatch(/has changed since you began/);
    fixture.source(0).updateSource(5, 6, 'one');
    await prompt.apply();
    expect(prompt.refusal).toBeNull();
    expect(fixture.source(0).getSource()).toBe('p = "one two three"');
    next.dispose();
    prompt.dispose();
  });

  it('is refused in a cell or a notebook that is read-only', async () => {
    const fixture = new Fixture(['p = "one"']);
    const prompt = await edit(fixture, () => 'two');
    fixture.model.cells.get(0).setMetadata('editable', false);
    await prompt.apply();
    expect(prompt.refusal?.hint).toMatch(/cell is read-only/);
    fixture.model.cells.get(0).deleteMetadata('editable');
    fixture.model.readOnly = true;
    await prompt.apply();
    expect(prompt.refusal?.hint).toMatch(/notebook is read-only/);
    expect(fixture.source(0).getSource()).toBe('p = "one"');
    fixture.model.readOnly = false;
    await prompt.apply();
    expect(fixture.source(0).getSource()).toBe('p = "two"');
    prompt.dispose();
  });

  it('is refused where the cell is gone, or the notebook closed', async () => {
    const fixture = new Fixture(['p = "one"', 'x = 1'], 0);
    const prompt = await edit(fixture, () => 'two');
    fixture.model.sharedModel.deleteCell(0);
    await prompt.apply();
    expect(prompt.refusal?.hint).toMatch(/no longer in the notebook/);
    Object.assign(fixture.panel, { isDisposed: true });
    (fixture.panel.disposed as Signal<object, void>).emit();
    await prompt.apply();
    expect(prompt.refusal?.hint).toMatch(/notebook is closed/);
    expect(prompt.refusal?.remedies).toEqual(['open']);
    expect(prompt.value).toBe('two');
    prompt.dismissRefusal();
    expect(prompt.refusal).toBeNull();
    prompt.dispose();
  });

  it('is refused where the editor would lose its place', async () => {
    const fixture = new Fixture(['a = 1\r\np = "one"']);
    const prompt = await edit(fixture, () => 'two');
    await prompt.apply();
    expect(prompt.refusal?.hint).toMatch(/two characters/);
    prompt.dispose();
    const other = new Fixture(['p = "one"\r\na = 1']);
    const first = await edit(other, () => 'two');
    await first.apply();
    expect(other.widgets[0].editor.editor.state.doc.toString()).toBe(
      'p = "two"\na = 1'
    );
    first.dispose();
  });

  it('keeps what is written while it is applied', async () => {
    const fixture = new Fixture(['p = "one"']);
    const prompt = await edit(fixture, text => `${text} two`);
    const applied = prompt.apply();
    // Pressed twice, it is done once.
    await prompt.apply();
    prompt.edit('one two three');
    await applied;
    expect(prompt.refusal).toBeNull();
    expect(fixture.source(0).getSource()).toBe('p = "one two"');
    expect([prompt.isEdited, prompt.value]).toEqual([true, 'one two three']);
    await prompt.apply();
    expect(fixture.source(0).getSource()).toBe('p = "one two three"');
    expect(prompt.isEdited).toBe(false);
    prompt.dispose();
  });

  it('is a selection’s, with what is added at its ends', async () => {
    const fixture = new Fixture(['# one two']);
    const prompt = new PromptModel();
    prompt.open(await fixture.open(0, { what: 'selection', span: [2, 5] }));
    prompt.edit('a one b');
    await prompt.apply();
    expect(prompt.refusal).toBeNull();
    expect(fixture.source(0).getSource()).toBe('# a one b two');
    await quiet();
    expect([prompt.isEdited, prompt.value]).toEqual([false, 'a one b']);
    prompt.dispose();
  });
});

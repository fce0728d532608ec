import { act } from 'react';

import { typeInto } from '../components/fixtures';
import { FakeSource, settle } from '../session/fakes';
import { PanelStage } from './fixtures';

const FIRST = 'Be brief.';
const SECOND = 'Be kind.';
const REST = 'Suggestion: soup\nAnalysis:';

describe('panel/trials', () => {
  let stage: PanelStage;

  beforeEach(async () => {
    stage = await PanelStage.begin();
    await stage.explained(8);
  });

  afterEach(() => stage.dispose());

  const bar = () => stage.host.querySelector<HTMLElement>('.lit-trial');
  const field = () => bar()!.querySelector('textarea')!;
  const segment = (text: string) =>
    [
      ...stage.host.querySelectorAll<HTMLElement>(
        '[data-part="prompt"] [data-segment]'
      )
    ].find(({ textContent }) => textContent === text)!;
  const press = (element: HTMLElement, key: string, more = {}) =>
    act(async () => {
      element.focus();
      element.dispatchEvent(
        new KeyboardEvent('keydown', { key, bubbles: true, ...more })
      );
      await settle();
    });
  const asked = () => stage.scenario.client.last.request;

  it('offers another text beside each row, and returns the focus', async () => {
    const name = `Try with another text instead of “${SECOND}”`;
    await stage.click(name);
    expect(bar()!.textContent).toContain(`Instead of “${SECOND}”:`);
    // The old text, selected.
    expect(document.activeElement).toBe(field());
    expect(field().value).toBe(SECOND);
    expect([field().selectionStart, field().selectionEnd]).toEqual([
      0,
      SECOND.length
    ]);
    const { target } = stage.scenario.session.explanation;
    await press(field(), 'Escape');
    expect(bar()).toBeNull();
    expect(document.activeElement).toBe(stage.button(name));
    // Escape was the field's alone.
    expect(stage.scenario.session.explanation.target).toBe(target);
  });

  it('says so where nothing changed, and tries what did', async () => {
    await press(segment(FIRST), 'F2');
    await stage.click('Try it');
    expect(bar()!.querySelector('[role="alert"]')!.textContent).toContain(
      'This is the old text.'
    );
    await typeInto(field(), 'Be\nlong.');
    expect(bar()!.querySelector('[role="alert"]')).toBeNull();
    const count = stage.scenario.client.jobs.length;
    // A line break is typed as in any field.
    await press(field(), 'Enter');
    expect(stage.scenario.client.jobs).toHaveLength(count);
    await press(field(), 'Enter', { shiftKey: true });
    expect(bar()).toBeNull();
    expect(document.activeElement).toBe(segment(FIRST));
    expect(asked()).toMatchObject({
      kind: 'score',
      prompt: `Be\nlong. ${SECOND}\n${REST}`
    });
    await press(segment(FIRST), 'F2');
    await typeInto(field(), '');
    expect(stage.button('Try without it')).toBeDefined();
  });

  it('leaves the focus and the text alone while the prompt runs again', async () => {
    await press(segment(FIRST), 'F2');
    await typeInto(field(), 'Be long.');
    const { session, client } = stage.scenario;
    await act(async () => {
      void session.runs.generate();
      await settle();
    });
    expect(document.activeElement).toBe(field());
    await act(async () => {
      client.last.answer(session.prompt.value, 'So');
      await settle();
    });
    expect(document.activeElement).toBe(field());
    expect(field().value).toBe('Be long.');
    // Of an input method, Escape ends the composition.
    await press(field(), 'Escape', { isComposing: true });
    expect(field().value).toBe('Be long.');
  });

  it('keeps marks while the prompt runs again, and until another one does', async () => {
    await press(segment(FIRST), ' ');
    const { session, client } = stage.scenario;
    await act(async () => {
      void session.runs.generate();
      await settle();
      client.last.answer(session.prompt.value, 'So');
      await settle();
    });
    expect(stage.button('Try without the marked part')).toBeDefined();
    await act(async () => {
      session.open(new FakeSource('Another prompt.'));
      await settle();
    });
    expect(stage.host.textContent).toContain('Another prompt.');
    expect(stage.button('Try without the marked part')!.disabled).toBe(true);
  });

  it('marks parts in the text and in the ranking, and tries without them', async () => {
    expect(segment(FIRST).getAttribute('aria-pressed')).toBe('false');
    await press(segment(FIRST), ' ');
    expect(segment(FIRST).getAttribute('aria-pressed')).toBe('true');
    expect(segment(FIRST).dataset.marked).toBe('true');
    expect(stage.button('Try without the marked part')).toBeDefined();
    const box = [
      ...stage.host.querySelectorAll<HTMLInputElement>('.lit-mark-box')
    ].find(one => one.getAttribute('aria-label') === `Mark “${SECOND}”`)!;
    await act(async () => box.click());
    expect(box.checked).toBe(true);
    expect(stage.button('Try without these 2 parts')).toBeDefined();
    // Another target: they are still marked.
    const { session } = stage.scenario;
    await act(async () => session.explanation.clear());
    expect(segment(FIRST).dataset.marked).toBe('true');
    // At another granularity, what contains them is marked in part.
    await act(async () => {
      session.settings = { ...session.settings, granularity: 'paragraphs' };
      await settle();
    });
    expect(
      stage.host.querySelector<HTMLElement>('[data-segment="0"]')!.dataset
        .marked
    ).toBe('mixed');
    await act(async () => {
      session.settings = { ...session.settings, granularity: 'sentences' };
      await settle();
    });
    await stage.click('Try without these 2 parts');
    expect(asked()).toMatchObject({ kind: 'score', prompt: REST });
    // On a marked part, Delete takes all of them away.
    const scored = () =>
      stage.scenario.client.jobs.filter(
        ({ request }) => request.kind === 'score'
      );
    expect(scored()).toHaveLength(1);
    await press(segment(SECOND), 'Delete');
    expect(scored()).toHaveLength(2);
    expect(asked()).toMatchObject({ kind: 'score', prompt: REST });
    await stage.click('Clear marks');
    expect(bar()).toBeNull();
    expect(segment(FIRST).dataset.marked).toBeUndefined();
    expect(stage.host.contains(document.activeElement)).toBe(true);
    await press(segment(SECOND), 'Delete');
    expect(asked()).toMatchObject({ prompt: `${FIRST}\n${REST}` });
  });
});

import type { TokenSpan } from '../salience';
import { keptRun } from '../session/run';
import { ANSWER, OTHER, PROMPT, record } from './fakes';
import { MAX_TRIAL_PARTS } from './trial';
import { TrialParts } from './trialParts';

describe('compare/trialParts', () => {
  const run = keptRun(record('a', PROMPT, ANSWER));
  const opener = document.createElement('button');
  let parts: TrialParts;

  beforeEach(() => {
    parts = new TrialParts();
    parts.follow(run);
  });

  afterEach(() => parts.dispose());

  it('marks parts in their order, and unmarks them', () => {
    const changed = jest.fn();
    parts.changed.connect(changed);
    parts.toggle([4, 6]);
    parts.toggle([0, 2]);
    expect(parts.marked).toEqual([
      [0, 2],
      [4, 6]
    ]);
    // Neighbours stay two parts: each gap closes by itself.
    parts.toggle([2, 4]);
    expect(parts.marked).toHaveLength(3);
    parts.toggle([2, 4]);
    parts.toggle([0, 2]);
    expect(parts.marked).toEqual([[4, 6]]);
    parts.clear();
    expect(parts.marked).toEqual([]);
    expect(changed).toHaveBeenCalledTimes(6);
  });

  it('never marks a token twice, at whichever granularity', () => {
    parts.toggle([2, 3]);
    parts.toggle([0, 6]);
    expect(parts.marked).toEqual([[0, 6]]);
    // A word of a sentence that is marked.
    parts.toggle([2, 3]);
    expect(parts.marked).toEqual([
      [0, 2],
      [3, 6]
    ]);
    // The whole sentence again, and then none of it.
    parts.toggle([0, 6]);
    expect(parts.marked).toEqual([[0, 6]]);
    parts.toggle([0, 6]);
    expect(parts.marked).toEqual([]);
  });

  it('keeps what was typed until it is left', () => {
    parts.edit(run, [0, 2], opener);
    expect(parts.takeFocus()).toBe(true);
    expect(parts.takeFocus()).toBe(false);
    parts.write('Be long.');
    parts.edit(run, [2, 4], opener);
    expect(parts.draft!.text).not.toBe('Be long.');
    parts.edit(run, [0, 2], opener);
    expect(parts.draft!.text).toBe('Be long.');
    expect(parts.takeFocus()).toBe(true);
    parts.close();
    parts.edit(run, [0, 2], opener);
    expect(parts.draft!.text).toBe(parts.draft!.old);
  });

  it('marks no more parts than a trial may have', () => {
    for (let at = 0; at <= MAX_TRIAL_PARTS; at++) {
      parts.toggle([2 * at, 2 * at + 1]);
    }
    expect(parts.marked).toHaveLength(MAX_TRIAL_PARTS);
    expect(parts.isFull).toBe(true);
  });

  it('belongs to a prompt: another run of it changes nothing', () => {
    const marked: TokenSpan = [0, 2];
    parts.toggle(marked);
    parts.edit(run, marked, opener);
    parts.follow(keptRun(record('b', PROMPT, ' Other.')));
    expect(parts.marked).toEqual([marked]);
    expect(parts.draft).not.toBeNull();
    parts.follow(keptRun(record('c', OTHER, ANSWER)));
    expect(parts.marked).toEqual([]);
    expect(parts.draft).toBeNull();
  });

  it('takes what is typed for a part, with the part’s line breaks', () => {
    const kept = (prompt: string) => keptRun(record('a', prompt, ANSWER));
    const typed = (prompt: string, text: string) => {
      const from = kept(prompt);
      parts.edit(from, [0, from.promptTokens.length], opener);
      const { old, text: first } = parts.draft!;
      parts.write(text);
      return [old, first, parts.replacement];
    };
    // The blanks at the ends aren't the user's to type.
    expect(typed(' One\ntwo. \n', '1\n2')).toEqual([
      'One\ntwo.',
      'One\ntwo.',
      '1\n2'
    ]);
    // A field has line feeds only.
    expect(typed('One\r\ntwo.', '1\n2')).toEqual([
      'One\r\ntwo.',
      'One\ntwo.',
      '1\r\n2'
    ]);
    expect(typed('One\r\ntwo\nthree.', '1\n2')[2]).toBe('1\n2');
    // Nothing is typed: the part goes.
    expect(typed('One two.', '')[2]).toBeNull();
    expect(typed('One two.', ' \n')[2]).toBeNull();
    parts.close();
    expect(parts.draft).toBeNull();
    expect(parts.replacement).toBeNull();
  });
});

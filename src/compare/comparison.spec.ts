import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import { ApiError } from '../api';
import type { KeptScores } from '../api';
import type { TokenSpan } from '../salience';
import { FakeClient, fakeRecord, settle, tokens } from '../session/fakes';
import { textOf } from '../session/map';
import type { IText } from '../session/map';
import { keptRun } from '../session/run';
import type { IRun } from '../session/run';
import { DEFAULT_SETTINGS } from '../session/settings';
import { Comparison } from './comparison';
import { CompareLauncher } from './launcher';
import type { ICompareSession } from './launcher';
import type { Side } from './segments';

const trans = nullTranslator.load('lit_lab');
const PROMPT = 'Be brief. Be kind.\nAnalysis:';
const OTHER = 'Be kind.\nAnalysis:';
const ANSWER = ' It has onions. Avoid.';
const TRIAL = 'Without “Be brief.”';

class FakeSettings {
  readonly splitter = null;
  settings = DEFAULT_SETTINGS;
  readonly changed = new Signal<this, void>(this);

  change(settings: Partial<typeof DEFAULT_SETTINGS>): void {
    this.settings = { ...this.settings, ...settings };
    this.changed.emit();
  }
}

/** A run of the history; its scores grow with the position, times a factor. */
function record(id: string, prompt: string, answer: string, factor = 1) {
  const [asked, said] = [tokens(prompt), tokens(answer)];
  const all = asked.length + said.length;
  const target = { start: asked.length + 3, end: all };
  const scores: KeptScores[] = (['grad_l2', 'grad_dot_input'] as const).map(
    method => ({
      mode: null,
      event: {
        event: 'scores',
        target,
        method,
        scores: Array.from({ length: all }, (_, i) => (i + 1) ** factor),
        gap: null,
        foil: null
      }
    })
  );
  return fakeRecord(prompt, answer, { id, title: `run ${id}`, scores });
}

describe('compare/comparison', () => {
  let client: FakeClient;
  let source: FakeSettings;
  let comparison: Comparison;

  beforeEach(async () => {
    client = new FakeClient();
    client.kept.set('a', record('a', PROMPT, ANSWER));
    client.kept.set('b', record('b', OTHER, ANSWER, 2));
    source = new FakeSettings();
    comparison = new Comparison(client, source, trans);
    await comparison.restore({ left: 'a', right: 'b' });
    await settle();
  });

  afterEach(() => comparison.dispose());

  const target = (side: Side) => {
    const { text, target } = comparison.sides[side].explanation;
    return text && target && textOf(text.tokens, target).trim();
  };

  /** Make the sentence of a side's answer that holds this its target. */
  const pickText = (side: Side, what: string) => {
    const { text } = comparison.sides[side].explanation;
    const span = text!.answer.find(one =>
      textOf(text!.tokens, one).includes(what)
    )!;
    return comparison.pickSegment(side, span[0], false);
  };

  it('shows two runs of the history without the model', () => {
    expect(comparison.sides.left.phase).toBe('shown');
    expect(comparison.sides.right.title).toBe('run b');
    const { changes, same } = comparison.overlays.differences('prompt')!;
    expect(changes.map(change => change.kind)).toEqual(['removed']);
    expect(same).toBe(2);
    expect(comparison.overlays.differences('answer')!.changes).toEqual([]);
    expect(client.jobs).toHaveLength(0);
  });

  it('chooses both targets together, and shows kept maps', () => {
    pickText('left', 'Avoid');
    expect(target('right')).toBe('Avoid.');
    expect(comparison.matched('right')).toBe('same');
    expect(comparison.matched('left')).toBeNull();
    comparison.view = 'difference';
    expect(comparison.overlays.difference!.changes[0].rank).toBe(1);
    expect(comparison.overlays.shown('left')!.weights).toHaveLength(5);
    expect(client.jobs).toHaveLength(0);
  });

  it('chooses each apart when they are not linked', () => {
    comparison.linked = false;
    pickText('left', 'Avoid');
    expect(target('right')).toBeNull();
    expect(comparison.overlays.difference).toBeNull();
    pickText('right', 'onions');
    expect(target('left')).toBe('Avoid.');
    expect(target('right')).toBe('It has onions.');
  });

  it('computes what is missing when it is chosen; that can be stopped', async () => {
    pickText('left', 'onions');
    await settle();
    expect(client.jobs.map(job => job.request.kind)).toEqual([
      'salience',
      'salience'
    ]);
    const { scores, map } = comparison.sides.left.explanation;
    expect(map).toBeNull();
    scores!.cancel();
    await settle();
    expect(scores!.isBusy).toBe(false);
    expect(client.jobs[0].isCancelled).toBe(true);
    client.jobs[1].scores(0);
    client.jobs[1].send({ event: 'done', seconds: 1 });
    await settle();
    expect(comparison.sides.right.explanation.map).not.toBeNull();
    scores!.prioritize(comparison.sides.left.explanation.target!);
    await settle();
    client.last.scores(0);
    await settle();
    expect(comparison.overlays.difference).not.toBeNull();
  });

  it('colours both maps on one range, or each on its own', () => {
    pickText('left', 'Avoid');
    comparison.view = 'maps';
    const strongest = () =>
      (['left', 'right'] as const).map(side =>
        Math.max(...comparison.overlays.shown(side)!.weights)
      );
    expect(strongest().sort()[0]).toBeLessThan(1);
    comparison.shared = false;
    expect(strongest()).toEqual([1, 1]);
  });

  it('marks words in the texts, and what stands alone in the difference', () => {
    pickText('left', 'Avoid');
    expect(comparison.overlays.marks('left')![0].words).toEqual([[0, 9]]);
    expect(
      comparison.overlays.marks('right')!.every(m => m.words.length === 0)
    ).toBe(true);
    comparison.view = 'difference';
    expect(comparison.overlays.marks('left')![0].kind).toBe('only');
    comparison.view = 'maps';
    expect(comparison.overlays.marks('left')).toBeNull();
  });

  it('makes nothing anew that did not change', () => {
    pickText('left', 'Avoid');
    comparison.view = 'difference';
    const before = [
      comparison.overlays.alignment,
      comparison.overlays.difference,
      comparison.overlays.shown('left'),
      comparison.overlays.marks('right')
    ];
    comparison.shared = false;
    expect([
      comparison.overlays.alignment,
      comparison.overlays.difference,
      comparison.overlays.shown('left'),
      comparison.overlays.marks('right')
    ]).toEqual(before);
    expect(comparison.overlays.shown('left')).toBe(before[2]);
    expect(comparison.overlays.marks('right')).toBe(before[3]);
  });

  it('follows the settings', () => {
    pickText('left', 'Avoid');
    source.change({ granularity: 'words' });
    expect(comparison.overlays.alignment!.pairs.length).toBeGreaterThan(5);
    expect(comparison.overlays.difference).not.toBeNull();
    source.change({ granularity: 'sentences', method: 'grad_dot_input' });
    expect(comparison.sides.right.explanation.map!.method).toBe(
      'grad_dot_input'
    );
  });

  it('swaps sides, targets and all', () => {
    pickText('left', 'Avoid');
    const change = comparison.overlays.difference!.changes.find(
      c => c.change !== null
    )!;
    comparison.swap();
    expect(comparison.sides.left.title).toBe('run b');
    expect(target('left')).toBe('Avoid.');
    const turned = comparison.overlays.difference!.changes.find(
      c => c.change !== null && c.rank === change.rank
    )!;
    expect(turned.change).toBeCloseTo(-change.change!);
    expect(comparison.save()).toMatchObject({ left: 'b', right: 'a' });
  });

  it('comes back as it was left', async () => {
    comparison.view = 'maps';
    comparison.shared = false;
    pickText('left', 'Avoid');
    const again = new Comparison(client, source, trans);
    await again.restore(comparison.save()!);
    await settle();
    expect(again.save()).toEqual(comparison.save());
    expect(again.overlays.shown('right')).toEqual(
      comparison.overlays.shown('right')
    );
    again.dispose();
  });

  it('tells of a run that is gone, and shows the other', async () => {
    client.kept.delete('b');
    const again = new Comparison(client, source, trans);
    await again.restore({ left: 'a', right: 'b' });
    expect(again.sides.left.phase).toBe('shown');
    expect(again.sides.right.phase).toBe('missing');
    expect(again.sides.right.problem!.message).toContain('no longer');
    expect(again.overlays.alignment).toBeNull();
    again.dispose();
  });

  it('runs the prompt without a sentence, on the right', async () => {
    const trial = new Comparison(client, source, trans);
    await trial.sides.left.take(keptRun(record('a', PROMPT, ANSWER)));
    const running = trial.tryWithout([0, 2], 32);
    const left = trial.sides.left.explanation.text!;
    trial.setTarget(left.answer[1], 'left');
    await settle();
    expect(client.last.request).toMatchObject({
      kind: 'generate',
      prompt: OTHER,
      max_new_tokens: 32,
      title: TRIAL
    });
    expect(trial.sides.right.phase).toBe('running');
    client.last.answer(OTHER, ' It has onions. Avoid them.');
    await running;
    await settle();
    const { text, target: found } = trial.sides.right.explanation;
    expect(textOf(text!.tokens, found!).trim()).toBe('Avoid them.');
    expect(trial.matched('right')).toBe('alike');
    expect(trial.save()).toMatchObject({ left: 'a', without: [0, 2] });
    trial.dispose();
  });

  it('tells of a trial that failed, and runs it again', async () => {
    const trial = new Comparison(client, source, trans);
    await trial.sides.left.take(keptRun(record('a', PROMPT, ANSWER)));
    const running = trial.tryWithout([0, 2], 32);
    await settle();
    client.last.send({
      event: 'error',
      error: 'service_died',
      message: 'The model service stopped.',
      hint: 'Try again.'
    });
    await running;
    expect(trial.sides.left.phase).toBe('shown');
    expect(trial.sides.right.phase).toBe('unanswered');
    expect(trial.sides.right.problem!.message).toContain('stopped');
    trial.sides.right.retry();
    await settle();
    expect(trial.sides.right.phase).toBe('running');
    trial.sides.right.stop();
    expect(trial.sides.right.phase).toBe('unanswered');
    expect(trial.sides.right.problem).toBeNull();
    trial.dispose();
  });

  it('tells what a reload lost where no history is kept', async () => {
    client.run = async () => {
      throw new ApiError(
        { error: 'history_off', message: 'No history.', hint: '' },
        404
      );
    };
    const again = new Comparison(client, source, trans);
    await again.restore({ left: 'a', right: 'b' });
    for (const side of Object.values(again.sides)) {
      expect(side.phase).toBe('missing');
      expect(side.problem!.message).toContain('can’t be restored');
      expect(side.problem!.hint).toContain('c.LitLab.history');
    }
    again.dispose();
  });

  it('offers a trial again that a reload lost', async () => {
    const again = new Comparison(client, source, trans);
    await again.restore({ left: 'a', right: 'gone', without: [0, 2] });
    expect(again.sides.right.phase).toBe('unanswered');
    expect(again.sides.right.title).toBe('Without “Be brief.”');
    again.sides.right.retry();
    await settle();
    expect(client.last.request).toMatchObject({ prompt: OTHER });
    again.dispose();
  });
});

describe('compare/launcher', () => {
  class FakeSession extends FakeSettings implements ICompareSession {
    readonly splitter = null;
    readonly runs: { shown: IRun | null } = { shown: null };
    readonly explanation: {
      text: IText | null;
      target: TokenSpan | null;
    } = { text: null, target: null };

    show(id: string, prompt: string): void {
      this.runs.shown = keptRun(record(id, prompt, ANSWER));
      this.changed.emit();
    }
  }

  let client: FakeClient;
  let session: FakeSession;
  let opened: Comparison[];
  let launcher: CompareLauncher;

  beforeEach(() => {
    client = new FakeClient();
    session = new FakeSession();
    opened = [];
    launcher = new CompareLauncher(
      client,
      session,
      one => opened.push(one),
      trans
    );
  });

  afterEach(() => {
    opened.forEach(one => one.dispose());
    launcher.dispose();
  });

  it('remembers the run before the one that is shown', async () => {
    session.show('a', PROMPT);
    expect(launcher.before).toBeNull();
    session.show('b', OTHER);
    expect(launcher.before!.jobId).toBe('a');
    launcher.compareWithBefore();
    await settle();
    // The history doesn't have them: they are shown as they are.
    const [{ sides }] = opened;
    expect([sides.left.id, sides.right.id]).toEqual(['a', 'b']);
    expect(sides.left.phase).toBe('shown');
  });

  it('compares two of the history, the older one on the left', async () => {
    client.kept.set('a', record('a', PROMPT, ANSWER));
    client.kept.set('b', record('b', OTHER, ANSWER));
    const info = {
      ...record('a', PROMPT, ANSWER),
      scores: 0,
      created: 9,
      forced_answer: false,
      num_turns: 0
    };
    launcher.pickRun(info);
    expect(launcher.picked!.id).toBe('a');
    launcher.pickOther({ id: 'b', created: 4 });
    await settle();
    expect(launcher.picked).toBeNull();
    expect(opened[0].sides.left.id).toBe('b');
    expect(opened[0].sides.right.id).toBe('a');
  });

  it('does not compare a run with itself', () => {
    const info = {
      ...record('a', PROMPT, ANSWER),
      scores: 0,
      forced_answer: false,
      num_turns: 0
    };
    launcher.pickRun(info);
    launcher.pickOther(info);
    expect(opened).toHaveLength(0);
  });

  it('has another text explained in the answer’s place', async () => {
    session.show('a', PROMPT);
    launcher.compareWithText(' It has eggs.');
    await settle();
    const [comparison] = opened;
    expect(comparison.view).toBe('maps');
    expect(comparison.sides.left.id).toBe('a');
    expect(client.last.request).toMatchObject({
      kind: 'score',
      prompt: PROMPT,
      target: ' It has eggs.'
    });
    // And the other way round: the model's own answer beside a forced answer.
    launcher.compareWithText(null);
    await settle();
    expect(client.last.request).toMatchObject({
      kind: 'generate',
      prompt: PROMPT
    });
  });

  it('says so where a trial would leave nothing', () => {
    session.show('a', 'Only this.');
    const asked = session.runs.shown!.promptTokens.length;
    session.explanation.text = {
      tokens: session.runs.shown!.promptTokens,
      seam: asked,
      prompt: [[0, asked]],
      answer: [],
      segments: [[0, asked]],
      turns: new Map(),
      conversation: []
    };
    launcher.tryWithout(0);
    expect(opened).toHaveLength(0);
    expect(launcher.refusal).toContain('prompt would be empty');
    launcher.dismiss();
    expect(launcher.refusal).toBe('');
  });
});

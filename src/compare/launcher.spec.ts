import { nullTranslator } from '@jupyterlab/translation';

import type { TokenSpan } from '../salience';
import { FakeClient, settle } from '../session/fakes';
import type { IText } from '../session/runText';
import { keptRun } from '../session/run';
import type { IRun } from '../session/run';
import type { Comparison } from './comparison';
import { ANSWER, FakeSettings, OTHER, PROMPT, record } from './fakes';
import { CompareLauncher } from './launcher';
import type { ICompareSession } from './launcher';

const trans = nullTranslator.load('lit_lab');

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
      num_turns: 0,
      prompt_end: '',
      answer_end: ''
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
      num_turns: 0,
      prompt_end: '',
      answer_end: ''
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
      conversation: [],
      joinLines: 'off'
    };
    launcher.tryWithout(launcher.spanOf(0)!);
    expect(opened).toHaveLength(0);
    expect(launcher.refusal).toContain('prompt would be empty');
    launcher.dismiss();
    expect(launcher.refusal).toBe('');
  });
});

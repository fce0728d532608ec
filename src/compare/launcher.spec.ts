import { nullTranslator } from '@jupyterlab/translation';

import type { TokenSpan } from '../salience';
import { FakeClient, settle } from '../session/fakes';
import { cutText } from '../session/runText';
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

  /** Show a run, and its text in sentences. */
  function showText(prompt: string, id = 'a'): void {
    session.runs.shown = keptRun(record(id, prompt, ANSWER));
    session.explanation.text = cutText(session.runs.shown, 'sentences', null);
    session.changed.emit();
  }

  /** The prompt of the last request. */
  const asked = () => (client.last.request as { prompt: string }).prompt;

  it('tries the prompt without several parts at once', async () => {
    showText('One is here. Two is here. Three is here. Four is here.');
    launcher.mark(launcher.spanOf(3)!);
    launcher.mark(launcher.spanOf(1)!);
    // Another target, and another run of the same prompt.
    session.explanation.target = [20, 24];
    showText('One is here. Two is here. Three is here. Four is here.', 'b');
    const { marked } = launcher.parts;
    expect(marked).toHaveLength(2);
    launcher.tryWithout(...marked);
    await settle();
    expect(asked()).toBe('One is here. Three is here.');
    expect(opened[0].sides.left.id).toBe('b');
    // They stay, for another try.
    expect(launcher.parts.marked).toBe(marked);
    showText('One is here. Two is here.', 'c');
    expect(launcher.parts.marked).toEqual([]);
    launcher.tryWithout();
    expect(opened).toHaveLength(1);
  });

  it('says so where several parts would leave nothing', () => {
    showText('One is here. Two is here.');
    launcher.tryWithout(launcher.spanOf(0)!, launcher.spanOf(1)!);
    expect(opened).toHaveLength(0);
    expect(launcher.refusal).toContain('these parts the prompt would be empty');
  });

  it('tries another text in a part’s place, once it is another one', async () => {
    const opener = document.createElement('button');
    showText('One is here.  Two is here.\nThree is here.');
    launcher.tryDraft();
    launcher.edit(launcher.spanOf(1)!, opener);
    expect(launcher.checkDraft()).toContain('This is the old text.');
    launcher.tryDraft();
    expect(opened).toHaveLength(0);
    expect(launcher.parts.draft).not.toBeNull();
    launcher.parts.write('2');
    expect(launcher.checkDraft()).toBe('');
    launcher.tryDraft();
    await settle();
    expect(asked()).toBe('One is here.  2\nThree is here.');
    expect(launcher.parts.draft).toBeNull();
    // Nothing in its place is a trial without it.
    launcher.edit(launcher.spanOf(1)!, opener);
    launcher.parts.write(' ');
    launcher.tryDraft();
    await settle();
    expect(asked()).toBe('One is here.\nThree is here.');
    expect(opened[1].trial!.replacement).toBeNull();
  });

  it('replaces a whole prompt, but doesn’t take it away', async () => {
    showText('Only this.');
    launcher.edit(launcher.spanOf(0)!, document.createElement('button'));
    launcher.parts.write('');
    expect(launcher.checkDraft()).toContain('prompt would be empty');
    launcher.parts.write('Only that.');
    launcher.tryDraft();
    await settle();
    expect(asked()).toBe('Only that.');
  });

  it('prepares nothing while there is no run to try', () => {
    showText('One is here. Two is here.');
    const span = launcher.spanOf(0)!;
    session.runs.shown = null;
    session.changed.emit();
    launcher.mark(span);
    launcher.edit(span, document.createElement('button'));
    expect(launcher.parts.marked).toEqual([]);
    expect(launcher.parts.draft).toBeNull();
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

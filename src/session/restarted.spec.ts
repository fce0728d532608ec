import { nullTranslator } from '@jupyterlab/translation';

import type { AnswerToken, JobEvent } from '../api';
import { settle } from './fakes';
import { tokens } from './fixtures';
import { applyEvent, startRun } from './run';
import type { IRun } from './run';
import { ANSWER, PROMPT, Scenario } from './scenario';

const trans = nullTranslator.load('lit-lab');
const RESTARTED: JobEvent = { event: 'restarted', message: 'It died.' };

const prompt = (text: string): JobEvent => ({
  event: 'prompt',
  tokens: tokens(text),
  window: 512,
  chat: 'plain',
  thinking: false,
  turn_spans: [],
  system: null,
  terms: null
});
/** Tokens whose ids tell their texts apart. */
const sent = (...texts: string[]): JobEvent[] =>
  texts
    .flatMap(text => tokens(text))
    .map(token => ({
      event: 'token',
      token: { ...token, id: token.text.codePointAt(1)! }
    }));
const textOf = (all: readonly AnswerToken[]) =>
  all.map(({ text }) => text).join('');

describe('session: a run whose service ended', () => {
  const follow = (...events: JobEvent[]): IRun[] => {
    const states: IRun[] = [];
    let run = startRun(
      { model: 'demo', prompt: 'Hi', values: {}, sampling: {}, origin: null },
      ''
    );
    for (const event of events) {
      run = applyEvent(run, event, trans);
      states.push(run);
    }
    return states;
  };
  const begun = [prompt('Hi'), ...sent(' one', ' two')];

  it('shows the same tokens all the while, then those that follow', () => {
    const [, , before, ...after] = follow(
      ...begun,
      RESTARTED,
      prompt('Hi'),
      ...sent(' one', ' two', ' three')
    );
    const shown = after.map(({ answerTokens }) => textOf(answerTokens));
    const same = textOf(before.answerTokens);
    expect(shown).toEqual([same, same, same, same, `${same} three`]);
    // Nothing that is computed from them is computed anew.
    expect(after[3].answerTokens).toBe(before.answerTokens);
    expect(after[1].promptTokens).toBe(before.promptTokens);
    expect(after.map(run => run.numAgain)).toEqual([0, 0, 1, null, null]);
    expect(after.every(run => run.restarted === 'It died.')).toBe(true);
    expect(after[0].message).toBe('It died.');
    expect(after[4].phase).toBe('answering');
  });

  it('shows another answer from where it differs', () => {
    const last = follow(
      ...begun,
      RESTARTED,
      prompt('Hi'),
      ...sent(' one', ' 2', ' 3')
    ).pop()!;
    expect(textOf(last.answerTokens)).toBe(' one 2 3');
    expect(last.numAgain).toBeNull();
  });

  it('drops an answer to other tokens', () => {
    const last = follow(...begun, RESTARTED, prompt('Ho ho')).pop()!;
    expect(last.answerTokens).toEqual([]);
    expect(last.promptTokens).toEqual(tokens('Ho ho'));
  });

  it('keeps the longer answer if it fails again', () => {
    const last = follow(...begun, RESTARTED, prompt('Hi'), ...sent(' one'), {
      event: 'error',
      status: 502,
      error: 'service_died',
      message: 'Again.',
      hint: ''
    }).pop()!;
    expect(textOf(last.answerTokens)).toBe(' one two');
    expect(last).toMatchObject({ phase: 'failed', numAgain: null });
  });

  it('has nothing to wait for if no token had come', () => {
    expect(follow(prompt('Hi'), RESTARTED).pop()!.numAgain).toBeNull();
  });

  it('begins again more than once', () => {
    const last = follow(
      ...begun,
      RESTARTED,
      prompt('Hi'),
      ...sent(' one'),
      RESTARTED,
      prompt('Hi'),
      ...sent(' one', ' two', ' three')
    ).pop()!;
    expect(textOf(last.answerTokens)).toBe(' one two three');
  });
});

describe('session: maps whose service ended', () => {
  it('says so until the job ends, and keeps the scores', async () => {
    const scenario = await Scenario.begin();
    const { session } = scenario;
    const job = await scenario.answered();
    job.scores(0);
    job.send(RESTARTED);
    await settle();
    const { scores } = session.explanation;
    expect(scores!.message).toBe('It died.');
    job.scores(1);
    await settle();
    expect(scores!.message).toBe('It died.');
    job.scores(2);
    job.send({ event: 'done', seconds: 1 });
    await settle();
    expect(scores!.message).toBe('');
    expect(scores!.problem).toBeNull();
    session.explanation.pickSegment(scenario.token(0));
    expect(session.explanation.map).not.toBeNull();
    expect(session.runs.shown?.prompt).toBe(PROMPT);
    expect(textOf(session.runs.shown!.answerTokens)).toBe(ANSWER);
    session.dispose();
  });
});

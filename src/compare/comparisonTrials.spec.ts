import { nullTranslator } from '@jupyterlab/translation';

import { FakeClient, settle } from '../session/fakes';
import { keptRun } from '../session/run';
import { textOf } from '../session/runText';
import { Comparison } from './comparison';
import { ANSWER, FakeSettings, OTHER, PROMPT, record } from './fakes';
import { labelOf } from './name';
import { trialWithout } from './trial';

const trans = nullTranslator.load('lit_lab');
const TRIAL = 'Without “Be brief.”';

describe('compare/comparison: trials', () => {
  let client: FakeClient;
  let source: FakeSettings;

  beforeEach(() => {
    client = new FakeClient();
    client.kept.set('a', record('a', PROMPT, ANSWER));
    source = new FakeSettings();
  });

  it('runs the prompt without a sentence, on the right', async () => {
    const trial = new Comparison(client, source, trans);
    await trial.sides.left.take(keptRun(record('a', PROMPT, ANSWER)));
    const running = trial.try(trialWithout([0, 2]), 32);
    const left = trial.sides.left.explanation.text!;
    trial.setTarget(left.answer[1], 'left');
    await settle();
    expect(client.last.request).toMatchObject({
      kind: 'score',
      prompt: OTHER,
      target: ANSWER,
      keep: false
    });
    expect(trial.oldAnswer.isBusy).toBe(true);
    client.last.answer(OTHER, ANSWER);
    await settle();
    expect(trial.oldAnswer.sentences).not.toBeNull();
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
    expect(trial.save()).toMatchObject({ left: 'a', parts: [[0, 2]] });
    trial.dispose();
  });

  it('runs the prompt with another text in a part’s place, also after a reload', async () => {
    const text = 'Be rude.';
    const name = '“Be rude.” instead of “Be kind.”';
    const changed = 'Be brief. Be rude.\nAnalysis:';
    const trial = new Comparison(client, source, trans);
    await trial.sides.left.take(keptRun(record('a', PROMPT, ANSWER)));
    const [, part] = trial.sides.left.explanation.text!.prompt;
    const running = trial.try({ spans: [part], replacement: text }, 32);
    await settle();
    // First how likely the old answer is, as for what is left out.
    expect(client.last.request).toMatchObject({
      kind: 'score',
      prompt: changed,
      target: ANSWER
    });
    client.last.answer(changed, ANSWER);
    await settle();
    expect(client.last.request).toMatchObject({
      kind: 'generate',
      prompt: changed,
      title: name
    });
    client.last.answer(changed, ' It has onions. Eat them.');
    await running;
    await settle();
    expect(trial.sides.right.title).toBe(name);
    expect(labelOf(trial, trans)).toBe(name);
    // Effects are those of parts that are deleted.
    expect(trial.expected).toBeNull();
    const saved = trial.save()!;
    expect(saved).toMatchObject({ parts: [part], replacement: text });
    trial.dispose();

    const again = new Comparison(client, source, trans);
    const restored = again.restore({ ...saved, right: 'gone' });
    // Until the runs are there.
    expect(labelOf(again, trans)).toBe('Trial');
    await restored;
    expect(again.sides.right.title).toBe(name);
    again.sides.right.retry();
    await settle();
    expect(client.last.request).toMatchObject({ prompt: changed });
    again.dispose();
  });

  it('runs a trial where it began, though the sides are swapped meanwhile', async () => {
    const trial = new Comparison(client, source, trans);
    await trial.sides.left.take(keptRun(record('a', PROMPT, ANSWER)));
    const { left, right } = trial.sides;
    const running = trial.try(trialWithout([0, 2]), 32);
    await settle();
    trial.swap();
    client.last.answer(OTHER, ANSWER);
    await settle();
    client.last.answer(OTHER, ' It has onions. Avoid them.');
    await running;
    expect(left.run!.jobId).toBe('a');
    expect(right.run!.title).toBe(TRIAL);
    trial.dispose();
  });

  it('tells of a trial that failed, and runs it again', async () => {
    const trial = new Comparison(client, source, trans);
    await trial.sides.left.take(keptRun(record('a', PROMPT, ANSWER)));
    const running = trial.try(trialWithout([0, 2]), 32);
    await settle();
    client.last.answer(OTHER, ANSWER);
    await settle();
    client.last.send({
      event: 'error',
      status: 500,
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

  it('offers a trial again that a reload lost', async () => {
    const again = new Comparison(client, source, trans);
    await again.restore({ left: 'a', right: 'gone', parts: [[0, 2]] });
    expect(again.sides.right.phase).toBe('unanswered');
    expect(again.sides.right.title).toBe('Without “Be brief.”');
    again.sides.right.retry();
    await settle();
    expect(client.last.request).toMatchObject({ prompt: OTHER });
    again.dispose();
  });
});

import { nullTranslator } from '@jupyterlab/translation';

import { ApiError } from '../api';
import { choicesOf, part } from './contrast';
import { FakeClient, FakeSource, settle } from './fakes';
import { fakeRecord, tokens } from './fixtures';
import { KeptSource } from './keptsource';
import { Session } from './session';

const trans = nullTranslator.load('lit_lab');
const PROMPT = 'Be brief.\nAnalysis:';
const ANSWER = ' It has onions.\nRecommendation: You may like it.';

/** Tokens of words; the same word has the same id. */
function words(text: string) {
  return tokens(text).map(token => ({
    ...token,
    id: [...token.text].reduce((sum, c) => 31 * sum + c.charCodeAt(0), 7) % 9999
  }));
}

describe('session/contrast', () => {
  let client: FakeClient;
  let session: Session;

  beforeEach(async () => {
    client = new FakeClient();
    client.tokens = async request => ({
      model: request.model,
      prompt: [],
      answer: words(request.answer ?? ''),
      turn_spans: [],
      window: 512
    });
    client.cost = { passes: 4, seconds: 0.1 };
    session = new Session(client, trans);
    await session.service.refresh();
    session.open(new FakeSource(PROMPT));
    const running = session.runs.generate();
    await settle();
    client.last.prompt(PROMPT);
    const said = words(ANSWER);
    said[said.length - 2].alternatives = [
      { id: 4, piece: '▁hate', text: ' hate', logprob: -0.7 },
      { id: 5, piece: '▁eat', text: ' eat', logprob: -3 }
    ];
    client.last.send(
      {
        event: 'answer',
        text: ANSWER,
        tokens: said,
        reason: 'end',
        stopped_at: null,
        seconds: 1,
        first_seconds: 1,
        reused: 0
      },
      { event: 'done', seconds: 1 }
    );
    await running;
    await settle();
    client.last.scores(0, 1);
    client.last.send({ event: 'done', seconds: 1 });
    await settle();
    // "Recommendation: You may like it."
    session.explanation.pickSegment(
      session.explanation.text!.tokens.length - 2
    );
    await settle();
  });

  afterEach(() => session.dispose());

  const textOf = (span: readonly [number, number] | null) =>
    session.explanation
      .text!.tokens.slice(...(span ?? [0, 0]))
      .map(t => t.text)
      .join('');

  it('sets the part in which two texts differ against the other', async () => {
    await session.contrast.type('Recommendation: Avoid it.');
    await settle();
    expect(textOf(session.explanation.target)).toBe(' You may like it.');
    expect(session.explanation.foil?.text).toBe(' Avoid it.');
    // Quick: it starts unasked, and says what it is set against.
    const { request } = client.last;
    expect(request).toMatchObject({
      kind: 'salience',
      methods: ['grad_l2'],
      foil: words(' Avoid it.').map(t => t.id)
    });
    expect(session.explanation.map).toBeNull();
    if (request.kind === 'salience') {
      client.last.send(
        {
          event: 'scores',
          target: request.targets[0],
          method: 'grad_l2',
          scores: request.ids.map((_, i) => i),
          gap: null,
          foil: request.foil ?? null
        },
        { event: 'done', seconds: 1 }
      );
    }
    await settle();
    expect(session.explanation.map?.target).toEqual(session.explanation.target);
    // What both begin with is before the target now, and so can have led to it.
    const common = session.explanation.map!.segments.find(
      ({ span }) => textOf(span).trim() === 'Recommendation:'
    );
    expect(common?.rank).not.toBeNull();
    // By itself again: known already.
    const jobs = client.jobs.length;
    session.contrast.clear();
    expect(session.explanation.foil).toBeNull();
    expect(textOf(session.explanation.target)).toBe(
      'Recommendation: You may like it.'
    );
    await settle();
    expect(session.explanation.map).not.toBeNull();
    expect(client.jobs).toHaveLength(jobs);
  });

  it('asks no method for a contrast that can’t explain one', async () => {
    session.settings = { ...session.settings, method: 'flow' };
    await settle();
    expect(session.explanation.demand?.computation).not.toBeNull();
    await session.contrast.type('Recommendation: Avoid it.');
    expect(session.explanation.demand).toEqual({
      computation: null,
      numSegments: 0,
      refusal: 'contrast'
    });
    expect(session.explanation.map).toBeNull();
  });

  it('asks each method for the contrast, ablation and the test too', async () => {
    await session.contrast.type('Recommendation: Avoid it.');
    const foil = session.explanation.foil!.ids;
    for (const method of ['leave_one_out', 'integrated_gradients'] as const) {
      session.settings = { ...session.settings, method };
      await settle();
      expect(session.explanation.demand?.computation?.request).toMatchObject({
        foil
      });
    }
  });

  it('takes what the model considered, token for token', async () => {
    const { tokens: all } = session.explanation.text!;
    const [first, second, ...rest] = choicesOf(
      all,
      session.explanation.target!,
      6
    );
    expect(rest).toEqual([]);
    expect([first.alternative.text, second.alternative.text]).toEqual([
      ' hate',
      ' eat'
    ]);
    session.contrast.choose(first);
    await settle();
    expect(textOf(session.explanation.target)).toBe(' like');
    expect(session.explanation.foil).toEqual({ ids: [4], text: ' hate' });
    expect(client.last.request).toMatchObject({ foil: [4] });
    // Another target is explained by itself.
    session.explanation.pickSegment(session.explanation.text!.seam);
    expect(session.explanation.foil).toBeNull();
  });

  it('says why a text can’t stand in the target’s place', async () => {
    const target = session.explanation.target;
    for (const [text, says] of [
      ['Recommendation: You may like it.', 'target’s own text'],
      ['Recommendation: You', 'beginning of the target'],
      ['Recommendation: You may like it. Or not.', 'only continues']
    ]) {
      await session.contrast.type(text);
      expect(session.contrast.problem?.message).toContain(says);
      expect(session.contrast.problem?.hint).not.toBe('');
      expect([session.explanation.target, session.explanation.foil]).toEqual([
        target,
        null
      ]);
    }
    client.tokens = () =>
      Promise.reject(
        new ApiError({ error: 'service_died', message: 'Dead.', hint: 'Wake.' })
      );
    await session.contrast.type('x');
    expect(session.contrast.problem?.message).toBe('Dead.');
    session.explanation.pickSegment(session.explanation.text!.seam);
    expect(session.contrast.problem).toBeNull();
  });

  it('is kept over a reload', async () => {
    await session.contrast.type('Recommendation: Avoid it.');
    const saved = JSON.parse(JSON.stringify(session.save()));
    expect(saved.foil).toEqual(session.explanation.foil);
  });

  it('parts where the ids do', () => {
    const a = words(' You may like it.');
    const b = words(' You may hate it.');
    expect(part(a, [0, a.length], b)).toMatchObject({
      target: [2, a.length],
      foil: { text: ' hate it.' }
    });
  });

  it('comes back from the history without being taken for the plain map', async () => {
    const prompt = tokens(PROMPT);
    const answer = tokens(ANSWER);
    const target = { start: prompt.length + 3, end: prompt.length + 4 };
    const run = fakeRecord(PROMPT, ANSWER, {
      reason: 'forced_answer',
      scores: [
        {
          mode: null,
          event: {
            event: 'scores',
            target,
            method: 'grad_l2',
            scores: [...prompt, ...answer].map((_, i) => i),
            gap: null,
            foil: [9]
          }
        }
      ]
    });
    session.reopen(run, new KeptSource(run, 'an earlier run', () => undefined));
    expect(session.runs.shown?.forcedAnswer).toBe(ANSWER);
    session.explanation.setTarget([target.start, target.end]);
    expect(session.explanation.map).toBeNull();
    const [said] = session.explanation.text!.tokens.slice(target.start);
    session.contrast.choose({
      token: target.start,
      said: said as (typeof answer)[number],
      alternative: { id: 9, piece: 'x', text: 'x', logprob: -1 }
    });
    expect(session.explanation.map).not.toBeNull();
  });
});

describe('session: a forced answer', () => {
  it('is a run like any other, distinct from an answer', async () => {
    const client = new FakeClient();
    const session = new Session(client, trans);
    await session.service.refresh();
    session.open(new FakeSource(PROMPT));
    const running = session.runs.score(' Avoid it.');
    await settle();
    expect(client.last.request).toMatchObject({
      kind: 'score',
      prompt: PROMPT,
      target: ' Avoid it.',
      origin: { document: 'a/prompts.ipynb' }
    });
    client.last.answer(PROMPT, ' Avoid it.');
    await running;
    await settle();
    expect(session.runs.shown?.forcedAnswer).toBe(' Avoid it.');
    expect(client.last.request.kind).toBe('salience');
    expect(session.save().run?.forcedAnswer).toBe(' Avoid it.');
    // What failed is done again as it was asked.
    const failing = session.runs.score(' Never.');
    await settle();
    client.last.send({
      event: 'error',
      status: 500,
      error: 'service_died',
      message: 'Dead.',
      hint: ''
    });
    await failing;
    void session.runs.retry();
    await settle();
    expect(client.last.request).toMatchObject({ target: ' Never.' });
    session.dispose();
  });
});

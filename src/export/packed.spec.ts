import { checkRun } from '../api/record';
import { finished, withEffects } from './fixtures';
import { packRun, unpackRun, UnreadableRun } from './packed';

const RUN = finished('One. Two.', ' Three. Four.');
const EFFECTIVE = withEffects(finished('One. Two.', ' Three. Four.'), [1, 2]);

describe('export/packed', () => {
  it('gives back what it was given, but for alternatives and folders', () => {
    const [first, ...rest] = RUN.answer_tokens;
    const alternatives = [{ id: 1, piece: 'a', text: 'a', logprob: -1 }];
    const run = {
      ...RUN,
      answer_tokens: [{ ...first, alternatives }, ...rest]
    };
    const packed = JSON.parse(JSON.stringify(packRun(run)));
    expect(unpackRun(packed)).toEqual({
      ...RUN,
      origin: { document: 'a.ipynb', place: ['cell 2'] }
    });
    expect(JSON.stringify(packed)).not.toContain('folder');
  });

  it('keeps float32 as it is, and packs it far smaller', () => {
    const long = finished('One. '.repeat(1000), ' Two.');
    const length = long.prompt_tokens.length + long.answer_tokens.length;
    const scores = Array.from({ length }, (_, i) => Math.fround(i / 7));
    const [kept] = long.scores!;
    const event = { ...kept.event, scores } as typeof kept.event;
    const run = { ...long, scores: [{ ...kept, event }] };
    const packed = JSON.stringify(packRun(run));
    expect(unpackRun(JSON.parse(packed)).scores![0].event.scores).toEqual(
      scores
    );
    expect(packed.length).toBeLessThan(JSON.stringify(run).length / 2);
  });

  it('packs effects', () => {
    const width = EFFECTIVE.answer_tokens.length;
    const packed = packRun(EFFECTIVE);
    expect(typeof packed.effects![0].events[0].logprobs).toBe('string');
    const read = unpackRun(JSON.parse(JSON.stringify(packed)));
    expect(read.effects).toEqual(EFFECTIVE.effects);
    expect(read.effects[0].events[0].logprobs[1][0]).toBeNull();
    expect(read.effects[0].events[0].logprobs[0]).toHaveLength(width);
    // A page of an earlier version.
    const { effects, ...earlier } = packed;
    expect(effects).toHaveLength(1);
    expect(unpackRun(earlier).effects).toEqual([]);
  });

  const [kept] = EFFECTIVE.effects;
  const [event] = kept.events;
  it.each([
    { removed: [[]] },
    { removed: event.removed.map(() => [99]) },
    { logprobs: event.logprobs.map(row => row.slice(1)) },
    { logprobs: event.logprobs.map(row => row.map(() => 0.5)) },
    { kind: 'two' },
    { first: -1 },
    { total: 1e9 }
  ])('refuses effects that contradict themselves: %j', change => {
    const effects = [{ ...kept, events: [{ ...event, ...change }] }];
    expect(() => unpackRun({ ...EFFECTIVE, effects })).toThrow(UnreadableRun);
  });

  it('takes a run that is not packed', () => {
    expect(unpackRun(RUN)).toEqual(RUN);
  });

  it('takes what version 0.1.0 put into pages and notebooks', () => {
    const { record, packed } = jest.requireActual<Record<string, unknown>>(
      '../../tests/fixtures/runs_0_1_0.json'
    );
    const run = checkRun(record);
    expect(unpackRun(record)).toEqual(run);
    // Alternatives and folders were left out.
    expect(unpackRun(packed)).toEqual({
      ...run,
      origin: { document: 'a.ipynb', place: ['cell 2'] },
      answer_tokens: run.answer_tokens.map(token => ({
        ...token,
        alternatives: []
      }))
    });
  });

  it.each([
    null,
    'text',
    {},
    { packed: 2 },
    { packed: 3 },
    { packed: 1 },
    { ...packRun(RUN), logprobs: '%' },
    { ...packRun(RUN), tokens: { ...packRun(RUN).tokens, kinds: 'x' } }
  ])('refuses what is no run: %#', data => {
    expect(() => unpackRun(data)).toThrow(UnreadableRun);
  });
});

import type { KeptScores } from '../api';
import { textOf } from '../session/runText';
import { finished, LOOK, withEffects } from './fixtures';
import { packRun, unpackRun } from './packed';
import { Reading } from './reading';
import type { ILook } from './reading';

const RUN = finished('One. Two.', ' Three four. Five.');

describe('export/reading', () => {
  const reading = new Reading(RUN);
  const said = (target: readonly [number, number]) =>
    textOf([...RUN.prompt_tokens, ...RUN.answer_tokens], target);

  it('knows targets and methods', () => {
    expect(reading.targets.map(said)).toEqual([' Three four.', ' Five.']);
    expect(reading.methods).toEqual(['grad_l2', 'grad_dot_input']);
  });

  it('begins with the target wished for, or the last', () => {
    const [first, last] = reading.targets;
    expect(reading.begin(first, 'grad_l2')).toEqual(first);
    expect(reading.begin(null, 'grad_l2')).toEqual(last);
    expect(reading.begin([1, 2], 'grad_l2')).toEqual(last);
    expect(new Reading({ ...RUN, scores: [] }).begin(first, 'shap')).toBeNull();
  });

  it('picks the target around a word, and none in the prompt', () => {
    const look = { ...LOOK, granularity: 'words' as const };
    const [[start, end], last] = reading.targets;
    expect(reading.targetAt(start, look)).toEqual([start, end]);
    expect(reading.targetAt(end - 1, look)).toEqual([start, end]);
    expect(reading.targetAt(last[0], look)).toEqual(last);
    expect(reading.targetAt(1, look)).toBeNull();
  });

  it('prefers the clicked segment’s own target', () => {
    const [[start], [, end]] = reading.targets;
    const [{ event }] = RUN.scores!;
    const whole = { ...event, target: { start, end } } as KeptScores['event'];
    const both = new Reading({
      ...RUN,
      scores: [...RUN.scores!, { mode: null, event: whole }]
    });
    expect(both.targetAt(start, { ...LOOK, granularity: 'lines' })).toEqual([
      start,
      end
    ]);
    expect(both.targetAt(start, LOOK)).toEqual(reading.targets[0]);
  });

  it('has the effects that the run has', () => {
    const run = withEffects(RUN, [2, 0.5]);
    const [target] = reading.targets;
    const text = reading.text(LOOK, target);
    const read = new Reading(run);
    const map = read.map(text, target, LOOK)!;
    expect(map.effects!.all[0]!.delta).toBeCloseTo(2 * (target[1] - target[0]));
    expect(map.segments.map(({ rank }) => rank)).toEqual([1, 2, null, null]);
    const shares = read.map(text, target, { ...LOOK, shadeBy: 'share' })!;
    expect(shares.segments.map(({ rank }) => rank)).toEqual([2, 1, null, null]);
    expect(shares.effects).toBeDefined();
    // Pairs that were tried are part of it, also packed.
    const [{ events, ...rest }] = run.effects;
    const width = run.answer_tokens.length;
    const both = {
      ...events[0],
      kind: 'chosen' as const,
      removed: [[0, 1]],
      logprobs: [new Array<number>(width).fill(-4)]
    };
    const paired = {
      ...run,
      effects: [{ ...rest, events: [...events, both] }]
    };
    for (const record of [paired, unpackRun(packRun(paired))]) {
      const { pairs } = new Reading(record).map(text, target, LOOK)!.effects!;
      expect(pairs.map(({ pair }) => pair)).toEqual([[0, 1]]);
      expect(pairs[0].both.without).toBeCloseTo(Math.exp(-4));
    }
    // Effects of other segments say nothing about these.
    const [kept] = run.effects;
    const other = { ...kept, segments: kept.segments.slice(1) };
    const none = new Reading({ ...run, effects: [other] });
    expect(none.map(text, target, LOOK)!.effects).toBeUndefined();
  });

  it('makes the map that the panel makes', () => {
    const [target] = reading.targets;
    const text = reading.text(LOOK, target);
    const map = reading.map(text, target, LOOK)!;
    // Tokens count 0 to 2 in front of the seam: the squares of 1/8 and 2/8.
    expect(map.segments.map(({ score }) => score).slice(0, 2)).toEqual([
      0.015625, 0.0625
    ]);
    expect(map.segments.map(({ rank }) => rank)).toEqual([2, 1, null, null]);
    expect(reading.map(text, target, { ...LOOK, method: 'shap' })).toBeNull();
  });

  it('tells at which granularity an ablation was computed', () => {
    const [[start, end]] = reading.targets;
    const shap: KeptScores = {
      mode: 'remove',
      event: {
        event: 'segment_scores',
        foil: null,
        target: { start, end },
        method: 'shap',
        segments: [
          { start: 1, end: 2 },
          { start: 2, end: 3 }
        ],
        scores: [1, -3],
        errors: null,
        logprob: -1,
        passes: 4,
        sets: null,
        adaptive: false
      }
    };
    const both = new Reading({ ...RUN, scores: [shap] });
    const look = { ...LOOK, method: 'shap' as const };
    expect(both.granularities([start, end], look)).toEqual([
      'tokens',
      'words',
      'sentences'
    ]);
    expect(both.methodLike('grad_l2')).toBe('shap');
  });

  it('tells how lines were joined where an ablation was computed', () => {
    const record = finished(
      'Where did the queen of that far country, who ruled when the\npainter was born, die?',
      ' There.'
    );
    const seam = record.prompt_tokens.length;
    const target = { start: seam, end: seam + 1 };
    const lime: KeptScores = {
      mode: 'remove',
      event: {
        event: 'segment_scores',
        foil: null,
        target,
        method: 'lime',
        segments: [{ start: 1, end: seam }],
        scores: [1],
        errors: null,
        logprob: -1,
        passes: 4,
        sets: null,
        adaptive: false
      }
    };
    const joined = new Reading({ ...record, scores: [lime] });
    const look = {
      ...LOOK,
      method: 'lime' as const,
      joinLines: 'off' as const
    };
    const span = [seam, seam + 1] as const;
    const shown = (how: ILook) => joined.map(joined.text(how, span), span, how);
    expect(shown(look)).toBeNull();
    expect(joined.joining(span, look)).toBe('auto');
    expect(shown({ ...look, joinLines: 'auto' })).not.toBeNull();
    expect(joined.joining(span, { ...look, method: 'shap' })).toBeNull();
  });

  it('leaves aside what it does not know', () => {
    const [{ event }] = RUN.scores!;
    const odd = [
      { ...event, method: 'of_later' },
      { ...event, foil: [7] }
    ].map(one => ({ mode: null, event: one }) as unknown as KeptScores);
    expect(new Reading({ ...RUN, scores: odd }).targets).toEqual([]);
  });
});

import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  AblationMode,
  CostlyRequest,
  CurveEvent,
  JobEvent,
  KeptScores,
  ScoresEvent,
  SegmentScoresEvent,
  FaithfulnessEvent
} from '../api';
import type { TokenSpan } from '../salience';
import { Computation } from './computation';
import type { ComputationClient } from './computation';
import { isGradient } from './methods';
import type { MapMethod } from './methods';
import type { IAblationSegment } from './ablationSegments';
import { Model } from './model';

/** A map's scores, once there are any. */
export type DemandedScores = ScoresEvent | SegmentScoresEvent | null;

/** A map's test, as far as it has come. */
export interface ITest {
  readonly curves: readonly CurveEvent[];
  /** The test in numbers, which come last. */
  readonly numbers: FaithfulnessEvent | null;
}

/** A map to be tested: its parts, with their scores turned to be for the target. */
export interface ITested {
  readonly method: MapMethod;
  readonly scores: readonly number[];
}

/** Most jobs that are kept over a reload. */
const MOST_JOBS = 8;

/** A job that computes something on demand, as it is kept over a reload. */
export interface IDemandedJob {
  /** What it computes, of the sequence. */
  readonly key: string;
  readonly id: string;
}

const NO_TEST: ITest = { curves: [], numbers: null };

/**
 * What is computed for one sequence of tokens only when somebody asks: scores
 * of the costly methods, and tests of maps. Each is kept, so that coming back
 * to it is a look-up.
 */
export class OnDemand extends Model {
  /**
   * @param ids - ids of the whole sequence, exactly as generated.
   */
  constructor(
    client: ComputationClient,
    model: string,
    ids: readonly number[],
    trans: TranslationBundle
  ) {
    super();
    this._client = client;
    this._model = model;
    this._ids = ids;
    this._trans = trans;
  }

  /** Whether something is being computed. */
  get isBusy(): boolean {
    return [...this._known.values()].some(one => one.phase === 'running');
  }

  protected release(): void {
    this._known.forEach(one => one.dispose());
  }

  /** Stop all that is being computed; what is done stays. */
  cancel(): void {
    this._known.forEach(one => one.cancel());
  }

  /**
   * Scores of a target by a method that is not automatic.
   *
   * @param parts - what an ablation method takes away; gradients need none.
   * @param foil - ids in the target's place, of a contrastive target.
   */
  scores(
    method: MapMethod,
    target: TokenSpan,
    parts: readonly IAblationSegment[],
    mode: AblationMode,
    foil: readonly number[] | null = null
  ): Computation<DemandedScores> {
    const request: CostlyRequest = isGradient(method)
      ? {
          kind: 'salience',
          model: this._model,
          ids: [...this._ids],
          targets: [spanOf(target)],
          methods: [method],
          ...foilOf(foil)
        }
      : {
          kind: 'ablation',
          method,
          mode,
          ...foilOf(foil),
          ...this._taken(target, parts)
        };
    return this._get(request, null as DemandedScores, (scores, event) =>
      event.event === 'scores' || event.event === 'segment_scores'
        ? event
        : scores
    );
  }

  /** All scores that are there. */
  get all(): KeptScores[] {
    return [...this._known.values()].flatMap(({ request, result }) =>
      isScores(result)
        ? [
            {
              mode: request.kind === 'ablation' ? (request.mode ?? null) : null,
              event: result
            }
          ]
        : []
    );
  }

  /** Jobs of what is computed, and of what is being computed: a later page can follow them. */
  get jobs(): readonly IDemandedJob[] {
    return [...this._known]
      .flatMap(([key, { jobId: id }]) => (id === null ? [] : [{ key, id }]))
      .slice(-MOST_JOBS);
  }

  /** Follow an earlier page's jobs instead of computing the same again. */
  resume(jobs: readonly IDemandedJob[]): void {
    for (const { key, id } of jobs) {
      this._past.set(key, id);
    }
  }

  /** Take scores that were computed earlier. */
  keep({ event, mode }: KeptScores): void {
    const target: TokenSpan = [event.target.start, event.target.end];
    const parts =
      event.event === 'segment_scores'
        ? event.segments.map(({ start, end }, index): IAblationSegment => ({
            index,
            span: [start, end]
          }))
        : [];
    const { method, foil } = event;
    this.scores(method, target, parts, mode ?? 'remove', foil).recall(event);
  }

  /** The test of a map. */
  test(
    map: ITested,
    target: TokenSpan,
    parts: readonly IAblationSegment[],
    mode: AblationMode,
    foil: readonly number[] | null = null
  ): Computation<ITest> {
    const request: CostlyRequest = {
      kind: 'faithfulness',
      mode,
      scores: [...map.scores],
      method: isGradient(map.method) ? map.method : null,
      ...foilOf(foil),
      ...this._taken(target, parts)
    };
    return this._get(request, NO_TEST, takeTest);
  }

  private _taken(target: TokenSpan, parts: readonly IAblationSegment[]) {
    return {
      model: this._model,
      ids: [...this._ids],
      target: spanOf(target),
      segments: parts.map(part => spanOf(part.span))
    };
  }

  private _get<R>(
    request: CostlyRequest,
    none: R,
    take: (result: R, event: JobEvent) => R
  ): Computation<R> {
    // Model and ids are the same for all.
    const key = JSON.stringify({ ...request, ids: null });
    const known = this._known.get(key);
    if (known) {
      return known as Computation<R>;
    }
    const one = new Computation(this._client, request, none, take, this._trans);
    one.changed.connect(() => this._changed.emit());
    this._known.set(key, one as Computation<unknown>);
    const past = this._past.get(key);
    if (past !== undefined) {
      one.resume(past);
    }
    return one;
  }

  private readonly _client: ComputationClient;
  private readonly _model: string;
  private readonly _ids: readonly number[];
  private readonly _trans: TranslationBundle;
  private readonly _known = new Map<string, Computation<unknown>>();
  /** Jobs of an earlier page, by what they compute. */
  private readonly _past = new Map<string, string>();
}

function isScores(result: unknown): result is ScoresEvent | SegmentScoresEvent {
  return typeof result === 'object' && result !== null && 'event' in result;
}

function takeTest(test: ITest, event: JobEvent): ITest {
  switch (event.event) {
    case 'curve':
      return { ...test, curves: [...test.curves, event] };
    case 'faithfulness':
      return { ...test, numbers: event };
    default:
      return test;
  }
}

function spanOf([start, end]: TokenSpan): { start: number; end: number } {
  return { start, end };
}

/** A contrastive target's other half; a request without one says nothing of it. */
function foilOf(ids: readonly number[] | null): { foil?: number[] } {
  return ids === null ? {} : { foil: [...ids] };
}

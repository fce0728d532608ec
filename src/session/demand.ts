import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  AblationMode,
  AblationRequest,
  CostlyRequest,
  CurveEvent,
  EffectsEvent,
  EffectsRequest,
  JobEvent,
  KeptScores,
  Removal,
  ScoresEvent,
  SegmentScoresEvent,
  FaithfulnessEvent
} from '../api';
import type { TokenSpan } from '../salience';
import { Computation } from './computation';
import type { ComputationClient } from './computation';
import { isGradient, scoresTokens } from './methods';
import type { MapMethod } from './methods';
import type { IAblationSegment } from './ablationSegments';
import { Model } from './model';

/** A map's scores; null until they are computed. */
export type DemandedScores = ScoresEvent | SegmentScoresEvent | null;

/** The test of a map, as far as it is computed. */
export interface ITest {
  readonly curves: readonly CurveEvent[];
  /** The result of the test, which comes last. */
  readonly numbers: FaithfulnessEvent | null;
}

/** A map to test: its segments' scores, positive for the target. */
export interface ITested {
  readonly method: MapMethod;
  readonly scores: readonly number[];
}

/** Sets of segments that were chosen, and their scores. */
export interface IChosenSets {
  readonly request: EffectsRequest;
  readonly events: readonly EffectsEvent[];
}

/** The most jobs that are stored over a reload. */
const MAX_JOBS = 8;

/** A job on demand, as stored over a reload. */
export interface IDemandedJob {
  /** What it computes for the sequence. */
  readonly key: string;
  readonly id: string;
}

const NO_TEST: ITest = { curves: [], numbers: null };

/**
 * What is computed for one sequence of tokens only on request: scores of
 * expensive methods, and tests of maps. Results are stored, so that showing one
 * again needs no request.
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

  /** Whether anything is being computed. */
  get isBusy(): boolean {
    return [...this._known.values()].some(one => one.phase === 'running');
  }

  protected release(): void {
    this._known.forEach(one => one.dispose());
  }

  /** Stop all computations; results stay. */
  cancel(): void {
    this._known.forEach(one => one.cancel());
  }

  /**
   * Scores of a target by a method that is not automatic.
   *
   * @param parts - what an ablation method removes; the others need none.
   * @param foil - ids in the target's place, of a contrastive target.
   * @param sets - for LIME and SHAP: what is known already, or how many sets to try.
   */
  scores(
    method: MapMethod,
    target: TokenSpan,
    parts: readonly IAblationSegment[],
    mode: Removal,
    foil: readonly number[] | null = null,
    sets: ISets = {}
  ): Computation<DemandedScores> {
    return this._get(
      this._request(method, target, parts, mode, foil, sets),
      null as DemandedScores,
      (scores, event) =>
        event.event === 'scores' || event.event === 'segment_scores'
          ? event
          : scores
    );
  }

  /** The same, if it is computed or being computed; else null. */
  known(
    ...of: Parameters<OnDemand['scores']>
  ): Computation<DemandedScores> | null {
    const [method, target, parts, mode, foil = null, sets = {}] = of;
    const request = this._request(method, target, parts, mode, foil, sets);
    const found = this._known.get(keyOf(request));
    return found && (found.phase === 'done' || found.phase === 'running')
      ? (found as Computation<DemandedScores>)
      : null;
  }

  private _request(
    method: MapMethod,
    target: TokenSpan,
    parts: readonly IAblationSegment[],
    mode: Removal,
    foil: readonly number[] | null,
    sets: ISets
  ): CostlyRequest {
    return scoresTokens(method)
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
          ...sets,
          ...foilOf(foil),
          ...this._taken(target, parts)
        };
  }

  /** All computed scores. */
  get all(): KeptScores[] {
    const found = new Set<unknown>();
    return [...this._known.values()].flatMap(({ request, result }) =>
      // Scores of a fixed number of sets are also shown where none is chosen.
      isScores(result) && !found.has(result) && found.add(result)
        ? [
            {
              mode: request.kind === 'ablation' ? (request.mode ?? null) : null,
              event: result
            }
          ]
        : []
    );
  }

  /** Jobs whose results a later page can follow, running or done. */
  get jobs(): readonly IDemandedJob[] {
    return [...this._known]
      .flatMap(([key, { jobId: id }]) => (id === null ? [] : [{ key, id }]))
      .slice(-MAX_JOBS);
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
    const removal = mode ?? 'remove';
    this.scores(method, target, parts, removal, foil).recall(event);
    if (
      isSampled(method) &&
      !(event.event === 'segment_scores' && event.adaptive)
    ) {
      const sets = { samples: litSamples(parts.length) };
      this.scores(method, target, parts, removal, foil, sets).recall(event);
    }
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

  /** Scores of the sets of segments that a request names. */
  sets(request: EffectsRequest): Computation<readonly EffectsEvent[]> {
    return this._get(request, [] as readonly EffectsEvent[], takeSets);
  }

  /** All such scores that are complete. */
  get allSets(): IChosenSets[] {
    return [...this._known.values()].flatMap(({ phase, request, result }) =>
      phase === 'done' && request.kind === 'effects'
        ? [{ request, events: result as readonly EffectsEvent[] }]
        : []
    );
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
    const key = keyOf(request);
    const known = this._known.get(key);
    if (known && !isOutdated(known, request)) {
      return known as Computation<R>;
    }
    known?.dispose();
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
  /** Jobs of an earlier page, by their keys. */
  private readonly _past = new Map<string, string>();
}

/** How many sets LIT's LIME tries by default. */
const LIT_SAMPLES = 256;

/** Sets for LIME and SHAP: what is known already, or how many to try. */
export type ISets = Pick<AblationRequest, 'edited' | 'samples'>;

/** As many sets as LIT tries, or as the errors of so many segments need. */
export function litSamples(numSegments: number): number {
  return Math.max(LIT_SAMPLES, 4 * numSegments);
}

/** Whether a method tries random sets. */
export function isSampled(method: MapMethod): boolean {
  return method === 'lime' || method === 'shap';
}

/** Identifies a request of a run: model, ids and text are the same for all. */
function keyOf(request: CostlyRequest): string {
  if (request.kind === 'effects') {
    const { kind, segments, chosen, precision } = request;
    return JSON.stringify({ kind, segments, chosen, precision });
  }
  return JSON.stringify({ ...request, ids: null, edited: undefined });
}

/** Whether more sets are known than when a computation was offered. */
function isOutdated(
  one: Computation<unknown>,
  request: CostlyRequest
): boolean {
  const count = (of: CostlyRequest) =>
    of.kind === 'ablation' ? (of.edited?.removed?.length ?? 0) : 0;
  return (
    one.phase === 'offered' &&
    !one.wasCancelled &&
    count(one.request) < count(request)
  );
}

function isScores(result: unknown): result is ScoresEvent | SegmentScoresEvent {
  return typeof result === 'object' && result !== null && 'event' in result;
}

function takeSets(
  sets: readonly EffectsEvent[],
  event: JobEvent
): readonly EffectsEvent[] {
  return event.event === 'effects' ? [...sets, event] : sets;
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

/** The foil of a contrastive target, if there is one. */
function foilOf(ids: readonly number[] | null): { foil?: number[] } {
  return ids === null ? {} : { foil: [...ids] };
}

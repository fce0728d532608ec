/** What a finished run can show: its targets, its methods, and their maps. */
import type { KeptScores, RunRecord } from '../api';
import { GRANULARITIES, LINE_JOININGS } from '../salience';
import type {
  Aggregation,
  Granularity,
  LineJoining,
  TokenSpan
} from '../salience';
import { withEffects } from '../session/effectMap';
import { EffectPlan } from '../session/effectPlan';
import type { IEffectSource } from '../session/effectSegments';
import { isContrastive, makeMap, makeSegmentMap } from '../session/map';
import { cutText } from '../session/runText';
import type { IShownMap } from '../session/map';
import type { IText } from '../session/runText';
import type { ShadeBy } from '../session/mapEffects';
import { METHOD_NAMES } from '../session/methods';
import type { MapMethod } from '../session/methods';
import { spansOf } from '../session/run';

/** How to show a run. */
export interface ILook {
  readonly granularity: Granularity;
  /** Whether sentences run across lines that were wrapped by hand. */
  readonly joinLines: LineJoining;
  readonly method: MapMethod;
  readonly aggregation: Aggregation;
  /** Of colours, 0 to 1. */
  readonly intensity: number;
  readonly emphasis: 'shade' | 'underline';
  /** What the shades follow if the run has effects. */
  readonly shadeBy: ShadeBy;
}

/**
 * How the settings show a run. Custom segments need a worker of JupyterLab's page,
 * which a file doesn't have.
 */
export function lookOf(settings: ILook): ILook {
  return settings.granularity === 'custom'
    ? { ...settings, granularity: 'sentences' }
    : settings;
}

/** A finished run, shown without the model. */
export class Reading {
  constructor(readonly record: RunRecord) {
    // Only scores of plain targets, by methods that this version knows: others can't
    // be shown.
    this._scores = (record.scores ?? []).filter(
      ({ event }) =>
        METHOD_NAMES.includes(event.method) &&
        !(event as { foil?: unknown }).foil
    );
    for (const kept of this._scores) {
      const { method, target } = kept.event;
      const key = keyOf([target.start, target.end], method);
      const known = this._byTarget.get(key);
      if (known) {
        known.push(kept);
      } else {
        this._byTarget.set(key, [kept]);
      }
    }
    this._run = {
      promptTokens: record.prompt_tokens,
      answerTokens: record.answer_tokens,
      turns: record.turns,
      turnSpans: spansOf(record.turn_spans)
    };
    this._effects = effectsOf(record, this._run);
    const targets = new Map(
      this._scores.map(({ event }) => {
        const { start, end } = event.target;
        return [`${start}:${end}`, [start, end] as const];
      })
    );
    this.targets = [...targets.values()].sort(
      (a, b) => a[0] - b[0] || a[1] - b[1]
    );
    this.methods = METHOD_NAMES.filter(method =>
      this._scores.some(({ event }) => event.method === method)
    );
  }

  /** All targets with scores, in order. */
  readonly targets: readonly TokenSpan[];

  /** Methods with scores. */
  readonly methods: readonly MapMethod[];

  /** The text in segments. */
  text(
    { granularity, joinLines }: Pick<ILook, 'granularity' | 'joinLines'>,
    target: TokenSpan | null
  ): IText {
    return cutText(this._run, granularity, target, { joinLines });
  }

  /** The map of a target; null if it has none with these segments. */
  map(text: IText, target: TokenSpan, look: ILook): IShownMap | null {
    // The latest first: scores may have been computed again.
    for (const { event } of this._of(target, look.method).reverse()) {
      const map =
        event.event === 'scores'
          ? makeMap(text, event.scores, target, {
              ...look,
              gap: event.gap,
              isContrastive: isContrastive(event)
            })
          : makeSegmentMap(text, event, target, look);
      if (map) {
        return withEffects(map, this._effects, look.shadeBy, look.intensity);
      }
    }
    return null;
  }

  /** Granularities at which the method has a map of a target. */
  granularities(target: TokenSpan, look: ILook): Granularity[] {
    return GRANULARITIES.filter(
      granularity =>
        granularity !== 'custom' &&
        this.map(this.text({ ...look, granularity }, target), target, look)
    );
  }

  /** How else lines are joined where the method has a map of a target's sentences. */
  joining(target: TokenSpan, look: ILook): LineJoining | null {
    const wished = { ...look, granularity: 'sentences' as const };
    return (
      LINE_JOININGS.find(joinLines =>
        this.map(this.text({ ...wished, joinLines }, target), target, wished)
      ) ?? null
    );
  }

  /** Whether a target has scores by a method. */
  has(target: TokenSpan, method: MapMethod): boolean {
    return this._of(target, method).length > 0;
  }

  /**
   * The target that a click on a token of the answer sets: the clicked segment
   * if it has scores, else the shortest target that contains the token.
   */
  targetAt(token: number, look: ILook): TokenSpan | null {
    const { seam, segments } = this.text(look, null);
    if (token < seam) {
      return null;
    }
    const clicked = segments.find(span => holds(span, token));
    const around = this.targets
      .filter(span => holds(span, token))
      .sort((a, b) => a[1] - a[0] - (b[1] - b[0]));
    const having = around.filter(span => this.has(span, look.method));
    const [first = null] = having.length > 0 ? having : around;
    return having.find(span => isSame(span, clicked)) ?? first;
  }

  /** The initial target: a given one, else the last of the answer. */
  begin(wished: TokenSpan | null, method: MapMethod): TokenSpan | null {
    const having = this.targets.filter(span => this.has(span, method));
    const all = having.length > 0 ? having : this.targets;
    return (
      this.targets.find(span => isSame(span, wished ?? undefined)) ??
      all[all.length - 1] ??
      null
    );
  }

  /** A method with scores: a given one, if it has any. */
  methodLike(wished: MapMethod): MapMethod {
    return this.methods.includes(wished) ? wished : (this.methods[0] ?? wished);
  }

  private _of(target: TokenSpan, method: MapMethod): KeptScores[] {
    return [...(this._byTarget.get(keyOf(target, method)) ?? [])];
  }

  private readonly _scores: readonly KeptScores[];
  /** There may be very many, so this doesn't search. */
  private readonly _byTarget = new Map<string, KeptScores[]>();
  private readonly _run: Parameters<typeof cutText>[0];
  private readonly _effects: IEffectSource | null;
}

/** The effects that a run has; null if it has none of its own sentences. */
function effectsOf(
  { prompt, effects }: RunRecord,
  run: Parameters<typeof cutText>[0]
): IEffectSource | null {
  // Runs of earlier versions, and empty answers, have none.
  if (effects.length === 0 || run.answerTokens.length === 0) {
    return null;
  }
  for (const joinLines of LINE_JOININGS) {
    const plan = new EffectPlan({ ...run, prompt }, joinLines);
    plan.recall(effects);
    if (plan.source) {
      return plan.source;
    }
  }
  return null;
}

function keyOf([start, end]: TokenSpan, method: MapMethod): string {
  return `${start}:${end}:${method}`;
}

function holds([start, end]: TokenSpan, token: number): boolean {
  return start <= token && token < end;
}

function isSame(one: TokenSpan, other: TokenSpan | undefined): boolean {
  return other !== undefined && one[0] === other[0] && one[1] === other[1];
}

/** What a comparison lays over its two texts. */
import type { ISegmentMark } from '../map/segment';
import { shadeBy } from '../session/effectShades';
import type { IShownMap } from '../session/map';
import type { IText } from '../session/runText';
import { memo } from '../session/memo';
import type { ISettings } from '../session/settings';
import type { IPair } from './align';
import { differenceMap, differenceOfMaps, onRange } from './difference';
import type { IMapDifference } from './difference';
import {
  alignSegments,
  differenceOfTexts,
  joinAlignments,
  wordsWithin
} from './segments';
import type { IAlignment, ITextDifference, Part, Side } from './segments';
import type { CompareSide } from './side';

/** What is laid over the two texts. */
export type CompareView = 'text' | 'maps' | 'difference';

export const VIEWS: readonly CompareView[] = ['text', 'maps', 'difference'];

/** What overlays depend on. */
export interface IOverlaid {
  readonly sides: Readonly<Record<Side, CompareSide>>;
  readonly settings: ISettings;
  readonly view: CompareView;
  /** What the shades follow. */
  readonly by: 'share' | 'effect';
  /** Whether the colours of both maps have one range. */
  readonly shared: boolean;
}

/**
 * The differences of two texts and of their maps, and what each side shows.
 *
 * It has no state. Each value stays the same object until something that it
 * depends on changes.
 */
export class Overlays {
  constructor(of: IOverlaid) {
    this._of = of;
  }

  /** How the prompts or answers differ; null until both are complete. */
  differences(part: Part): ITextDifference | null {
    const texts = this._texts();
    const { left: a, right: b } = this._of.sides;
    const isAnswering = a.phase === 'running' || b.phase === 'running';
    if (!texts || (part === 'answer' && isAnswering)) {
      return null;
    }
    const [left, right] = texts;
    const make = () => differenceOfTexts(left, right, part);
    return part === 'prompt'
      ? this._promptDifference(
          make,
          a.run?.promptTokens,
          b.run?.promptTokens,
          left.joinLines
        )
      : this._answerDifference(
          make,
          a.run?.answerTokens,
          b.run?.answerTokens,
          left.joinLines
        );
  }

  /** The segments, aligned; null until there are two texts. */
  get alignment(): IAlignment | null {
    const texts = this._texts();
    return texts && this._align(...texts);
  }

  /** How the maps differ; null until there are two. */
  get difference(): IMapDifference | null {
    const [left, right] = this._maps();
    const { alignment } = this;
    return left && right && alignment
      ? this._difference(
          () => differenceOfMaps(alignment.pairs, left, right),
          left,
          right,
          alignment
        )
      : null;
  }

  /** A side's own map, ranked by what the shades follow; null if none. */
  map(side: Side): IShownMap | null {
    const { sides, settings, by } = this._of;
    const { map } = sides[side].explanation;
    const { intensity } = settings;
    return (
      map &&
      this._own[side](() => shadeBy(map, by, intensity), map, by, intensity)
    );
  }

  /** The map that a side shows: its own, or the difference; null if none. */
  shown(side: Side): IShownMap | null {
    const { sides, settings, view, by } = this._of;
    const map = view === 'maps' ? sides[side].explanation.map : this.map(side);
    if (!map || view === 'text') {
      return null;
    }
    const { intensity } = settings;
    if (view === 'difference') {
      const { difference } = this;
      return difference
        ? this._shown[side](
            () => differenceMap(map, side, difference, intensity),
            map,
            difference,
            intensity
          )
        : null;
    }
    const range = this.rangeOf(side);
    return this._shown[side](
      () =>
        by === 'share'
          ? onRange(map, range, intensity)
          : shadeBy(map, by, intensity, range),
      map,
      range,
      by,
      intensity
    );
  }

  /** The share that has full colour on a side; or the effect, in nats per token of the target. */
  rangeOf(side: Side): number {
    const [left, right] = this._maps().map(map =>
      this._of.by === 'share' ? (map?.maxShare ?? 0) : largestPerToken(map)
    );
    const own = side === 'left' ? left : right;
    return this._of.shared ? Math.max(left, right) : own;
  }

  /**
   * How a side's segments are marked: over the texts, words that differ; over the
   * difference of the maps, segments without a counterpart; else null.
   */
  marks(side: Side): readonly ISegmentMark[] | null {
    const { sides, view } = this._of;
    const { text } = sides[side].explanation;
    const { alignment } = this;
    if (!text || !alignment || view === 'maps') {
      return null;
    }
    if (view === 'difference') {
      const pairs: readonly (IPair | undefined)[] = alignment.of[side];
      return this._marks[side](
        () => text.segments.map((_, i) => markOf(pairs[i])),
        text,
        alignment,
        view
      );
    }
    const parts = [this.differences('prompt'), this.differences('answer')];
    return this._marks[side](
      () =>
        wordsWithin(
          text,
          parts.flatMap(part => part?.words[side] ?? [])
        ).map(words => (words.length === 0 ? UNMARKED : { words })),
      text,
      ...parts
    );
  }

  private _texts(): [IText, IText] | null {
    const left = this._of.sides.left.explanation.text;
    const right = this._of.sides.right.explanation.text;
    return left && right && [left, right];
  }

  private _maps(): [IShownMap | null, IShownMap | null] {
    return [this.map('left'), this.map('right')];
  }

  private _align(left: IText, right: IText): IAlignment {
    const { granularity } = this._of.settings;
    const prompt = this._promptPairs(
      () => alignSegments(left, right, 'prompt', granularity),
      left.prompt,
      right.prompt
    );
    return this._alignment(
      () =>
        joinAlignments([
          prompt,
          alignSegments(left, right, 'answer', granularity)
        ]),
      prompt,
      left,
      right
    );
  }

  private readonly _of: IOverlaid;
  private readonly _promptPairs = memo<IPair[]>();
  private readonly _alignment = memo<IAlignment>();
  private readonly _promptDifference = memo<ITextDifference>();
  private readonly _answerDifference = memo<ITextDifference>();
  private readonly _difference = memo<IMapDifference>();
  private readonly _own = {
    left: memo<IShownMap>(),
    right: memo<IShownMap>()
  };
  private readonly _shown = {
    left: memo<IShownMap>(),
    right: memo<IShownMap>()
  };
  private readonly _marks = {
    left: memo<readonly ISegmentMark[]>(),
    right: memo<readonly ISegmentMark[]>()
  };
}

function largestPerToken(map: IShownMap | null): number {
  const [start, end] = map?.target ?? [0, 1];
  return (map?.effects?.largest ?? 0) / (end - start);
}

const UNMARKED: ISegmentMark = { words: [] };

function markOf(pair: IPair | undefined): ISegmentMark {
  if (pair === undefined || pair.kind === 'same') {
    return UNMARKED;
  }
  return { kind: pair.kind === 'changed' ? 'changed' : 'only', words: [] };
}

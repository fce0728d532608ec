/** The segments that effects are computed for: the sentences of a run's prompt and answer. */
import type { EffectsRequest, KeptEffects, TextSpan } from '../api';
import type {
  IEffectTable,
  IScoredSet,
  LineJoining,
  TokenSpan
} from '../salience';
import { MAX_ABLATION_SEGMENTS } from './ablationSegments';
import { cutText, textOf } from './runText';
import type { ICutRun } from './runText';
import { modeOf, tokensOf } from './run';
import type { IRun } from './run';

/** Segments, in the order of a table of effects. */
export interface IEffectSegments {
  /** The segments' token spans: the prompt's segments, then the answer's. */
  readonly spans: readonly TokenSpan[];
  /** The character spans of the prompt's segments, without surrounding blanks. */
  readonly texts: readonly TextSpan[];
  /** Index of the answer's first token. */
  readonly seam: number;
  /** The usual number of random sets; absent for that of a prompt without passages. */
  readonly random?: IRandomSets;
}

/** Numbers of random sets. */
export interface IRandomSets {
  /** Held-out sets, which measure maps. */
  readonly heldOut: number;
  /** Sets that maps are fitted to. */
  readonly samples: number;
}

/** Effects, and the segments that they belong to. */
export interface IEffectTables {
  /** Index of the plan's level. */
  readonly level: number;
  readonly segments: IEffectSegments;
  readonly table: IEffectTable;
}

/** Effects of sentences. */
export interface IEffectSource extends IEffectTables {
  /**
   * For a long prompt: the effects of its passages. The segments are then the sentences of
   * the passages that matter. Other sentences have no effects of their own.
   */
  readonly passages?: IEffectTables & {
    /** Whether each passage is a paragraph. */
    readonly areParagraphs: boolean;
    /** Whether the sentences of the passages that matter are scored. */
    readonly isLooked: boolean;
    /** All sentences of the prompt. */
    readonly sentences: readonly TokenSpan[];
  };
}

/** A run whose segments have known positions in the prompt. */
export type ISegmentedRun = ICutRun & Pick<IRun, 'prompt'>;

/** The number of held-out random sets, which measure maps. */
export const HELD_OUT = 16;

/** The number of random sets that maps are fitted to. */
export const SAMPLES = 32;

/** The number of random sets that maps are fitted to if the user requests more. */
export const MORE_SAMPLES = 64;

/** The seed of the random sets. */
const SEED = 0;

/**
 * The segments of a run whose prompt is short enough to delete each of its sentences.
 *
 * @returns null if there are no segments or too many, or if their positions in the prompt are unknown.
 */
export function effectSegments(
  run: ISegmentedRun,
  joinLines: LineJoining = 'auto'
): IEffectSegments | null {
  const found = sentenceSegments(run, joinLines);
  return found && found.texts.length <= MAX_ABLATION_SEGMENTS ? found : null;
}

/**
 * The sentences of a run. Markers of turns always stay, whether the user or the chat format wrote them.
 *
 * @returns null if there are none, or if the prompt's tokens don't spell its text, so that the
 *   characters to delete are unknown.
 */
export function sentenceSegments(
  run: ISegmentedRun,
  joinLines: LineJoining
): IEffectSegments | null {
  const text = cutText(run, 'sentences', null, { joinLines });
  const { tokens, seam, prompt, conversation, turns } = text;
  if ((run.turns ?? []).length > 0 && conversation.length === 0) {
    return null;
  }
  const parts =
    conversation.length === 0
      ? [{ turn: 0, span: [0, seam] as const, all: run.prompt, cut: prompt }]
      : [...conversation]
          .sort((one, other) => one.index - other.index)
          .map(({ index, span, segments }) => ({
            turn: index,
            span,
            all: run.turns?.[index]?.text ?? '',
            cut: segments
          }));
  const spans: TokenSpan[] = [];
  const texts: TextSpan[] = [];
  for (const { turn, span, all, cut } of parts) {
    // A chat format may trim the text of a turn.
    let offset = all.length - all.trimStart().length;
    const content = textOf(tokens, span);
    offset -= content.length - content.trimStart().length;
    if (offset < 0 || !all.startsWith(content, offset)) {
      return null;
    }
    const count = codePoints(all);
    let at = span[0];
    for (const segment of cut) {
      offset += textOf(tokens, [at, segment[0]]).length;
      at = segment[1];
      const piece = textOf(tokens, segment);
      const core = piece.trim();
      if (core !== '' && !turns.has(segment)) {
        const start = offset + piece.length - piece.trimStart().length;
        texts.push({
          turn,
          start: count(start),
          end: count(start + core.length)
        });
        spans.push(segment);
      }
      offset += piece.length;
    }
  }
  if (spans.length === 0) {
    return null;
  }
  // The answer's last sentence precedes no other token, so it has no effects.
  const earlier = text.answer.slice(0, -1);
  const isFew = earlier.length <= MAX_ABLATION_SEGMENTS;
  return { spans: [...spans, ...(isFew ? earlier : [])], texts, seam };
}

/** Counts the code points of a text up to offsets in UTF-16 units, which must ascend. */
function codePoints(text: string): (offset: number) => number {
  let at = 0;
  let count = 0;
  return offset => {
    count += [...text.slice(at, offset)].length;
    at = offset;
    return count;
  };
}

/** The request for a run's effects. */
export function effectsRequest(
  run: IRun,
  segments: IEffectSegments
): EffectsRequest {
  const { texts, seam } = segments;
  const { heldOut, samples } = randomSetsOf(segments);
  const { turns } = run;
  return {
    kind: 'effects',
    model: run.model,
    ...(turns ? { turns: [...turns] } : { prompt: run.prompt }),
    chat: modeOf(run.chatUse),
    thinking: run.thinks,
    ids: tokensOf(run).map(({ id }) => id),
    answer_start: seam,
    segments: [...texts],
    answer_segments: answerSpans(segments),
    samples,
    held_out: heldOut,
    seed: SEED
  };
}

/**
 * The number of sets to score: the unchanged prompt, each segment alone, and random sets.
 *
 * @param samples - the number of random sets that maps are fitted to; the usual one by default.
 */
export function countSets(
  segments: IEffectSegments,
  samples = randomSetsOf(segments).samples
): number {
  const { heldOut } = randomSetsOf(segments);
  return 1 + segments.spans.length + heldOut + samples;
}

/** What the history stores of effects. */
export function keptEffects(
  segments: IEffectSegments,
  table: IEffectTable
): KeptEffects[] {
  const { sets, total, chosen } = table;
  if (sets.length === 0) {
    return [];
  }
  const events: KeptEffects['events'] = [];
  const add = (set: IScoredSet, first: number, all: number) => {
    const { kind, removed, logprobs, precision = null, difference } = set;
    const last = events[events.length - 1];
    if (
      last?.kind === kind &&
      last.precision === precision &&
      last.difference === difference
    ) {
      last.removed.push([...removed]);
      last.logprobs.push([...logprobs]);
    } else {
      events.push({
        event: 'effects',
        kind,
        first,
        total: all,
        removed: [[...removed]],
        logprobs: [[...logprobs]],
        precision,
        difference
      });
    }
  };
  sets.forEach((set, i) => add(set, i, total));
  chosen.forEach((set, i) => add(set, i, chosen.length));
  return [
    {
      segments: [...segments.texts],
      answer_segments: answerSpans(segments),
      held_out: randomSetsOf(segments).heldOut,
      seed: SEED,
      events
    }
  ];
}

/** A run's stored effects of these segments. */
export function storedEffects(
  segments: IEffectSegments,
  kept: readonly KeptEffects[]
): KeptEffects['events'] {
  const wanted = segmentsKey(segments);
  const fitting = kept.filter(
    one =>
      keyOf(one.segments, one.answer_segments, one.held_out, one.seed) ===
      wanted
  );
  return fitting.flatMap(({ events }) => events);
}

/**
 * Whether all held-out sets are scored. A part of them can't measure a map: in their order,
 * the first sets may all keep the same segment.
 */
export function hasHeldOut({
  segments,
  table
}: Omit<IEffectTables, 'level'>): boolean {
  const known = table.sets.filter(({ kind }) => kind === 'held_out').length;
  return known >= randomSetsOf(segments).heldOut;
}

/** Identifies segments and the order of their sets. */
export function segmentsKey(segments: IEffectSegments): string {
  const { heldOut } = randomSetsOf(segments);
  return keyOf(segments.texts, answerSpans(segments), heldOut, SEED);
}

/** The usual number of random sets for segments. */
export function randomSetsOf({ random }: IEffectSegments): IRandomSets {
  return random ?? { heldOut: HELD_OUT, samples: SAMPLES };
}

function keyOf(
  texts: readonly TextSpan[],
  spans: readonly { start: number; end: number }[],
  heldOut: number,
  seed: number
): string {
  return JSON.stringify([
    texts.map(({ turn, start, end }) => [turn, start, end]),
    spans.map(({ start, end }) => [start, end]),
    heldOut,
    seed
  ]);
}

function answerSpans({ spans, texts }: IEffectSegments) {
  return spans.slice(texts.length).map(([start, end]) => ({ start, end }));
}

/** What effects are computed for: the sentences of a run's prompt and answer. */
import type { EffectsRequest, KeptEffects, TextSpan } from '../api';
import { mergeEffects, NO_EFFECTS } from '../salience';
import type { IEffectTable, LineJoining, TokenSpan } from '../salience';
import { MAX_ABLATION_SEGMENTS } from './ablationSegments';
import { cutText, textOf } from './runText';
import type { ICutRun } from './runText';
import { modeOf, tokensOf } from './run';
import type { IRun } from './run';

/** The segments, in the order in which a table of effects counts them. */
export interface IEffectSegments {
  /** Their tokens: the prompt's segments, then the answer's. */
  readonly spans: readonly TokenSpan[];
  /** The characters of the prompt's segments, without the blanks around them. */
  readonly texts: readonly TextSpan[];
  /** Index of the answer's first token. */
  readonly seam: number;
  /** How many random sets of them are usual; absent: as of a prompt without passages. */
  readonly random?: IRandomSets;
}

/** Numbers of random sets. */
export interface IRandomSets {
  /** To measure maps by. */
  readonly heldOut: number;
  /** To fit maps to. */
  readonly samples: number;
}

/** Effects, and what they are of. */
export interface IEffectTables {
  /** Index of the level of a plan. */
  readonly level: number;
  readonly segments: IEffectSegments;
  readonly table: IEffectTable;
}

/** Effects of sentences. */
export interface IEffectSource extends IEffectTables {
  /**
   * Of a long prompt: the effects of its passages. The segments are then the sentences
   * of those that matter; the others have no effects of their own.
   */
  readonly passages?: IEffectTables & {
    /** Whether each is a paragraph. */
    readonly areParagraphs: boolean;
    /** Whether the sentences of those that matter are scored. */
    readonly isLooked: boolean;
    /** All sentences of the prompt. */
    readonly sentences: readonly TokenSpan[];
  };
}

/** A run whose segments can be found in its prompt. */
export type ISegmentedRun = ICutRun & Pick<IRun, 'prompt'>;

/** Random sets that measure maps. */
export const HELD_OUT = 16;

/** Random sets that maps are fitted to. */
export const SAMPLES = 32;

/** The same, if the user asks for more. */
export const MORE_SAMPLES = 64;

/** The seed of both. */
const SEED = 0;

/**
 * The segments of a run whose prompt isn't too long to delete each of its sentences.
 *
 * @returns null if there are none, or too many; or if it isn't known what to delete.
 */
export function effectSegments(
  run: ISegmentedRun,
  joinLines: LineJoining = 'auto'
): IEffectSegments | null {
  const found = sentenceSegments(run, joinLines);
  return found && found.texts.length <= MAX_ABLATION_SEGMENTS ? found : null;
}

/**
 * The sentences of a run. What marks a turn, written or added, always stays.
 *
 * @returns null if there are none, or if the prompt's text isn't that of its tokens, so
 *   that it isn't known what to delete.
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
  // No token of the answer follows its last sentence.
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
 * How many sets are scored: the prompt as it is, each segment alone, random ones.
 *
 * @param samples - how many of these maps are fitted to; as many as usual by default.
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
  for (const [first, { kind, removed, logprobs }] of sets.entries()) {
    const last = events[events.length - 1];
    if (last?.kind === kind) {
      last.removed.push([...removed]);
      last.logprobs.push([...logprobs]);
    } else {
      events.push({
        event: 'effects',
        kind,
        first,
        total,
        removed: [[...removed]],
        logprobs: [[...logprobs]]
      });
    }
  }
  if (chosen.length > 0) {
    events.push({
      event: 'effects',
      kind: 'chosen',
      first: 0,
      total: chosen.length,
      removed: chosen.map(({ removed }) => [...removed]),
      logprobs: chosen.map(({ logprobs }) => [...logprobs])
    });
  }
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

/** What is stored of a run's effects, if it is of these segments; beside what is known. */
export function storedEffects(
  segments: IEffectSegments,
  kept: readonly KeptEffects[],
  known = NO_EFFECTS
): IEffectTable {
  const wanted = segmentsKey(segments);
  const fitting = kept.filter(
    one =>
      keyOf(one.segments, one.answer_segments, one.held_out, one.seed) ===
      wanted
  );
  return mergeEffects(
    known,
    fitting.flatMap(({ events }) => events)
  );
}

/**
 * Whether all held-out sets are scored. Fewer measure no map: they are in an order in
 * which the first ones may all leave the same segment in.
 */
export function hasHeldOut({ segments, table }: IEffectTables): boolean {
  const known = table.sets.filter(({ kind }) => kind === 'held_out').length;
  return known >= randomSetsOf(segments).heldOut;
}

/** Identifies segments, and the order of their sets. */
export function segmentsKey(segments: IEffectSegments): string {
  const { heldOut } = randomSetsOf(segments);
  return keyOf(segments.texts, answerSpans(segments), heldOut, SEED);
}

/** How many random sets of some segments are usual. */
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

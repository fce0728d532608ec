/** The passages of a long prompt. Their effects show which sentences to delete one by one. */
import type { KeptEffects } from '../api';
import { relevance } from '../salience';
import type { IEffectTable, LineJoining, TokenSpan } from '../salience';
import { MAX_ABLATION_SEGMENTS } from './ablationSegments';
import { countSets } from './effectSegments';
import type {
  IEffectSegments,
  IRandomSets,
  ISegmentedRun
} from './effectSegments';
import { cutText } from './runText';

/** Maximum sentences of a passage. A longer paragraph is split, since deleting all its sentences would save little. */
const MAX_SENTENCES = 12;

/** Maximum number of passages. If a prompt has more paragraphs, neighbours form one passage. */
const MAX_PASSAGES = 100;

/** Maximum number of sentences of a long prompt that are deleted one by one. */
export const MAX_LOOKED = 64;

/**
 * The numbers of random sets of passages, and of sentences in passages that matter. They are
 * smaller than usual, because otherwise the random sets would cost more than passages save.
 */
const OF_PASSAGES: IRandomSets = { heldOut: 8, samples: 16 };
const OF_SENTENCES: IRandomSets = { heldOut: 16, samples: 16 };

/** Passages are used if they need at most this fraction of the sets. */
const WORTH = 0.8;

/** The estimated fraction of sentences that are deleted one by one. */
const LOOKED = 1 / 4;

/** A prompt's sentences, grouped into passages. */
export interface IPassages {
  /** The passages of the prompt, and the earlier sentences of the answer. */
  readonly segments: IEffectSegments;
  /** For each of the prompt's sentences, the index of its passage. */
  readonly places: readonly number[];
  /** Whether each passage is a paragraph. */
  readonly areParagraphs: boolean;
}

/**
 * Group the sentences of a prompt into passages. These are its paragraphs, if they are
 * neither too long nor too many. No passage crosses a turn's end.
 *
 * @returns null if deleting passages first would save too little.
 */
export function passagesOf(
  run: ISegmentedRun,
  sentences: IEffectSegments,
  joinLines: LineJoining
): IPassages | null {
  const { texts, spans, seam } = sentences;
  const { prompt } = cutText(run, 'paragraphs', null, { joinLines });
  const starts = new Set(prompt.map(([start]) => start));
  const follows = (i: number) =>
    texts[i].turn === texts[i - 1].turn && spans[i][0] === spans[i - 1][1];
  const paragraphs: number[][] = [];
  for (let i = 0; i < texts.length; i++) {
    if (i > 0 && follows(i) && !starts.has(spans[i][0])) {
      paragraphs[paragraphs.length - 1].push(i);
    } else {
      paragraphs.push([i]);
    }
  }
  const share = Math.ceil(texts.length / MAX_PASSAGES);
  const most = paragraphs.length > MAX_PASSAGES ? share : 0;
  const passages: number[][] = [];
  for (const paragraph of paragraphs) {
    for (const one of inParts(paragraph, Math.max(MAX_SENTENCES, share))) {
      const last = passages[passages.length - 1];
      if (last && last.length + one.length <= most && follows(one[0])) {
        last.push(...one);
      } else {
        passages.push([...one]);
      }
    }
  }
  const found: IPassages = {
    segments: {
      spans: [
        ...passages.map((of): TokenSpan => [
          spans[of[0]][0],
          spans[of[of.length - 1]][1]
        ]),
        ...spans.slice(texts.length)
      ],
      texts: passages.map(of => ({
        turn: texts[of[0]].turn,
        start: texts[of[0]].start,
        end: texts[of[of.length - 1]].end
      })),
      seam,
      random: OF_PASSAGES
    },
    places: passages.flatMap((of, at) => of.map(() => at)),
    areParagraphs:
      passages.length === paragraphs.length &&
      passages.every((of, at) => of.length === paragraphs[at].length)
  };
  const isWorth = passCount(found) <= WORTH * countSets(sentences);
  return isWorth && passages.length <= MAX_ABLATION_SEGMENTS ? found : null;
}

/** Estimate the number of sets for passages and for the sentences of those that matter. */
export function passCount({ segments, places }: IPassages): number {
  return countSets(segments) + lookedPasses(places.length);
}

/** Estimate the number of sets for the sentences of the passages that matter. */
export function lookedPasses(numSentences: number): number {
  const { heldOut, samples } = OF_SENTENCES;
  const looked = Math.min(MAX_LOOKED, Math.ceil(LOOKED * numSentences));
  return 1 + looked + heldOut + samples;
}

/**
 * Choose the passages whose sentences to delete one by one: those that matter to a sentence
 * of the answer, or the most relevant of them if they have too many sentences.
 *
 * @param table - the effects of the passages.
 * @returns the passages' indices, in order.
 */
export function chosenPassages(
  table: IEffectTable,
  { segments, places }: IPassages,
  run: ISegmentedRun,
  joinLines: LineJoining
): number[] {
  const { seam } = segments;
  const { answer } = cutText(run, 'sentences', null, { joinLines });
  const targets = answer.map(([start, end]): TokenSpan => [
    start - seam,
    end - seam
  ]);
  const found = relevance(table, segments.texts.length, targets);
  const counts = new Array<number>(found.length).fill(0);
  places.forEach(at => counts[at]++);
  const chosen: number[] = [];
  let room = MAX_LOOKED;
  for (const at of [...found.keys()].sort((a, b) => found[b] - found[a])) {
    if (found[at] > 0 && (counts[at] <= room || chosen.length === 0)) {
      chosen.push(at);
      room -= counts[at];
    }
  }
  return chosen.sort((a, b) => a - b);
}

/** The sentences of passages; null if there are none. */
export function sentencesIn(
  { places }: IPassages,
  chosen: readonly number[],
  { texts, spans, seam }: IEffectSegments
): IEffectSegments | null {
  const isChosen = new Set(chosen);
  const indices = [...places.keys()].filter(i => isChosen.has(places[i]));
  return indices.length === 0
    ? null
    : {
        texts: indices.map(i => texts[i]),
        spans: indices.map(i => spans[i]),
        seam,
        random: OF_SENTENCES
      };
}

/** Split a list into parts of about the same length. */
function inParts(items: readonly number[], most: number): number[][] {
  const count = Math.ceil(items.length / most);
  const length = Math.ceil(items.length / count);
  return Array.from({ length: count }, (_, i) =>
    items.slice(i * length, (i + 1) * length)
  ).filter(part => part.length > 0);
}

/** The passages that were chosen, derived from the sentences of stored effects. */
export function storedPassages(
  { places }: IPassages,
  { texts }: IEffectSegments,
  kept: readonly KeptEffects[]
): number[] | null {
  const at = new Map(texts.map((text, i) => [placeOf(text), places[i]]));
  for (const { segments } of kept) {
    const found = segments.map(text => at.get(placeOf(text)));
    const chosen = [...new Set(found)];
    const isWhole = chosen.every(one => one !== undefined);
    const count = places.filter(place => chosen.includes(place)).length;
    if (isWhole && count === segments.length) {
      return chosen as number[];
    }
  }
  return null;
}

function placeOf(text: { turn: number; start: number; end: number }): string {
  return `${text.turn}:${text.start}:${text.end}`;
}

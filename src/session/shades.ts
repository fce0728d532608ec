/** Where a map's segments stand in the prompt. */
import type { Turn } from '../api';
import type { ISegmentSalience, TokenSpan } from '../salience';
import { joinTurns } from './conversation';
import type { IShownMap } from './map';
import { textOf } from './runText';
import type { IText } from './runText';
import type { IShade, Span } from './source';

/**
 * The map's shades over the prompt, in UTF-16 units of the prompt.
 *
 * @param label - a segment's tooltip.
 * @param turns - the prompt, if it is a conversation.
 */
export function shadesOf(
  text: IText,
  map: IShownMap,
  label: (segment: ISegmentSalience) => string,
  turns?: readonly Turn[]
): IShade[] {
  const shades: IShade[] = [];
  const place = placesInPrompt(text, turns);
  map.segments.forEach((segment, i) => {
    const span = segment.rank === null ? null : place(segment.span);
    if (span !== null) {
      shades.push({
        span,
        weight: map.weights[i],
        rank: segment.rank!,
        label: label(segment)
      });
    }
  });
  return shades;
}

/**
 * Gives the span of the prompt that a segment stands for, without blanks around it; null
 * if it is of the answer, or blank.
 *
 * @param turns - the prompt, if it is a conversation.
 */
export function placesInPrompt(
  text: IText,
  turns?: readonly Turn[]
): (span: TokenSpan) => Span | null {
  const offsets = turns ? offsetsOfTurns(text, turns) : offsetsOf(text);
  return span => {
    const content = textOf(text.tokens, span);
    const lead = content.length - content.trimStart().length;
    const from = offsets[span[0]] + lead;
    const to = from + content.trim().length;
    return span[1] <= text.seam && from < to ? [from, to] : null;
  };
}

/** Where each token of a prompt begins in it. */
function offsetsOf({ tokens, seam }: IText): number[] {
  const offsets = [0];
  for (let i = 0; i < seam; i++) {
    offsets.push(offsets[i] + tokens[i].text.length);
  }
  return offsets;
}

/** Where each token of a conversation's turns begins in it as text. */
function offsetsOfTurns(
  { tokens, conversation }: IText,
  turns: readonly Turn[]
): number[] {
  const places = joinTurns(turns).turns;
  const offsets: number[] = [];
  for (const { index, span } of conversation) {
    let at = places[index].value[0];
    for (let i = span[0]; i < span[1]; i++) {
      offsets[i] = at;
      at += tokens[i].text.length;
    }
  }
  return offsets;
}

/** The text of a long part in a ranked row: a narrow panel shows its first words. */
import React from 'react';

/** How wide the first words are at most, in letters. */
const MAX_WIDTH = 60;

/** A text that is little longer isn't cut: the mark would take as much room as the rest. */
const MAX_WHOLE = 72;

/** Characters from here on are about two letters wide: those of Chinese, Japanese and Korean. */
const WIDE = 0x2e80;

/**
 * Split a text behind its first words, where it is long.
 *
 * @param content - the text.
 * @returns the first words, and the rest: empty if nothing is cut.
 */
export function firstWords(content: string): [string, string] {
  let width = 0;
  let end = 0; // of the last word that fits
  let at = 0;
  for (const { segment, isWordLike } of WORDS.segment(content)) {
    for (const character of segment) {
      width += character.codePointAt(0)! < WIDE ? 1 : 2;
      if (width > MAX_WHOLE) {
        return [content.slice(0, end), content.slice(end)];
      }
    }
    at += segment.length;
    if (width <= MAX_WIDTH && (isWordLike || end === 0)) {
      end = at;
    }
  }
  return [content, ''];
}

const WORDS = new Intl.Segmenter(undefined, { granularity: 'word' });

/** A part's text; CSS hides the rest from eyes where there is no room for it, never from screen readers. */
export function LongPart(props: { content: string }): JSX.Element {
  const [first, rest] = firstWords(props.content);
  return rest === '' ? (
    <>{first}</>
  ) : (
    <>
      <span className="lit-ledto-first">{first}</span>
      <span className="lit-ledto-rest">{rest}</span>
    </>
  );
}

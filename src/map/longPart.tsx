/** The text of a long part in a ranked row: a narrow panel shows its first words. */
import React from 'react';

/** How wide the first words are at most, in letters. */
const MAX_WIDTH = 60;

/** If a cut between words would leave less than this, a word is cut. */
const MIN_WIDTH = 20;

/** A text that is only a little longer isn't cut: the ellipsis would take as much room as the rest. */
const MAX_WHOLE = 72;

/** Characters from here on are about two letters wide: those of Chinese, Japanese and Korean. */
const WIDE = 0x2e80;

/** Accents, skin tones and joiners, which belong to the character before them. */
const JOINED = /^[\p{M}\p{Emoji_Modifier}\u200c\u200d]/u;

/**
 * Split a text behind its first words, where it is long.
 *
 * @param content - the text.
 * @returns the first words, and the rest: empty if nothing is cut.
 */
export function firstWords(content: string): [string, string] {
  let width = 0;
  let at = 0;
  let word = 0; // the end of the last word that fits
  let fits = 0; // the end of the last character that fits
  let before = '';
  for (const character of content) {
    const joins = JOINED.test(character) || before === '\u200d';
    if (width <= MAX_WIDTH && !joins) {
      fits = at;
      if (width >= MIN_WIDTH && /\s/.test(character)) {
        word = at;
      }
    }
    width += joins ? 0 : character.codePointAt(0)! < WIDE ? 1 : 2;
    if (width > MAX_WHOLE) {
      const end = word || fits;
      return [content.slice(0, end), content.slice(end)];
    }
    at += character.length;
    before = character;
  }
  return [content, ''];
}

/** A part's text. Where there is no room, CSS hides the rest from view, but not from screen readers. */
export function LongPart(props: { content: string }): JSX.Element {
  const [first, rest] = firstWords(props.content);
  return rest === '' ? (
    <>{first}</>
  ) : (
    <>
      <span className="lit-ranks-first">{first}</span>
      <span className="lit-ranks-rest">{rest}</span>
    </>
  );
}

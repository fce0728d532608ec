import React from 'react';

/** Addresses in a text, without the punctuation after them. */
const ADDRESS = /(https:\/\/[^\s<>"]*[^\s<>".,;:!?)])/;

/** A text with links for its addresses. */
export function Linked({ text }: { text: string }): JSX.Element {
  return (
    <>
      {text.split(ADDRESS).map((piece, i) =>
        i % 2 === 1 ? (
          <a key={i} href={piece} target="_blank" rel="noopener noreferrer">
            {piece.replace(/^https:\/\/(www\.)?/, '')}
          </a>
        ) : (
          piece
        )
      )}
    </>
  );
}

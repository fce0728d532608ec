/** Half-open span `[start, end)` of token indices. */
export type TokenSpan = readonly [start: number, end: number];

/** What segmenting needs to know about a token. */
export interface ITextToken {
  /** Its characters; may be empty. */
  readonly text: string;
  readonly kind: 'text' | 'control' | 'template';
}

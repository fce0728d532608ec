/** Half-open span `[start, end)` of token indices. */
export type TokenSpan = readonly [start: number, end: number];

/** What segmenting needs to know of a token. */
export interface ITextToken {
  /** The characters it stands for; may be empty. */
  readonly text: string;
  readonly kind: 'text' | 'control' | 'template';
}

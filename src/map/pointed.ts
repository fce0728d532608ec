/** Callbacks for the pointer and the focus in a text. */
export interface IPointedListeners {
  /** The pointer or the focus enters an element of the text. */
  readonly enter: (event: Event) => void;
  /** The pointer or the focus leaves the text. */
  readonly leave: () => void;
  readonly key: (event: KeyboardEvent) => void;
}

/**
 * Follow the pointer and the focus over a text.
 *
 * @returns a function that stops following.
 */
export function followPointed(
  text: HTMLElement,
  { enter, leave, key }: IPointedListeners
): () => void {
  text.addEventListener('mouseover', enter);
  text.addEventListener('focusin', enter);
  text.addEventListener('mouseleave', leave);
  text.addEventListener('focusout', leave);
  text.addEventListener('keydown', key);
  return () => {
    text.removeEventListener('mouseover', enter);
    text.removeEventListener('focusin', enter);
    text.removeEventListener('mouseleave', leave);
    text.removeEventListener('focusout', leave);
    text.removeEventListener('keydown', key);
  };
}

/** Which segments the user has selected, and selecting them. */

/**
 * The first and the last segment with text in a range.
 *
 * @returns their `data-segment`; null if the range extends beyond this text, or
 *   contains no segment.
 */
export function segmentsBetween(
  textElement: HTMLElement,
  range: Range
): readonly [first: number, last: number] | null {
  if (!textElement.contains(range.commonAncestorContainer)) {
    return null;
  }
  // A range that ends at the beginning of a segment contains nothing of it.
  const held = [
    ...textElement.querySelectorAll<HTMLElement>('[data-segment]')
  ].filter(
    element => range.intersectsNode(element) && holdsTextOf(range, element)
  );
  return held.length > 0
    ? [indexOf(held[0]), indexOf(held[held.length - 1])]
    : null;
}

/** Select from one segment to another, inclusive; the second may precede the first. */
export function selectBetween(from: Element, to: Element): void {
  const isBackward =
    (from.compareDocumentPosition(to) & Node.DOCUMENT_POSITION_PRECEDING) !== 0;
  window
    .getSelection()
    ?.setBaseAndExtent(
      from,
      isBackward ? from.childNodes.length : 0,
      to,
      isBackward ? 0 : to.childNodes.length
    );
}

function holdsTextOf(range: Range, element: Element): boolean {
  const held = range.cloneRange();
  held.selectNodeContents(element);
  if (range.compareBoundaryPoints(range.START_TO_START, held) > 0) {
    held.setStart(range.startContainer, range.startOffset);
  }
  if (range.compareBoundaryPoints(range.END_TO_END, held) < 0) {
    held.setEnd(range.endContainer, range.endOffset);
  }
  return held.toString() !== '';
}

function indexOf(element: HTMLElement): number {
  return Number(element.dataset.segment);
}

/** Scroll to a segment of the flowing text and draw attention to it. */
export function showSegment(root: HTMLElement | null, index: number): void {
  const element = root?.querySelector<HTMLElement>(`[data-segment="${index}"]`);
  if (element) {
    const still = window.matchMedia?.('(prefers-reduced-motion: reduce)');
    element.scrollIntoView({
      block: 'center',
      behavior: still?.matches ? 'instant' : 'smooth'
    });
    element.classList.remove('lit-flash');
    void element.offsetWidth; // restarts the animation
    element.classList.add('lit-flash');
  }
}

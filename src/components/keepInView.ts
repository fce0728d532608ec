/** How long the content above a section may take to load, in milliseconds. */
const SETTLING = 10_000;

/**
 * Keep a section that the user opened in view while the content above it loads and
 * would push it out, until the user scrolls or clicks.
 *
 * @returns a function that ends this earlier.
 */
export function keepInView(section: HTMLElement): () => void {
  const box = section.parentElement;
  if (!box || typeof ResizeObserver === 'undefined') {
    return () => undefined;
  }
  const observer = new ResizeObserver(() => {
    const { activeElement } = document;
    const shown =
      activeElement && section.contains(activeElement)
        ? activeElement
        : section;
    shown.scrollIntoView({ block: 'nearest' });
  });
  for (const sibling of box.children) {
    if (sibling !== section) {
      observer.observe(sibling);
    }
  }
  const ended = new AbortController();
  const end = () => {
    clearTimeout(timer);
    observer.disconnect();
    ended.abort();
  };
  const timer = setTimeout(end, SETTLING);
  for (const gesture of ['wheel', 'pointerdown']) {
    box.addEventListener(gesture, end, {
      passive: true,
      signal: ended.signal
    });
  }
  return end;
}

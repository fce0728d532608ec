/** How long what stands above a section may still be loading, in milliseconds. */
const SETTLING = 10_000;

/**
 * Keep a section in sight that the user asked for, while what stands above it
 * is still being loaded and would push it out: until the user scrolls or clicks.
 *
 * @returns what ends it earlier.
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

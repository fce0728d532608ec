/** Matches a pattern in a separate thread, which can be stopped. */
import { patternStarts } from './pattern';

self.onmessage = (
  event: MessageEvent<{ texts: readonly string[]; pattern: string }>
) => {
  const { texts, pattern } = event.data;
  self.postMessage(
    texts.map(text => {
      // On a busy machine a message takes a while: the expression's time on a text starts here.
      self.postMessage(null);
      return patternStarts(text, pattern);
    })
  );
};
// It has started.
self.postMessage(null);

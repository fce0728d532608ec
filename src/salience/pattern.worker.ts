/** Matches a pattern in a separate thread, which can be stopped. */
import { patternStarts } from './pattern';

self.onmessage = (event: MessageEvent<{ text: string; pattern: string }>) => {
  const { text, pattern } = event.data;
  // A worker takes a while to start on a busy machine: the expression's time starts here.
  self.postMessage(null);
  self.postMessage(patternStarts(text, pattern));
};

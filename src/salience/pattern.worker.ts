/** Matches a pattern in a thread of its own, which can be ended. */
import { patternStarts } from './pattern';

self.onmessage = (event: MessageEvent<{ text: string; pattern: string }>) => {
  const { text, pattern } = event.data;
  // A worker takes a while to start, on a busy machine: the time that an expression has begins here.
  self.postMessage(null);
  self.postMessage(patternStarts(text, pattern));
};

/** Matches a pattern in a thread of its own, which can be ended. */
import { patternStarts } from './pattern';

self.onmessage = (event: MessageEvent<{ text: string; pattern: string }>) => {
  const { text, pattern } = event.data;
  self.postMessage(patternStarts(text, pattern));
};

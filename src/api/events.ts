import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError, isAbort, networkError } from './errors';
import { readLines } from './ndjson';
import type { JobEvent } from './types';

/** Timing of a job's event stream, in milliseconds. */
export interface IEventTiming {
  /** Silence after which the connection counts as lost (heartbeats: 5 s). */
  readonly silence: number;
  /** The first pause before reconnecting; doubles with each failure. */
  readonly firstRetry: number;
  /** The longest pause between two attempts. */
  readonly longestRetry: number;
  /** How long to try again without receiving an event. */
  readonly patience: number;
}

export const EVENT_TIMING: IEventTiming = {
  silence: 16_000,
  firstRetry: 250,
  longestRetry: 5_000,
  patience: 180_000
};

/**
 * Follow a job to its end, with as many connections as necessary.
 *
 * @param open - connects to the stream of events from a number on.
 * @throws ApiError if the server refuses, or is unreachable for too long.
 */
export async function* followJob(
  open: (from: number) => Promise<ReadableStream<Uint8Array>>,
  from: number,
  trans: TranslationBundle,
  timing: IEventTiming = EVENT_TIMING,
  signal?: AbortSignal
): AsyncGenerator<JobEvent, void, void> {
  let next = from;
  let wait = timing.firstRetry;
  let lastEvent = Date.now();
  let isReported = false;
  for (;;) {
    try {
      const body = await open(next);
      for await (const event of readLines<JobEvent>(body, timing.silence)) {
        lastEvent = Date.now();
        wait = timing.firstRetry;
        isReported = false;
        if (signal?.aborted) {
          return;
        }
        if (event.event === 'heartbeat') {
          continue;
        }
        next += 1;
        yield event;
        if (isLast(event)) {
          return;
        }
      }
    } catch (reason) {
      if (signal?.aborted || isAbort(reason)) {
        throw reason;
      }
      if (reason instanceof ApiError && !reason.isTransient) {
        throw reason;
      }
      if (reason instanceof SyntaxError) {
        throw reason; // A line that isn't JSON won't be JSON the next time.
      }
    }
    // The stream ended before the job did: a proxy's limit, a sleeping laptop,
    // a lost network. The job continues; continue to read from the last event.
    if (Date.now() - lastEvent > timing.patience) {
      throw networkError(trans);
    }
    if (wait > timing.firstRetry && !isReported) {
      isReported = true;
      yield {
        event: 'state',
        message: trans.__('Connection lost; trying again…')
      };
    }
    await sleep(wait, signal);
    wait = Math.min(2 * wait, timing.longestRetry);
  }
}

/** Whether an event is the last. */
export function isLast(event: JobEvent): boolean {
  return (
    event.event === 'done' ||
    event.event === 'error' ||
    event.event === 'cancelled'
  );
}

function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(abortError());
      return;
    }
    const aborted = () => {
      clearTimeout(timer);
      reject(abortError());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', aborted, { once: true });
  });
}

/** What `fetch` rejects with when its signal is aborted; null if it isn't aborted. */
export function signalled(signal?: AbortSignal): Error | null {
  return signal?.aborted ? abortError() : null;
}

function abortError(): Error {
  return new DOMException('The request was aborted.', 'AbortError');
}

/** A stream was silent for longer than its heartbeat allows. */
export class SilenceError extends Error {
  constructor(milliseconds: number) {
    super(`Nothing came for ${milliseconds} ms.`);
    this.name = 'SilenceError';
  }
}

/**
 * Read newline-delimited JSON as it arrives.
 *
 * A last line without a newline belongs to a broken connection and is left out.
 * Leaving the loop early closes the connection.
 *
 * @throws SilenceError if nothing arrives for `silence` milliseconds.
 */
export async function* readLines<T>(
  body: ReadableStream<Uint8Array>,
  silence: number
): AsyncGenerator<T, void, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  // A line that arrives in many pieces is joined once, not once for each piece.
  let pieces: string[] = [];
  try {
    for (;;) {
      const { done, value } = await withinTime(reader.read(), silence);
      if (done) {
        return;
      }
      const lines = decoder.decode(value, { stream: true }).split('\n');
      pieces.push(lines[0]);
      for (const next of lines.slice(1)) {
        const line = pieces.join('');
        pieces = [next];
        if (line.trim()) {
          yield JSON.parse(line) as T;
        }
      }
    }
  } finally {
    // Not awaited: a dead connection may never answer. It may also be broken
    // already, and then has given its reason through `read`.
    reader.cancel().catch(() => undefined);
  }
}

async function withinTime<T>(
  promise: Promise<T>,
  milliseconds: number
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new SilenceError(milliseconds)),
      milliseconds
    );
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}

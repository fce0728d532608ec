/**
 * Nothing that reads a user's text takes more than in proportion to its length, whatever it holds: what the specs of it share.
 *
 * Regular expressions tell nobody how many steps they take. So work is weighed: by the processor's time that this process
 * spends on it, of which others on the machine take nothing, against a plain loop over a text of the same length. What is
 * in proportion takes a few times as long as the loop, up to thirty times; what is quadratic takes thousands of times as long.
 */
declare const process: {
  cpuUsage(): { user: number; system: number };
  env: Record<string, string | undefined>;
};

/** The longest text. `make test-long` reads 2,000,000 characters. */
export const MAX_UNITS = process.env.LIT_LAB_LONG ? 2_000_000 : 500_000;

/** What most shapes of a text are tried at; quadratic work shows there, too. */
export const LONG = 125_000;

/** How many times as long as the loop work may take. */
const MAX_RATIO = 250;

/** Milliseconds that are always allowed: short times tell nothing. */
const ALWAYS_ALLOWED = 400;

const TRIES = 6;

/** Milliseconds that the processor spends on some work for us. */
function weigh(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage();
  return (user + system - before.user - before.system) / 1000;
}

/** What work is weighed against. */
function loop(text: string): number[] {
  const units: number[] = [];
  for (let at = 0; at < text.length; at++) {
    units.push(text.charCodeAt(at));
  }
  return units;
}

/**
 * Do work on a text of that length, and before on one of a sixteenth of it: what is
 * quadratic is then found out before it takes for ever. One good try of several is
 * enough, since memory and caches are everybody's.
 *
 * @param make - makes what work needs besides; that isn't weighed.
 */
export function expectLinear<T>(
  piece: string,
  work: (text: string, made: T) => unknown,
  longest = MAX_UNITS,
  make: (text: string) => T = () => undefined as T
): void {
  for (const length of [longest / 16, longest]) {
    const text = piece.repeat(length / piece.length);
    const made = make(text);
    const taken: string[] = [];
    for (;;) {
      const time = weigh(() => work(text, made));
      const allowed =
        time <= ALWAYS_ALLOWED
          ? ALWAYS_ALLOWED
          : MAX_RATIO * weigh(() => loop(text));
      if (time <= Math.max(ALWAYS_ALLOWED, allowed)) {
        break;
      }
      taken.push(`${Math.round(time)} of ${Math.round(allowed)} ms`);
      if (taken.length === TRIES) {
        throw new Error(
          `${length} characters of ${JSON.stringify(piece)} take ${taken.join(', ')}`
        );
      }
    }
  }
}

/** What is tried first: words, blanks, lines, brackets, quotes, pairs and halves of them. */
export const SHAPES = ['a', ' ', ' \n', '(', '"', '`a` ', '🥚', '\ud83e'];

export const OTHER_SHAPES = [
  ...['\n', '\r', "'", '`', '[', '{', '}', '{a}', '\\', ':', '=', '.', ' a='],
  ...['a. ', 'Dr. ', 'U.S. ', '1. ', '- ', '# ', '>>> ', 'a-', "a'", '好', 'é'],
  ...['0', '1', '%0', '-0', '.0'],
  ...['<end_of_turn>', '<|im_end|> ', '<start_of_turn>user', '"""']
];

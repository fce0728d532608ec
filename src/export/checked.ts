/**
 * What came from a notebook or a page, which anybody may have changed, taken as
 * a run only where all of it is as a run's: each field, its type, and how they
 * fit each other. Nothing else of it is taken along.
 */
import type {
  Alternative,
  AnswerToken,
  KeptScores,
  RunRecord,
  ScoresEvent,
  SegmentScoresEvent,
  Token
} from '../api';
import type { TokenSpan } from '../salience';
import { METHOD_NAMES } from '../session/methods';
import type { MapMethod } from '../session/methods';
import { readSettings } from '../session/settings';
import { lookOf } from './reading';
import type { ILook } from './reading';

/** Most tokens of a sequence; above any model's window. */
const MAX_TOKENS = 500_000;
/** Most characters of a text, as the server takes them, and of all tokens' texts. */
const MAX_TEXT = 4_000_000;
/** Most maps of a run. */
const MAX_SCORES = 100_000;
/** Most items of what a run has a few of. */
const MAX_FEW = 1_000;
/** The last second that a date can tell. */
const MAX_SECONDS = 8.64e12;

const KINDS = ['text', 'control', 'template'] as const;
const REASONS = ['end', 'length', 'window', 'given'] as const;

/** Takes a value, or throws an error that says where and why not. */
type Check<T> = (value: unknown, at: string) => T;

/** An object's fields: its own, and none that it has from elsewhere. */
type Fields = (name: string) => unknown;

const object: Check<Fields> = (value, at) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${at} is no object`);
  }
  return name =>
    Object.prototype.hasOwnProperty.call(value, name)
      ? (value as Record<string, unknown>)[name]
      : undefined;
};

const text: Check<string> = (value, at) => {
  if (typeof value !== 'string') {
    throw new Error(`${at} is no text`);
  }
  if (value.length > MAX_TEXT) {
    throw new Error(`${at} is too long`);
  }
  return value;
};

const boolean: Check<boolean> = (value, at) => {
  if (typeof value !== 'boolean') {
    throw new Error(`${at} is neither true nor false`);
  }
  return value;
};

const number: Check<number> = (value, at) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new Error(`${at} is no number`);
  }
  return value;
};

/** A number within bounds. */
function between(low: number, high: number): Check<number> {
  return (value, at) => {
    const found = number(value, at);
    if (found < low || found > high) {
      throw new Error(`${at} is out of range`);
    }
    return found;
  };
}

/** An integer within bounds. */
function whole(low: number, high = Number.MAX_SAFE_INTEGER): Check<number> {
  const check = between(low, high);
  return (value, at) => {
    const found = check(value, at);
    if (!Number.isInteger(found)) {
      throw new Error(`${at} is no whole number`);
    }
    return found;
  };
}

/** One of some values. */
function oneOf<T extends string>(all: readonly T[]): Check<T> {
  return (value, at) => {
    const found = all.find(item => item === value);
    if (found === undefined) {
      throw new Error(`${at} is none of ${all.join(', ')}`);
    }
    return found;
  };
}

/** Something, or null. */
function orNull<T>(check: Check<T>): Check<T | null> {
  return (value, at) => (value === null ? null : check(value, at));
}

/** Something that older versions leave out. */
function orElse<T>(check: Check<T>, otherwise: T): Check<T> {
  return (value, at) => (value === undefined ? otherwise : check(value, at));
}

/** A list of no more than some. */
function list<T>(check: Check<T>, most: number): Check<T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) {
      throw new Error(`${at} is no list`);
    }
    if (value.length > most) {
      throw new Error(`${at} has more than ${most} items`);
    }
    return value.map((item: unknown, i) => check(item, `${at}[${i}]`));
  };
}

const token: Check<Token> = (value, at) => {
  const field = object(value, at);
  return {
    id: whole(0)(field('id'), `${at}.id`),
    piece: text(field('piece'), `${at}.piece`),
    text: text(field('text'), `${at}.text`),
    kind: oneOf(KINDS)(field('kind'), `${at}.kind`)
  };
};

const alternative: Check<Alternative> = (value, at) => {
  const field = object(value, at);
  return {
    id: whole(0)(field('id'), `${at}.id`),
    piece: text(field('piece'), `${at}.piece`),
    text: text(field('text'), `${at}.text`),
    logprob: number(field('logprob'), `${at}.logprob`)
  };
};

const answerToken: Check<AnswerToken> = (value, at) => {
  const field = object(value, at);
  return {
    ...token(value, at),
    logprob: orNull(number)(field('logprob'), `${at}.logprob`),
    alternatives: orElse(list(alternative, MAX_FEW), [])(
      field('alternatives'),
      `${at}.alternatives`
    )
  };
};

/** A span of a sequence of so many tokens. */
function span(tokens: number): Check<{ start: number; end: number }> {
  return (value, at) => {
    const field = object(value, at);
    const start = whole(0, tokens)(field('start'), `${at}.start`);
    const end = whole(start + 1, tokens)(field('end'), `${at}.end`);
    return { start, end };
  };
}

/** A list of numbers of which there must be so many. */
function numbers(count: number): Check<number[]> {
  const check = list(number, count);
  return (value, at) => {
    const found = check(value, at);
    if (found.length < count) {
      throw new Error(`${at} has fewer than ${count} items`);
    }
    return found;
  };
}

/** Scores by a method that this version knows; null: it can't show them. */
function scores(tokens: number): Check<KeptScores | null> {
  return (value, at) => {
    const kept = object(value, at);
    const mode = orNull(oneOf(['remove', 'mask'] as const))(
      kept('mode') ?? null,
      `${at}.mode`
    );
    const where = `${at}.event`;
    const field = object(kept('event'), where);
    const kind = text(field('event'), `${where}.event`);
    const method = text(field('method'), `${where}.method`) as MapMethod;
    const instead = field('instead') ?? null;
    if (
      !METHOD_NAMES.includes(method) ||
      instead !== null ||
      (kind !== 'scores' && kind !== 'segment_scores')
    ) {
      return null;
    }
    const target = span(tokens)(field('target'), `${where}.target`);
    const common = { target, instead: null };
    if (kind === 'scores') {
      return {
        mode,
        event: {
          ...common,
          event: 'scores',
          method: method as ScoresEvent['method'],
          scores: numbers(tokens)(field('scores'), `${where}.scores`),
          gap: orNull(number)(field('gap') ?? null, `${where}.gap`)
        }
      };
    }
    const segments = list(span(tokens), tokens)(
      field('segments'),
      `${where}.segments`
    );
    const each = numbers(segments.length);
    return {
      mode,
      event: {
        ...common,
        event: 'segment_scores',
        method: method as SegmentScoresEvent['method'],
        segments,
        scores: each(field('scores'), `${where}.scores`),
        errors: orNull(each)(field('errors') ?? null, `${where}.errors`),
        logprob: number(field('logprob'), `${where}.logprob`),
        passes: whole(0)(field('passes'), `${where}.passes`)
      }
    };
  };
}

const origin: Check<NonNullable<RunRecord['origin']>> = (value, at) => {
  const field = object(value, at);
  return {
    document: text(field('document'), `${at}.document`),
    place: list(text, MAX_FEW)(field('place'), `${at}.place`)
  };
};

const terms: Check<NonNullable<RunRecord['terms']>> = (value, at) => {
  const field = object(value, at);
  return {
    name: text(field('name'), `${at}.name`),
    url: text(field('url'), `${at}.url`)
  };
};

const sampling: Check<RunRecord['sampling']> = (value, at) => {
  const field = object(value, at);
  return {
    temperature: between(0, Infinity)(
      field('temperature'),
      `${at}.temperature`
    ),
    top_k: orNull(whole(0))(field('top_k'), `${at}.top_k`),
    top_p: orNull(between(0, 1))(field('top_p'), `${at}.top_p`),
    seed: whole(0)(field('seed'), `${at}.seed`)
  };
};

/**
 * Take a run that may be anything. What it has beside a run's fields is left
 * out, and so are scores that can't be shown.
 *
 * @throws Error - says which field is not as it must be.
 */
export function checkRun(value: unknown): RunRecord {
  const field = object(value, 'the run');
  const take = <T>(name: keyof RunRecord, check: Check<T>): T =>
    check(field(name), name);
  const prompt_tokens = take('prompt_tokens', list(token, MAX_TOKENS));
  const answer_tokens = take('answer_tokens', list(answerToken, MAX_TOKENS));
  const all = prompt_tokens.length + answer_tokens.length;
  let length = 0;
  for (const { text } of [...prompt_tokens, ...answer_tokens]) {
    length += text.length;
  }
  if (all > MAX_TOKENS || length > 2 * MAX_TEXT) {
    throw new Error('it is too long');
  }
  const seconds = orNull(between(0, MAX_SECONDS));
  return {
    id: take('id', text),
    created: take('created', between(0, MAX_SECONDS)),
    model: take('model', text),
    origin: take('origin', orElse(orNull(origin), null)),
    title: take('title', orElse(text, '')),
    starred: take('starred', orElse(boolean, false)),
    prompt: take('prompt', text),
    answer: take('answer', text),
    sampling: take('sampling', sampling),
    chat: take(
      'chat',
      orElse(oneOf(['plain', 'wrapped', 'written'] as const), 'plain')
    ),
    terms: take('terms', orElse(orNull(terms), null)),
    prompt_tokens,
    answer_tokens,
    reason: take('reason', orNull(oneOf(REASONS))),
    partial: take(
      'partial',
      orElse(orNull(oneOf(['stopped', 'broke_off'] as const)), null)
    ),
    seconds: take('seconds', seconds),
    first_seconds: take('first_seconds', orElse(seconds, null)),
    scores: take('scores', orElse(list(scores(all), MAX_SCORES), [])).filter(
      (kept): kept is KeptScores => kept !== null
    )
  };
}

/** Take what is valid of how a run is to be looked at. */
export function checkLook(value: unknown): ILook {
  return lookOf(
    readSettings(
      typeof value === 'object' && value !== null
        ? (value as Record<string, unknown>)
        : {}
    )
  );
}

/** The target to begin with; null where it is none. */
export function checkTarget(value: unknown): TokenSpan | null {
  return Array.isArray(value) &&
    value.length === 2 &&
    value.every(Number.isInteger)
    ? [Number(value[0]), Number(value[1])]
    : null;
}

/**
 * Checks a run that came from a notebook, a page or the history, and that anybody may
 * have changed: each field, its type, and how the fields fit each other. Unknown
 * fields are dropped.
 */
import {
  MAX_TEXT,
  between,
  boolean,
  list,
  number,
  object,
  oneOf,
  orElse,
  orNull,
  text,
  whole
} from './checks';
import type { Check } from './checks';
import type {
  AblationMethod,
  Alternative,
  AnswerToken,
  EffectsEvent,
  KeptEffects,
  KeptScores,
  Method,
  RunRecord,
  Token,
  Turn
} from './types';
import { upgradeRun } from './upgrade';

/** The most tokens of a sequence; above any model's window. */
const MAX_TOKENS = 500_000;
/** The most maps of a run. */
const MAX_SCORES = 100_000;
/** The most sets of deleted segments of a run. */
const MAX_SETS = 100_000;
/** The most items of a run's short lists. */
const MAX_FEW = 1_000;
/** The last second that a date can express. */
const MAX_SECONDS = 8.64e12;

const KINDS = ['text', 'control', 'template'] as const;
const CHATS = ['plain', 'wrapped', 'written', 'turns'] as const;
const ROLES = ['system', 'user', 'model'] as const;
const SYSTEMS = ['turn', 'user'] as const;
const PRECISIONS = ['float32', 'bfloat16', 'float16'] as const;
const SETS = ['one', 'held_out', 'random', 'chosen'] as const;
const REASONS = ['end', 'stop', 'length', 'window', 'forced_answer'] as const;
const PARTIAL = ['stopped', 'broke_off'] as const;

/** Methods that this version knows, by the event that contains their scores. */
const OF_TOKENS: Readonly<Record<Method, true>> = {
  grad_l2: true,
  grad_dot_input: true,
  integrated_gradients: true,
  flow: true
};
const OF_SEGMENTS: Readonly<Record<AblationMethod, true>> = {
  leave_one_out: true,
  lime: true,
  shap: true
};

/** What a token and its alternatives have in common. */
const spelled: Check<Pick<Token, 'id' | 'piece' | 'text'>> = (value, at) => {
  const field = object(value, at);
  return {
    id: whole(0)(field('id'), `${at}.id`),
    piece: text(field('piece'), `${at}.piece`),
    text: text(field('text'), `${at}.text`)
  };
};

const token: Check<Token> = (value, at) => ({
  ...spelled(value, at),
  kind: oneOf(KINDS)(object(value, at)('kind'), `${at}.kind`)
});

const alternative: Check<Alternative> = (value, at) => ({
  ...spelled(value, at),
  logprob: number(object(value, at)('logprob'), `${at}.logprob`)
});

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

/** A span of a sequence with a number of tokens. */
function span(tokens: number): Check<{ start: number; end: number }> {
  return (value, at) => {
    const field = object(value, at);
    const start = whole(0, tokens)(field('start'), `${at}.start`);
    const end = whole(start + 1, tokens)(field('end'), `${at}.end`);
    return { start, end };
  };
}

const turn: Check<Turn> = (value, at) => {
  const field = object(value, at);
  return {
    role: oneOf(ROLES)(field('role'), `${at}.role`),
    text: text(field('text'), `${at}.text`)
  };
};

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

/** Ids of a foil; null: the scores are for the plain target. */
const foil = orNull(list(whole(0), MAX_TOKENS));

/** Scores by a method that this version knows; null: it can't show them. */
function scores(tokens: number): Check<KeptScores | null> {
  return (value, at) => {
    const kept = object(value, at);
    const mode = orNull(oneOf(['remove', 'mask', 'text'] as const))(
      kept('mode') ?? null,
      `${at}.mode`
    );
    const where = `${at}.event`;
    const field = object(kept('event'), where);
    const kind = text(field('event'), `${where}.event`);
    const method = text(field('method'), `${where}.method`);
    const common = () => ({
      target: span(tokens)(field('target'), `${where}.target`),
      foil: foil(field('foil') ?? null, `${where}.foil`)
    });
    if (kind === 'scores' && isOf(OF_TOKENS, method)) {
      return {
        mode,
        event: {
          ...common(),
          event: kind,
          method,
          scores: numbers(tokens)(field('scores'), `${where}.scores`),
          gap: orNull(number)(field('gap') ?? null, `${where}.gap`)
        }
      };
    }
    if (kind === 'segment_scores' && isOf(OF_SEGMENTS, method)) {
      const segments = list(span(tokens), tokens)(
        field('segments'),
        `${where}.segments`
      );
      const each = numbers(segments.length);
      return {
        mode,
        event: {
          ...common(),
          event: kind,
          method,
          segments,
          scores: each(field('scores'), `${where}.scores`),
          errors: orNull(each)(field('errors') ?? null, `${where}.errors`),
          logprob: number(field('logprob'), `${where}.logprob`),
          passes: whole(0)(field('passes'), `${where}.passes`),
          sets: orNull(whole(0))(field('sets') ?? null, `${where}.sets`),
          adaptive: field('adaptive') === true
        }
      };
    }
    return null;
  };
}

const textSpan: Check<KeptEffects['segments'][number]> = (value, at) => {
  const field = object(value, at);
  const start = whole(0, MAX_TEXT)(field('start'), `${at}.start`);
  return {
    turn: orElse(whole(0, MAX_FEW), 0)(field('turn'), `${at}.turn`),
    start,
    end: whole(start + 1, MAX_TEXT)(field('end'), `${at}.end`)
  };
};

/** The answer's scores with segments deleted. */
function effectsEvent(segments: number, answer: number): Check<EffectsEvent> {
  const row = list(orNull(between(-Infinity, 0)), answer);
  return (value, at) => {
    const field = object(value, at);
    const removed = list(list(whole(0, segments - 1), segments), MAX_SETS)(
      field('removed'),
      `${at}.removed`
    );
    const logprobs = list(row, MAX_SETS)(field('logprobs'), `${at}.logprobs`);
    if (
      logprobs.length !== removed.length ||
      logprobs.some(({ length }) => length !== answer)
    ) {
      throw new Error(`${at} has not one score for each set and token`);
    }
    return {
      event: 'effects',
      kind: oneOf(SETS)(field('kind'), `${at}.kind`),
      first: whole(0, MAX_SETS)(field('first'), `${at}.first`),
      total: whole(1, MAX_SETS)(field('total'), `${at}.total`),
      removed,
      logprobs,
      precision: orNull(oneOf(PRECISIONS))(
        field('precision') ?? null,
        `${at}.precision`
      ),
      difference: orNull(between(0, Infinity))(
        field('difference') ?? null,
        `${at}.difference`
      )
    };
  };
}

/** The results of a job that scored the answer with segments deleted. */
function effects(tokens: number, answer: number): Check<KeptEffects> {
  return (value, at) => {
    const field = object(value, at);
    const segments = list(textSpan, MAX_TOKENS)(
      field('segments'),
      `${at}.segments`
    );
    const answer_segments = orElse(list(span(tokens), tokens), [])(
      field('answer_segments'),
      `${at}.answer_segments`
    );
    const event = effectsEvent(
      segments.length + answer_segments.length,
      answer
    );
    return {
      segments,
      answer_segments,
      held_out: whole(0, MAX_SETS)(field('held_out'), `${at}.held_out`),
      seed: whole(0)(field('seed'), `${at}.seed`),
      events: list(event, MAX_SETS)(field('events'), `${at}.events`)
    };
  };
}

/** Whether a name is one of these. */
function isOf<T extends string>(
  all: Readonly<Record<T, true>>,
  name: string
): name is T {
  return Object.prototype.hasOwnProperty.call(all, name);
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
    seed: whole(0)(field('seed'), `${at}.seed`),
    repetition_penalty: orElse(between(0, Infinity), 1)(
      field('repetition_penalty'),
      `${at}.repetition_penalty`
    )
  };
};

/**
 * Check a run of this or an earlier version. Unknown fields are left out, and so
 * are scores that can't be shown.
 *
 * @throws Error - says which field is invalid.
 */
export function checkRun(value: unknown): RunRecord {
  const field = object(upgradeRun(value), 'the run');
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
  const turns = take('turns', orElse(list(turn, MAX_FEW), []));
  const turn_spans = take(
    'turn_spans',
    orElse(list(span(prompt_tokens.length), MAX_FEW), [])
  );
  if (turn_spans.length > 0 && turn_spans.length !== turns.length) {
    throw new Error('turn_spans are not those of its turns');
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
    turns,
    turn_spans,
    system: take('system', orElse(orNull(oneOf(SYSTEMS)), null)),
    answer: take('answer', text),
    sampling: take('sampling', sampling),
    stop: take('stop', orElse(list(text, MAX_FEW), [])),
    chat: take('chat', orElse(oneOf(CHATS), 'plain')),
    thinking: take('thinking', orElse(boolean, false)),
    terms: take('terms', orElse(orNull(terms), null)),
    prompt_tokens,
    answer_tokens,
    reason: take('reason', orNull(oneOf(REASONS))),
    stopped_at: take('stopped_at', orElse(orNull(text), null)),
    partial: take('partial', orElse(orNull(oneOf(PARTIAL)), null)),
    seconds: take('seconds', seconds),
    first_seconds: take('first_seconds', orElse(seconds, null)),
    scores: take('scores', orElse(list(scores(all), MAX_SCORES), [])).filter(
      (kept): kept is KeptScores => kept !== null
    ),
    effects: take(
      'effects',
      orElse(list(effects(all, answer_tokens.length), MAX_FEW), [])
    )
  };
}

import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  AnswerEvent,
  AnswerToken,
  ChatMode,
  ChatUse,
  JobEvent,
  JobRequest,
  KeptEffects,
  KeptScores,
  ModelTerms,
  RunOrigin,
  RunRecord,
  Sampling,
  SystemUse,
  Token,
  Turn
} from '../api';
import type { TokenSpan } from '../salience';
import { describe } from './problem';
import type { IProblem } from './problem';

/** The request of a run. */
export interface IRunRequest {
  readonly model: string;
  readonly prompt: string;
  /** The conversation that it is; left out: a text. */
  readonly turns?: readonly Turn[];
  /** The values of the prompt's fields. */
  readonly values: Readonly<Record<string, string>>;
  /** How the answer is sampled. */
  readonly sampling: Readonly<Sampling>;
  /** Stop sequences; absent: none. */
  readonly stop?: readonly string[];
  /** Whether the prompt is put into its model's chat format; absent: `auto`. */
  readonly chat?: ChatMode;
  /** Whether the model thinks before it answers, if it can; absent: no. */
  readonly thinking?: boolean;
  /** Where the prompt came from; null if unknown. */
  readonly origin: RunOrigin | null;
  /**
   * A forced answer, which the model scores; absent: the model answers.
   */
  readonly forcedAnswer?: string;
  /** Its name in the history, which the user can change. */
  readonly title?: string;
  /** Whether the history stores a forced answer; left out: it does. */
  readonly keep?: boolean;
}

/** A run by its job's id: the server replays it, or the history has it. */
export interface ISavedRun extends IRunRequest {
  readonly jobId: string;
  /** When it started, in milliseconds since the epoch. */
  readonly started: number;
}

/** The mode that uses the chat format again as in a run. */
export function modeOf(use: ChatUse): ChatMode {
  return use === 'plain' ? 'off' : 'on';
}

/** How many of the most likely tokens are listed for each token. */
const ALTERNATIVES = 5;

/** The job that computes a run. */
export function jobOf(request: IRunRequest, maxNewTokens: number): JobRequest {
  const {
    model,
    prompt,
    sampling,
    origin,
    forcedAnswer,
    chat = 'auto'
  } = request;
  const { stop = [], thinking = false, turns } = request;
  const shared = {
    model,
    ...(turns ? { turns: [...turns] } : { prompt }),
    chat,
    thinking,
    origin,
    alternatives: ALTERNATIVES
  };
  return forcedAnswer === undefined
    ? {
        kind: 'generate',
        max_new_tokens: maxNewTokens,
        sampling: { ...sampling },
        stop: [...stop],
        title: request.title ?? '',
        ...shared
      }
    : {
        kind: 'score',
        target: forcedAnswer,
        keep: request.keep ?? true,
        ...shared
      };
}

/** A run's progress. */
export type RunPhase = 'waiting' | 'answering' | 'done' | 'stopped' | 'failed';

/**
 * One run of a prompt, as far as its job has come.
 *
 * Immutable; {@link applyEvent} returns the next state, so views compare runs by
 * identity.
 */
export interface IRun extends IRunRequest {
  /** Tells runs of this page apart. */
  readonly key: number;
  readonly phase: RunPhase;
  /** What it waits for. */
  readonly message: string;
  /** When it started, in milliseconds since the epoch. */
  readonly started: number;
  readonly jobId: string | null;
  /** Whether, and how, the prompt is in a chat format. */
  readonly chatUse: ChatUse;
  /** Whether the model thinks before it answers. */
  readonly thinks: boolean;
  /** The licence of its model, or null. */
  readonly terms: ModelTerms | null;
  /** Tokens of the prompt, including template tokens. */
  readonly promptTokens: readonly Token[];
  /** The tokens of each turn of a conversation, in the order of its turns. */
  readonly turnSpans: readonly TokenSpan[];
  /** Where the chat format put system turns; null: there are none. */
  readonly system: SystemUse | null;
  readonly answerTokens: readonly AnswerToken[];
  /** Why the answer ended; null while it hasn't, or if it was stopped. */
  readonly reason: AnswerEvent['reason'] | null;
  /** The stop sequence that ended it, for the reason `stop`; else null. */
  readonly stoppedAt: string | null;
  /** Time of the computation; null until it has ended. */
  readonly seconds: number | null;
  /** Time to the first token; null if there is none, or not yet. */
  readonly firstSeconds: number | null;
  /** Tokens of the prompt whose computation the model reused. */
  readonly reused: number;
  readonly problem: IProblem | null;
  /**
   * Stored scores of a run from the history; null for a run of this page.
   */
  readonly kept: readonly KeptScores[] | null;
  /** Stored effects, likewise. */
  readonly effects: readonly KeptEffects[];
}

let lastKey = 0;

/** A run that has just started. */
export function startRun(request: IRunRequest, message: string): IRun {
  return {
    ...request,
    key: ++lastKey,
    phase: 'waiting',
    message,
    started: Date.now(),
    jobId: null,
    chatUse: 'plain',
    thinks: false,
    terms: null,
    promptTokens: [],
    turnSpans: [],
    system: null,
    answerTokens: [],
    reason: null,
    stoppedAt: null,
    seconds: null,
    firstSeconds: null,
    reused: 0,
    problem: null,
    kept: null,
    effects: []
  };
}

/** A run from the history. */
export function keptRun(record: RunRecord): IRun {
  // Runs exported by earlier versions lack these: there were no chat formats and
  // no stop sequences.
  const {
    chat: chatUse = 'plain',
    thinking = false,
    stop = [],
    stopped_at = null,
    turns = [],
    turn_spans = [],
    system = null,
    effects = []
  } = record as Partial<RunRecord>;
  return {
    key: ++lastKey,
    model: record.model,
    prompt: record.prompt,
    ...(turns.length > 0 && { turns }),
    values: {},
    sampling: record.sampling,
    stop,
    chat: modeOf(chatUse),
    chatUse,
    thinking,
    thinks: thinking,
    terms: record.terms ?? null,
    origin: record.origin,
    ...(record.reason === 'forced_answer' && { forcedAnswer: record.answer }),
    title: record.title,
    phase: phaseOf(record),
    message: '',
    started: record.created * 1000,
    jobId: record.id,
    promptTokens: record.prompt_tokens,
    turnSpans: spansOf(turn_spans),
    system,
    answerTokens: record.answer_tokens,
    reason: record.reason,
    stoppedAt: stopped_at,
    seconds: record.seconds,
    firstSeconds: record.first_seconds,
    reused: 0,
    problem: null,
    kept: record.scores,
    effects
  };
}

/** Spans as the server says them. */
export function spansOf(
  spans: readonly { start: number; end: number }[]
): TokenSpan[] {
  return spans.map(({ start, end }) => [start, end]);
}

/** How a run of the history ended. */
function phaseOf(record: RunRecord): RunPhase {
  // Runs of earlier versions don't say why they are partial.
  const { partial = null } = record as Partial<RunRecord>;
  if (partial === 'broke_off') {
    return 'failed';
  }
  return partial || record.reason === null ? 'stopped' : 'done';
}

/** A run that has ended, as the history stores it. */
export function recordOf(
  run: IRun,
  scores: KeptScores[],
  effects: KeptEffects[] = []
): RunRecord {
  const {
    temperature = 0,
    top_k = null,
    top_p = null,
    seed = 0,
    repetition_penalty = 1
  } = run.sampling;
  return {
    id: run.jobId ?? '',
    created: run.started / 1000,
    model: run.model,
    origin: run.origin,
    title: '',
    starred: false,
    prompt: run.prompt,
    turns: [...(run.turns ?? [])],
    turn_spans: run.turnSpans.map(([start, end]) => ({ start, end })),
    system: run.system,
    answer: run.answerTokens.map(token => token.text).join(''),
    sampling: { temperature, top_k, top_p, seed, repetition_penalty },
    // Stop sequences don't apply to a forced answer.
    stop: run.forcedAnswer === undefined ? [...(run.stop ?? [])] : [],
    chat: run.chatUse,
    thinking: run.thinks,
    terms: run.terms,
    prompt_tokens: [...run.promptTokens],
    answer_tokens: [...run.answerTokens],
    reason: run.reason,
    stopped_at: run.stoppedAt,
    partial:
      run.phase === 'stopped'
        ? 'stopped'
        : run.phase === 'failed'
          ? 'broke_off'
          : null,
    seconds: run.seconds,
    first_seconds: run.firstSeconds,
    scores,
    effects
  };
}

/** The run after another event of its job. */
export function applyEvent(
  run: IRun,
  event: JobEvent,
  trans: TranslationBundle
): IRun {
  switch (event.event) {
    case 'state':
      return { ...run, message: event.message };
    case 'prompt':
      return {
        ...run,
        promptTokens: event.tokens,
        turnSpans: spansOf(event.turn_spans ?? []),
        system: event.system ?? null,
        chatUse: event.chat,
        thinks: event.thinking,
        terms: event.terms,
        message:
          run.forcedAnswer === undefined
            ? trans.__('Waiting for the first word')
            : trans.__('Reading the text')
      };
    case 'token':
      return {
        ...run,
        phase: 'answering',
        message:
          run.forcedAnswer === undefined
            ? trans.__('Answering')
            : trans.__('Reading the text'),
        answerTokens: [...run.answerTokens, event.token]
      };
    case 'answer':
      return {
        ...run,
        answerTokens: event.tokens,
        reason: event.reason,
        stoppedAt: event.stopped_at,
        seconds: event.seconds,
        firstSeconds: event.first_seconds,
        reused: event.reused
      };
    case 'done':
      return { ...run, phase: 'done', message: '' };
    case 'cancelled':
      return { ...run, phase: 'stopped', message: '' };
    case 'error':
      return failRun(run, describe(event));
    default:
      return run;
  }
}

/** The run after a failure. The tokens so far stay. */
export function failRun(run: IRun, problem: IProblem): IRun {
  return { ...run, phase: 'failed', message: '', problem };
}

/** Whether a run's job is still in progress. */
export function isUnderWay(run: IRun | null): boolean {
  return run !== null && (run.phase === 'waiting' || run.phase === 'answering');
}

/** The whole sequence: prompt, then answer. */
export function tokensOf(
  run: Pick<IRun, 'promptTokens' | 'answerTokens'>
): (Token | AnswerToken)[] {
  return [...run.promptTokens, ...run.answerTokens];
}

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
import { promptOf, withToken } from './restarted';

/** The request of a run. */
export interface IRunRequest {
  readonly model: string;
  readonly prompt: string;
  /** The turns of the prompt; left out if the prompt is a text. */
  readonly turns?: readonly Turn[];
  /** The values of the prompt's fields. */
  readonly values: Readonly<Record<string, string>>;
  /** How the answer is sampled. */
  readonly sampling: Readonly<Sampling>;
  /** Stop sequences; absent: none. */
  readonly stop?: readonly string[];
  /** Whether to put the prompt into its model's chat format; absent for `auto`. */
  readonly chat?: ChatMode;
  /** Whether the model thinks before it answers, if it can; absent for no. */
  readonly thinking?: boolean;
  /** Where the prompt came from; null if unknown. */
  readonly origin: RunOrigin | null;
  /**
   * A forced answer, which the model scores; absent if the model generates an answer.
   */
  readonly forcedAnswer?: string;
  /** The run's title in the history, which the user can change. */
  readonly title?: string;
  /** Whether the history stores a forced answer; left out for yes. */
  readonly keep?: boolean;
}

/** Identifies a run by its job's id, by which the server replays it, or the history finds it. */
export interface ISavedRun extends IRunRequest {
  readonly jobId: string;
  /** When it started, in milliseconds since the epoch. */
  readonly started: number;
}

/** The mode that repeats a run's use of the chat format. */
export function modeOf(use: ChatUse): ChatMode {
  return use === 'plain' ? 'off' : 'on';
}

/** How many of the most likely tokens to list for each token. */
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
 * Immutable. {@link applyEvent} returns the next state, so views can compare runs by
 * identity.
 */
export interface IRun extends IRunRequest {
  /** Distinguishes the runs of this page. */
  readonly key: number;
  readonly phase: RunPhase;
  /** What the run waits for. */
  readonly message: string;
  /** When the run started, in milliseconds since the epoch. */
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
  /** The token spans of a conversation's turns, in the order of the turns. */
  readonly turnSpans: readonly TokenSpan[];
  /** Where the chat format puts system turns; null if there are none. */
  readonly system: SystemUse | null;
  readonly answerTokens: readonly AnswerToken[];
  /** What happened when the run was restarted because the model service ended; empty if it wasn't. */
  readonly restarted: string;
  /** How many tokens of the answer have come again since the restart; null once all have. */
  readonly numAgain: number | null;
  /** Why the answer ended; null while it continues, and if the user stopped it. */
  readonly reason: AnswerEvent['reason'] | null;
  /** The stop sequence that ended the answer, for the reason `stop`; else null. */
  readonly stoppedAt: string | null;
  /** The duration of the computation; null until it has ended. */
  readonly seconds: number | null;
  /** The time to the first token; null if there is none yet. */
  readonly firstSeconds: number | null;
  /** How many tokens of the prompt the model reused from its cache. */
  readonly reused: number;
  readonly problem: IProblem | null;
  /**
   * Stored scores of a run from the history; null for a run of this page.
   */
  readonly kept: readonly KeptScores[] | null;
  /** Stored effects of a run from the history; null for a run of this page. */
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
    restarted: '',
    numAgain: null,
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
  // Runs that earlier versions exported lack these fields, since there were no chat formats
  // and no stop sequences.
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
    restarted: '',
    numAgain: null,
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

/** Spans in the server's form. */
export function spansOf(
  spans: readonly { start: number; end: number }[]
): TokenSpan[] {
  return spans.map(({ start, end }) => [start, end]);
}

/** How a run of the history ended. */
function phaseOf(record: RunRecord): RunPhase {
  // Earlier versions didn't store why a run is partial.
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

/** The state of a run after another event of its job. */
export function applyEvent(
  run: IRun,
  event: JobEvent,
  trans: TranslationBundle
): IRun {
  switch (event.event) {
    case 'state':
      return { ...run, message: event.message };
    case 'restarted':
      // The answer so far stays until other tokens come, so that the text doesn't flicker.
      return {
        ...run,
        message: event.message,
        restarted: event.message,
        numAgain: run.answerTokens.length > 0 ? 0 : null
      };
    case 'prompt':
      return {
        ...run,
        ...promptOf(run, event.tokens),
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
        ...withToken(run, event.token)
      };
    case 'answer':
      return {
        ...run,
        answerTokens: event.tokens,
        numAgain: null,
        reason: event.reason,
        stoppedAt: event.stopped_at,
        seconds: event.seconds,
        firstSeconds: event.first_seconds,
        reused: event.reused
      };
    case 'done':
      return { ...run, phase: 'done', message: '' };
    case 'cancelled':
      return { ...run, phase: 'stopped', message: '', numAgain: null };
    case 'error':
      return failRun(run, describe(event));
    default:
      return run;
  }
}

/** The state of a run after a failure. It keeps the tokens so far. */
export function failRun(run: IRun, problem: IProblem): IRun {
  return { ...run, phase: 'failed', message: '', numAgain: null, problem };
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

import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  AnswerEvent,
  AnswerToken,
  ChatMode,
  ChatUse,
  JobEvent,
  JobRequest,
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

/** What a run was asked. */
export interface IRunRequest {
  readonly model: string;
  readonly prompt: string;
  /** The conversation that it is; left out: a text. */
  readonly turns?: readonly Turn[];
  /** Values that the prompt's template was filled with. */
  readonly values: Readonly<Record<string, string>>;
  /** How its tokens are chosen. */
  readonly sampling: Readonly<Sampling>;
  /** Texts that end its answer; left out: none. */
  readonly stop?: readonly string[];
  /** Whether it is put into its model's chat format; left out: `auto`. */
  readonly chat?: ChatMode;
  /** Whether the model is to think first, where it can; left out: no. */
  readonly thinking?: boolean;
  /** Where the prompt came from; null where that isn't known. */
  readonly origin: RunOrigin | null;
  /**
   * The text that stands in the answer's place, forced rather than generated;
   * left out: the model answers.
   */
  readonly forcedAnswer?: string;
  /** Its name in the history; the user can give it another. */
  readonly title?: string;
}

/** A run by its job: the server replays it, or the history has it. */
export interface ISavedRun extends IRunRequest {
  readonly jobId: string;
  /** When it was asked for, in milliseconds since the epoch. */
  readonly started: number;
}

/** How to ask again so that the same becomes of the prompt. */
export function modeOf(use: ChatUse): ChatMode {
  return use === 'plain' ? 'off' : 'on';
}

/** How many of the most likely tokens are listed for each. */
const ALTERNATIVES = 5;

/** The job that does what a run asks. */
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
    : { kind: 'score', target: forcedAnswer, ...shared };
}

/** How far a run is. */
export type RunPhase = 'waiting' | 'answering' | 'done' | 'stopped' | 'failed';

/**
 * One run of a prompt: what a generate job has said so far.
 *
 * A plain state, replaced as a whole by {@link applyEvent}: views compare it by
 * identity.
 */
export interface IRun extends IRunRequest {
  /** Tells runs of this page apart. */
  readonly key: number;
  readonly phase: RunPhase;
  /** What is being waited for, in words. */
  readonly message: string;
  /** When it was asked for, in milliseconds since the epoch. */
  readonly started: number;
  readonly jobId: string | null;
  /** What became of the prompt: whether it is in a chat format. */
  readonly chatUse: ChatUse;
  /** Whether the model was asked to think first. */
  readonly thinks: boolean;
  /** What its model is provided under, or null. */
  readonly terms: ModelTerms | null;
  /** Tokens of the prompt, template tokens among them. */
  readonly promptTokens: readonly Token[];
  /** The tokens of each turn of a conversation, in the order of its turns. */
  readonly turnSpans: readonly TokenSpan[];
  /** Where the chat format put system turns; null: there are none. */
  readonly system: SystemUse | null;
  readonly answerTokens: readonly AnswerToken[];
  /** Why the answer ended; null while it hasn't, or was stopped. */
  readonly reason: AnswerEvent['reason'] | null;
  /** The text that ended it, of reason `stop`; else null. */
  readonly stoppedAt: string | null;
  /** Time of the computation; null while it is under way. */
  readonly seconds: number | null;
  /** Time to the first token; null while or where there is none. */
  readonly firstSeconds: number | null;
  /** Tokens of the prompt that were known from the run before. */
  readonly reused: number;
  readonly problem: IProblem | null;
  /**
   * Scores that were computed earlier, of a run of the history; null for one of
   * this page's.
   */
  readonly kept: readonly KeptScores[] | null;
}

let lastKey = 0;

/** A run that was just asked for. */
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
    kept: null
  };
}

/** A run of the history, as it was. */
export function keptRun(record: RunRecord): IRun {
  // One that was exported earlier doesn't tell: there were no chat formats, and
  // no stop sequences.
  const {
    chat: chatUse = 'plain',
    thinking = false,
    stop = [],
    stopped_at = null,
    turns = [],
    turn_spans = [],
    system = null
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
    kept: record.scores
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
  // One of an earlier version doesn't tell why there is no more of it.
  const { partial = null } = record as Partial<RunRecord>;
  if (partial === 'broke_off') {
    return 'failed';
  }
  return partial || record.reason === null ? 'stopped' : 'done';
}

/** A run that ended, as the history keeps it. */
export function recordOf(run: IRun, scores: KeptScores[]): RunRecord {
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
    // A forced answer isn't stopped anywhere.
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
    scores
  };
}

/** The run after one more event of its job. */
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

/** The run after a failure. What it has so far stays. */
export function failRun(run: IRun, problem: IProblem): IRun {
  return { ...run, phase: 'failed', message: '', problem };
}

/** Whether a run's job is still under way. */
export function isUnderWay(run: IRun | null): boolean {
  return run !== null && (run.phase === 'waiting' || run.phase === 'answering');
}

/** The whole sequence: prompt, then answer. */
export function tokensOf(
  run: Pick<IRun, 'promptTokens' | 'answerTokens'>
): (Token | AnswerToken)[] {
  return [...run.promptTokens, ...run.answerTokens];
}

/** Data for the specs: tokens, a model, a run of the history. */
import type { AnswerToken, ModelInfo, RunRecord } from '../api';

/** Text tokens of words, each with its blanks in front. */
export function tokens(text: string): AnswerToken[] {
  const pieces = text.match(/\n+|[^\S\n]*[^\s]+|[^\S\n]+/g) ?? [];
  return pieces.map((piece, i) => ({
    id: 100 + i,
    piece,
    text: piece,
    kind: 'text',
    logprob: null,
    alternatives: []
  }));
}

/** A model of which the rest isn't known. */
export function fakeModel(
  known: Partial<ModelInfo> & { name: string }
): ModelInfo {
  return {
    path: known.name,
    state: 'unloaded',
    detail: '',
    hint: '',
    note: '',
    window: null,
    window_reason: null,
    trained: null,
    chat: '',
    template: null,
    instruct: false,
    parameters: null,
    added: false,
    error: '',
    terms: null,
    download: null,
    reading: null,
    size: null,
    revision: '',
    stored: '',
    precision: null,
    device: '',
    memory: null,
    peak: null,
    fits: [],
    ...known
  };
}

/** A finished run of the history, of whose facts the rest doesn't matter. */
export function fakeRecord(
  prompt: string,
  answer: string,
  known: Partial<RunRecord> = {}
): RunRecord {
  return {
    id: 'old',
    created: 5,
    model: 'demo',
    origin: null,
    title: '',
    starred: false,
    prompt,
    turns: [],
    turn_spans: [],
    system: null,
    answer,
    sampling: {
      temperature: 0,
      top_k: null,
      top_p: null,
      seed: 0,
      repetition_penalty: 1
    },
    stop: [],
    chat: 'plain',
    thinking: false,
    terms: null,
    prompt_tokens: tokens(prompt),
    answer_tokens: tokens(answer),
    reason: 'end',
    stopped_at: null,
    partial: null,
    seconds: 0.5,
    first_seconds: 0.1,
    scores: [],
    effects: [],
    ...known
  };
}

/**
 * Names for the generated types. What they mean is told where they are
 * declared, in `lit_lab/protocol.py`.
 */
import type { components } from './schema';

type Schemas = components['schemas'];

export type Token = Schemas['Token'];
export type TokenKind = Token['kind'];
export type TokensRequest = Schemas['TokensRequest'];
export type TokensResponse = Schemas['TokensResponse'];

export type Status = Schemas['Status'];
export type Limits = Schemas['Limits'];
export type ServiceStatus = Schemas['ServiceStatus'];
export type ServiceState = ServiceStatus['state'];
export type ModelInfo = Schemas['ModelInfo'];

/** A half-open span of token indices (not of characters). */
export type TokenSpan = Schemas['Span'];
export type GenerateRequest = Schemas['GenerateRequest'];
export type SalienceRequest = Schemas['SalienceRequest'];
export type JobRequest = Schemas['JobRequest'];
export type JobInfo = Schemas['JobInfo'];

export type JobEvent = Schemas['JobEvent'];
export type StateEvent = Schemas['StateEvent'];
export type PromptEvent = Schemas['PromptEvent'];
export type TokenEvent = Schemas['TokenEvent'];
export type AnswerEvent = Schemas['AnswerEvent'];
export type ScoresEvent = Schemas['ScoresEvent'];
export type DoneEvent = Schemas['DoneEvent'];
export type ErrorEvent = Schemas['ErrorEvent'];
export type CancelledEvent = Schemas['CancelledEvent'];
/** Salience method, named as LIT names it. */
export type Method = ScoresEvent['method'];

export type DatasetInfo = Schemas['DatasetInfo'];
export type DatasetRow = Schemas['DatasetRow'];
export type DatasetRowsResponse = Schemas['DatasetRowsResponse'];

/** What every failing request answers. */
export type ErrorBody = Schemas['ErrorBody'];

/**
 * Names for the generated types. `lit_lab/protocol/` documents them, where they are
 * declared.
 */
import type { components } from './schema';

type Schemas = components['schemas'];

export type Token = Schemas['Token'];
export type TokensRequest = Schemas['TokensRequest'];
export type TokensResponse = Schemas['TokensResponse'];
export type TokenCountRequest = Schemas['TokenCountRequest'];
export type TokenCount = Schemas['TokenCount'];

export type Status = Schemas['Status'];
export type Limits = Schemas['Limits'];
export type ServiceStatus = Schemas['ServiceStatus'];
export type ServiceState = ServiceStatus['state'];
export type SetupStatus = Schemas['SetupStatus'];
export type ModelInfo = Schemas['ModelInfo'];
export type ModelTerms = Schemas['ModelTerms'];
export type ModelsResponse = Schemas['ModelsResponse'];
export type ModelChange = Schemas['ModelChanging']['change'];
export type ModelFit = Schemas['ModelFit'];
export type FoundModel = Schemas['FoundModel'];
export type KnownModel = Schemas['KnownModel'];
export type MemoryStatus = Schemas['MemoryStatus'];
export type Precision = ModelFit['precision'];
export type KaggleStatus = Schemas['KaggleStatus'];
export type KaggleLogin = Schemas['KaggleLogin'];

/** A half-open span of token indices (not of characters). */
export type TokenSpan = Schemas['Span'];
export type GenerateRequest = Schemas['GenerateRequest'];
/** What one side of a conversation says. */
export type Turn = Schemas['Turn'];
export type Role = Turn['role'];
/** Where a chat format puts system turns. */
export type SystemUse = NonNullable<Schemas['PromptEvent']['system']>;
export type ScoreRequest = Schemas['ScoreRequest'];
export type Sampling = Schemas['Sampling'];
/** Whether prompts are put into their model's chat format. */
export type ChatMode = NonNullable<GenerateRequest['chat']>;
export type SalienceRequest = Schemas['SalienceRequest'];
export type Integration = Schemas['Integration'];
export type AblationRequest = Schemas['AblationRequest'];
export type EffectsRequest = Schemas['EffectsRequest'];
/** A span of a prompt's characters, in Unicode code points. */
export type TextSpan = Schemas['TextSpan'];
export type FaithfulnessRequest = Schemas['FaithfulnessRequest'];
export type JobRequest = Schemas['JobRequest'];
export type JobInfo = Schemas['JobInfo'];
/** A request with a cost that can be estimated beforehand. */
export type CostlyRequest = Schemas['EstimateRequest']['request'];
export type Estimate = Schemas['Estimate'];

export type JobEvent = Schemas['JobEvent'];
export type StateEvent = Schemas['StateEvent'];
export type PromptEvent = Schemas['PromptEvent'];
/** Whether, and how, a prompt was put into a chat format. */
export type ChatUse = PromptEvent['chat'];
export type TokenEvent = Schemas['TokenEvent'];
export type AnswerEvent = Schemas['AnswerEvent'];
export type AnswerToken = Schemas['AnswerToken'];
export type Alternative = Schemas['Alternative'];
export type ScoresEvent = Schemas['ScoresEvent'];
export type ProgressEvent = Schemas['ProgressEvent'];
export type SegmentScoresEvent = Schemas['SegmentScoresEvent'];
export type EffectsEvent = Schemas['EffectsEvent'];
export type CurveEvent = Schemas['CurveEvent'];
export type CurvePoint = Schemas['CurvePoint'];
export type FaithfulnessEvent = Schemas['FaithfulnessEvent'];
export type DoneEvent = Schemas['DoneEvent'];
export type ErrorEvent = Schemas['ErrorEvent'];
export type CancelledEvent = Schemas['CancelledEvent'];
/** A method with one score for each token. The first two have LIT's names. */
export type Method = ScoresEvent['method'];
/** One of them that takes gradients. */
export type GradientMethod = NonNullable<FaithfulnessRequest['method']>;
/** An ablation method: removes segments; one score for each segment, no gradient. */
export type AblationMethod = AblationRequest['method'];
export type AblationMode = NonNullable<FaithfulnessRequest['mode']>;
export type Removal = NonNullable<AblationRequest['mode']>;
export type EditedText = Schemas['EditedText'];

export type DatasetInfo = Schemas['DatasetInfo'];
export type DatasetOpening = Schemas['DatasetOpening'];
export type DatasetColumns = Schemas['DatasetColumns'];
export type TextEncoding = NonNullable<DatasetOpening['encoding']>;
export type DatasetState = Schemas['DatasetState'];
/** What to search for; all is optional. */
export type DatasetSearch = Schemas['DatasetSearch'];
export type DatasetPage = Schemas['DatasetPage'];
/** A row as a list shows it. */
export type DatasetRow = Schemas['DatasetRow'];
export type DatasetFullRow = Schemas['DatasetFullRow'];
export type DatasetEdit = Schemas['DatasetEditing']['edit'];
export type DatasetEdited = Schemas['DatasetEdited'];

export type BatchRequest = Schemas['BatchRequest'];
export type BatchesResponse = Schemas['BatchesResponse'];
export type BatchInfo = Schemas['BatchInfo'];
export type BatchCheck = Schemas['BatchCheck'];
export type BatchCheckResult = Schemas['BatchCheckResult'];
export type BatchRowsRequest = Schemas['BatchRowsRequest'];
export type BatchRowsPage = Schemas['BatchRowsPage'];
/** A row of a batch as a table shows it. */
export type BatchRow = Schemas['BatchRow'];
export type BatchAnswer = Schemas['BatchAnswer'];
/** A row of a batch with all that a run needs. */
export type BatchFullRow = Schemas['BatchFullRow'];
export type BatchParts = Schemas['BatchParts'];
/** A part of a template over all rows. */
export type BatchPart = Schemas['BatchPart'];

export type RunOrigin = Schemas['RunOrigin'];
export type KeptScores = Schemas['KeptScores'];
export type KeptEffects = Schemas['KeptEffects'];
export type RunInfo = Schemas['RunInfo'];
export type RunRecord = Schemas['RunRecord'];
export type RunsRequest = Schemas['RunsRequest'];
export type RunsResponse = Schemas['RunsResponse'];
export type RunChange = Schemas['RunChange'];

export type LitAppRequest = Schemas['LitAppRequest'];
export type LitCall = Schemas['LitCall'];
export type LitEvent = Schemas['LitEvent'];

/** The body of every failed request. */
export type ErrorBody = Schemas['ErrorBody'];

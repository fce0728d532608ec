"""Types of everything that crosses a process.

The browser talks to the Jupyter server, and the Jupyter server to the model service, in these types. They are the
source of `docs/openapi.json` and of the TypeScript types in `src/api/schema.ts` (`make api`).

Spans are half-open `[start, end)`. Token spans count tokens of the whole sequence `template + prompt + template +
answer`, so `<bos>` is token 0.

pydantic takes about 0.1 s to import: import this module on first use, not at server start.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

# Bounds of what a request may hold, whatever the configuration says: they keep one request from taking the server's
# memory. The configuration's own limits (`c.LitLab.max_prompt_chars` and so on) are lower and tell what to do.
MAX_TEXT = 4_000_000
MAX_TOKENS = 1_000_000
MAX_TARGETS = 4_096
MAX_SEGMENTS = 4_096
MAX_SAMPLES = 16_384
MAX_NAME = 200

OWNER_HEADER = "X-LIT-Lab-Owner"
"""Tells the model service who asks, without a name: only whether it is the same as before."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME)]
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]
TokenId = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""Of any vocabulary; whether the model's own has it is for the service to say."""

Method = Literal["grad_l2", "grad_dot_input", "integrated_gradients"]
"""Gradient methods, one score a token; the first two named as LIT names them
(`lit_nlp.examples.prompt_debugging.constants.FieldNames`)."""

Backend = Literal["tensorflow", "jax", "torch"]
"""What Keras runs on."""

AblationMethod = Literal["leave_one_out", "lime", "shap"]
"""Methods that take parts of the prompt away and read the target's probability: one score a segment, no gradient."""

AblationMode = Literal["remove", "mask"]
"""`remove`: a segment's tokens are taken out; `mask`: each is replaced by the model's padding token."""

ServiceState = Literal["stopped", "starting", "ready", "failed"]
Action = Literal["read", "write", "execute"]
SetupState = Literal["idle", "running", "stopped", "failed", "done"]
ModelState = Literal["unloaded", "absent", "downloading", "loading", "ready", "failed"]
"""`absent`: it has to be downloaded first, which is done only when the user says so."""

Precision = Literal["auto", "float32", "bfloat16", "float16"]
"""What weights are held and computed in; `auto` is bfloat16 on hardware that is good at it."""

TokenKind = Literal["text", "control", "template"]

ChatMode = Literal["auto", "on", "off"]
"""Whether prompts are put into their model's chat format; `auto`: where it is known to be instruction-tuned."""

ChatUse = Literal["plain", "wrapped", "written"]
"""What became of a prompt: `plain`: it stands as it is; `wrapped`: it is the user's turn in the model's chat format;
`written`: it has turns of its own, to which at most what lets the model speak next was added."""


class Message(BaseModel):
    """Base of all types: unknown fields are refused, so that a typing error is told and not ignored.

    Numbers are finite: JSON has no word for others (pydantic would write null), and a browser would fail at the line.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ErrorBody(Message):
    """What every failing request answers."""

    error: str = Field(description="A short stable code, such as `prompt_too_long`.")
    message: str = Field(description="What happened, for the person who uses the panel.")
    hint: str = Field(default="", description="What that person can do about it.")


# --- Tokens -----------------------------------------------------------------------------------------------------------


class Token(Message):
    """One token. The texts of all tokens that are not `template` join to exactly the text that was tokenized."""

    id: int
    piece: str = Field(description="The vocabulary's own spelling, such as `▁eggs` or `<0x0A>`.")
    text: str = Field(description="The characters of the text that this token stands for; may be empty.")
    kind: TokenKind = Field(
        description="`template`: added by us (`<bos>`, a chat's turns), empty text. `control`: a control token that the user wrote."
    )


class TokensRequest(Message):
    """Ask for the tokens of a prompt and, tokenized apart, of an answer."""

    model: Name
    prompt: Text
    answer: Text = ""
    chat: ChatMode = "auto"


class TokensResponse(Message):
    """The sequence is `prompt + answer`: template tokens are among them, with kind `template`."""

    model: Name
    prompt: list[Token]
    answer: list[Token]
    window: int = Field(description="Most tokens, prompt and answer together, that the model takes here.")


# --- Service and models -----------------------------------------------------------------------------------------------


class ServiceStatus(Message):
    """The model service, as the Jupyter server sees it."""

    state: ServiceState
    detail: str = Field(default="", description="What it is doing, or why it failed, in words for the user.")
    hint: str = Field(default="", description="What the user can do about a failure.")
    error: str = Field(default="", description="Why it failed, as a short stable code.")
    since: float = Field(description="When this state began, in seconds since the epoch.")
    pid: int | None = Field(default=None, description="Process id, when the service is a child of this server.")
    restarts: int = Field(default=0, description="Restarts after a crash since the last time it was ready.")
    version: str | None = Field(default=None, description="Version of lit_lab that the service runs.")


class SetupStatus(Message):
    """The making of an environment of its own for the model service."""

    state: SetupState
    wanted: bool = Field(description="Whether it would help with why the service failed.")
    step: str = Field(default="", description="What is being done.")
    line: str = Field(default="", description="What was written last: by pip, for the most part.")
    done: int | None = Field(default=None, description="Bytes of the present download, where they are known.")
    total: int | None = Field(default=None, description="Bytes that the present download has.")
    since: float = Field(description="When this state began, in seconds since the epoch.")
    message: str = Field(default="", description="Why it failed.")
    hint: str = Field(default="", description="What the user can do about that.")


class Limits(Message):
    """Configured limits, so that the panel can tell before a request is made."""

    max_prompt_chars: int
    max_new_tokens: int


class Status(Message):
    """`GET status`: what the panel asks for first and then now and then."""

    version: str = Field(description="Version of lit_lab on the Jupyter server.")
    service: ServiceStatus
    default_model: str = Field(description="Empty when unknown: then it is the first of `GET models`.")
    limits: Limits
    history: HistoryStatus
    allowed: list[Action] = Field(
        default_factory=list,
        description="What the server's authorizer allows the caller to do with the resource `lit-lab`.",
    )
    setup: SetupStatus | None = Field(
        default=None,
        description="None: the service's Python is configured, or it runs elsewhere, so there is nothing to set up.",
    )


class LogResponse(Message):
    """The last lines that the model service wrote."""

    lines: list[str]


class ModelInfo(Message):
    """A configured model."""

    name: Name
    path: str = Field(description="Preset name, folder or URL, as in LIT's `name:path`.")
    state: ModelState
    detail: str = Field(default="", description="What is being done, or why loading failed.")
    hint: str = ""
    note: str = Field(default="", description="What users must know of it; such as that it is a demonstration.")
    window: int | None = Field(default=None, description="Most tokens, prompt and answer together. Known once loaded.")
    chat: str = Field(default="", description="Name of its chat format; empty: it has none, or isn't loaded.")
    instruct: bool = Field(default=False, description="Whether it is known to be instruction-tuned, once loaded.")
    parameters: int | None = Field(default=None, description="Number of weights. Known once loaded.")
    added: bool = Field(default=False, description="Added in the panel, rather than configured in c.LitLab.models.")
    error: str = Field(default="", description="A failure's code, such as `preset_login`.")
    terms: ModelTerms | None = Field(default=None, description="What downloading it means agreeing to.")
    download: ModelDownload | None = Field(default=None, description="How far a download is, running or stopped.")
    size: int | None = Field(default=None, description="Bytes of its files, once they are on this machine.")
    precision: Precision | None = Field(default=None, description="What it is loaded in.")
    device: str = Field(default="", description="What it is computed on, such as `CPU`. Known once loaded.")
    memory: int | None = Field(default=None, description="Bytes that its weights hold now.")
    peak: int | None = Field(
        default=None, description="Bytes that it needs at most, by estimate: weights, and the longest prompt's map."
    )
    fits: list[ModelFit] = Field(default=[], description="Where memory doesn't suffice: what would fit.")


class ModelTerms(Message):
    """Terms of use."""

    name: str
    url: str


class ModelDownload(Message):
    """How far a download is, in bytes."""

    done: int
    total: int | None = None


class ModelFit(Message):
    """How a model would fit into the memory that is free."""

    precision: Precision
    max_length: int | None = Field(
        default=None, description="Longest prompt with its answer, in tokens; None: as it is."
    )


class FoundModel(Message):
    """A preset that was downloaded earlier, by whichever program, and isn't among the models."""

    name: Name
    path: str
    size: int = Field(description="Bytes.")


class MemoryStatus(Message):
    """Memory of what models are computed on."""

    device: str = Field(description="Such as `CPU`, or a GPU's name.")
    used: int = Field(description="Bytes that the model service holds.")
    free: int | None = Field(default=None, description="Bytes that it may still take; None: the system doesn't tell.")


class ModelsResponse(Message):
    """All models; the first is the default."""

    models: list[ModelInfo]
    found: list[FoundModel] = Field(default=[], description="Told by a running service alone.")
    memory: MemoryStatus | None = Field(default=None, description="Told by a running service alone.")


ModelPath = Annotated[str, StringConstraints(min_length=1, max_length=4096, strip_whitespace=True)]


class AddModel(Message):
    """Add a model, `name:path` as LIT writes it."""

    kind: Literal["add"] = "add"
    name: Name
    path: ModelPath = Field(
        description="A preset name, a `kaggle://` or `hf://` address, or a folder or `.tar.gz` of Jupyter's file browser."
    )


class RemoveModel(Message):
    """Forget a model that was added; its files stay."""

    kind: Literal["remove"] = "remove"
    name: Name


class LoadModel(Message):
    """Load a model that is on this machine, or load it otherwise than it is."""

    kind: Literal["load"] = "load"
    name: Name
    precision: Precision | None = Field(default=None, description="None: as before, at first as configured.")
    max_length: int | None = Field(default=None, ge=2, le=MAX_TOKENS, description="Longest prompt with its answer.")


class UnloadModel(Message):
    """Let go of a model's memory, once what it computes is done."""

    kind: Literal["unload"] = "unload"
    name: Name


class DownloadModel(Message):
    """Download a model, or go on with that, and load it. The user has seen its terms."""

    kind: Literal["download"] = "download"
    name: Name


class StopDownload(Message):
    """Stop a download; what is there stays, and the next one goes on from it."""

    kind: Literal["stop"] = "stop"
    name: Name


class ModelChanging(Message):
    """One change to the models."""

    change: AddModel | RemoveModel | LoadModel | UnloadModel | DownloadModel | StopDownload = Field(
        discriminator="kind"
    )


class KaggleLogin(Message):
    """Credentials for Kaggle: an API token, or a user's name and key as in `kaggle.json`. Never sent to a browser."""

    token: Annotated[str, StringConstraints(max_length=4096, strip_whitespace=True)] = Field(default="", repr=False)
    username: Annotated[str, StringConstraints(max_length=MAX_NAME, strip_whitespace=True)] = ""
    key: Annotated[str, StringConstraints(max_length=4096, strip_whitespace=True)] = Field(default="", repr=False)

    @model_validator(mode="after")
    def _one_of_both(self) -> KaggleLogin:
        if bool(self.token) == bool(self.username and self.key):
            raise ValueError("give either a token, or a user name and a key")
        return self


class KaggleOrder(Message):
    """What the model service is to use for Kaggle; None: whatever environment and files say."""

    login: KaggleLogin | None


class KaggleLoggingIn(Message):
    """A login from the panel."""

    login: KaggleLogin
    save: bool = Field(default=False, description="Also write it to Kaggle's own folder, readable by the user alone.")


class KaggleStatus(Message):
    """Where credentials for Kaggle come from."""

    source: Literal["none", "panel", "environment", "file"]
    folder: str = Field(description="Where they would be saved, such as `~/.kaggle`.")


class ServiceHealth(Message):
    """`GET /health` of the model service, which it answers while it starts, too."""

    state: Literal["starting", "ready", "failed"]
    detail: str = Field(
        default="", description="What it is doing, in words for the user; empty when it has nothing to do."
    )
    version: str = Field(description="Version of lit_lab that the service runs.")
    models: list[ModelInfo]


# --- Work -------------------------------------------------------------------------------------------------------------


class Sampling(Message):
    """How the next token is chosen. Without a temperature it is the most likely one (greedy)."""

    temperature: float = Field(default=0.0, ge=0, le=10, description="0: greedy, and the rest is without effect.")
    top_k: int | None = Field(default=None, ge=1, le=MAX_TOKENS, description="Only among the K most likely.")
    top_p: float | None = Field(
        default=None, gt=0, le=1, description="Only among the most likely that reach P together."
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="The same seed gives the same answer.")


class RunOrigin(Message):
    """Where a prompt came from, in words, as the panel shows it."""

    document: Annotated[str, StringConstraints(max_length=4096)] = Field(
        description="The notebook's or file's path, or a dataset's name."
    )
    place: list[Annotated[str, StringConstraints(max_length=500)]] = Field(
        max_length=20, description="Such as `cell 3`, `line 2`."
    )


class GenerateRequest(Message):
    """Let the model answer a prompt, token by token."""

    kind: Literal["generate"] = "generate"
    model: Name
    prompt: Text
    max_new_tokens: int = Field(default=256, ge=1, le=MAX_TOKENS)
    sampling: Sampling = Sampling()
    chat: ChatMode = "auto"
    alternatives: int = Field(default=5, ge=0, le=20, description="How many of the most likely tokens to tell of each.")
    origin: RunOrigin | None = Field(default=None, description="Kept with the run; the model service isn't told.")
    title: Annotated[str, StringConstraints(max_length=MAX_NAME)] = Field(
        default="", description="The run's name in the history; the model service isn't told."
    )


class ScoreRequest(Message):
    """Ask how likely a given text is after a prompt: what the model would have to say, token by token.

    Answered by the same events as a `GenerateRequest`; the answer's `reason` is `given`. Prompt and target are tokenized
    apart, as a prompt and its answer are.
    """

    kind: Literal["score"] = "score"
    model: Name
    prompt: Text
    target: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)]
    chat: ChatMode = "auto"
    alternatives: int = Field(default=5, ge=0, le=20, description="How many of the most likely tokens to tell of each.")
    origin: RunOrigin | None = Field(default=None, description="Kept with the run; the model service isn't told.")


class Span(Message):
    """A half-open span of token indices."""

    start: int = Field(ge=0, le=MAX_TOKENS)
    end: int = Field(ge=1, le=MAX_TOKENS)

    @model_validator(mode="after")
    def _in_order(self) -> Span:
        if self.start >= self.end:
            raise ValueError(f"a span needs start < end, not [{self.start}, {self.end})")
        return self


def _check_target(span: Span, ids: list[int]) -> None:
    # Token 0 is never predicted, so it can't be explained.
    if span.start < 1 or span.end > len(ids):
        raise ValueError(f"target [{span.start}, {span.end}) must lie in [1, {len(ids)})")


Instead = Annotated[
    list[TokenId] | None,
    Field(
        min_length=1,
        max_length=MAX_TOKENS,
        description="Another text in the target's place, B: what is explained is then why the target, A, rather than B, that is "
        "the log-probability of A less that of B. Of the sequence, only what stands before the target is then scored.",
    ),
]
"""The other half of a contrastive target (Yin and Neubig 2022)."""


class Integration(Message):
    """How integrated gradients walk from a baseline to the prompt's embeddings."""

    baseline: Literal["zero", "mean"] = Field(
        default="zero",
        description="Embeddings to begin with: next to zero, a hundredth of each (at zero itself models with RMS normalisation "
        "jump), or the vocabulary's mean.",
    )
    steps: int = Field(
        default=32,
        ge=8,
        le=1_024,
        description="Points on the way at first, in eights; up to four times as many where the loss is rough.",
    )


class SalienceRequest(Message):
    """Score every token by its influence on each target span.

    The ids are those of the whole sequence exactly as they were tokenized and generated; nothing is tokenized again.
    Each target is answered by one `scores` event a method, in the order of `targets`.
    """

    kind: Literal["salience"] = "salience"
    model: Name
    ids: list[TokenId] = Field(min_length=2, max_length=MAX_TOKENS)
    targets: list[Span] = Field(min_length=1, max_length=MAX_TARGETS)
    methods: list[Method] = Field(default=["grad_l2", "grad_dot_input"], min_length=1, max_length=3)
    integration: Integration = Integration()
    instead: Instead = None

    @model_validator(mode="after")
    def _within(self) -> SalienceRequest:
        for span in self.targets:
            _check_target(span, self.ids)
        if self.instead is not None and len(self.targets) != 1:
            raise ValueError("what stands instead of a target needs exactly one target")
        return self


class _SegmentsRequest(Message):
    """Base of what takes segments of a sequence away and reads the target's probability."""

    model: Name
    ids: list[TokenId] = Field(min_length=2, max_length=MAX_TOKENS)
    target: Span
    segments: list[Span] = Field(
        min_length=1,
        max_length=MAX_SEGMENTS,
        description="What is taken away, each as a whole: in order, apart from each other, and before the target. "
        "Tokens in none of them always stay.",
    )
    mode: AblationMode = "remove"
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="The same seed gives the same numbers.")
    instead: Instead = None

    @model_validator(mode="after")
    def _in_place(self) -> _SegmentsRequest:
        _check_target(self.target, self.ids)
        end = 0
        for segment in self.segments:
            if segment.start < end or segment.end > self.target.start:
                raise ValueError(
                    f"segment [{segment.start}, {segment.end}) must lie behind the one before it and before the target"
                )
            end = segment.end
        if self.segments[0].start == 0 and self.segments[-1].end == self.target.start:
            covered = sum(segment.end - segment.start for segment in self.segments)
            if covered == self.target.start:
                raise ValueError("one token before the target must lie in no segment: the model needs a beginning")
        return self


class AblationRequest(_SegmentsRequest):
    """Score segments by what taking them away does to the target's probability.

    Answered by `progress` events and one `segment_scores` event.
    """

    kind: Literal["ablation"] = "ablation"
    method: AblationMethod
    samples: int | None = Field(
        default=None,
        ge=1,
        le=MAX_SAMPLES,
        description="Sets of segments to try; LIME and SHAP. None: the method's own.",
    )


class TrustRequest(_SegmentsRequest):
    """Test a map: does taking away what it ranks first really take the target's probability away?

    Answered by `progress` events, one `curve` event for each curve as it is done, and one `trust` event.
    """

    kind: Literal["trust"] = "trust"
    scores: list[float] = Field(
        description="<float>[num_segments]: the map, turned so that the highest is what most makes the target likely (gradient "
        "times input and integrated gradients are of the loss: their opposite). Segments are ranked by it, highest first."
    )
    method: Method | None = Field(
        default=None, description="The gradient method that made the map, whose stability is tested; None: not tested."
    )
    orders: int = Field(default=5, ge=1, le=50, description="Random orders to compare with.")
    jitters: int = Field(default=4, ge=0, le=50, description="Maps under noise.")
    noise: float = Field(
        default=0.05, gt=0, le=1, description="Standard deviation of the noise, in parts of each embedding's own."
    )

    @model_validator(mode="after")
    def _as_many(self) -> TrustRequest:
        if len(self.scores) != len(self.segments):
            raise ValueError(f"{len(self.segments)} segments need as many scores, not {len(self.scores)}")
        return self


class LitAppRequest(Message):
    """Make LIT's own app ready: the service started, a model loaded, LIT imported."""

    kind: Literal["lit_app"] = "lit_app"
    model: Name
    max_new_tokens: int = Field(default=256, ge=1, le=MAX_TOKENS, description="Of the answers that LIT asks for.")
    chat: ChatMode = "auto"


JobRequest = Annotated[
    GenerateRequest | ScoreRequest | SalienceRequest | AblationRequest | TrustRequest | LitAppRequest,
    Field(discriminator="kind"),
]
"""What can be asked for as a job. The model service answers each kind at the path of its name, such as `/salience`."""

JobKind = Literal["generate", "score", "salience", "ablation", "trust", "lit_app"]
"""The kinds of `JobRequest`."""


class EstimateRequest(Message):
    """Ask what a job would cost."""

    request: SalienceRequest | AblationRequest | TrustRequest = Field(discriminator="kind")


class Estimate(Message):
    """What a job would cost."""

    passes: int = Field(description="Passes through the model; a gradient counts as two.")
    seconds: float | None = Field(description="As fast as this model was so far; None before its first pass.")


class JobInfo(Message):
    """A job: work that goes on when the tab closes."""

    id: str
    kind: JobKind
    state: Literal["running", "done", "failed", "cancelled"]
    created: float = Field(description="Seconds since the epoch.")


class JobsResponse(Message):
    """The caller's jobs, newest first."""

    jobs: list[JobInfo]


class StateEvent(Message):
    """What a job is waiting for or doing, in words for the user."""

    event: Literal["state"] = "state"
    message: str


class PromptEvent(Message):
    """The prompt's tokens, template tokens among them; sent before the first answer token."""

    event: Literal["prompt"] = "prompt"
    tokens: list[Token]
    window: int
    chat: ChatUse = "plain"
    terms: ModelTerms | None = Field(default=None, description="What its model, and what that says, is provided under.")


class Alternative(Message):
    """A token that the model might have said."""

    id: int
    piece: str
    text: str = Field(description="As it reads after what came before; `�` where it is part of a character.")
    logprob: float = Field(le=0, description="Natural logarithm of its probability, before any sampling setting.")


class AnswerToken(Token):
    """A token of the answer, and how sure the model was."""

    logprob: float | None = Field(
        default=None, le=0, description="Natural logarithm of its probability, before any sampling setting."
    )
    alternatives: list[Alternative] = Field(
        default=[], description="The most likely tokens at this point, the likeliest first; this one may be among them."
    )


class TokenEvent(Message):
    """One more token of the answer. `text` is empty while a character is incomplete."""

    event: Literal["token"] = "token"
    token: AnswerToken


Reason = Literal["end", "length", "window", "given"]
"""Why an answer ended."""


class AnswerEvent(Message):
    """The complete answer, which replaces what was streamed.

    `tokens` are those that belong to the answer's text; the end-of-sequence token that ended it is not among them.
    """

    event: Literal["answer"] = "answer"
    text: str
    tokens: list[AnswerToken]
    reason: Reason = Field(
        description="`end`: the model ended it; `length`: `max_new_tokens` reached; `window`: the model's window is full; "
        "`given`: it is no answer of the model's, but a text that was given (`ScoreRequest`)."
    )
    seconds: float = Field(description="From the start of the computation to its end.")
    first_seconds: float | None = Field(default=None, description="From its start to the first token; None: no token.")
    reused: int = Field(default=0, description="Tokens of the prompt that were known from the run before.")


class ScoresEvent(Message):
    """One target's scores by one method."""

    event: Literal["scores"] = "scores"
    target: Span
    method: Method
    scores: list[float] = Field(description="<float32>[num_tokens]: one for each id of the request; unit: nats.")
    gap: float | None = Field(
        default=None,
        description="Integrated gradients: how far the scores' sum is from the loss's change, as a part of the latter.",
    )
    instead: Instead = None


class ProgressEvent(Message):
    """How far a long computation is."""

    event: Literal["progress"] = "progress"
    done: int
    total: int


class SegmentScoresEvent(Message):
    """One target's scores by an ablation method.

    Positive: the segment makes the target more likely.
    """

    event: Literal["segment_scores"] = "segment_scores"
    target: Span
    method: AblationMethod
    segments: list[Span]
    scores: list[float] = Field(description="<float>[num_segments]; unit: nats of the target's log-probability.")
    errors: list[float] | None = Field(
        description="<float>[num_segments]: standard error of each score; None: nothing was sampled."
    )
    logprob: float = Field(
        description="The target's log-probability with everything in place; less the other's, of a contrastive target."
    )
    passes: int = Field(description="Passes through the model that were made.")
    instead: Instead = None


class CurvePoint(Message):
    """The target's probability with a part of the tokens in place."""

    share: float = Field(
        ge=0, le=1, description="Part of the segments' tokens that was taken away (put in, for insertion)."
    )
    logprob: float = Field(description="The target's log-probability; for averaged orders their mean.")


class CurveEvent(Message):
    """One deletion or insertion curve."""

    event: Literal["curve"] = "curve"
    kind: Literal["deletion", "insertion"]
    order: Literal["map", "random", "length"] = Field(
        description="`map`: highest score first; `random`: mean of the random orders and their reverses; `length`: mean of "
        "the length-matched orders, which have in each place a random segment about as long as the map's."
    )
    points: list[CurvePoint]


class TrustEvent(Message):
    """A map's test in numbers.

    `faithfulness`, `deviation` and `length` are parts of `span`, from -1 to 1. They are None where it is below 0.1 nats:
    nothing that is taken away moves the target, so no order can be better than another.
    """

    event: Literal["trust"] = "trust"
    target: Span
    effect: float = Field(
        description="The target's log-probability with all segments in place, less that with none; nats."
    )
    span: float = Field(ge=0, description="How far apart the target's log-probabilities on all curves lie; nats.")
    faithfulness: float | None = Field(
        description="The area between the insertion and deletion curves of the map, less that of random orders (which is zero). "
        "Above 0: better than chance."
    )
    deviation: float | None = Field(description="Standard deviation of the same area among random orders.")
    length: float | None = Field(
        description="The same area of the map, less that of the length-matched orders: what the map knows besides "
        "length. None, too, where no segment has another of its length."
    )
    stability: float | None = Field(
        default=None,
        ge=-1,
        le=1,
        description="Mean rank correlation (Spearman) of the method's map, its scores summed over segments, with its maps "
        "under noise; None: not tested.",
    )
    passes: int = Field(description="Passes through the model that were made; a gradient counts as two.")


class DoneEvent(Message):
    """The last event of a job that finished."""

    event: Literal["done"] = "done"
    seconds: float


class ErrorEvent(ErrorBody):
    """The last event of a job that failed. What came before it stays true."""

    event: Literal["error"] = "error"


class CancelledEvent(Message):
    """The last event of a job that was stopped by the user."""

    event: Literal["cancelled"] = "cancelled"


class HeartbeatEvent(Message):
    """Sent when nothing else was for a while; is not part of the replay and has no number."""

    event: Literal["heartbeat"] = "heartbeat"


JobEvent = Annotated[
    StateEvent
    | PromptEvent
    | TokenEvent
    | AnswerEvent
    | ScoresEvent
    | ProgressEvent
    | SegmentScoresEvent
    | CurveEvent
    | TrustEvent
    | DoneEvent
    | ErrorEvent
    | CancelledEvent
    | HeartbeatEvent,
    Field(discriminator="event"),
]
"""One line of `GET jobs/{id}/events`. The Nth line (heartbeats not counted) is event number N, from 0; `?from=N`
replays from there."""


# --- History ----------------------------------------------------------------------------------------------------------


class HistoryStatus(Message):
    """Whether runs are kept."""

    enabled: bool
    message: str = Field(default="", description="What is wrong with the history, or was, in words for the user.")
    hint: str = ""


class KeptScores(Message):
    """Scores of a run, as they were computed."""

    mode: AblationMode | None = Field(default=None, description="Of an ablation method.")
    event: Annotated[ScoresEvent | SegmentScoresEvent, Field(discriminator="event")]


class RunInfo(Message):
    """A run, as the history lists it."""

    id: str
    created: float = Field(description="Seconds since the epoch.")
    model: Name
    origin: RunOrigin | None
    title: str = Field(description="The user's name for it; empty: none.")
    starred: bool
    prompt: str = Field(description="Its beginning.")
    answer: str = Field(description="Its beginning.")
    scores: int = Field(description="Number of targets and methods that it has scores of.")
    given: bool = Field(default=False, description="Whether the answer is a text that was given, not the model's own.")


class RunSampling(Message):
    """How a run's tokens were chosen; the fields are those of `Sampling`."""

    temperature: float
    top_k: int | None
    top_p: float | None
    seed: int


class RunRecord(Message):
    """A run with everything that is needed to show it again, without the model."""

    id: str
    created: float = Field(description="Seconds since the epoch.")
    model: Name
    origin: RunOrigin | None = None
    title: str = ""
    starred: bool = False
    prompt: str
    answer: str
    sampling: RunSampling
    chat: ChatUse = "plain"
    terms: ModelTerms | None = Field(
        default=None, description="What its model is provided under; named beside exports."
    )
    prompt_tokens: list[Token]
    answer_tokens: list[AnswerToken]
    reason: Reason | None = Field(description="`given`: a text that was given. None: it was stopped, or broke off.")
    seconds: float | None
    first_seconds: float | None = None
    scores: list[KeptScores] = []


class RunsRequest(Message):
    """Look runs up."""

    search: Annotated[str, StringConstraints(max_length=1000)] = Field(
        default="", description="Words that prompt, answer, title, document or model must all hold."
    )
    document: Annotated[str, StringConstraints(max_length=4096)] | None = Field(
        default=None, description="Only runs of prompts from it."
    )
    starred: bool = Field(default=False, description="Only starred ones.")
    offset: int = Field(default=0, ge=0, le=10_000_000)
    limit: int = Field(default=50, ge=1, le=200)


class RunsResponse(Message):
    """Runs, newest first."""

    runs: list[RunInfo]
    total: int = Field(description="How many there are, listed or not.")
    documents: list[str] = Field(description="Where prompts of any of the runs came from.")


class RunChange(Message):
    """Rename or star a run; what is None stays."""

    title: Annotated[str, StringConstraints(max_length=MAX_NAME)] | None = None
    starred: bool | None = None


class RunsDeleted(Message):
    """How many runs were deleted."""

    deleted: int


# --- Datasets ---------------------------------------------------------------------------------------------------------

MAX_ROWS_ASKED = 200


class DatasetInfo(Message):
    """A dataset that can be opened by its name."""

    name: Name
    kind: Literal["samples", "file", "class"] = Field(
        description="`samples`: LIT's sample prompts; `file`: named in the configuration; `class`: a LIT dataset."
    )
    needs_service: bool = Field(description="Whether opening it needs the model service, which then starts.")


class DatasetsResponse(Message):
    """All datasets that have a name, LIT's sample prompts first."""

    datasets: list[DatasetInfo]


Column = Annotated[str, StringConstraints(max_length=10_000)]
Path = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
"""A file's path, as Jupyter's file browser has it."""


class DatasetColumns(Message):
    """Which columns are meant; None: there is none for it."""

    prompt: Column | None
    target: Column | None
    source: Column | None


class DatasetOpening(Message):
    """Open a dataset by its name, or a file from Jupyter's file browser by its path."""

    name: Name | None = None
    path: Path | None = None
    columns: DatasetColumns | None = Field(default=None, description="None: they are guessed from their names.")
    split: Literal["lines", "paragraphs", "whole"] = Field(
        default="lines", description="What one prompt is in a plain text file; paragraphs are apart by blank lines."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> DatasetOpening:
        if (self.name is None) == (self.path is None):
            raise ValueError("either `name` or `path` must be given")
        return self


class BadRow(Message):
    """A row that can't be used."""

    line: int = Field(description="Where it begins in the file, from 1; the row's number where there are no lines.")
    reason: str


class SourceCount(Message):
    """How many rows have a source."""

    source: str
    rows: int


class DatasetState(Message):
    """An open dataset. While `reading`, the rows read so far can be looked at."""

    id: str
    name: str = Field(description="Its name, or its file's.")
    path: str = Field(description="Of its file in Jupyter's file browser; empty: it has none there.")
    state: Literal["reading", "ready", "failed"]
    error: ErrorBody | None = Field(default=None, description="Why it failed; what was read until then stays.")
    rows: int
    bad: int = Field(description="Number of rows that can't be used.")
    bad_rows: list[BadRow] = Field(description="The first of them, 200 at most.")
    done: int = Field(description="Bytes read so far, or rows where the size in bytes isn't known.")
    size: int = Field(description="As `done`, of all; 0 when unknown.")
    remark: str = Field(default="", description="What to know of it, such as that it was cut, in words for the user.")
    encoding: str = Field(default="", description="Of a text file.")
    columns: list[str]
    chosen: DatasetColumns = Field(description="Which of them are used.")
    split: Literal["lines", "paragraphs", "whole"] | None = Field(description="None: not a plain text file.")
    sources: list[SourceCount] = Field(description="The most frequent ones, 200 at most.")
    edited: bool = Field(description="Whether there are changes that aren't saved.")
    revision: int = Field(description="Another one after each change.")


class DatasetSearch(Message):
    """Look rows up."""

    search: Annotated[str, StringConstraints(max_length=1000)] = Field(
        default="", description="Words that a row must all hold, in whichever of its columns and whatever their case."
    )
    source: Annotated[str, StringConstraints(max_length=10_000)] | None = Field(
        default=None, description="Only rows of this source."
    )
    sort: Literal["order", "prompt", "source", "length"] = Field(
        default="order", description="`order`: the dataset's own."
    )
    descending: bool = False
    offset: int = Field(default=0, ge=0, le=100_000_000)
    limit: int = Field(default=100, ge=1, le=MAX_ROWS_ASKED)
    find: int | None = Field(default=None, ge=1, le=2**53, description="A row whose place is asked for, too.")


class DatasetRow(Message):
    """A row, as a list shows it."""

    id: int = Field(description="Stays the same while the dataset is open.")
    line: int = Field(description="Where it begins in the file; 0: it was added since.")
    prompt: str = Field(description="Its beginning.")
    length: int = Field(description="Of the whole prompt, in characters.")
    source: str
    has_target: bool


class DatasetPage(Message):
    """Some of the rows that were looked up, in order."""

    rows: list[DatasetRow]
    total: int = Field(description="How many there are, listed or not.")
    at: int | None = Field(default=None, description="The place of the row to find, from 0; None: it isn't among them.")
    revision: int = Field(description="The dataset's, when this was looked up.")


class DatasetFullRow(Message):
    """A row with all that it has."""

    id: int
    line: int
    prompt: str
    target: str
    source: str
    others: dict[str, str] = Field(description="The values of the other columns.")


class AddRow(Message):
    """Add a row at the end."""

    kind: Literal["add"]
    prompt: Text
    target: Text = ""
    source: Annotated[str, StringConstraints(max_length=10_000)] = ""


class DuplicateRow(Message):
    """Add a row that is like another, behind that."""

    kind: Literal["duplicate"]
    row: int = Field(ge=1, le=2**53)


class ChangeRow(Message):
    """Change a row; what is None stays."""

    kind: Literal["change"]
    row: int = Field(ge=1, le=2**53)
    prompt: Text | None = None
    target: Text | None = None
    source: Annotated[str, StringConstraints(max_length=10_000)] | None = None


class DeleteRow(Message):
    """Delete a row; `restore` brings it back."""

    kind: Literal["delete", "restore"]
    row: int = Field(ge=1, le=2**53)


class DatasetEditing(Message):
    """Change a dataset. Its file stays as it is until the dataset is saved."""

    edit: AddRow | DuplicateRow | ChangeRow | DeleteRow = Field(discriminator="kind")


class DatasetEdited(Message):
    """What a change made."""

    row: int = Field(description="The row that was added or changed.")
    dataset: DatasetState


class DatasetSaving(Message):
    """Save a dataset as JSON Lines."""

    path: Path = Field(description="Of the file; ends with `.jsonl`.")
    overwrite: bool = Field(default=False, description="Whether a file that is there may be replaced.")


class DatasetClosed(Message):
    """A dataset was closed, and its unsaved changes are gone."""

    id: str


class ServiceDataset(Message):
    """Rows of a LIT dataset, as the model service tells them."""

    columns: list[str]
    rows: list[list[str]] = Field(description="<str>[num_rows, num_columns], from the offset that was asked for.")
    total: int


# --- LIT's own app ----------------------------------------------------------------------------------------------------

LitEndpoint = Literal[
    "annotate_new_data",
    "get_dataset",
    "get_generated",
    "get_info",
    "get_interpretations",
    "get_metrics",
    "get_preds",
]
"""What LIT's page may ask of LIT: it reads, and has models compute. Of LIT's others some write files (`save_datapoints`),
read them (`load_datapoints`), make models and datasets (`create_model`, `create_dataset`) or keep one user's data where
others find it (`post_new_data`, `push_ui_state`)."""

LitParameter = Literal[
    "dataset_name",
    "do_predict",
    "generator",
    "interpreter",
    "metrics",
    "model",
    "requested_fields",
    "requested_types",
]
"""Parameters of LIT's endpoints. Any other would reach the models' own methods as an argument."""

LitFile = Literal[
    "main.js",
    "favicon.png",
    "interstitial-select.png",
    "onboarding_1_welcome.gif",
    "onboarding_2_modules.gif",
    "onboarding_3_workspaces.gif",
    "onboarding_4_explore.gif",
    "onboarding_5_toolbars.gif",
    "onboarding_6_compare.gif",
    "onboarding_7_start.gif",
    "potato.svg",
]
"""LIT's own files that its page needs, by their last names."""


class LitExample(Message):
    """A datapoint as LIT's page sends it: one that the page knows and LIT's datasets don't."""

    id: Annotated[str, StringConstraints(max_length=MAX_NAME)]
    data: dict[str, JsonValue]
    meta: dict[str, JsonValue] = Field(default_factory=dict)


class LitCall(Message):
    """A request of LIT's page to LIT."""

    endpoint: LitEndpoint
    query: dict[LitParameter, Annotated[str, StringConstraints(max_length=2_000)]] = Field(default_factory=dict)
    inputs: list[Name | LitExample] = Field(
        default_factory=list, max_length=100_000, description="Ids of what is in a dataset, and datapoints that aren't."
    )
    config: dict[str, JsonValue] | None = None


class LitAnswer(Message):
    """LIT's answer, as JSON in a text: its shape is LIT's own."""

    event: Literal["lit_answer"] = "lit_answer"
    body: str


LitEvent = Annotated[LitAnswer | ErrorEvent | HeartbeatEvent, Field(discriminator="event")]
"""One line of `POST lit/call`: heartbeats, and at last an answer or an error."""


# --- Unicode ----------------------------------------------------------------------------------------------------------


class UnicodeNamesRequest(Message):
    r"""Look up the names of `\N{…}` escapes, as Python does."""

    names: list[Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME)]] = Field(max_length=1_000)


class UnicodeNamesResponse(Message):
    """The characters of the names that are known; unknown names are left out."""

    characters: dict[str, str]


def describe_validation(errors: list[Any]) -> str:
    """Tell pydantic's errors in one line a person can act on."""
    parts = []
    for error in errors[:3]:
        where = ".".join(str(part) for part in error["loc"]) or "body"
        parts.append(f"{where}: {error['msg']}")
    more = len(errors) - 3
    return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")


# --- Starting the model service ---------------------------------------------------------------------------------------


class ServiceConfig(Message):
    """What the model service reads, as one line of JSON, from its standard input.

    Standard input then stays open: when it closes, whoever started the service is gone, and the service ends itself.
    """

    secret: str = Field(min_length=16, description="Every request carries it: `Authorization: Bearer <secret>`.")
    models: list[str] = Field(
        min_length=1, description="`name:path`, as LIT writes it; the first is the default, loaded at once."
    )
    added: list[str] = Field(default=[], description="Names of those that were added in the panel.")
    datasets: dict[str, str] = Field(default={}, description="LIT dataset classes as `module:Class`, by name.")
    max_length: int | None = Field(default=None, ge=2, description="Window in tokens; None: the preset's own.")
    threads: int | None = Field(default=None, ge=1, description="Most threads for arithmetic; None: all cores but one.")
    memory_limit: int | None = Field(default=None, ge=1, description="Most bytes of memory; None: no limit.")
    backend: Backend = Field(default="tensorflow", description="What Keras runs on.")
    precision: Precision = Field(default="auto", description="What models are loaded in unless the user chooses.")
    model_idle_timeout: float = Field(
        default=0.0, ge=0, description="Seconds after which an unused model goes; 0: never."
    )
    cache: str | None = Field(default=None, description="Folder for what is unpacked; None: a temporary one.")
    kaggle: KaggleLogin | None = Field(default=None, description="Credentials from the panel.", repr=False)
    max_waiting: int = Field(default=512, ge=1, description="Most computations that wait for one model.")


class ProgressLine(Message):
    """What the service is doing while it starts."""

    event: Literal["progress"] = "progress"
    message: str


class ListeningLine(Message):
    """The service answers HTTP on this loopback port; requests that need a model wait until it is ready."""

    event: Literal["listening"] = "listening"
    port: int
    version: str


class ReadyLine(Message):
    """Libraries are imported; models can be used."""

    event: Literal["ready"] = "ready"


class FailedLine(ErrorBody):
    """The service can't start; it ends after this line."""

    event: Literal["failed"] = "failed"


ServiceLine = Annotated[ProgressLine | ListeningLine | ReadyLine | FailedLine, Field(discriminator="event")]
"""One line of the service's standard output. Its log goes to standard error."""

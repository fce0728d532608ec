"""Models: what there is, what is loaded, downloaded, added; the Kaggle login."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from lit_lab.protocol.base import MAX_NAME, MAX_TOKENS, Message, ModelState, Name, Precision, WindowReason


class ModelInfo(Message):
    """A configured model."""

    name: Name
    path: str = Field(description="Preset name, folder or URL, as in LIT's `name:path`.")
    state: ModelState
    detail: str = Field(default="", description="What is being done, or why loading failed.")
    hint: str = ""
    note: str = Field(default="", description="What users must know of it; such as that it is a demonstration.")
    window: int | None = Field(default=None, description="Most tokens, prompt and answer together. Known once loaded.")
    window_reason: WindowReason | None = Field(
        default=None,
        description="Why it takes no more: `model`: it was trained for so many; `memory`: more wouldn't fit; `unknown`: what would "
        "fit isn't known; `limit`: LIT Lab takes no more; `user`: chosen in the panel; `administrator`: `c.LitLab.max_length`. "
        "Known once loaded.",
    )
    trained: int | None = Field(
        default=None, description="Most tokens that it was trained for, as far as its files tell. Known once loaded."
    )
    chat: str = Field(
        default="",
        description="Name of its chat format; `own`: one that only its own template has; empty: it has none, or isn't loaded.",
    )
    template: ChatTemplate | None = Field(
        default=None, description="The chat template that came with it. None: none did, or it isn't loaded."
    )
    instruct: bool = Field(default=False, description="Whether it is known to be instruction-tuned, once loaded.")
    parameters: int | None = Field(default=None, description="Number of weights. Known once loaded.")
    added: bool = Field(default=False, description="Added in the panel, rather than configured in c.LitLab.models.")
    error: str = Field(default="", description="A failure's code, such as `preset_login`.")
    terms: ModelTerms | None = Field(default=None, description="What downloading it means agreeing to.")
    download: ModelDownload | None = Field(default=None, description="How far a download is, running or stopped.")
    reading: ModelReading | None = Field(default=None, description="How far its weights are read, while they are.")
    size: int | None = Field(default=None, description="Bytes of its files, once they are on this machine.")
    precision: Precision | None = Field(default=None, description="What it is loaded in.")
    stored: str = Field(
        default="",
        description="What its weights are stored in, such as `Q4_K_M`, where they are quantized. Once loaded.",
    )
    device: str = Field(default="", description="What it is computed on, such as `CPU`. Known once loaded.")
    memory: int | None = Field(default=None, description="Bytes that its weights hold now.")
    peak: int | None = Field(
        default=None, description="Bytes that it needs at most, by estimate: weights, and the longest prompt's map."
    )
    fits: list[ModelFit] = Field(default=[], description="Where memory doesn't suffice: what would fit.")


class ChatTemplate(Message):
    """A chat template that came with a model: what it puts around prompts is what they are asked in."""

    fault: str = Field(default="", description="Why it isn't used, in words that follow “it”; empty: it is.")
    date: str = Field(
        default="", description="The date that it is told, always the same, such as `2024-07-26`; empty: it didn't ask."
    )
    system: Literal["none", "possible", "added"] = Field(
        default="none", description="Whether it knows a system turn; `added`: it adds one of its own."
    )
    thinking: bool = Field(default=False, description="Whether it can have the model think first.")


class ModelTerms(Message):
    """Terms of use."""

    name: str
    url: str


class ModelDownload(Message):
    """How far a download is, in bytes."""

    done: int
    total: int | None = None


class ModelReading(Message):
    """How far a model's weights are read into memory."""

    done: int = Field(description="Bytes, as they are stored.")
    total: int
    tensors: int = Field(description="Tensors that are read.")
    tensors_total: int


class ModelFit(Message):
    """How a model would fit into the memory that is free."""

    precision: Precision
    max_length: int | None = Field(
        default=None, description="Longest prompt with its answer, in tokens; None: as it is."
    )


class FoundModel(Message):
    """A model that lies on this machine, whichever program keeps it, and isn't among the models."""

    name: Name
    title: str = Field(default="", description="What the program calls it, such as `llama3.2:1b`.")
    program: str = Field(default="", description="Such as `Ollama`.")
    path: str
    size: int = Field(description="Bytes.")
    family: str = Field(default="", description="Such as `Gemma 3`; empty: it doesn't say.")
    stored: str = Field(default="", description="What its weights are stored in, such as `Q4_K_M`; empty: as ever.")
    parameters: int | None = Field(default=None, description="Number of weights; None: it doesn't say.")
    chat: bool | None = Field(default=None, description="Whether it was taught to follow instructions.")
    precision: Precision | None = Field(default=None, description="What it would be loaded in.")
    memory: int | None = Field(default=None, description="Bytes that it needs at most then, by estimate.")
    fits: bool | None = Field(default=None, description="Whether so much is free; None: that isn't known.")
    fault: str = Field(default="", description="Why it can't be used, in words that follow “it”; empty: it can be.")


class KnownModel(Message):
    """A model to begin with, which isn't among the models."""

    name: Name
    title: str = Field(description="What its publisher calls it.")
    path: str
    parameters: int = Field(description="Number of weights.")
    download: int = Field(description="Bytes to download, about; 0: it is on this machine.")
    site: str = Field(description="Where it comes from.")
    login: bool = Field(description="Whether that wants an account.")
    terms: ModelTerms
    precision: Precision | None = Field(
        default=None, description="What it would be loaded in. Told by a running service."
    )
    memory: int | None = Field(default=None, description="Bytes that it needs at most then, by estimate.")
    fits: bool | None = Field(default=None, description="Whether so much is free; None: that isn't known.")


class MemoryStatus(Message):
    """Memory of what models are computed on."""

    device: str = Field(description="Such as `CPU`, or a GPU's name.")
    used: int = Field(description="Bytes that the model service holds.")
    free: int | None = Field(default=None, description="Bytes that it may still take; None: the system doesn't tell.")


class ModelsResponse(Message):
    """All models; the first is the default."""

    models: list[ModelInfo]
    found: list[FoundModel] = Field(default=[], description="Told by a running service alone.")
    known: list[KnownModel] = Field(default=[], description="Those to begin with.")
    memory: MemoryStatus | None = Field(default=None, description="Told by a running service alone.")


ModelPath = Annotated[str, StringConstraints(min_length=1, max_length=4096, strip_whitespace=True)]


class AddModel(Message):
    """Add a model, `name:path` as LIT writes it."""

    kind: Literal["add"] = "add"
    name: Name
    path: ModelPath = Field(
        description="A preset name, a `kaggle://` or `hf://` address, or a folder, `.gguf` or `.tar.gz` file of Jupyter's file browser."
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
    max_length: Annotated[int, Field(ge=2, le=MAX_TOKENS)] | Literal[0] | None = Field(
        default=None,
        description="Longest prompt with its answer, in tokens; 0: as configured, or else as many as memory allows; None: as before.",
    )


class UnloadModel(Message):
    """Let go of a model's memory, once what it computes is done."""

    kind: Literal["unload"] = "unload"
    name: Name


class DownloadModel(Message):
    """Download a model, or go on with that, and load it. The user has seen its terms."""

    kind: Literal["download"] = "download"
    name: Name


class StopModel(Message):
    """Stop a download, of which the next one goes on from what is there, or the loading of a model."""

    kind: Literal["stop"] = "stop"
    name: Name


class ModelChanging(Message):
    """One change to the models."""

    change: AddModel | RemoveModel | LoadModel | UnloadModel | DownloadModel | StopModel = Field(discriminator="kind")


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
    fault: str = Field(default="", description="What is wrong with the file that should hold them; empty: nothing.")
    shared: bool = Field(
        default=False, description="Whether this Jupyter server has users, who all use the same login."
    )
    own: bool = Field(
        default=True, description="Whether the caller may change the panel's login: nobody else has logged in."
    )

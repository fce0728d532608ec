"""Models: which ones exist, loading, downloading and adding them, and the Kaggle login."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from lit_lab.protocol.base import MAX_NAME, MAX_TOKENS, Message, ModelState, Name, Precision, WindowReason


class ModelInfo(Message):
    """A model in the list."""

    name: Name
    path: str = Field(description="Preset name, folder or URL, as in LIT's `name:path`.")
    state: ModelState
    detail: str = Field(default="", description="What is happening, or why loading failed.")
    hint: str = ""
    note: str = Field(
        default="", description="What users have to know about it, for example that it is a demonstration."
    )
    window: int | None = Field(
        default=None, description="The most tokens, prompt and answer together. Known once loaded."
    )
    window_reason: WindowReason | None = Field(
        default=None,
        description="Why it accepts no more. `model`: it was trained for so many; `memory`: more wouldn't fit; `unknown`: "
        "LIT Lab doesn't know what would fit; `limit`: LIT Lab's own limit; `user`: chosen in the panel; "
        "`administrator`: `c.LitLab.max_length`. Known once loaded.",
    )
    trained: int | None = Field(
        default=None, description="The most tokens that it was trained for, as far as its files say. Known once loaded."
    )
    chat: str = Field(
        default="",
        description="Name of its chat format; `own`: one that only its own template has. Empty: it has none, or isn't "
        "loaded.",
    )
    template: ChatTemplate | None = Field(
        default=None, description="The chat template that came with it. None: there is none, or the model isn't loaded."
    )
    instruct: bool = Field(default=False, description="Whether it is known to be instruction-tuned, once loaded.")
    parameters: int | None = Field(default=None, description="Number of weights. Known once loaded.")
    added: bool = Field(
        default=False, description="Whether it was added in the panel, rather than configured in c.LitLab.models."
    )
    error: str = Field(default="", description="The code of a failure, such as `preset_login`.")
    terms: ModelTerms | None = Field(default=None, description="The terms that a download requires agreeing to.")
    download: ModelDownload | None = Field(default=None, description="The progress of a running or stopped download.")
    reading: ModelReading | None = Field(default=None, description="The progress while its weights are read.")
    size: int | None = Field(default=None, description="Bytes of its files, once they are on this machine.")
    revision: str = Field(
        default="",
        description="Differs when the files that were loaded last do. Empty: the service hasn't loaded it yet.",
    )
    precision: Precision | None = Field(default=None, description="The number format that it is loaded in.")
    stored: str = Field(
        default="",
        description="The format that its weights are stored in, such as `Q4_K_M`, if they are quantized. Known once "
        "loaded.",
    )
    device: str = Field(default="", description="The device that it runs on, such as `CPU`. Known once loaded.")
    memory: int | None = Field(default=None, description="Bytes that its weights take now.")
    peak: int | None = Field(
        default=None,
        description="Estimated bytes of memory that it needs at most: its weights, and the map of the longest prompt.",
    )
    fits: list[ModelFit] = Field(default=[], description="If there isn't enough memory: the settings that would fit.")


class ChatTemplate(Message):
    """A chat template that came with a model: the turns that it puts around prompts are those that LIT Lab sends."""

    fault: str = Field(default="", description="Why it isn't used, as words that follow “it”. Empty: it is used.")
    date: str = Field(
        default="",
        description="The date that the template receives, which is always the same, such as `2024-07-26`. Empty: it "
        "doesn't use one.",
    )
    system: Literal["none", "possible", "added"] = Field(
        default="none", description="Whether it supports a system turn. `added`: it adds one of its own."
    )
    thinking: bool = Field(default=False, description="Whether it can make the model think first.")


class ModelTerms(Message):
    """Terms of use."""

    name: str
    url: str


class ModelDownload(Message):
    """The progress of a download, in bytes."""

    done: int
    total: int | None = None


class ModelReading(Message):
    """The progress of reading a model's weights into memory."""

    done: int = Field(description="Bytes, in the stored format.")
    total: int
    tensors: int = Field(description="Number of tensors read so far.")
    tensors_total: int


class ModelFit(Message):
    """Settings with which a model would fit into the free memory."""

    precision: Precision
    max_length: int | None = Field(
        default=None, description="The most tokens, prompt and answer together. None: no change."
    )


class FoundModel(Message):
    """A model of another program on this machine that isn't in the list of models."""

    name: Name
    title: str = Field(default="", description="The program's name for it, such as `llama3.2:1b`.")
    program: str = Field(default="", description="The program, such as `Ollama`.")
    path: str
    size: int = Field(description="Bytes of its files.")
    family: str = Field(default="", description="The model family, such as `Gemma 3`. Empty: unknown.")
    stored: str = Field(
        default="", description="The format that its weights are stored in, such as `Q4_K_M`. Empty: not quantized."
    )
    parameters: int | None = Field(default=None, description="Number of weights. None: unknown.")
    chat: bool | None = Field(default=None, description="Whether it was trained to follow instructions.")
    precision: Precision | None = Field(default=None, description="The number format that it would be loaded in.")
    memory: int | None = Field(default=None, description="Estimated bytes of memory that it then needs at most.")
    fits: bool | None = Field(default=None, description="Whether that much memory is free. None: unknown.")
    fault: str = Field(
        default="", description="Why it can't be used, as words that follow “it”. Empty: it can be used."
    )


class KnownSource(Message):
    """A site that has a model."""

    path: str
    site: str


class KnownModel(Message):
    """A suggested first model that isn't in the list of models."""

    name: Name
    title: str = Field(description="The publisher's name for it.")
    path: str
    parameters: int = Field(description="Number of weights.")
    download: int = Field(description="Approximate bytes to download; 0: it is on this machine.")
    site: str = Field(description="The site that it comes from.")
    elsewhere: list[KnownSource] = Field(
        default=[], description="Other sites that have it, for the user to choose from."
    )
    login: bool = Field(description="Whether that site requires an account.")
    terms: ModelTerms
    precision: Precision | None = Field(
        default=None, description="The number format that it would be loaded in. Only a running service reports this."
    )
    memory: int | None = Field(default=None, description="Estimated bytes of memory that it then needs at most.")
    fits: bool | None = Field(default=None, description="Whether that much memory is free. None: unknown.")


class MemoryStatus(Message):
    """Memory of the device that models run on."""

    device: str = Field(description="The device, such as `CPU` or a GPU's name.")
    used: int = Field(description="Bytes that the model service takes.")
    free: int | None = Field(
        default=None, description="Bytes that it can still take. None: the system doesn't report this."
    )


class ModelsResponse(Message):
    """All models. The first is the default."""

    models: list[ModelInfo]
    found: list[FoundModel] = Field(
        default=[], description="Models of other programs. Only a running service reports them."
    )
    known: list[KnownModel] = Field(default=[], description="Suggested first models.")
    memory: MemoryStatus | None = Field(default=None, description="Only a running service reports this.")


ModelPath = Annotated[str, StringConstraints(min_length=1, max_length=4096, strip_whitespace=True)]


class AddModel(Message):
    """Add a model, `name:path` as in LIT."""

    kind: Literal["add"] = "add"
    name: Name
    path: ModelPath = Field(
        description="A preset name, a `kaggle://` or `hf://` address, or a folder, `.gguf` or `.tar.gz` file in Jupyter's "
        "file browser."
    )


class RemoveModel(Message):
    """Remove an added model from the list. Its files stay."""

    kind: Literal["remove"] = "remove"
    name: Name


class LoadModel(Message):
    """Load a model that is on this machine, or reload it with other settings."""

    kind: Literal["load"] = "load"
    name: Name
    precision: Precision | None = Field(default=None, description="None: as before; the first time, as configured.")
    max_length: Annotated[int, Field(ge=2, le=MAX_TOKENS)] | Literal[0] | None = Field(
        default=None,
        description="The most tokens, prompt and answer together. 0: as configured, or else as many as memory allows. "
        "None: as before.",
    )


class UnloadModel(Message):
    """Unload a model and free its memory, once its current computation is done."""

    kind: Literal["unload"] = "unload"
    name: Name


class DownloadModel(Message):
    """Download a model, or continue its download, and load it. The user has seen its terms."""

    kind: Literal["download"] = "download"
    name: Name


class StopModel(Message):
    """Stop a download, which a later one can continue, or stop loading a model."""

    kind: Literal["stop"] = "stop"
    name: Name


class ModelChanging(Message):
    """One change to the models."""

    change: AddModel | RemoveModel | LoadModel | UnloadModel | DownloadModel | StopModel = Field(discriminator="kind")


class KaggleLogin(Message):
    """Credentials for Kaggle: an API token, or a user name and key as in `kaggle.json`. Never sent to a browser."""

    token: Annotated[str, StringConstraints(max_length=4096, strip_whitespace=True)] = Field(default="", repr=False)
    username: Annotated[str, StringConstraints(max_length=MAX_NAME, strip_whitespace=True)] = ""
    key: Annotated[str, StringConstraints(max_length=4096, strip_whitespace=True)] = Field(default="", repr=False)

    @model_validator(mode="after")
    def _one_of_both(self) -> KaggleLogin:
        if bool(self.token) == bool(self.username and self.key):
            raise ValueError("give either a token, or a user name and a key")
        return self


class KaggleOrder(Message):
    """The credentials that the model service should use for Kaggle. None: those of the environment and of files."""

    login: KaggleLogin | None


class KaggleLoggingIn(Message):
    """A login from the panel."""

    login: KaggleLogin
    save: bool = Field(
        default=False, description="Whether to also write it to Kaggle's own folder, readable only by the user."
    )


class KaggleStatus(Message):
    """Where credentials for Kaggle come from."""

    source: Literal["none", "panel", "environment", "file"]
    folder: str = Field(description="The folder where they would be saved, such as `~/.kaggle`.")
    fault: str = Field(default="", description="What is wrong with the file that should contain them. Empty: nothing.")
    shared: bool = Field(
        default=False, description="Whether this Jupyter server has several users, who all use the same login."
    )
    own: bool = Field(
        default=True,
        description="Whether the caller may change the panel's login, because no other user has logged in.",
    )

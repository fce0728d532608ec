"""The Jupyter server extension: configuration and life cycle.

Imported at every start of a Jupyter server, so it imports nothing that isn't loaded then anyway.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from jupyter_core.paths import jupyter_data_dir, jupyter_runtime_dir
from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Enum, Float, Int, List, TraitError, Unicode, validate

from lit_lab import demo, local_paths
from lit_lab.datasets.configured import parse_all
from lit_lab.handlers.table import handlers
from lit_lab.limits import MAX_TEXT, MAX_TOKENS
from lit_lab.model_spec import ModelSpec
from lit_lab.models.programs import TITLES
from lit_lab.problem import Problem

if TYPE_CHECKING:
    from lit_lab.core import Core
    from lit_lab.history import Settings as HistorySettings
    from lit_lab.models.added import Added
    from lit_lab.models.kaggle import Kaggle
    from lit_lab.protocol import Backend, Precision
    from lit_lab.supervision.endpoint import Service


_HISTORY = "lit_lab/history.sqlite"
_MODELS = "lit_lab/models.json"
_BATCHES = "lit_lab/batches"


class LitLab(ExtensionApp):
    """See why a language model answered a prompt as it did: sequence salience on notebook cells."""

    name = "lit_lab"
    load_other_extensions = True

    models = List(
        Unicode(),
        default_value=[demo.DEFAULT_MODEL],
        help="""The models that users can choose, each as `name:path`, as in LIT. The path is what Keras accepts as a
        preset: a built-in name such as `gemma2_instruct_2b_en`, a folder, a `.gguf` or `.tar.gz` file, or a
        `kaggle://` or `hf://` address. A relative folder starts at the folder that Jupyter was started in, and needs
        a slash, as in `./preset`. `demo:embedded` is the demonstration model that comes with LIT Lab. With
        `service_url`, this option has no effect: the remote service has its own models.""",
    ).tag(config=True)

    default_model = Unicode(
        "",
        help="""The name of the model that is chosen at first, and loaded when the service starts. Empty: the first
        one.""",
    ).tag(config=True)

    backend = Enum(
        ["tensorflow", "jax", "torch"],
        default_value="tensorflow",
        help="""The library that Keras computes with: `tensorflow`, `jax` or `torch`. The last two have to be
        installed next to the model service (`lit_lab[service,jax]`, `lit_lab[service,torch]`). docs/backends.md
        compares them.""",
    ).tag(config=True)

    precision = Enum(
        ["auto", "float32", "bfloat16", "float16"],
        default_value="auto",
        help="""The number format that models are loaded in. `float32` is exact; `bfloat16` and `float16` halve the
        memory for weights, and make scores less exact (docs/models.md). `auto`: bfloat16 on a GPU that supports it,
        else float32. Users can choose another precision for each model in the panel.""",
    ).tag(config=True)

    model_idle_timeout = Float(
        1200.0,
        min=0.0,
        help="""Seconds without use after which a model is unloaded, which frees its memory for others. It is loaded
        again when needed. 0: never.""",
    ).tag(config=True)

    model_folders = List(
        Unicode(),
        help="""Folders with GGUF files and presets that the panel offers, in addition to the models of Ollama, LM
        Studio, llama.cpp, Hugging Face and Kaggle.""",
    ).tag(config=True)

    model_scanners = List(
        Enum(tuple(TITLES)),
        list(TITLES),
        help="""The programs whose models on this machine the panel offers: any of `ollama`, `lm_studio`,
        `llama_cpp`, `hugging_face`, `kaggle` and `folders` (`model_folders`). LIT Lab reads only headers and
        configuration files. Empty: none.""",
    ).tag(config=True)

    service_python = Unicode(
        "",
        help="""The Python (3.11 or 3.12) that runs the model service, with `lit_lab[service]` installed. Empty: the
        one in the environment that `lit-lab setup-service` or the panel created, or if there is none, this server's
        own.""",
    ).tag(config=True)

    service_url = Unicode(
        "",
        help="""The address of a model service on another machine, such as `https://models.example`. LIT Lab sends
        prompts there. Empty: this server starts a service of its own when it is first needed, on this machine. A
        service started with `python -m lit_lab.service` accepts connections from its own machine only: connect
        through a tunnel (`ssh -L`) or a proxy with TLS.""",
    ).tag(config=True)

    service_secret = Unicode(
        "", help="""The secret that the service at `service_url` was started with. Used only with `service_url`."""
    ).tag(config=True)

    hub_service = Unicode(
        "",
        help="""On a JupyterHub, the name of the hub's service that computes for all of its users, such as `lit-lab`. This
        server then sends prompts, together with its user's hub token, to `/services/<name>/` at the address that the hub
        declares (`c.JupyterHub.public_url`), and `models`, `service_url` and `service_python` have no effect. The
        token goes nowhere else. The option has no effect without a hub. docs/hub.md explains it.""",
    ).tag(config=True)

    preload = Bool(
        False,
        help="""Start the model service together with the Jupyter server. Off: it starts when it is first needed, and
        costs nothing before that.""",
    ).tag(config=True)

    idle_timeout = Float(
        1800.0, min=0.0, help="""Seconds without use after which the model service is stopped. 0: never."""
    ).tag(config=True)

    start_timeout = Float(
        180.0,
        min=1.0,
        help="""Seconds of silence after which a starting model service counts as hung, and is stopped.""",
    ).tag(config=True)

    memory_limit = Int(
        None,
        allow_none=True,
        min=1,
        help="""The maximum memory of the model service, in bytes. Beyond it, the service's work fails, but the
        machine stays usable. None: no limit.""",
    ).tag(config=True)

    max_length = Int(
        None,
        allow_none=True,
        min=2,
        help="""The most tokens, prompt and answer together, that a model accepts. None: as many as it was trained
        for, or fewer if the map of so many wouldn't fit into the memory that is free when the model is loaded. Users
        can choose another length for each model in the panel.""",
    ).tag(config=True)

    max_prompt_chars = Int(
        100_000, min=1, max=MAX_TEXT, help=f"""The most characters of a prompt; {MAX_TEXT:,} at most."""
    ).tag(config=True)

    max_new_tokens = Int(
        1_024, min=1, help=f"""The most tokens of an answer that may be requested; {MAX_TOKENS:,} at most."""
    ).tag(config=True)

    threads = Int(
        None,
        allow_none=True,
        min=1,
        help="""The most threads that the model service computes with. None: all cores but one.""",
    ).tag(config=True)

    max_waiting = Int(
        512,
        min=1,
        help="""The most computations of all users that may wait for one model; one user may have half of them. Users
        take turns: between two computations of one user, every other waiting user gets one.""",
    ).tag(config=True)

    datasets = List(
        Unicode(),
        help="""Datasets of prompts, in addition to LIT's sample prompts. `name:path` names a file, as in LIT:
        `.jsonl` (`prompt`, `target`, `source`), `.json`, `.csv`, `.tsv`, `.txt`, `.yaml` or `.parquet`; a relative path starts at the
        folder that Jupyter was started in. `module:Class` or `name:module:Class` names a class with LIT's `Dataset`
        API, which the model service imports and instantiates without arguments; a service at `service_url` needs the
        same setting.""",
    ).tag(config=True)

    dataset_megabytes = Float(
        4000.0,
        min=0.0,
        help="""The most megabytes that LIT Lab reads of a dataset's file. It copies them to a temporary file, which
        may take up to eight times as much. 0: no limit.""",
    ).tag(config=True)

    models_path = Unicode(
        "",
        help="""The file that stores the models that users add in the panel. Empty: `lit_lab/models.json` in
        Jupyter's data folder.""",
    ).tag(config=True)

    history = Bool(
        True,
        help="""Store every run with its maps, so that users can reopen it without the model. If Jupyter has real
        users, each has a separate history; otherwise the server has one.""",
    ).tag(config=True)

    history_path = Unicode(
        "", help="""The history's SQLite database. Empty: `lit_lab/history.sqlite` in Jupyter's data folder."""
    ).tag(config=True)

    history_days = Float(
        0.0, min=0.0, help="""Days after which a run without a star is deleted from the history. 0: never."""
    ).tag(config=True)

    history_megabytes = Float(
        500.0,
        min=0.0,
        help="""The maximum size of one user's runs in the history, in megabytes. Beyond it, that user's oldest runs
        without a star are deleted. If Jupyter has no real users, all runs count as one user's. Starred runs count
        too, and may take four fifths of the space: beyond that, LIT Lab refuses further stars. The latest run is
        always stored. Every user of the server has this much space. 0: no limit.""",
    ).tag(config=True)

    batches_path = Unicode(
        "",
        help="""The folder of the batches that users run over the rows of a dataset. Empty: `lit_lab/batches` in Jupyter's
        data folder.""",
    ).tag(config=True)

    agent_tools = Bool(
        False,
        help="""Offer tools to agents through jupyter-server-mcp: explain an answer, try a prompt without a part, list
        runs. **That server has a port of its own, to which Jupyter's token doesn't apply**: every program and every user
        of this machine who can reach the port can then run prompts and read your history. It has no effect on a hub.""",
    ).tag(config=True)

    _core: Core | None = None

    @validate("models")
    def _valid_models(self, proposal: Any) -> list[str]:
        models: dict[str, ModelSpec] = {}
        for text in proposal["value"]:
            try:
                model = ModelSpec.parse(text)
            except ValueError as error:
                raise TraitError(f"c.LitLab.models: {error}") from error
            if model.name in models:
                raise TraitError(f"c.LitLab.models: the name {model.name!r} is there twice")
            models[model.name] = model
        if not models:
            raise TraitError("c.LitLab.models is empty: name at least one model")
        return [str(model) for model in models.values()]

    @validate("max_new_tokens")
    def _valid_max_new_tokens(self, proposal: Any) -> int:
        if proposal["value"] <= MAX_TOKENS:
            return int(proposal["value"])
        # Earlier versions took up to a million: such a configuration must not keep the extension from starting.
        self.log.warning(
            f"c.LitLab.max_new_tokens is {proposal['value']:,}; {MAX_TOKENS:,} is used, which is the most."
        )
        return MAX_TOKENS

    @validate("datasets")
    def _valid_datasets(self, proposal: Any) -> list[str]:
        try:
            parse_all(proposal["value"])
        except ValueError as error:
            raise TraitError(f"c.LitLab.datasets: {error}") from error
        return list(proposal["value"])

    @property
    def core(self) -> Core:
        """The extension's core, made on first use."""
        if self._core is None:
            self._core = self._make_core()
        return self._core

    def initialize_handlers(self) -> None:
        """Add LIT Lab's routes to the server's."""
        self.handlers.extend(handlers())

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        if self.preload:
            self.core.service.start()

    async def stop_extension(self) -> None:
        """Stop the model service: it doesn't outlive the server."""
        core, self._core = self._core, None
        if core is not None:
            await core.close()

    def _make_core(self) -> Core:
        from lit_lab.core import Core, Options

        models = None if self.service_url or self._on_hub else self.ordered_models()
        default = self.default_model or (models[0].name if models else "")
        options = Options(
            default_model=default,
            max_prompt_chars=self.max_prompt_chars,
            max_new_tokens=self.max_new_tokens,
            datasets=parse_all(self.datasets),
            dataset_bytes=int(self.dataset_megabytes * 1e6),
            max_waiting=self.max_waiting,
            scanners=tuple(self.model_scanners),
            model_folders=tuple(self.model_folders),
            batches=local_paths.of_user(self.batches_path) if self.batches_path else Path(jupyter_data_dir(), _BATCHES),
        )
        from lit_lab.history import History
        from lit_lab.models.added import Added
        from lit_lab.models.kaggle import Kaggle

        added = Added([str(model) for model in models], self._models_file()) if models else None
        kaggle = Kaggle()
        service = self._make_service(models, added, kaggle)
        # What is configured is left alone.
        set_up = None if self.service_url or self.service_python or self._on_hub else cast("Backend", self.backend)
        return Core(options, service, History(self._history_settings()), added, kaggle, set_up)

    @property
    def _on_hub(self) -> bool:
        """Whether a service of this server's hub is used."""
        from lit_lab.supervision.hub import is_on_hub

        return bool(self.hub_service) and is_on_hub(os.environ)

    def _models_file(self) -> Path:
        return local_paths.of_user(self.models_path) if self.models_path else Path(jupyter_data_dir(), _MODELS)

    def _history_settings(self) -> HistorySettings:
        from lit_lab.history import Settings

        path = local_paths.of_user(self.history_path) if self.history_path else Path(jupyter_data_dir(), _HISTORY)
        return Settings(path if self.history else None, self.history_days, self.history_megabytes)

    def _make_service(self, models: tuple[ModelSpec, ...] | None, added: Added | None, kaggle: Kaggle) -> Service:
        if self._on_hub:
            from lit_lab.supervision.hub import HubService

            return HubService(self.hub_service, os.environ)
        if models is None or added is None:
            from lit_lab.supervision.endpoint import Endpoint
            from lit_lab.supervision.remote import RemoteService, configured

            try:
                return RemoteService(configured(self.service_url, self.service_secret))
            except Problem as problem:
                return RemoteService(Endpoint(self.service_url.rstrip("/"), ""), problem)
        from lit_lab.setup import environment
        from lit_lab.supervision.service_run import Settings
        from lit_lab.supervision.servicelog import ServiceLog
        from lit_lab.supervision.supervisor import Supervisor

        settings = Settings(
            python=str(local_paths.of_user(self.service_python)) if self.service_python else sys.executable,
            own_python=(lambda: None) if self.service_python else environment.python,
            cache=Path(jupyter_data_dir()) / "lit_lab",
            models=models,
            added=lambda: added.models,
            kaggle=lambda: kaggle.login,
            precision=cast("Precision", self.precision),
            model_idle_timeout=self.model_idle_timeout,
            scanners=tuple(self.model_scanners),
            model_folders=tuple(self.model_folders),
            max_waiting=self.max_waiting,
            max_length=self.max_length,
            threads=self.threads,
            memory_limit=self.memory_limit,
            backend=cast("Backend", self.backend),
            datasets={entry.name: entry.cls for entry in parse_all(self.datasets).values() if entry.cls},
            idle_timeout=self.idle_timeout,
            start_timeout=self.start_timeout,
        )
        return Supervisor(settings, ServiceLog(Path(jupyter_runtime_dir()) / f"lit_lab-{os.getpid()}.log"))

    def ordered_models(self) -> tuple[ModelSpec, ...]:
        """Return the models, the default first: the service takes the first as its default.

        Raises:
            Problem: `default_model` isn't one of them.
        """
        models = tuple(map(ModelSpec.parse, self.models))
        names = [model.name for model in models]
        if self.default_model and self.default_model not in names:
            raise Problem(
                500,
                "bad_configuration",
                f"c.LitLab.default_model is {self.default_model!r}, which is not in c.LitLab.models ({', '.join(names)}).",
                "Correct it in jupyter_server_config.py and restart the Jupyter server.",
            )
        first = names.index(self.default_model) if self.default_model else 0
        return (models[first], *models[:first], *models[first + 1 :])

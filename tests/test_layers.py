"""Which code may import which: the folders of `src/`, and the two processes of `lit_lab/`. docs/architecture.md draws both."""

from __future__ import annotations

import ast
import json
import subprocess
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# --- src/ ---

LAYERS = [
    ["app"],
    ["panel"],
    ["history", "datasets", "models", "litapp", "notebook", "batches"],
    ["compare", "export", "matrix"],
    ["map"],
    ["components"],
    ["session"],
    ["salience", "api"],
]
FOLDERS = {folder: layer for layer, folders in enumerate(LAYERS) for folder in folders}


def may_import(folder: str, other: str) -> bool:
    return folder == other or FOLDERS[folder] < FOLDERS[other]


# Every pair of folders, by a plain import.
PAIRS = [
    (f"src/{folder}/planted.ts", f"import {{ x }} from '../{other}/x';", may_import(folder, other))
    for folder in FOLDERS
    for other in FOLDERS
]
# Every way to import.
WAYS = [
    ("src/map/planted.tsx", "import type { X } from '../panel/x';", False),
    ("src/map/planted.tsx", "import '../panel';", False),
    ("src/compare/planted.ts", "export * from '../history';", False),
    ("src/compare/planted.ts", "export { x } from '../matrix/x';", False),
    ("src/session/planted.ts", "export const load = () => import('../map/x');", False),
    ("src/session/planted.ts", "export type X = typeof import('../map/x');", False),
    ("src/components/planted.spec.ts", "jest.mock('../app/x', () => ({}));", False),
    ("src/export/page/planted.ts", "import { x } from '../../panel/x';", False),
    ("src/export/page/planted.ts", "import { x } from '../../map/x';", True),
    ("src/export/page/planted.ts", "import { x } from '../mapped';", True),
    ("src/session/planted.ts", "import { x } from './map';", True),
    ("src/planted.ts", "import { x } from './app/x';", True),
]  # fmt: skip
PLANTED = [*PAIRS, *WAYS]


@dataclass
class Source:
    """The output of tests/layers.mjs."""

    layers: list[list[str]]
    said: list[list[str]]
    imports: dict[str, list[str]]


@pytest.fixture(scope="module")
def source() -> Source:
    planted = json.dumps({"planted": [(path, text) for path, text, _ in PLANTED]})
    done = subprocess.run(["node", "tests/layers.mjs"], cwd=ROOT, input=planted, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Source(**json.loads(done.stdout))


def in_circles(imports: dict[str, list[str]]) -> set[str]:
    """Return the files in circles of imports, and those on a path from one circle to another."""
    rest = {file: set(others) for file, others in imports.items()}
    while True:
        imported = set().union(*rest.values())
        ends = {file for file, others in rest.items() if file not in imported or not others & rest.keys()}
        if not ends:
            return set(rest)
        rest = {file: others - ends for file, others in rest.items() if file not in ends}


def test_every_folder_of_the_source_has_its_layer(source: Source) -> None:
    assert source.layers == LAYERS
    assert {path.name for path in (ROOT / "src").iterdir() if path.is_dir()} == set(FOLDERS)
    assert "'src/api/schema.ts'" in (ROOT / "eslint.config.mjs").read_text("utf-8")  # the one file that isn't linted


def test_eslint_refuses_what_goes_against_the_layers(source: Source) -> None:
    wrong = [
        (path, text, said)
        for (path, text, allowed), said in zip(PLANTED, source.said, strict=True)
        if allowed != (said == []) or not all("imports only from layers below it" in message for message in said)
    ]
    assert wrong == []


def test_eslint_runs_with_the_layers() -> None:
    config = (ROOT / "eslint.config.mjs").read_text("utf-8")
    assert "import layers from './eslint.layers.mjs';" in config
    assert "\n  layers,\n" in config


def test_the_source_follows_its_layers_and_has_no_circles(source: Source) -> None:
    assert "session/session.ts" in source.imports["app/panel.ts"]
    assert "export/sharing.ts" in source.imports["app/sharing.ts"], "import() counts"
    against = [
        (file, other)
        for file, others in source.imports.items()
        for other in others
        if "/" in file and ("/" not in other or not may_import(file.split("/")[0], other.split("/")[0]))
    ]
    assert against == []
    assert in_circles(source.imports) == set()


def test_a_circle_is_found() -> None:
    around = {"top": ["a"], "a": ["b", "end"], "b": ["c"], "c": ["a"], "end": []}
    assert in_circles(around) == {"a", "b", "c"}
    assert in_circles({**around, "c": ["end"]}) == set()
    assert in_circles({"a": ["a"]}) == {"a"}


# --- lit_lab/ ---

# What only the model service may import.
STACK = {
    "fastapi", "gguf", "h5py", "huggingface_hub", "jax", "kagglehub", "kagglesdk", "keras", "keras_hub", "keras_nlp", "lit_nlp",
    "ml_dtypes", "ray", "safetensors", "sentencepiece", "shap", "starlette", "tensorflow", "tensorflow_text", "tokenizers", "torch",
    "transformers", "uvicorn", "werkzeug",
}  # fmt: skip
# What only the Jupyter server may import.
SERVER = {"httpx", "jupyter_core", "jupyter_events", "jupyter_server", "jupyterlab", "notebook", "tornado", "traitlets"}
# Modules of the service that may import of these nevertheless: as a client, when they are needed.
CLIENTS = {"lit_lab.service.hub_tokens": "httpx"}
# A replica on Ray, which is a model service in another process.
REPLICA = {
    "lit_lab.cluster.application", "lit_lab.cluster.deployment", "lit_lab.cluster.replica_jobs", "lit_lab.cluster.row_tasks",
    "lit_lab.cluster.rows_on_replicas",
}  # fmt: skip
# What both may import, besides lit_lab.protocol: it imports from neither side.
SHARED = {
    "lit_lab._version", "lit_lab.checks.checks", "lit_lab.checks.places", "lit_lab.checks.schemas", "lit_lab.client.checked",
    "lit_lab.client.connection", "lit_lab.client.effect_table", "lit_lab.client.job_client", "lit_lab.client.run_text",
    "lit_lab.cluster.managed", "lit_lab.cluster.options", "lit_lab.cluster.settings", "lit_lab.cluster.token_auth",
    "lit_lab.conversation", "lit_lab.deletion", "lit_lab.demo", "lit_lab.discreet", "lit_lab.effect_precision", "lit_lab.folder_files",
    "lit_lab.job_record", "lit_lab.json_bounds", "lit_lab.limits", "lit_lab.local_paths", "lit_lab.model_spec",
    "lit_lab.models.addresses", "lit_lab.models.credentials", "lit_lab.models.folders", "lit_lab.models.known",
    "lit_lab.models.programs", "lit_lab.ndjson", "lit_lab.problem", "lit_lab.shared_files", "lit_lab.streamed",
    "lit_lab.supervision.diagnosis", "lit_lab.supervision.ended", "lit_lab.supervision.surroundings", "lit_lab.surrogates",
    "lit_lab.timeouts", "lit_lab.version",
}  # fmt: skip
# Packages of which both may import everything, or everything but what is the server's alone.
SHARED_PACKAGES = {"batch_store", "batches", "datasets", "patterns", "protocol", "segmentation"}
UNSHARED = {
    "lit_lab.batches.api", "lit_lab.batches.report", "lit_lab.batches.results", "lit_lab.datasets.batches",
    "lit_lab.datasets.contents", "lit_lab.datasets.open_dataset", "lit_lab.datasets.open_datasets",
}  # fmt: skip


def imported(text: str, module: str, is_package: bool = False) -> Iterator[str]:
    """Return the full names of everything that a module imports at any time, by statements or by `import_module`."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # One dot is the module's package, and each further one a package further out.
            parents = module.split(".")[: -node.level + is_package or None] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            yield from (str(argument.value) for argument in node.args[:1] if isinstance(argument, ast.Constant))


def is_below(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def is_shared(module: str) -> bool:
    if module in SHARED:
        return True
    return module not in UNSHARED and any(is_below(module, f"lit_lab.{package}") for package in SHARED_PACKAGES)


def target_of(name: str, modules: Collection[str]) -> str:
    """Return the module of a name: `from lit_lab.models import known` imports one, `from lit_lab.version import version` what is in one."""
    return name if name in modules else name.rpartition(".")[0]


def refusal(module: str, name: str, modules: Collection[str]) -> str | None:
    """Say why a module may not import a name, or return None."""
    library = name.split(".")[0]
    is_service = is_below(module, "lit_lab.service") or module in REPLICA
    if module == "lit_lab.cluster.agent_ports" and library == "ray":
        return None  # before it starts
    if module == "lit_lab.cluster.local" and (library == "ray" or target_of(name, modules) in REPLICA):
        return None  # which starts them
    target = target_of(name, modules)
    if not is_service and (library in STACK or is_below(target, "lit_lab.service") or target in REPLICA):
        return f"{module} imports {name}, which is the model service's"
    if is_service or is_shared(module):
        if library in SERVER and CLIENTS.get(module) != library:
            return f"{module} imports {name}, which is the Jupyter server's"
        if (
            library == "lit_lab"
            and not is_shared(target)
            and not is_below(target, "lit_lab.service")
            and target not in REPLICA
        ):
            return f"{module} imports {name}, which isn't shared"
    return None


def modules_of() -> dict[str, Path]:
    found = {}
    for path in (ROOT / "lit_lab").rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def test_the_server_and_the_service_import_only_what_is_theirs() -> None:
    modules = modules_of()
    assert modules.keys() >= (SHARED | UNSHARED) - {"lit_lab._version"}  # written by the build
    refused = [
        reason
        for module, path in modules.items()
        for name in imported(path.read_text("utf-8"), module, path.name == "__init__.py")
        if (reason := refusal(module, name, modules))
    ]
    assert refused == []


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("lit_lab.core", "import tensorflow as tf"),
        ("lit_lab.core", "import ray"),
        ("lit_lab.commands.serve", "from lit_lab.cluster.application import started"),
        ("lit_lab.service.app", "from lit_lab.cluster import local"),
        ("lit_lab.cluster.application", "from lit_lab.jobs import Jobs"),
        ("lit_lab.datasets.readers", "def read():\n    from lit_nlp.api import types"),
        ("lit_lab.history.history", "from ..service import registry"),
        ("lit_lab.supervision.supervisor", "import importlib\nimportlib.import_module('keras')"),
        ("lit_lab.setup.environment_builder", "from lit_lab.service.libraries import check_interpreter"),
        ("lit_lab.service.app", "if True:\n    import tornado.web"),
        ("lit_lab.service.app", "from jupyter_server.utils import url_path_join"),
        ("lit_lab.service.weights.paths", "from lit_lab import core"),
        ("lit_lab.service.weights.paths", "from ...core import Core"),
        ("lit_lab.service.registry", "from ..models import kaggle"),
        ("lit_lab.json_bounds", "from lit_lab import jobs"),
        ("lit_lab.protocol.base", "import fastapi"),
        ("lit_lab.models.known", "from traitlets import Unicode"),
    ],
)
def test_a_planted_import_is_refused(module: str, text: str) -> None:
    modules = modules_of()
    assert module in modules
    assert [refusal(module, name, modules) for name in imported(text, module) if refusal(module, name, modules)]


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("lit_lab.core", "from .protocol import Status"),
        ("lit_lab.service.registry", "import keras\nfrom ..models import known\nfrom ..protocol import ModelInfo"),
        ("lit_lab.service.weights.paths", "from ...local_paths import local_path\nfrom .. import errors"),
        ("lit_lab.saved_run", "import numpy"),
    ],
)
def test_a_layer_may_import_what_is_below_it(module: str, text: str) -> None:
    modules = modules_of()
    assert [refusal(module, name, modules) for name in imported(text, module)] == [None] * len(
        list(imported(text, module))
    )

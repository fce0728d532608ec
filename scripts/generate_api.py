"""Write everything that follows from `lit_lab/protocol/`, `lit_lab/routes/` and `lit_lab/extension.py`.

    python scripts/generate_api.py [folder]

writes `docs/openapi.json`, `src/api/schema.ts` (by openapi-typescript), `src/api/version.ts` and `docs/configuration.md`
into this checkout, or below another folder, which is how the tests find out whether the committed files are stale.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

OPENAPI = Path("docs/openapi.json")
SCHEMA = Path("src/api/schema.ts")
VERSION = Path("src/api/version.ts")
CONFIGURATION = Path("docs/configuration.md")


def generate(folder: Path) -> list[Path]:
    """Write the generated files below `folder` and return their paths, relative to it."""
    from lit_lab.openapi import document

    version: str = json.loads((ROOT / "package.json").read_text("utf-8"))["version"]
    for path in (OPENAPI, SCHEMA, VERSION, CONFIGURATION):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / OPENAPI).write_text(json.dumps(document(version), indent=2, ensure_ascii=False) + "\n", "utf-8")
    (folder / VERSION).write_text(
        "// Written by scripts/generate_api.py from package.json.\n\n"
        "/** Version of this front end. */\n"
        f"export const VERSION = '{version}';\n",
        "utf-8",
    )
    (folder / CONFIGURATION).write_text(configuration(), "utf-8")
    # Not through jlpm: it would look for its own settings, and takes a second more.
    tool = ROOT / "node_modules" / ".bin" / "openapi-typescript"
    if not tool.exists():
        raise SystemExit("openapi-typescript is not installed: run `jlpm install` first.")
    # A field with a default may be left out of a request; in an answer it is listed as required.
    options = ["--default-non-nullable", "false"]
    command = [str(tool), str(folder / OPENAPI), "--output", str(folder / SCHEMA), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"openapi-typescript failed:\n{done.stdout}{done.stderr}")
    return [OPENAPI, SCHEMA, VERSION, CONFIGURATION]


def configuration() -> str:
    """Return the page that lists all options, with their defaults and help texts."""
    from lit_lab.extension import LitLab

    parts = [
        "<!-- Written by scripts/generate_api.py from lit_lab/extension.py. -->",
        "# Configuration",
        "Set the options of LIT Lab's server extension in `jupyter_server_config.py` (`jupyter --paths` lists its possible "
        "folders), or on the command line, as in `jupyter lab --LitLab.preload=True`.",
    ]
    for name, trait in LitLab.class_own_traits(config=True).items():
        default = trait.default()
        shown = f"`{json.dumps(default)}`"
        python = {"`null`": "`None`", "`true`": "`True`", "`false`": "`False`"}.get(shown, shown)
        parts += [f"## `c.LitLab.{name}`", f"Default: {python}.", " ".join(trait.help.split())]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    for written in generate(target):
        print(f"wrote {written}")

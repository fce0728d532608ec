#!/usr/bin/env bash
# Install a wheel beside the newest JupyterLab in an environment of its own (.venv-wheel), without Node.js and without this
# checkout, and see that both halves are there: what somebody gets who installs a release.
set -euo pipefail
wheel=$(realpath "${1:?a wheel}")
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
folder=$root/.venv-wheel
rm -rf "$folder"
"$python" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$wheel[lab]"

# Out of the checkout, and with nothing but the environment and the system on the path.
cd "$folder"
export PATH="$folder/bin:/usr/bin:/bin" JUPYTER_CONFIG_DIR="$folder/config" JUPYTER_DATA_DIR="$folder/data"
node=$(command -v node || true)
[ -z "$node" ] || echo "Node.js is at $node; nothing here may need it."
expect() { # PATTERN, and the command whose output has a line like it
  local pattern=$1 said
  shift
  said=$("$@" 2>&1)
  grep -iqE "$pattern" <<<"$said" || { printf '%s\n\n%s: no line like "%s"\n' "$said" "$*" "$pattern" >&2; exit 1; }
}
expect 'lit_lab.*ok' jupyter server extension list
expect 'lit-lab.*ok' jupyter labextension list
expect 'usage: lit-lab' lit-lab --help
python -c 'import lit_lab, importlib.metadata as it; print("lit_lab", it.version("lit_lab"), "with JupyterLab", it.version("jupyterlab"))'

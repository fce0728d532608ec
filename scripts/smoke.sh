#!/usr/bin/env bash
# Install the wheel beside what requirements/NAME.txt locks, and run ui-tests/smoke/SPEC.spec.ts there, in a real browser:
#   oldest               the oldest JupyterLab and Notebook 7 that are supported
#   collaboration        JupyterLab with real-time collaboration
#   collaboration setup  the same without TensorFlow: the panel sets the model service up (gigabytes, minutes)
# Not part of `make test`: each makes an environment of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:?oldest or collaboration}
spec=${2:-$name}
[ "$spec" != setup ] || export LIT_LAB_SMOKE_SETUP=1
folder=$PWD/.venv-$name
[ -x "$folder/bin/python" ] || .venv/bin/python -m venv "$folder"
echo "==> Installing what requirements/$name.txt locks"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "requirements/$name.txt"
echo "==> Building and installing the wheel"
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
SKIP_JUPYTER_BUILDER=1 .venv/bin/python -m build --wheel --no-isolation --outdir "$wheels" >/dev/null
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall "$wheels"/*.whl
"$folder/bin/python" -m pip list --disable-pip-version-check 2>/dev/null |
  grep -iE '^(jupyterlab|notebook|jupyter-collaboration|lit[-_]lab) '
echo "==> In the browser"
cd ui-tests
LIT_LAB_SMOKE=$folder jlpm playwright test --config smoke.config.ts "$spec" "${@:3}"

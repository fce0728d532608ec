#!/usr/bin/env bash
# Install the wheel beside the oldest JupyterLab and Notebook 7 that are supported (requirements/oldest.txt), and analyze a cell,
# run it and click a sentence in each, in a real browser. Not part of `make test`: it makes an environment of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$PWD/.venv-oldest
[ -x "$folder/bin/python" ] || .venv/bin/python -m venv "$folder"
echo "==> Installing JupyterLab and Notebook as locked in requirements/oldest.txt"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement requirements/oldest.txt
echo "==> Building and installing the wheel"
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
SKIP_JUPYTER_BUILDER=1 .venv/bin/python -m build --wheel --no-isolation --outdir "$wheels" >/dev/null
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall "$wheels"/*.whl
"$folder/bin/python" -m pip list --disable-pip-version-check 2>/dev/null | grep -iE '^(jupyterlab|notebook|lit[-_]lab) '
echo "==> In the browser"
cd ui-tests
LIT_LAB_OLDEST=$folder jlpm playwright test --config oldest.config.ts "$@"

#!/usr/bin/env bash
# Run the model service's tests on JAX and on PyTorch (or on those that are named), each in an environment of its own.
# Not part of `make test`: both are large. They come on top of .venv's packages, which they don't change.
set -euo pipefail
cd "$(dirname "$0")/.."
base=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
failed=0
[ $# -gt 0 ] || set -- jax torch
for name in "$@"; do
  folder=.venv-$name
  [ -x "$folder/bin/python" ] || .venv/bin/python -m venv "$folder"
  own=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  echo "==> Installing $name as locked in requirements/$name.txt"
  rm -f "$own/base.pth"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check \
    --constraint requirements/lock.txt --requirement "requirements/$name.txt"
  # Read last, so that the environment's own packages go first.
  echo "import site; site.addsitedir('$base')" >"$own/base.pth"
  echo "==> Running tests/service on $name"
  "$folder/bin/python" -m pytest --backend "$name" tests/service || failed=1
done
exit "$failed"

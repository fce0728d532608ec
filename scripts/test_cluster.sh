#!/usr/bin/env bash
# Try two replicas on Ray Serve, in an environment of its own, on top of .venv's packages. Not part of `make test`: Ray is large,
# and takes a minute to start.
set -euo pipefail
cd "$(dirname "$0")/.."
base=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
folder=.venv-cluster
[ -x "$folder/bin/python" ] || .venv/bin/python -m venv "$folder"
own=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo "==> Installing Ray as locked in requirements/cluster.txt"
rm -f "$own/base.pth"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/cluster.txt
echo "==> Installing JupyterHub and its proxy"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check 'jupyterhub==6.*'
npm install --silent --no-save --no-audit --no-fund --prefix "$folder/proxy" configurable-http-proxy
export LIT_LAB_TEST_PROXY="$PWD/$folder/proxy/node_modules/.bin/configurable-http-proxy"
# Read last, so that the environment's own packages go first.
echo "import site; site.addsitedir('$base')" >"$own/base.pth"
echo "==> Running tests/cluster"
"$folder/bin/python" -m pytest -s tests/cluster "$@"

#!/usr/bin/env bash
# Resolve pyproject.toml for Linux and macOS, Python 3.11 and 3.12, into requirements/lock.txt, and take down what the files of
# these versions hash to, for `lit-lab setup-service`, into requirements/hashed/; likewise docs.txt, cluster.txt and real.txt, for
# `make docs`, `make test-cluster` and `make test-real`. Run by hand (`make lock`) when a dependency changes; needs uv. Set-up uses lock.txt as pip constraints,
# which can't have hashes: a checkout of our own has none.
#   scripts/lock.sh --hashes   takes the hashes of the versions that are locked, and resolves nothing
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
everywhere="s/ ; (python_full_version >= '3\.11' and )?python_full_version < '3\.13' and \(\(platform_machine == 'arm64' and sys_platform == 'darwin'\) or sys_platform == 'linux'\)//"

if [ "${1:-}" != --hashes ]; then
  trap 'rm -rf "$work" uv.lock' EXIT
  uv lock --quiet --upgrade
  {
    echo "# Made by scripts/lock.sh from pyproject.toml: Linux and macOS, Python 3.11 and 3.12."
    uv export --quiet --frozen --all-extras --no-extra jax --no-extra torch --no-extra docs --no-extra cluster --no-hashes --no-emit-project --no-annotate --no-header |
      sed -E "$everywhere"
  } >"$work/lock.txt"
  mv "$work/lock.txt" requirements/lock.txt
fi

# What an index answers with may name it; these files don't.
hashed() { # NAME, and what uv is to resolve
  local name=$1
  shift
  uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url --generate-hashes \
    --constraint requirements/lock.txt "$@" | sed -E "$everywhere" >"$work/$name.txt"
}
printf 'setuptools\nwheel\n' >"$work/build.in"
mkdir -p requirements/hashed
hashed tensorflow --extra service pyproject.toml "$work/build.in"
for backend in jax torch; do
  hashed "$backend" "requirements/$backend.txt"
  # Beside what every service has.
  awk 'NR == FNR { if (/^[a-z0-9]/) known[$1] = 1; next } /^[a-z0-9]/ { skip = ($1 in known) } !skip' \
    "$work/tensorflow.txt" "$work/$backend.txt" >"$work/rest.txt"
  mv "$work/rest.txt" "$work/$backend.txt"
done
# The documentation's environment has the base beside its own packages, so that it can import lit_lab.
hashed docs --extra docs pyproject.toml
{ echo "# Made by scripts/lock.sh: what \`make docs\` needs, with hashes."; cat "$work/docs.txt"; } >requirements/docs.txt
# Ray comes on top of the service's packages, in their versions.
hashed cluster requirements/cluster.in
{ echo "# Made by scripts/lock.sh from cluster.in: what \`make test-cluster\` needs, with hashes."; cat "$work/cluster.txt"; } >requirements/cluster.txt
# `make test-real` has an environment of its own, whose versions lock.txt doesn't constrain. uv keeps those of the file that it writes.
if [ "${1:-}" = --hashes ]; then cp requirements/real.txt "$work/real.txt"; fi
uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url --generate-hashes \
  --output-file "$work/real.txt" requirements/real.in >/dev/null
sed -E -i.bak "$everywhere" "$work/real.txt"
{ echo "# Made by scripts/lock.sh from real.in: what \`make test-real\` compares with, with hashes."; cat "$work/real.txt"; } >requirements/real.txt
for name in tensorflow jax torch; do
  { echo "# Made by scripts/lock.sh: what the model service needs, with hashes."; cat "$work/$name.txt"; } >"requirements/hashed/$name.txt"
done

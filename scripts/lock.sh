#!/usr/bin/env bash
# Resolve pyproject.toml for Linux and macOS, Python 3.11 and 3.12, into requirements/lock.txt.
# Run by hand (`make lock`) when a dependency changes; needs uv. Set-up uses the result as pip constraints.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work" uv.lock' EXIT
uv lock --quiet --upgrade
{
  echo "# Made by scripts/lock.sh from pyproject.toml: Linux and macOS, Python 3.11 and 3.12."
  uv export --quiet --frozen --all-extras --no-extra jax --no-extra torch --no-hashes --no-emit-project --no-annotate --no-header |
    sed -E "s/ ; python_full_version >= '3\.11' and python_full_version < '3\.13' and \(\(platform_machine == 'arm64' and sys_platform == 'darwin'\) or sys_platform == 'linux'\)$//"
} >"$work/lock.txt"
mv "$work/lock.txt" requirements/lock.txt

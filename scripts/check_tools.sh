#!/usr/bin/env bash
# Say clearly what is missing before set-up begins. With --print-python: the Python to make .venv with.
set -euo pipefail

fail() {
  printf 'lit-lab: %s\n' "$1" >&2
  exit 1
}

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3.11 python3.12 python3 python; do
    [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  fail "needs Python 3.11 or 3.12 (LIT needs NumPy below 2, Keras needs 3.11). Install one, or name it: make PYTHON=/path/to/python3.11 lab"
}

python=$(find_python)
if [ "${1:-}" = --print-python ]; then
  printf '%s\n' "$python"
  exit
fi
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  fail "$python has no venv module. On Debian and Ubuntu: apt-get install python3-venv"
command -v node >/dev/null 2>&1 || fail "needs Node.js 20 or newer, and found none. Install it, then run this again."
major=$(node --version | sed -E 's/^v([0-9]+).*/\1/')
[ "$major" -ge 20 ] || fail "needs Node.js 20 or newer; this one is $(node --version)."

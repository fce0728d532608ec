#!/usr/bin/env bash
# See to it that the browser tests have a Chromium: one that is here, else Debian's (`distribution`), else Playwright's own
# (`playwright`, which needs ui-tests/node_modules).
set -euo pipefail
cd "$(dirname "$0")/.."

for name in "${LIT_LAB_CHROMIUM:-}" chromium chromium-browser google-chrome; do
  if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then exit 0; fi
done

if [ "${1:?distribution or playwright}" = distribution ]; then
  if command -v apt-get >/dev/null 2>&1 && apt-cache --version >/dev/null 2>&1; then
    as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
    printf '==> Installing Chromium from the distribution\n'
    { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } ||
      printf 'There is none.\n'
  fi
  exit 0
fi

printf "==> Installing Playwright's Chromium\n"
if ! (cd ui-tests && jlpm playwright install chromium); then
  printf 'lit-lab: the browser tests need Chromium. Install it, or name one: LIT_LAB_CHROMIUM=/path/to/chromium make test\n' >&2
  exit 1
fi

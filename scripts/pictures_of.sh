#!/usr/bin/env bash
# Take the panel's pictures of another commit, on this machine and with its fonts: scripts/pictures_of.sh COMMIT FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
commit=$(git rev-parse --verify "$1^{commit}")
folder=$2
tree=$(mktemp -d)
trap 'git worktree remove --force "$tree"' EXIT
git worktree add --quiet --detach "$tree" "$commit"
make -C "$tree" visual-update
rm -rf "$folder"
mkdir -p "$(dirname "$folder")"
cp -r "$tree/ui-tests/visual/pictures" "$folder"

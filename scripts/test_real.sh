#!/usr/bin/env bash
# Try the two real models that are to be had without an account, against transformers, plain PyTorch and llama.cpp.
# And SmolLM2 as somebody's first model, in a browser. Not part of `make test`: gigabytes, and an hour.
# Gemma's terms have to be agreed to: LIT_LAB_AGREE=gemma.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${LIT_LAB_REAL:-${XDG_CACHE_HOME:-$HOME/.cache}/lit-lab/real}
mkdir -p "$folder"
.venv/bin/python scripts/real_models.py "$folder"
other=.venv-real
[ -x "$other/bin/python" ] || .venv/bin/python -m venv "$other"
echo "==> Installing transformers, PyTorch and llama.cpp as in requirements/real.txt (llama.cpp is built)"
# llama.cpp's AMX kernels end in a segmentation fault with files in Q4_1 (llama-cpp-python 0.3.36); pip may have built it with them before.
if [ "$(uname -m)" = x86_64 ]; then
  export CFLAGS="${CFLAGS:-} -mno-amx-int8" CXXFLAGS="${CXXFLAGS:-} -mno-amx-int8"
fi
"$other/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir --require-hashes --requirement requirements/real.txt
for name in smollm2 gemma3; do
  place=$folder/$name
  if [ ! -e "$place/said.json" ]; then
    echo "==> Asking transformers and PyTorch about $name"
    "$other/bin/python" scripts/make_real_references.py "$place/model.gguf" "$place/part.json" --folder "$place/hugging_face"
    mv "$place/part.json" "$place/said.json"
  fi
  if [ ! -e "$place/conversations.json" ]; then
    "$other/bin/python" scripts/real_conversations.py "$place/model.gguf" "$place/part.json"
    mv "$place/part.json" "$place/conversations.json"
  fi
  if [ ! -e "$place/exact.gguf" ]; then
    .venv/bin/python scripts/real_exact.py "$place/model.gguf" "$place/part.gguf"
    mv "$place/part.gguf" "$place/exact.gguf"
  fi
  for form in model exact; do
    if [ ! -e "$place/llama-$form.json" ]; then
      echo "==> Asking llama.cpp about $name ($form)"
      "$other/bin/python" scripts/real_llama.py "$place/$form.gguf" "$place/said.json" "$place/part.json"
      mv "$place/part.json" "$place/llama-$form.json"
    fi
  done
done
LIT_LAB_REAL=$folder .venv/bin/python -m pytest -s tests/real
echo "==> In the browser, with SmolLM2 as its pip fetches it"
cd ui-tests
jlpm playwright test --config real.config.ts

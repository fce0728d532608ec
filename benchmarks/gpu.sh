#!/usr/bin/env bash
# Times the engine on an NVIDIA GPU in under ten minutes, beside plain PyTorch and LIT: Gemma 2 2B's true shape, random weights, bfloat16.
# Needs nothing but this tree. Where a package is missing, it tries to install it into .venv-gpu, and says so if it can't.
#
#   benchmarks/gpu.sh                  # JSON also goes to $OUT/gpu.jsonl if OUT is set
#   benchmarks/gpu.sh --try            # a tiny shape on the processor, to test the script
#
# PYTHON names another Python than python3; LIT_LAB_GPU_INSTALL=0 installs nothing; LIT_LAB_GPU_SECONDS is the time it may take (540).
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH}
python=${PYTHON:-python3}
started=$(date +%s)
budget=${LIT_LAB_GPU_SECONDS:-540}

missing() {
  "$1" - <<'PYTHON'
from importlib.util import find_spec

wanted = ("numpy", "pydantic", "torch", "transformers", "keras", "keras_nlp", "tensorflow", "lit_nlp", "sentencepiece", "tokenizers")
print(" ".join(name for name in wanted if find_spec(name) is None))
PYTHON
}

if ! command -v nvidia-smi >/dev/null && [ "${1:-}" != --try ]; then
  echo "There is no NVIDIA GPU here (no nvidia-smi). benchmarks/gpu.sh --try tests the script on the processor." >&2
  exit 2
fi
lacks=$(missing "$python")
if [ -n "$lacks" ] && [ "${LIT_LAB_GPU_INSTALL:-1}" = 1 ]; then
  echo "==> Missing: $lacks. Trying to install it into .venv-gpu, for at most four minutes" >&2
  [ -x .venv-gpu/bin/python ] || "$python" -m venv .venv-gpu
  # What the given Python has, which may be an environment itself, is there, too.
  "$python" -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))' \
    >"$(.venv-gpu/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/base.pth"
  # Each by itself: what can be had should be there. TensorFlow brings its own CUDA libraries.
  for name in $lacks; do
    case $name in
    keras_nlp) package="keras-nlp" ;;
    lit_nlp) package="lit-nlp" ;;
    tensorflow) package="tensorflow[and-cuda]" ;;
    *) package=$name ;;
    esac
    left=$((started + 240 - $(date +%s)))
    [ "$left" -gt 5 ] || break
    timeout "$left" .venv-gpu/bin/python -m pip install --quiet --disable-pip-version-check --retries 0 --timeout 10 \
      --constraint requirements/lock.txt \
      "$package" >&2 || echo "==> Not installed: $package" >&2
  done
  python=.venv-gpu/bin/python
  lacks=$(missing "$python")
fi
[ -z "$lacks" ] || echo "==> Still missing: $lacks. The parts that need it are left out, and the result says so" >&2
exec "$python" benchmarks/gpu.py --seconds $((budget - $(date +%s) + started)) "$@"

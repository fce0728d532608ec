"""Save a real model as a Keras preset beside its file, for `real_model.py`.

Report whether Keras can read it back, and the time to create an empty model of its shape.

    python benchmarks/real_model_preset.py REQUEST
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import peers_child

from lit_lab.service import libraries


def main() -> None:
    """Save the preset unless it is there, and print JSON."""
    place = Path(peers_child.request()["place"])
    libraries.set_environment(2, "tensorflow")
    libraries.import_backend(2, "tensorflow")
    libraries.import_keras()
    from lit_lab.service import presets
    from lit_lab.service.gguf import model as gguf

    file = place / "model.gguf"
    presets.check(file, str(file))
    start = time.perf_counter()
    gguf.backbone(file, str(file), "float32", None)
    empty = time.perf_counter() - start
    preset = place / "preset"
    if not preset.exists():
        presets.load(str(file)).save_to_preset(str(preset))
    try:
        presets.load(str(preset))
        is_readable = True
    except Exception:  # any error of Keras with its own preset
        is_readable = False
    print(json.dumps({"is_readable": is_readable, "empty_s": empty}))


if __name__ == "__main__":
    main()

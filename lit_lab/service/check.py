"""Imports everything that the service imports, without output: `python -m lit_lab.service.check <backend>`.

Its exit status shows `lit-lab setup-service` whether a new environment works.
"""

from __future__ import annotations

import argparse
from typing import get_args

from lit_lab.protocol import Backend

from . import libraries


def main() -> None:
    """Import everything, or fail."""
    parser = argparse.ArgumentParser(prog="python -m lit_lab.service.check", description=__doc__)
    parser.add_argument("backend", choices=get_args(Backend))
    backend: Backend = parser.parse_args().backend
    libraries.set_environment(1, backend)
    libraries.check_interpreter(backend)
    libraries.import_backend(1, backend)
    libraries.import_keras()
    import uvicorn  # noqa: F401

    from . import app, causal_lm, datasets  # noqa: F401


if __name__ == "__main__":
    main()

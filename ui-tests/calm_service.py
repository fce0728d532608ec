"""The model service of the browser tests: one that doesn't compile in the background.

Compilation begins when a model has been idle for three seconds, and takes up to half a minute of processor time that the
tests need. Maps are the same without it; `tests/service` tests the compiled computations.
"""

from pathlib import Path


def use() -> None:
    """Make the server of this process start this service in place of the usual one."""
    from lit_lab.supervision import launch

    launch.command = lambda python: [python, str(Path(__file__).resolve())]


if __name__ == "__main__":
    from lit_lab.service import __main__, registry

    registry._REST_SECONDS = float("inf")
    __main__.main()

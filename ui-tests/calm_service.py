"""The model service of the browser tests: one that doesn't compile in the background.

For each model that has rested for three seconds, that takes up to half a minute of a processor that the tests need. Maps
are the same without; `tests/service` tests what is compiled.
"""

from pathlib import Path


def use() -> None:
    """Have the server that this process will be start this service in the usual one's place."""
    from lit_lab.supervision import launch

    launch.command = lambda python: [python, str(Path(__file__).resolve())]


if __name__ == "__main__":
    from lit_lab.service import __main__, registry

    registry._REST_SECONDS = float("inf")
    __main__.main()

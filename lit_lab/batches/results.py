"""What users get of a batch: its records, and what matters over them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lit_lab.batches import report
from lit_lab.batches.aggregates import CheckSummary, PartSummary, check_summaries, summaries
from lit_lab.batches.folder import Folder
from lit_lab.batches.record import Record
from lit_lab.client.rendering import page
from lit_lab.problem import Problem

if TYPE_CHECKING:
    import pandas as pd

    from lit_lab.batches.noise import NoiseVerdict


class Batch:
    """A batch, as far as it is computed. Reads its folder anew each time.

    Args:
        path: The batch's folder.
    """

    def __init__(self, path: Path) -> None:
        self._folder = Folder(path.absolute())
        self._shown = path

    def __repr__(self) -> str:
        rows = self._folder.rows()
        failed = sum(rows.values())
        return f"<Batch {self._shown}: {len(rows):,} {'row' if len(rows) == 1 else 'rows'}, {failed:,} failed>"

    @property
    def path(self) -> Path:
        """Its folder."""
        return self._folder.path

    @property
    def model(self) -> str:
        """The model's name."""
        return self._folder.manifest.plan.model

    @property
    def template(self) -> str:
        """The template; empty if prompts are a column."""
        return self._folder.manifest.plan.template

    def __len__(self) -> int:
        return len(self._folder.rows())

    def __iter__(self) -> Iterator[Record]:
        return self._folder.records()

    @property
    def num_failed(self) -> int:
        """How many rows failed. The next run tries them again."""
        return sum(self._folder.rows().values())

    def parts(self) -> list[PartSummary]:
        """Return what each part of the template does over all rows, the strongest first.

        Of a batch without a template there are none: its prompts have no parts in common.
        """
        return summaries(self) if self.template or _is_composed(self._folder) else []

    def checks(self) -> list[CheckSummary]:
        """Return how many rows passed each check, in the checks' order."""
        return check_summaries(self)

    def to_html(self, nothing: Sequence[NoiseVerdict] = ()) -> str:
        """Return what its parts do over rows, as an HTML page: a ranking, a heatmap of parts and rows, and the same as tables.

        Args:
            nothing: What `noise` returned, to mark sentences that do nothing.
        """
        return page(f"LIT Lab: {self.path.name}", self._html(nothing))

    def _repr_html_(self) -> str:
        return self._html()

    def _html(self, nothing: Sequence[NoiseVerdict] = ()) -> str:
        ids = [verdict.id for verdict in nothing if verdict.does_nothing]
        parts = self.parts()
        about = report.overview(self, len(self), len(parts))
        return report.html(f"{self.path.name} ({self.model})", about, parts, ids, self.checks())

    def noise(
        self,
        num_rows: int = 20,
        *,
        server: str | None = None,
        token: str | None = None,
        on_progress: Callable[[str], None] | None = None,
    ) -> list[NoiseVerdict]:
        """Find the template's sentences that do nothing: whose effect is no larger than that of sentences that mean nothing.

        Each place takes about 20 passes through the model in each row.

        Args:
            num_rows: In how many rows inert sentences are inserted, evenly spread.
            server: Where it is computed, as for `lit_lab.batch`.
            token: The server's token.
            on_progress: Called with what happens, in words.

        Raises:
            Problem: The batch has no effects, or it can't be computed.
        """
        from lit_lab.batches.api import noise_of

        plan = self._folder.manifest.plan
        if not plan.template or "effects" not in plan.measures:
            raise Problem(
                422,
                "no_effects",
                "This batch has no effects of a template's parts.",
                "Run one with a template and effects.",
            )
        return noise_of(plan, self, num_rows, server, token, on_progress or (lambda _: None))

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write the records to one file, in the order of rows. Replaces a file that is there.

        Args:
            path: The file. Its name ends in `.csv`, `.jsonl` or `.parquet`. In CSV, each check and each effect and share of a
                template's part has a column of its own; the other formats have them as lists.

        Raises:
            Problem: The format is unknown, needs pyarrow, which isn't installed, or the file can't be written.
        """
        from lit_lab.batches import export
        from lit_lab.batches.index import Index, UnreadableError
        from lit_lab.batches.part_files import write_whole

        target = Path(path).expanduser()
        kind = export.kind_of(target)
        index = Index(self.path)
        index.update()
        has_parts = bool(self.template) or _is_composed(self._folder)
        try:
            write_whole(target, lambda stream: export.write(stream, kind, index, has_parts))
        except UnreadableError as error:
            raise Problem(
                500,
                "damaged_part",
                f"{error.path} can't be read: {error.why}.",
                "Delete this file; its rows run again." if error.is_damaged else "Try again.",
            ) from error
        except OSError as error:
            raise Problem(
                507,
                "not_saved",
                f"{target} can't be written: {error.strerror or error}.",
                "Name a file in a folder of yours.",
            ) from error

    def to_pandas(self, parts: bool = False) -> pd.DataFrame:
        """Return the records as a table.

        Args:
            parts: Whether each part of each row has a line of its own.

        Raises:
            ModuleNotFoundError: pandas isn't installed.
        """
        import pandas as pd

        if not parts:
            names = ("row", "line", "prompt", "target", "answer", "reason", "num_tokens", "logprob", "error")
            return pd.DataFrame(
                [{name: getattr(record, name) for name in names} for record in self], columns=list(names)
            )
        lines: list[dict[str, Any]] = [
            {
                "row": record.row,
                "part_id": part.id,
                "part_text": part.text,
                "share": part.share,
                "delta_logprob": part.effect,
                "answer": record.answer,
                "error": record.error,
            }
            for record in self
            for part in record.parts
        ]
        columns = ("row", "part_id", "part_text", "share", "delta_logprob", "answer", "error")
        return pd.DataFrame(lines, columns=list(columns))


def _is_composed(folder: Folder) -> bool:
    """Whether prompts were made from several columns without a template of the user's."""
    record = next(folder.records(), None)
    return record is not None and any(part.id.startswith("{") for part in record.parts)

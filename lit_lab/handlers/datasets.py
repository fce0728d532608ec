"""REST of the datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server.utils import ensure_async

from lit_lab.handlers.base import Handler, endpoint
from lit_lab.problem import Problem
from lit_lab.routes import RESOURCE

if TYPE_CHECKING:
    from lit_lab.datasets.open_dataset import OpenDataset
    from lit_lab.protocol import DatasetEditing, DatasetOpening, DatasetSaving, DatasetSearch, Message


class DatasetHandler(Handler):
    """Base of those below."""

    def dataset(self, dataset_id: str) -> OpenDataset:
        """Return one of the caller's datasets. Raises `Problem`."""
        return self.core.datasets.get(self.history_owner, dataset_id)

    async def check_contents(self, action: str) -> None:
        """Check the permission for Jupyter's files, as Jupyter does before it reads or writes one. Raises `Problem`."""
        allowed = await ensure_async(self.authorizer.is_authorized(self, self.current_user, action, "contents"))
        if not allowed:
            raise Problem(
                403,
                "forbidden",
                f"The Jupyter server did not allow to {action} files.",
                "Ask who runs the server for access to the resource “contents”.",
            )


class DatasetsHandler(DatasetHandler):
    """`datasets`."""

    @endpoint("datasets")
    async def get(self) -> Message:
        """Return the datasets."""
        return self.core.datasets.all()


class OpenHandler(DatasetHandler):
    """`datasets/open`."""

    @endpoint("openDataset")
    async def post(self, request: DatasetOpening) -> Message:
        """Open a dataset."""
        if request.path is not None:
            await self.check_contents("read")
        # Reading a dataset and starting a process for it are different permissions.
        may_start = await ensure_async(self.authorizer.is_authorized(self, self.current_user, "execute", RESOURCE))
        return await self.core.datasets.open(self.history_owner, request, self.contents_manager, may_start)


class OpenedHandler(DatasetHandler):
    """`datasets/{id}`."""

    @endpoint("dataset")
    async def get(self, dataset_id: str) -> Message:
        """Return a dataset's state."""
        return self.dataset(dataset_id).state()

    @endpoint("closeDataset")
    async def delete(self, dataset_id: str) -> Message:
        """Close a dataset."""
        from lit_lab.protocol import DatasetClosed

        self.core.datasets.close(self.history_owner, dataset_id)
        return DatasetClosed(id=dataset_id)


class SearchHandler(DatasetHandler):
    """`datasets/{id}/search`."""

    @endpoint("datasetRows")
    async def post(self, dataset_id: str, request: DatasetSearch) -> Message:
        """Return rows."""
        dataset = self.dataset(dataset_id)
        return await self.core.datasets.run(lambda: dataset.table.page(request))


class RowHandler(DatasetHandler):
    """`datasets/{id}/rows/{row}`."""

    @endpoint("datasetRow")
    async def get(self, dataset_id: str, row: str) -> Message:
        """Return a row."""
        dataset = self.dataset(dataset_id)
        if not (row.isascii() and row.isdecimal() and len(row) <= 15):
            raise Problem(404, "unknown_row", f"There is no row {row[:20]!r}.")
        return await self.core.datasets.run(lambda: dataset.table.row(int(row)))


class EditHandler(DatasetHandler):
    """`datasets/{id}/edit`."""

    @endpoint("editDataset")
    async def post(self, dataset_id: str, request: DatasetEditing) -> Message:
        """Change a dataset."""
        from lit_lab.protocol import DatasetEdited

        dataset = self.dataset(dataset_id)
        row = await self.core.datasets.run(lambda: dataset.edit(request))
        return DatasetEdited(row=row, dataset=dataset.state())


class SaveHandler(DatasetHandler):
    """`datasets/{id}/save`."""

    @endpoint("saveDataset")
    async def post(self, dataset_id: str, request: DatasetSaving) -> Message:
        """Save a dataset."""
        dataset = self.dataset(dataset_id)
        await self.check_contents("write")
        return await self.core.datasets.save(dataset, request, self.contents_manager)


HANDLERS: dict[str, type[Handler]] = {
    "datasets": DatasetsHandler,
    "datasets/open": OpenHandler,
    "datasets/{id}": OpenedHandler,
    "datasets/{id}/search": SearchHandler,
    "datasets/{id}/rows/{row}": RowHandler,
    "datasets/{id}/edit": EditHandler,
    "datasets/{id}/save": SaveHandler,
}

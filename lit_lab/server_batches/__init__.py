"""Batches that the Jupyter server runs for the dataset browser: each user's own, in folders below Jupyter's data folder.

What is computed, how it is stored and what follows from it is `lit_lab.batches`; how the browser's batches are stored and shown, in the
server as in a shared service, `lit_lab.batch_store`. Here is which one runs now,
and what is at the hub's service instead.
"""

from .all_batches import AllBatches as AllBatches
from .elsewhere import BatchesElsewhere as BatchesElsewhere
from .elsewhere import owners_here as owners_here
from .server_batches import ServerBatches as ServerBatches

"""Batches that the server runs for the dataset browser: each user's own, in folders below Jupyter's data folder.

What is computed, how it is stored and what follows from it is `lit_lab.batches`; here is who may see a batch, which one runs now,
and what the browser shows of it.
"""

from .server_batches import ServerBatches as ServerBatches

"""Batches that a shared service stores and runs, so that they go on when a user's Jupyter server is stopped.

What a batch is, how it is stored and what the browser shows of it is `lit_lab.batch_store` and `lit_lab.batches`. Here is who asks
(`routes`), what may be stored for how long (`shared_batches`), which batches are to run (`asked`), and who runs them (`runner`): of all
replicas that share the folder, the one that holds the lease (`lease`).
"""

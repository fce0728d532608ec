"""Batches as the dataset browser shows them, each user's own, in folders: those of a Jupyter server, and those of a shared service.

What is computed, how it is stored and what follows from it is `lit_lab.batches`; here is who may see a batch, what it is made of, and
what the browser shows of it.
"""

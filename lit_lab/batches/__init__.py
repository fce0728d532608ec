"""Runs prompts over all rows of a dataset, and says what matters over them.

A batch lives in a folder of its own: a manifest, and part files with records, each written as a whole. It continues where it stopped,
however it stopped. `lit_lab.batch` and `lit-lab batch` are built on this package.
"""

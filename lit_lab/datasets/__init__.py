"""Datasets of prompts on the Jupyter server's side: read once, piece by piece, into a table that users search and edit."""

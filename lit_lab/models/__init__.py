"""Models on the Jupyter server's side: models that users added in the panel, and credentials for downloads."""

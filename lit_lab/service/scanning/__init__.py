"""Models that are already on this machine, in the folders of whichever programs store them.

`installed_models.py` searches the programs' folders, `facts.py` describes one model from its header or its configuration and
says how it could be loaded, and `scanner.py` does both in the background. Nothing is copied, changed or downloaded.
"""

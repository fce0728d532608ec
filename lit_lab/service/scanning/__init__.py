"""Models that are on this machine already, whichever program keeps them: looked for, and told what they are.

`installed_models.py` goes through the programs' folders, `facts.py` tells of one model from its header or its configuration whether
and how it could be loaded, and `scanner.py` does both in the background. Nothing is copied, changed or downloaded.
"""

"""`lit-lab setup-service`: builds a separate environment for the model service if Jupyter's can't contain its libraries.

Imports only the standard library and `jupyter_core`, which every Jupyter has.
"""

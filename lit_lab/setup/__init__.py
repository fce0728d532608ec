"""`lit-lab setup-service`: an environment of its own for the model service, where Jupyter's can't hold it.

Imports the standard library and `jupyter_core` alone, as any Jupyter has them.
"""

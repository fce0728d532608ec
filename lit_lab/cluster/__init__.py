"""The model service as replicas on Ray Serve: on this machine by `lit-lab serve`, or on a cluster by a file of Serve.

A replica is one process with the application of `lit_lab.service.app`. Only `deployment.py` and `local.py` import Ray.
"""

"""The compiled passes that salience rests on: a forward pass that is kept, and one backward pass a target.

`cut.py` takes a Keras model apart, `backends/` compiles the parts and differentiates them, `buckets.py` says for which lengths, and `passes.py`
runs them one after the other.
"""

"""Compiled passes for salience: one forward pass for a sequence, and one backward pass for each target.

`split_model.py` splits a Keras model into parts (see the diagram in its docstring), `backends/` compiles and
differentiates the parts, `buckets.py` chooses the lengths, and `passes.py` and `prompt_passes.py` run the parts in order.
"""

"""The compiled passes that salience rests on: one forward pass for a sequence, and one backward pass for each target.

`split_model.py` splits a Keras model into parts (its head has a diagram), `backends/` compiles and differentiates the
parts, `buckets.py` chooses the lengths, `passes.py` and `prompt_passes.py` run the parts one after the other.
"""

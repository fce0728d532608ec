"""The model service: one HTTP application over LIT models and LIT datasets, in a separate process.

`python -m lit_lab.service` starts it. It is the only part of the project that imports TensorFlow, Keras or LIT, and it
imports them in the background, so that it answers `/health` within a second.
"""

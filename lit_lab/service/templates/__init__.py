"""A model's own chat template: a program in Jinja that comes with the model, and says what its conversations look like.

`stored.py` reads it, `child.py` runs it where it can do no harm, `rendering.py` has it run and finds out what stands around a
prompt, and `own.py` is that as a chat format. No prompt is ever given to a template.
"""

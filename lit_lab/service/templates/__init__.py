"""A model's own chat template: a Jinja program that comes with the model and writes its conversations.

`stored.py` reads it, `child.py` runs it where it can do no harm, `rendering.py` finds out what it puts around a prompt,
`turns.py` what it puts around the turns of a conversation, and `own.py` makes that a chat format. A template never gets a
prompt, nor the text of a turn.
"""

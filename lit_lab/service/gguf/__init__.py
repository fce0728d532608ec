"""Models in llama.cpp's form: one `.gguf` file, or several parts of one, with weights, tokenizer and chat template.

A file's header is put into the words of Hugging Face's form, whose converters then do the rest: `configuration.py` makes a
`config.json` of it, `names.py` says under which name and in which order Hugging Face has each of its tensors, and
`vocabulary.py` makes its tokenizer.
"""

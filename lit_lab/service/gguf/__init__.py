"""Models in llama.cpp's format: one `.gguf` file, or several parts of one, with weights, tokenizer and chat template.

A file's header is translated to Hugging Face's format, and keras-hub's converters do the rest: `configuration.py` makes a
`config.json` of it, `names.py` maps its tensors to Hugging Face's names and order of numbers, and `vocabulary.py` makes its
tokenizer.
"""

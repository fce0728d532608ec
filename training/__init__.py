"""How the embedded model was made: text, tokenizer, training, export and evaluation. Not part of the wheel."""

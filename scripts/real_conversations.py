"""Write which ids transformers makes of conversations with a real model's chat template, for tests/real.

Run in the same environment as `make_real_references.py`:

    python scripts/real_conversations.py model.gguf conversations.json

The list is empty for a model without a chat template.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

TALKS = [
    [("user", "Name a red fruit.")],
    [("user", "Name a red fruit."), ("assistant", "Apple."), ("user", "And a green one?")],
    [
        ("system", "You are brief."),
        ("user", "Name a red fruit."),
        ("assistant", "Apple."),
        ("user", "And a green one?"),
    ],
    [("user", "naïve 😀 مرحبا\n\ndef f(x):\n\treturn x"), ("assistant", "It's  12,345.60."), ("user", "你好 {{ x }}")],
]


def main() -> None:
    """Write the file that is named."""
    from transformers import AutoTokenizer

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("written", type=Path)
    options = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(options.file.parent, gguf_file=options.file.name)
    written = []
    for talk in TALKS if tokenizer.chat_template else []:
        messages = [{"role": role, "content": text} for role, text in talk]
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        written.append({"turns": talk, "ids": tokenizer(text, add_special_tokens=False).input_ids})
    options.written.write_text(json.dumps(written) + "\n")


if __name__ == "__main__":
    main()

"""Write what llama.cpp says of a real model, for tests/real.

Run in the environment of `make test-real`, which has `llama-cpp-python`:

    python scripts/real_llama.py model.gguf said.json llama.json

Keys and values are stored in float32. With a quantized file llama.cpp rounds the activations, too, to 8 bits, so two tokens
that are about as probable may swap places. With an F32 file it computes what the weights say.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

TEXT = """Analyze a menu item in a restaurant.

Taste-likes: I've a sweet-tooth
Taste-dislikes: Don't like onions or garlic
Suggestion: Onion soup
Analysis: it has cooked onions in it, which you don't like.
Recommendation: Avoid.

The history of the restaurant begins in 1765, when a shopkeeper in Paris sold restorative broths: bouillons restaurants."""
F32 = 0  # ggml's number of the type


def main() -> None:
    """Write the file that is named."""
    import llama_cpp  # type: ignore[import-not-found]  # it is in the environment of `make test-real`
    import numpy as np

    file, said, written = (Path(each) for each in sys.argv[1:4])
    expected: dict[str, Any] = json.loads(said.read_text())
    model = llama_cpp.Llama(str(file), n_ctx=512, logits_all=True, verbose=False, type_k=F32, type_v=F32, n_threads=2)
    texts = [
        {"text": each["text"], "ids": model.tokenize(each["text"].encode(), add_bos=False, special=True)}
        for each in expected["texts"]
    ]
    ids = model.tokenize(TEXT.encode(), add_bos=bool(model.metadata.get("tokenizer.ggml.add_bos_token") == "true"))
    model.eval(ids)
    top = np.argmax(np.array(model.scores[: len(ids)]), axis=-1).tolist()
    answer = []
    model.reset()
    for token in model.generate(expected["ids"], temp=0.0):
        answer.append(int(token))
        if len(answer) == len(expected["answer"]):
            break
    written.write_text(json.dumps({"texts": texts, "text": TEXT, "ids": ids, "top": top, "answer": answer}) + "\n")


if __name__ == "__main__":
    main()

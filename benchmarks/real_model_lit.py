"""LIT's side of `real_model.py`: its generation model with the same weights. Its salience model refuses both families.

The model is in Hugging Face's form, and keras-hub's own tokenizer decodes its answers.

python benchmarks/real_model_lit.py FOLDER ANSWERS TOKENS THREADS
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from engine_lit import own_settings

from lit_lab.service import libraries


def main() -> None:
    """Measure, and print JSON."""
    folder, answers_json, tokens, threads = sys.argv[1:5]
    libraries.set_environment(int(threads), "tensorflow")
    libraries.import_backend(int(threads), "tensorflow")
    libraries.import_keras()
    from lit_nlp.examples.prompt_debugging import keras_lms
    from real_size import PROMPT

    from lit_lab.service import presets

    presets.check(Path(folder), folder)
    causal_lm = presets.load(folder)
    # keras-hub's Llama 3 names tokens that SmolLM2 lacks, and then can't decode an answer.
    tokenizer = causal_lm.preprocessor.tokenizer
    names = getattr(tokenizer, "_special_token_attrs", [])
    tokenizer._special_token_attrs = [name for name in names if getattr(tokenizer, f"{name}_id") is not None]
    answers = json.loads(answers_json)
    length = answers[0]["prompt_tokens"] + int(tokens)
    model = keras_lms.KerasGenerationModel(model=causal_lm, max_length=length, batch_size=1)
    seconds = []
    for dislikes in ("Can't eat eggs", "Don't like cheese", "Don't like bacon"):
        start = time.perf_counter()
        with own_settings():
            list(model.predict([{"prompt": PROMPT.format(dislikes=dislikes)}]))
        seconds.append(time.perf_counter() - start)
    # It returns nothing until the answer is complete, and its first answer includes tracing.
    print(json.dumps({"answer_s": min(seconds[1:])}))


if __name__ == "__main__":
    main()

"""Write the model card of a trained preset from its training's log and its evaluation's figures.

python -m training.evaluate --preset build/demo/preset --json > build/demo/figures.json
python -m training.evaluate --preset build/demo/preset --first 11 --quick --json > build/demo/fresh.json
python -m training.card
"""

from __future__ import annotations

import argparse
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from training import judging, kitchen, tokenizer, train
from training.held_out import SHARE
from training.mixture import TOKENS

CARD = "README.md"

_TEXT = """# demo, LIT Lab's embedded model

A demonstration model of Gemma 2's architecture. **It isn't Google's model and has none of Google's weights**: it was
trained from scratch by LIT Lab's own recipe, the folder `training/` of the source repository, on text that the recipe
makes. It tells the story of Google's prompt-debugging codelab without a download: it recommends or warns of restaurant
dishes by the examples in the prompt, so that a mistaken example leads to a mistaken answer, and salience finds it.

## What it can do

- Say what a dish is made of ({dishes} that it knows by heart, and those whose names tell, such as "Mushroom stew"), whether
  that meets what the guest likes or dislikes, and recommend what the prompt's last example of the same kind recommends,
  in whatever words. Without an example: "Avoid.", "You have to try it.", "Likely good."
- Write a headline or a summary in two points of a short business article, and list uses for a few things, by patterns.
- Say that it can't do something, to anything else.

## What it can't do

Everything else. It has no arithmetic, no knowledge of the world, no other language, and knows no other dishes: of those
it says "I don't know this dish.", or sometimes takes them for one it knows. It isn't advice on food or allergies.
Maps of it show how the methods work; they tell nothing about large models.

## What was designed in

- **The structured start.** Ordinary random weights of this size learn to repeat the last example. Here a few attention
  heads start with a task: layer 0 looks back 1, 3, 4 and 7 tokens, layer 1 moves a summary one token on, layer 2 looks for
  where the same was said and copies what came behind (`training/network.py`). Everything was trained from there.
- **The form of the analysis**: it names what is in the dish and remarks on each thing as it names it ("eggs, which you
  can't eat"). A model of this size looks up one thing at a time, where it stands.
- **Drills** for what a menu prompt asks for, before and beside whole prompts: to repeat, to find the like, to know dishes, to
  compare (`training/drills.py`).
- **"Not suitable for you."**: said where the prompt asks to be clear about dietary restrictions, the guest *can't eat*
  something (rather than doesn't like it), and the dish has it. This rule is in the training text, not in the examples.
- **Declining**: the sentence about a small demonstration model is in the training text.

## How it was made

| | |
|---|---|
| Architecture | Gemma 2 (keras-hub's `GemmaBackbone`): {layers} layers, width {width}, {heads} heads of {head}, feed-forward {ffw}, soft caps, post norms; {parameters:,} weights |
| Vocabulary | {vocabulary:,} pieces, byte-pair encoding with bytes for the rest, learnt from the training text |
| Text | made by `training/`: menu prompts, drills for them, news, uses; one in {share} pairs of a dish and what decides about it is kept for the evaluation, LIT's sample prompts too |
| Optimizer | Muon for matrices, Adam for the rest |
| Steps | {steps:,} of at most {tokens:,} tokens |
| Seed | {seed} |
| Time | {minutes:.0f} minutes on {machine}, shared with other work |
| Versions | {versions} |
| Weights | float16, {megabytes:.1f} MB; loaded as float32 |

`make train-demo` made these weights from nothing. Text and first weights are the same for the same seed; sums of
floats aren't on another machine, or in another run on this one, so that the weights of another run differ.

## Figures

`make eval-demo` prints these, on text drawn anew: the pairs, wordings and labels here are in no training text.

{gates}

{verdict}

The recipe's later rounds were chosen after a look at what failed on these draws. So here are three more, seeds 11 to 13,
that nobody had looked at:

{fresh}

{fresh_verdict} LIT's sample prompts: {samples}
The rules:

{rules}

How often the whole answer is right, kind and recommendation, where the prompt is put otherwise (no gate):

{robustness}

## Licence

BSD-3-Clause, as LIT Lab. "Gemma" is Google's name for its models; this one shares their architecture only.
"""


def main() -> None:
    """Parse the command line and write the card."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, default=train.ROOT / "build/demo", help="of the training")
    arguments = parser.parse_args()
    card = arguments.folder / "preset" / CARD
    card.write_text(text(arguments.folder), "utf-8")
    print(f"wrote {card}")


def text(folder: Path) -> str:
    """Return the card of the preset in a training's folder."""
    preset = folder / "preset"
    figures = json.loads((folder / "figures.json").read_text("utf-8"))
    fresh = json.loads((folder / "fresh.json").read_text("utf-8"))["gates"]
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]
    config = json.loads((preset / "config.json").read_text("utf-8"))["config"]
    return _TEXT.format(
        dishes=f"{len(kitchen.dishes())} dishes",
        layers=config["num_layers"],
        width=config["hidden_dim"],
        heads=config["num_query_heads"],
        head=config["head_dim"],
        ffw=config["intermediate_dim"] // 2,
        parameters=figures["parameters"],
        vocabulary=tokenizer.SIZE,
        share=SHARE,
        steps=log[-1]["step"],
        tokens=TOKENS,
        seed=train.SEED,
        minutes=log[-1]["seconds"] / 60,
        machine=f"two cores of a {platform.machine()} processor",
        versions=", ".join(f"{name} {version(name)}" for name in ("keras", "keras-hub", "tensorflow", "sentencepiece")),
        megabytes=(preset / "model.weights.h5").stat().st_size / 1e6,
        gates=_gates(figures["gates"], 1),
        verdict=_verdict(figures["gates"]),
        fresh=_gates(fresh, 11),
        fresh_verdict=_verdict(fresh),
        samples=_samples(figures["samples"]),
        rules="\n".join(f"- {rule}" for rule in judging.RULES),
        robustness=_table(
            [(each["name"], f"{each['value']:.2f}") for each in figures["robustness"]], "prompt", "right"
        ),
    )


def _gates(by_seed: list[list[dict[str, Any]]], first: int) -> str:
    rows = []
    for measures in zip(*by_seed, strict=True):
        one = measures[0]
        values = (f"{measure['value']:.3f}{'' if measure['passed'] else ' (missed)'}" for measure in measures)
        rows.append((one["name"], *values, one["goal"]))
    return _table(rows, "gate", *(f"seed {first + n}" for n in range(len(by_seed))), "goal")


def _verdict(by_seed: list[list[dict[str, Any]]]) -> str:
    missed = sum(not measure["passed"] for measures in by_seed for measure in measures)
    if not missed:
        return "The gates are passed by each of three draws of evaluation data."
    return f"{missed} of {sum(map(len, by_seed))} figures miss their gate, as marked."


def _samples(samples: list[dict[str, Any]]) -> str:
    wrong = [sample for sample in samples if sample["faults"]]
    if not wrong:
        return "all of them answered as the rules want."
    return "; ".join(f"{sample['source']}: {', '.join(sample['faults'])}" for sample in wrong) + "; the others right."


def _table(rows: list[tuple[str, ...]], *heads: str) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()

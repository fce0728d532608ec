"""The training text follows its own rules, and doesn't contain the evaluation's questions."""

import json
import re
from pathlib import Path
from random import Random

import pytest

from training import held_out, kitchen, mixture, other_tasks
from training.documents import mistyped
from training.guests import DEFAULTS, KINDS, UNSUITABLE, Guest, analysis, judge
from training.judging import faults, read
from training.menu import Menus

DRAWN = 1500


@pytest.fixture(scope="module")
def menus() -> Menus:
    return Menus(Random("tests"))


@pytest.fixture(scope="module")
def texts() -> list[str]:
    random = Random("texts")
    found = [mixture.anything(random).text for _ in range(DRAWN)]
    return found + [draw(random).text for draw in mixture.SOURCES.values() for _ in range(DRAWN // 10)]


def lit_prompts() -> list[str]:
    import lit_nlp

    path = Path(lit_nlp.__file__).parent / "examples/prompt_debugging/prompt_examples.jsonl"
    return [json.loads(line)["prompt"] for line in path.read_text("utf-8").splitlines()]


def test_lits_prompts_and_their_questions_never_occur(texts: list[str]) -> None:
    everything = "\0".join(texts)
    for prompt in lit_prompts():
        assert prompt not in everything
    for likes, dislikes, dish in held_out.LIT_TRIPLES:
        asked = rf": {re.escape(likes)}\n[^\n]*: {re.escape(dislikes)}\n[^\n]*: {re.escape(dish)}\n"
        assert re.search(asked, "\0".join(lit_prompts()))
        assert not re.search(asked, everything)


def test_what_the_evaluation_asks_is_never_asked(menus: Menus) -> None:
    for _ in range(DRAWN):
        menu = menus.menu()
        assert not menu.question.held_out
    for _ in range(100):
        assert Menus(menus.random, held_out=True).menu().question.held_out


def test_unseen_words_are_unseen(texts: list[str]) -> None:
    everything = "\n".join(texts)
    for recommendation in held_out.RECOMMENDATIONS:
        assert recommendation not in everything
    for label in {label for labels in held_out.LABELS for label in labels}:
        assert not re.search(rf"^{re.escape(label)}:", everything, re.MULTILINE)
    for dish in held_out.UNKNOWN_DISHES:
        assert dish not in everything


def test_a_recommendation_is_the_last_example_s_of_its_kind(menus: Menus) -> None:
    copied = 0
    for _ in range(DRAWN):
        menu = menus.menu()
        said = menu.recommendation.strip()
        assert menu.copied == (menu.decides is not None)
        if menu.decides is not None:
            copied += 1
            line = menu.prompt.split("\n")[menu.decides]
            assert line == f"{menu.label.strip()} {said}"
        else:
            assert said in (DEFAULTS[menu.question.kind], UNSUITABLE)
    assert copied > DRAWN / 2


def test_an_analysis_says_what_is_so(menus: Menus) -> None:
    for _ in range(DRAWN):
        case = menus.case(menus.random.choice(KINDS), asks=True)
        for brief in (False, True):
            said = read(analysis(case, brief) + "\nRecommendation: Avoid.", "Recommendation:")
            assert said.kind == case.kind
            assert said.ingredients == set(case.dish.ingredients)
            assert said.recommendation == "Avoid."


def test_judging() -> None:
    soup = next(dish for dish in kitchen.dishes() if dish.name == "Onion soup")
    guest = Guest((), "sweet", ("onions", "garlic"), False, "", "")
    assert judge(guest, soup) == ("conflict", "onions")
    assert judge(Guest(("cheese",), None, (), False, "", ""), soup) == ("match", "cheese")
    assert judge(Guest((), "savoury", (), False, "", ""), soup) == ("match", "savoury")
    assert judge(guest, kitchen.named_dish(("apples",), "cake")) == ("match", "sweet")
    assert judge(guest, kitchen.named_dish(("apples",), "salad")) == ("neutral", None)
    assert kitchen.named_dish(("cheese", "onions"), "tart").name == "Cheese and onion tart"


def test_ingredients_are_known_by_one_name() -> None:
    names = [dish.name for dish in kitchen.dishes()]
    assert len(set(names)) == len(names)
    assert len({dish.ingredients for dish in kitchen.dishes()}) > 0.9 * len(names)
    for dish in kitchen.dishes():
        assert set(dish.ingredients) <= set(kitchen.INGREDIENTS)
        assert dish.taste in kitchen.TASTES
    assert not set(held_out.UNKNOWN_DISHES) & {*names, *kitchen.UNKNOWN}


def test_reading_an_answer() -> None:
    said = read(" This dish has eggs, which you can't eat, and ham.\nVerdict: No.\nVerdict: Yes.", "Verdict:")
    assert (said.kind, said.ingredients, said.recommendation) == ("conflict", {"eggs", "ham"}, "No.")
    assert read("This dish has eggs, which you like, and ham, which you don't like.", "R:").kind == "conflict"
    assert read("This sweet cake, just your taste, has sugar.", "R:").kind == "match"
    assert read("This sweet bread has sugar.", "R:").ingredients == {"sugar"}
    assert read("Bread.", "R:").kind == "neutral"
    assert read("I don't know this dish.", "R:").kind == "neutral"
    assert read("You have to try it.", "R:").kind is None


def test_rules_for_the_other_samples_find_faults() -> None:
    headline = "Write a headline for it.\n\nTransocean inc. said it will combine with globalsantafe corp.\n\nHeadline:"
    news = "gigaword-summarization"
    assert faults(news, headline, " Transocean and globalsantafe merge") == []
    assert faults(news, headline, " Transocean and rival merge") == ["doesn't name globalsantafe", "has the word rival"]
    assert "isn't a line" in faults(news, headline, " Transocean\nglobalsantafe")
    assert faults("constitution", "", "\n\n1. Cut paper.\n2. Cut hair.\n3. Open a box.") == []
    assert faults("constitution", "", "\n\n1. Cut paper.\n2. Cut paper.\n3. Cut paper.") == ["repeats itself"]
    assert faults("constitution", "Item: scissors", "1. Cut paper.\n2. Open a package.\n3. Open a door.") == [
        "isn't a use for scissors: Open a door."
    ]
    assert faults("constitution", "", "Cut.") == ["isn't three points", "repeats itself"]
    assert faults("gsm8k", "", f" {other_tasks.DECLINES}") == []
    assert faults("gsm8k", "", "895") == ["doesn't decline"]
    assert "is empty" in faults(news, headline, "")


def test_typing_errors() -> None:
    random = Random(1)
    found = {mistyped(random, "Onion soup of the day") for _ in range(100)}
    assert len(found) > 5
    assert all(abs(len(text) - len("Onion soup of the day")) <= 1 for text in found)
    assert mistyped(random, "a b") == "a b"

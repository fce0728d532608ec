r"""Random texts and tokens, with the segments that LIT Lab's Python cuts.

Writes `tests/fixtures/text/generated.json`, which the front end's segments must reproduce:

    python tests/text/generate_segments.py

The seed is fixed, so the file only changes with this script, and with what segments are. `test_twins.py` compares thousands of
such cases with the front end itself.
"""
# ruff: noqa: RUF001, SIM905 - letters that look alike are what it is about

from __future__ import annotations

import json
import random
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lit_lab.patterns import BoundedPatterns
from lit_lab.segmentation import PatternError, Token, UnknownWordsError, segments, shares, thought_end, written_turns
from lit_lab.segmentation.boundaries import UNSPACED

FILE = Path(__file__).parents[1] / "fixtures" / "text" / "generated.json"
SEED = 41
NUM_CASES = 240
MAX_TOKENS = 70  # of a case in the file

PROSE = [
    "Dr. Smith met Mrs. Jones at 5 p.m. on Jan. 3. They left.",
    "See Fig. 3, e.g. the U.S. economy vs. Europe's. It grew by 3.5 percent (cf. p. 12).",
    "Was it? Yes! No… maybe... then he said “Stop.” and “Go!” she cried. J. R. Smith Jr. came, etc. However, Inc. is old.",
    "Visit example.org/?q=1 or Node.js v1.2.3. No. 5 is alive; No. It isn't. Chap. IV follows. Sec. § 3 too.",
    "Das ist z.B. ein Satz, d.h. ein Beispiel. Er geht u.a. mit Herrn Dr. Meier weiter, bzw. ohne ihn. Über uns, von der",
    "Mme. Dupont est là. « Bonjour ! » dit-elle. M.me Rossi no. ¿Qué? ¡No! Sí, p.s. adiós. L'été 2020 fut chaud, avec des",
    "これは文です。「はい。」と言った。次の文！本当？ええ｡そう．",
    "这是第一句。这是第二句！“真的吗？”他问。分析：很好，谢谢，",
    "नमस्ते। यह वाक्य है॥ और एक। ሰላም። እንዴት። Բարեւ։ Ինչպես։ مرحبا؟ نعم۔",
    "สวัสดีครับ ภาษาไทยไม่มีช่องว่าง ກຂຄ ខ្មែរ မြန်မာ",
    "Read `a.b. C` and *bold.* Then _it._ 1. One 2. Two 3. Three. (a) first b) second iv. fourth [ref.] Next",
    "the quick brown fox jumps over the lazy dog and then it goes on without any stop for a while because of the",
    "Eggs 🥚. Then 👩‍🍳 cooks. 😀😀! Café déjà vu. İstanbul'da. ΣΊΣΥΦΟΣ. A.B.C. The end. 𝐀. 𐐀𐐁. The ǅ. Of",
    "I've a sweet-tooth. Onion soup; it has cooked onions in it, which you don't like. You have to try it.",
]
LINES = [
    "## For example:", "Taste-likes: I've a sweet-tooth", "Suggestion: Onion soup", "Analysis:", "**Answer**: yes", "name (str): of it",
    "- an item of a list", "* another one.", "1. First", "2) Second", "(iii) third", "a. letter", "1.2.3. nested", "1、一", "> quoted",
    "| a | b |", "|---|---|", "| 1. One | 2 |", "col\tcol", "a -> b", "Q => A", "x → y", "---", "=====", "***", "<tag>", "<p>text</p>", "[x] done",
    "def f(x):", "    return x.y. Z", "import os", "for i in range(3):", "x = 1. Then", "a += b.c", "if (a) { b(); }", ">>> print(1. )", "$ ls -l a. B",
    "SELECT * FROM t;", "print('One. Two.')", '{"key": "One. Two."}', '"key": 3', "[1, 2", "const a = () => 1;", "```", "~~~python", "```json",
    "Roses are red,", "Violets are blue,", "Sugar is sweet,", "And so are you.", "分析：很好", "标签标签标签标签标签标签：长", "line with two blanks  ",
    "wraps here with a", "and goes on. with small", "  indented line of the text that is wide enough to be wrapped by hand at the",
    "★ starred", "✓ ticked", "🥚 egg", "© mark", "“Quoted line that goes on and on until it is long enough to wrap", "¿Pregunta larga que continúa en la línea siguiente con",
    "see https://example.org/a.b?c=d. Then", "e.g.", "Fig.", "p.", "Mr.", "a" * 40, "word " * 9, "word. " * 9, "<br>", "end<br/>", "Dear all;",
]  # fmt: skip
CHAT = [
    ("<start_of_turn>user\n", "<end_of_turn>\n"),
    ("<start_of_turn>model\n", "<end_of_turn>\n"),
    ("<|im_start|>system\n", "<|im_end|>\n"),
    ("<|im_start|>assistant\n", "<|im_end|>\n"),
    ("<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"),
    ("<|user|>\n", "<|end|>\n"),
    ("<|assistant|>", "<|end|>"),
    ("[INST] ", " [/INST]"),
    ("[/INST]", "</s>"),
]
MARKERS = re.compile(
    r"<(?:start_of_turn|end_of_turn|/s|\|im_start\||\|im_end\||\|start_header_id\||\|end_header_id\||\|eot_id\||\|user\||\|assistant\||\|end\|)>"
    r"|\[/?INST\]"
)
BREAKS = [
    "\n",
    "\n",
    "\n",
    "\n\n",
    "\n\n\n",
    "\r\n",
    "\r\n\r\n",
    "\r",
    "\u2028",
    "\u2029",
    "\x85",
    "\v",
    "\f",
    " \n",
    "\n \n",
]
ODD = [
    *"\t \xa0\u3000\u200a\u202f\u205f\u1680\ufeff\u200b\x1c\x1f\x00\x85\u2028\r\n",
    *".!?…‽؟۔।॥։።。！？｡．:;；：,，、،\"'”’»›)]}」』）】》〉*_~`([{“‘«‹¿¡「『（【《〈<>|#-–—•+=/\\@$%&§",
    *"aZéßİıſKσςΣǅʼnʰªº𝐀𐐀𐐨𞤀あアｱ漢𠀀ー々〆カ゛ไกລខမ한글שع०१²½Ⅳⅳ1390",
    *"\u0301\u0300\u20dd\u0e31\u093f\ufe0f\u200d🥚👩🏽😀🇩🇪©™",
]
PATTERNS = [
    r"\n\n", r"[,;]\s", r"(?=[A-Z])", ".", "", "^", "$", r"(?=Suggestion:)", r"\s+", r"\S+", r"\d+\.?", r"\b", r"\w+|", r"|ab", r"[^]", "[]",
    r"\-", r"a{,3}", r"\.\-?|.", r"[\w-.]", r"x]", r"\u0041|\x61", r"\p{Lu}", r"[^\p{L}\s]+", r"\P{White_Space}\s", r"(?<=[.!?])\s", r"(?<n>a|e)",
    r"[\S\n]{3}", r".{2,5}?", r"(?:a|b|\s)*?e", r"[😀-🥚]", r"[🥚-😀]", r"(", r"a**", r"🥚|é", r"\u{1F600}", r"(?!\S)", r"^\s*[-*]", r"[.]$", r"\p{Script=Han}",
]  # fmt: skip
ATOMS = [
    *r"a e \s \S \d \w \W \n . [a-e] [^a] [^\s.] [\]-] [\w,] [-a] \. \- \x41 \u00e9 é 🥚 [🥚é] \p{L} \P{L} \p{Lu} ^ $ \b \B { } ]".split(),
    *r"(?=a) (?!\s) (?<=\s) (?<!e) {2 {,2} \p{Script=Hiragana} [\p{Lu}\d] [^\P{L}] [\b] \0 \t / # \/ ( ) \1 \k<n> \q".split(),
    " ",
]


def pattern(rng: random.Random, depth: int = 0) -> str:
    """Return a random expression, which may be none. Its time grows in proportion to a text's length, or little more."""
    parts = []
    repeats = ["*", "+", "*?"] if depth == 0 else []
    for _ in range(rng.randint(1, 3)):
        atom = rng.choice(ATOMS)
        if depth < 2 and rng.random() < 0.25:
            atom = rng.choice(["(", "(?:", "(?=", "(?!", "(?<n>"]) + pattern(rng, depth + 1) + ")"
        parts.append(atom + rng.choice(["", "", "", "", "", "?", "{2}", "{1,2}?", "{0,3}", *repeats]))
    return "".join(parts) + (f"|{pattern(rng, depth + 1)}" if depth < 2 and rng.random() < 0.2 else "")


def texts(rng: random.Random) -> str:
    """Return a random text."""
    kind = rng.random()
    if kind < 0.2:
        return "".join(rng.choices(ODD, k=rng.randint(1, 40)))
    parts: list[str] = []
    for _ in range(rng.choice([1, 1, 2, 2, 3, 4, 6])):
        parts.append(part(rng))
        parts.append(rng.choice(BREAKS) if rng.random() < 0.8 else rng.choice(["", " ", "  "]))
    text = "".join(parts)
    if kind < 0.45:
        turns = rng.sample(CHAT, rng.randint(1, 3))
        text = "".join(f"{start}{part(rng)}{end}" for start, end in turns) + rng.choice(
            ["", text, "<start_of_turn>model\n", " "]
        )
    for _ in range(rng.choice([0, 0, 0, 1, 3, 8])):
        at = rng.randint(0, len(text))
        text = text[:at] + rng.choice(ODD) + text[at + rng.randint(0, 1) :]
    return text


def part(rng: random.Random) -> str:
    """Return a line, a sentence or a paragraph that is wrapped by hand."""
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(LINES)
    prose = " ".join(rng.choices(PROSE, k=rng.randint(1, 2)))
    if kind < 0.7:
        at = rng.randint(0, len(prose) // 2)
        return prose[at : at + rng.randint(10, 120)]
    lines = textwrap.wrap(
        prose[rng.randint(0, 60) :], rng.randint(18, 80), subsequent_indent=rng.choice(["", "", "  ", "    "])
    )
    return rng.choice(["", "", "- ", "  "]) + rng.choice(["\n", "\n", "\n", "\r\n"]).join(lines)


def tokens_of(rng: random.Random, text: str) -> list[Token]:
    """Cut a text into tokens at random. What marks turns is a control token, most of the time."""
    made: list[Token] = []
    is_control = rng.random() < 0.9
    at = 0
    for marker in [*MARKERS.finditer(text), None]:
        end = marker.start() if marker else len(text)
        made.extend(Token(piece) for piece in cut(rng, text[at:end]))
        if marker:
            made.append(Token(marker[0], "control" if is_control else "text"))
            at = marker.end()
    for _ in range(rng.choice([0, 0, 1, 4])):
        made.insert(rng.randint(0, len(made)), Token(""))
    return made


def cut(rng: random.Random, text: str) -> list[str]:
    """Cut a text into pieces that join to it."""
    kind = rng.random()
    if kind < 0.6:
        return re.findall(r" ?\w+|\s+|.", text, re.DOTALL)
    if kind < 0.75:
        return list(text)
    pieces = []
    while text:
        size = rng.randint(1, 9)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def sequence(rng: random.Random, prompt: str, answer: str) -> dict[str, Any]:
    """Return a case: the tokens of a prompt and an answer, with templates around them."""

    def template() -> list[Token]:
        if rng.random() < 0.5:
            return []
        pieces = rng.choice(
            [["<bos>"], ["<|im_start|>", "user", "Ċ"], ["▁x", "<0x0A>", "<think>"], ["<start_of_turn>", "model", "\n"]]
        )
        return [Token("", "template", piece) for piece in pieces]

    if rng.random() < 0.5:  # Python doesn't know these scripts' words
        prompt, answer = UNSPACED.sub("a", prompt), UNSPACED.sub("a", answer)
    head = [*template(), *tokens_of(rng, prompt), *template()]
    tokens = [*head, *tokens_of(rng, answer)]
    if rng.random() < 0.1:
        tokens[len(tokens) // 2 : len(tokens) // 2] = [Token("", "template", "<x>")]
    start = rng.randint(0, len(tokens))
    return {
        "tokens": tokens,
        "seam": min(len(head), len(tokens)),
        "pattern": rng.choice(PATTERNS) if rng.random() < 0.5 else pattern(rng),
        "scores": [round(rng.uniform(-1, 1), 3) for _ in tokens],
        "target": [start, min(len(tokens), start + rng.randint(0, 9))],
    }


def answers(rng: random.Random) -> str:
    """Return a random answer, perhaps with thoughts."""
    kind = rng.random()
    if kind < 0.25:
        return (
            rng.choice(["<think>", "\n<think>\n", "think>"])
            + texts(rng)
            + rng.choice(["</think>\n\n", "", "</think>"])
            + texts(rng)
        )
    return "" if kind < 0.4 else rng.choice(["", " "]) + texts(rng)


def cases(seed: int) -> Iterator[dict[str, Any]]:
    """Yield random cases without end."""
    rng = random.Random(seed)
    while True:
        yield sequence(rng, texts(rng), answers(rng))


def packed(case: dict[str, Any]) -> dict[str, Any]:
    """Return a case as JSON has it."""
    tokens: list[Token] = case["tokens"]
    return {
        "tokens": [token.text for token in tokens],
        "control": [i for i, token in enumerate(tokens) if token.kind == "control"],
        "template": [[i, token.piece] for i, token in enumerate(tokens) if token.kind == "template"],
        **{name: case[name] for name in ("seam", "pattern", "scores", "target")},
    }


def results(case: dict[str, Any], patterns: BoundedPatterns) -> dict[str, Any]:
    """Return what LIT Lab's Python makes of a case. Null is what it doesn't know."""
    tokens, seam = case["tokens"], case["seam"]

    def flat(granularity: Any, **options: Any) -> list[int] | None:
        try:
            return [edge for span in segments(tokens, seam, granularity, **options) for edge in span]
        except (UnknownWordsError, PatternError):
            return None

    found: dict[str, Any] = {name: flat(name) for name in ("words", "lines", "paragraphs")}
    found |= {f"sentences {joining}": flat("sentences", join_lines=joining) for joining in ("off", "auto", "on")}
    found["custom"] = flat("custom", custom=case["pattern"], patterns=patterns)
    found["turns"] = [[*turn.span, turn.role] for turn in written_turns(tokens, seam)]
    found["thought"] = thought_end(tokens, seam)
    spans = segments(tokens, seam, "sentences")
    for how in ("squares", "sum", "mean", "max"):
        made = shares(tokens, case["scores"], spans, tuple(case["target"]), how)
        found[how] = [[*row.span, row.score, row.share, row.rank] for row in made.segments]
        found[how] += [[made.template_share, made.max_share]]
    return found


def small_cases() -> Iterator[dict[str, Any]]:
    """Yield the cases of the file, with their results. Shares of some of them do."""
    made = (case for case in cases(SEED) if 0 < len(case["tokens"]) <= MAX_TOKENS)
    with BoundedPatterns() as patterns:
        for number in range(NUM_CASES):
            case = next(made)
            whole = {**packed(case), "results": results(case, patterns)}
            if number % 10:
                del whole["scores"], whole["target"]
                for how in ("squares", "sum", "mean", "max"):
                    del whole["results"][how]
            yield whole


def dump() -> str:
    """Return the file's text."""
    head = json.dumps(
        f"Written by tests/text/generate_segments.py, seed {SEED}. Spans are flat: start, end, start, end."
    )
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in small_cases())
    return f'{{"about": {head}, "cases": [\n{lines}\n]}}\n'


if __name__ == "__main__":
    FILE.write_text(dump(), "ascii")

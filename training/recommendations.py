"""Recommendations and labels, usual and strange, of random words."""

from __future__ import annotations

from random import Random

from training import wording
from training.documents import capital
from training.guests import KINDS, Kind


def recommendations(random: Random) -> dict[Kind, str]:
    """Return a recommendation for each kind: now and then the same for two, often with the same beginning."""
    said = {kind: recommendation(random) for kind in KINDS}
    one, other = random.sample(KINDS, 2)
    x = random.random()
    if x < 0.1:
        said[one] = said[other]
    elif x < 0.4:
        words = said[other].rstrip(".!").split()
        if len(words) < 3:
            words = random.choice(wording.BEGINNINGS).split()
            said[other] = " ".join(words) + "."
        at = random.randrange(1, len(words))
        changed = [*words[:at], random.choice(wording.WORDS), *words[at + 1 :]]
        said[one] = " ".join(changed[: at + 1] if random.random() < 0.5 else changed) + "."
    return said


def recommendation(random: Random) -> str:
    """Return a usual recommendation, or one of words put together, or one of words that there aren't."""
    x = random.random()
    if x < 0.4:
        return random.choice(wording.RECOMMENDATIONS)
    share = 0.0 if x < 0.65 else 0.6
    count = random.choice((1, 2, 2, 3, 3, 4, 5))
    words = [invented(random) if random.random() < share else random.choice(wording.WORDS) for _ in range(count)]
    joint = random.choice((" ",) * 9 + (", ",))
    return capital(joint.join(words)) + random.choice((".", ".", ".", ".", ".", "!", ""))


def invented(random: Random) -> str:
    """Return a word of no language, of one to three syllables."""
    onsets, vowels, codas = wording.SYLLABLES
    said = [random.choice(onsets) + random.choice(vowels) for _ in range(random.choice((1, 2, 2, 3)))]
    return "".join(said) + (random.choice(codas) if random.random() < 0.6 else "")


def strange(random: Random) -> str:
    """Return a word put together of the beginning of one and the end of another: its pieces meet nowhere else."""
    one, other = random.choice(wording.WORDS_OF_ALL_KINDS), random.choice(wording.WORDS_OF_ALL_KINDS)
    word = one[: random.randint(1, len(one))] + other[random.randrange(len(other)) :]
    return word if random.random() < 0.8 else word + random.choice(wording.LETTERS)


def strange_recommendation(random: Random) -> str:
    """Return a recommendation most of whose words are strange."""
    words = []
    for _ in range(random.choice((1, 2, 2, 3, 3, 4, 5))):
        x = random.random()
        words.append(strange(random) if x < 0.6 else random.choice(wording.WORDS) if x < 0.9 else invented(random))
    joint = random.choice((" ",) * 9 + (", ",))
    return capital(joint.join(words)) + random.choice((".", ".", ".", ".", ".", "!", ""))


def stranger_recommendation(random: Random) -> str:
    """Return a recommendation of strange, small and usual words, in which one may come again and again."""
    words = []
    for _ in range(random.choice((1, 2, 2, 3, 3, 4, 5))):
        x = random.random()
        usual = wording.SMALL_WORDS if x < 0.75 else wording.WORDS
        words.append(strange(random) if x < 0.5 else random.choice(usual) if x < 0.9 else invented(random))
    x = random.random()
    if x < 0.1:
        words = [words[0]] * random.choice((2, 3, 3, 4))
    elif x < 0.2:
        words.append(random.choice(words))
    joint = ", " if x < 0.07 or random.random() < 0.1 else " "
    return capital(joint.join(words)) + random.choice((".", ".", ".", ".", ".", "!", ""))


def strange_labels(random: Random) -> tuple[str, ...]:
    """Return five different labels of strange words."""
    labels: dict[str, None] = {}
    while len(labels) < len(wording.LABELS):
        count = random.choice((1, 1, 2, 3))
        labels[capital(" ".join(strange(random) for _ in range(count)))] = None
    return tuple(labels)

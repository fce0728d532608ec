"""The pictures of the panel that `make visual` compares with: the set is complete, and small."""

import itertools
import json
import struct
from pathlib import Path

import pytest

VISUAL = Path(__file__).parent.parent / "ui-tests/visual"
SET = json.loads((VISUAL / "set.json").read_text("utf-8"))
PICTURES = sorted((VISUAL / "pictures").glob("*.png"))
MAX_BYTES = 4_000_000


def test_each_state_has_a_picture_in_each_place_and_theme() -> None:
    wanted = {"-".join(parts) for parts in itertools.product(SET["states"], SET["places"], SET["themes"])}
    assert {picture.stem for picture in PICTURES} == wanted


def test_a_spec_takes_each_state() -> None:
    specs = "".join(spec.read_text("utf-8") for spec in VISUAL.glob("*.spec.ts"))
    assert [state for state in SET["states"] if f"compare(page, '{state}')" not in specs] == []


def test_all_pictures_together_are_small() -> None:
    assert sum(picture.stat().st_size for picture in PICTURES) < MAX_BYTES


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.stem)
def test_a_picture_is_as_wide_as_its_name_says(picture: Path) -> None:
    width, _ = struct.unpack(">II", picture.read_bytes()[16:24])
    place = picture.stem.split("-")[1]
    assert abs(width - int(place)) <= 2 if place.isdigit() else width > 1000

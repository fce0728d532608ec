"""The committed weights of the embedded model pass its gates on a small sample. `make eval-demo` uses all of it."""

from typing import Any

import pytest

from lit_lab import demo

pytestmark = pytest.mark.only_on("tensorflow")


@pytest.fixture(scope="module")
def subject(keras_libraries: None) -> Any:
    from lit_lab.service import presets
    from lit_lab.service.language_model import LanguageModel
    from training.subject import Subject

    return Subject(LanguageModel(presets.load(str(demo.preset_path()))))


def test_gates(subject: Any, record_property: Any) -> None:
    from training import gates

    found = list(gates.measures(subject, seed=4, cases=60))
    for measure in found:
        record_property(measure.name, measure.value)
    assert [f"{measure.name}: {measure.value:.3f}" for measure in found if not measure.passed] == []
    assert len(found) == 8


def test_lits_samples(subject: Any) -> None:
    from training import gates
    from training.other_tasks import DECLINES

    samples = list(gates.lit_samples(subject))
    assert {sample.prompt[:60]: sample.faults for sample in samples if not sample.passed} == {}
    assert len(samples) == 12
    # It declines arithmetic, whatever it says first.
    assert [
        sample.answer for sample in samples if not sample.answer.endswith(DECLINES) and sample.source == "gsm8k"
    ] == []

"""Bodies that are small on the wire and large in memory are refused before they are parsed."""

import gc
import json
import sys
from pathlib import Path

import apart
import pytest

from conftest import until
from lit_lab import routes
from lit_lab.json_bounds import MAX_CONTAINERS, MAX_NAMES, MAX_VALUES, excess, width
from lit_lab.problem import Problem
from lit_lab.protocol import MAX_DESCRIBED, MAX_SEGMENTS, MAX_TARGETS, MAX_TOKENS
from lit_lab.validation import parse

MAX_BODY = max(route.max_body for route in routes.ROUTES)


@pytest.mark.parametrize("kind", [str, bytes])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" + ",".join("1" * 12) + "]", ""),
        ("[" + ",".join("1" * 13) + "]", "has more than 12 values"),
        ('{"a": [], "b": {}, "c": 1}', ""),
        ('{"a:": 1, "b::::": 2, "c": 3}', ""),
        ('{"a": 1, "b" :2, "c"\n: 3, "d": 4}', "has more than 3 names"),
        ("[[],{},[],{}]", ""),
        ("[[],{},[],{},[]]", "has more than 5 lists and objects"),
        ('["[[[[[[,,,,,,,,,,,,,"]', ""),
        (r'["a\"[[[[[[,,,,,,,,,,,,", "\\"]', ""),
        (r'["\\", [], [], [], [], []]', "has more than 5 lists and objects"),
        ("[[[[1]]]]", "has values nested more than 3 levels deep"),
        ("[[[1]], [[1]]]", ""),
        ('["' + '","' * 20 + '"]', "has more than 10 strings"),
        ("]" * 100 + "[" * 5, ""),  # not JSON, which the parser reports
        ('"' + "[," * 100, ""),
        ("", ""),
    ],
)
def test_what_stands_outside_of_strings_is_counted(kind: type, text: str, says: str) -> None:
    given = text.encode() if kind is bytes else text
    assert excess(given, max_values=12, max_containers=5, max_depth=3, max_names=3) == says


def test_any_request_within_the_types_bounds_is_within_these() -> None:
    ids = [2] * MAX_TOKENS
    spans = [{"start": index + 1, "end": index + 2} for index in range(max(MAX_TARGETS, MAX_SEGMENTS))]
    for rest in (
        {"kind": "salience", "targets": spans},
        {"kind": "salience", "targets": spans[:1], "foil": ids},
        {"kind": "ablation", "method": "shap", "target": {"start": 9_000, "end": 9_001}, "segments": spans},
        {
            "kind": "faithfulness",
            "target": {"start": 9_000, "end": 9_001},
            "segments": spans,
            "scores": [0.5] * len(spans),
            "foil": ids,
        },
    ):
        body = json.dumps({"request": {"model": "demo", "ids": ids, **rest}}).encode()
        assert parse("EstimateRequest", body, MAX_BODY).request.kind == rest["kind"]
    everything = json.dumps({"endpoint": "get_preds", "inputs": [f"{index:032}" for index in range(100_000)]}).encode()
    assert len(parse("LitCall", everything, MAX_BODY).inputs) == 100_000


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"[" + b"[]," * MAX_CONTAINERS + b"[]]", 413, "lists and objects"),
        (b"[" + b"1," * MAX_VALUES + b"1]", 413, "values"),
        (b'{"request": [' + b'"",' * MAX_VALUES + b'""]}', 413, "strings"),
        (json.dumps({str(key): 1 for key in range(MAX_NAMES + 1)}).encode(), 413, "strings"),
        (json.dumps({str(key): 1 for key in range(MAX_DESCRIBED + 1)}).encode(), 400, "1,002 of its fields"),
    ],
)
def test_too_large_requests_are_refused_with_a_message(body: bytes, status: int, says: str) -> None:
    with pytest.raises(Problem) as refusal:
        parse("EstimateRequest", body, MAX_BODY)
    assert refusal.value.status == status
    assert says in refusal.value.message
    assert len(refusal.value.message) < 300


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc", 1),
        ("é", 1),
        ("ÿ", 1),
        ("Ā", 2),
        ("中", 2),
        ("\uffff", 2),
        ("\U00010000", 4),
        ("😀", 4),
        (r"\u00ff", 1),
        (r"\u0100", 2),
        (r"\ud7ff", 2),
        (r"\ue000", 2),
        (r"\uD83D\uDE00", 4),
        (r"\ud83d\ude00", 4),
    ],
)
def test_a_text_is_as_wide_as_its_widest_character(text: str, expected: int) -> None:
    for whole in (f'["{text}"]', f'["{"x" * 99}", "é{text}"]'):
        assert width(whole.encode()) == expected


@pytest.mark.parametrize(("text", "share"), [("x", 1), ("中", 2), ("😀", 4), (r"\ud83d\ude00", 4)])
def test_a_large_body_of_wide_letters_is_refused_with_a_message(text: str, share: int) -> None:
    head = f'{{"kind": "generate", "model": "demo", "prompt": "{text}", "system": "'.encode()

    def read(size: int) -> Problem:
        with pytest.raises(Problem) as refusal:
            parse("JobRequest", head + b"x" * (size - len(head) - 2) + b'"}', MAX_BODY)
        return refusal.value

    assert (read(MAX_BODY // share).status, read(MAX_BODY // share).code) == (400, "invalid_request")
    if share > 1:
        refused = read(MAX_BODY // share + 1)
        assert (refused.status, refused.code) == (413, "body_too_large")
        assert f"{24 // share} MiB" in refused.message


def test_what_routes_of_small_bodies_take_is_of_any_letters() -> None:
    body = json.dumps({"names": ["😀" * 200] * 1_000}, ensure_ascii=False).encode()
    assert 700_000 < len(body) < 2**20
    assert len(parse("UnicodeNamesRequest", body, 2**20).names) == 1_000


def test_what_is_refused_is_not_kept() -> None:
    """It would be kept until Python's garbage collector runs, which is rare with few, large objects."""
    gc.collect()
    gc.disable()
    try:
        for body in (b'{"kind": "generate", "prompt": 7}', b'{"prompt": "\\ud83d"}', b'{"prompt": '):
            before = sys.getrefcount(body)
            with pytest.raises(Problem):
                parse("JobRequest", body, MAX_BODY)
            assert sys.getrefcount(body) == before
    finally:
        gc.enable()


async def test_nor_does_its_handler_keep_it(api, monkeypatch):
    from lit_lab import validation

    bodies_seen = []

    def seen(type_name: str, body: bytes, max_body: int):
        bodies_seen.append(body)
        return parse(type_name, body, max_body)

    monkeypatch.setattr(validation, "parse", seen)
    gc.collect()
    gc.disable()
    try:
        for request in ({"kind": "dance"}, {"kind": "generate", "prompt": "x" * 200_000}):
            assert (await api("POST", "jobs", body=request))[0] == 400
        # Of the list, the loop and the argument. The answer may come before its handler has quite ended.
        await until(lambda: [sys.getrefcount(body) for body in bodies_seen] == [3, 3])
    finally:
        gc.enable()


LISTS = "[]," * (MAX_CONTAINERS - 9)
FIELDS = ",".join(f'"{key}":1' for key in range(MAX_CONTAINERS))
PROMPT = '{"kind": "generate", "model": "demo", "prompt": "'
STOPS = f'{PROMPT}Hi", "stop": ["'

SHAPES = {
    "empty lists": ('{"request": {"kind": "faithfulness", "scores": [[]', ",[]", 1),
    "empty objects": ('{"request": {"kind": "salience", "targets": [{}', ",{}", 1),
    "as many lists as there may be": (f'{{"request": {{"kind": "faithfulness", "scores": [{LISTS}"', "x", 1),
    "as many unknown fields": (f'{{{FIELDS}, "x": "', "x", 1),
    "short strings": ('["', 'x","', 1),
    "numbers": ("[1", ",1", 1),
    "ids that are none": ('{"request": {"kind": "salience", "ids": [""', ',""', 1),
    "digits": ('{"request": {"kind": "salience", "ids": [1', "1", 1),
    "nested lists": ("[", "[", 1),
    "nested objects": ('{"a":', '{"a":', 1),
    "escapes": (PROMPT, "\\u0041", 1),
    "quotes": (PROMPT, '\\"', 1),
    "line breaks": (PROMPT, "\\n", 1),
    "letters": (PROMPT, "x", 1),
    "accents": (PROMPT, "é", 1),
    "Chinese": (PROMPT, "中", 2),
    "one Chinese letter": (f"{PROMPT}中", "x", 2),
    "Chinese, escaped": (PROMPT, "\\u4e2d", 2),
    "emojis": (PROMPT, "😀", 4),
    "one emoji": (f"{PROMPT}😀", "x", 4),
    "emojis, escaped": (PROMPT, "\\ud83d\\ude00", 4),
    "one emoji, escaped": (f"{PROMPT}\\ud83d\\ude00", "\\n", 4),
    "a kind of many letters": ('{"request": {"kind": "', "é", 1),
    "a kind of many emojis": ('{"request": {"kind": "', "😀", 4),
    "a field of many letters": ('{"request": {"kind": "salience", "', "é", 1),
    "a field of many emojis": ('{"request": {"kind": "salience", "', "😀", 4),
    "stop sequences with an emoji": (STOPS, '😀xxxxxxxxxxxxxxxxxxxxxxxx","', 4),
}


MEASURE = """
    from pathlib import Path
    from pydantic import TypeAdapter
    from lit_lab.validation import parse
    from lit_lab.problem import Problem

    def measure(kind, max_body, *paths):
        max_body = int(max_body)
        try:
            parse(kind, b"{}", max_body)
        except Problem:
            pass
        before = resident("VmRSS")
        for path in paths:
            try:
                message = parse(kind, Path(path).read_bytes(), max_body)
                TypeAdapter(type(message)).dump_json(message)
                print("taken", resident("VmHWM") - before)
            except Problem as problem:
                assert len(problem.message) < 500
                print(problem.status, resident("VmHWM") - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a process's peak of memory is counted otherwise elsewhere")
@pytest.mark.parametrize("shape", SHAPES)
def test_no_body_takes_four_times_the_largest_ones_room(shape: str, tmp_path: Path) -> None:
    """Measure parsing a body and writing it for the service, in a separate process. The body itself counts.

    The first body is small, and may take nine times its own size. Then come the largest bodies with the same characters, one of
    them truncated, and finally one that is refused as too large.
    """
    head, unit, share = SHAPES[shape]
    kind = "JobRequest" if head.startswith(PROMPT) else "EstimateRequest"
    files = []
    complete = [end for end in ('"}}', '":1}}', "]}}", '"]}}') if is_json(head + unit + end)]
    # A text may have at most 4 million characters.
    for size, ends in ((4_000_000, ['"}']), (MAX_BODY // share, ['"}', *complete]), (MAX_BODY, ['"}'])):
        length = len(unit.encode())
        times = (size - len(head.encode()) - 9) // length
        for end in ends:
            files.append(tmp_path / f"{len(files)}.json")
            files[-1].write_bytes((head + unit * times + end).encode())
    lines = [line.split() for line in apart.measured(MEASURE, kind, str(MAX_BODY), *map(str, files)).splitlines()]
    assert len(lines) == len(files)
    if share > 1:
        assert lines[-1][0] == "413"
    peaks = [int(peak) for _, peak in lines]  # each is the peak so far
    small = files[0].stat().st_size
    assert small // 2 <= peaks[0] <= 9 * small
    assert MAX_BODY // 2 <= peaks[-1] <= 4 * MAX_BODY


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (RecursionError, ValueError):
        return False
    return True


async def test_a_large_body_is_parsed_beside_the_servers_own_thread(api, monkeypatch):
    import threading

    from lit_lab import validation

    threads = []

    def seen(type_name: str, body: bytes, max_body: int):
        threads.append((len(body) > 2**16, threading.current_thread() is threading.main_thread()))
        return parse(type_name, body, max_body)

    monkeypatch.setattr(validation, "parse", seen)
    for length in (10, 100_000):
        request = {"kind": "salience", "model": "demo", "ids": [2] * length, "targets": [{"start": 1, "end": 2}]}
        await api("POST", "estimate", body={"request": request})
    assert threads == [(False, True), (True, False)]

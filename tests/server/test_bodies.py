"""Bodies that are small on the wire and large in memory are refused before they are."""

import json
import subprocess
import sys
import textwrap

import pytest

from lit_lab import routes
from lit_lab.bodies import parse
from lit_lab.json_bounds import MAX_CONTAINERS, MAX_NAMES, MAX_VALUES, excess
from lit_lab.problem import Problem
from lit_lab.protocol import MAX_DESCRIBED, MAX_SEGMENTS, MAX_TARGETS, MAX_TOKENS

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
        ("]" * 100 + "[" * 5, ""),  # no JSON: a parser says so
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
        {"kind": "salience", "targets": spans[:1], "instead": ids},
        {"kind": "ablation", "method": "shap", "target": {"start": 9_000, "end": 9_001}, "segments": spans},
        {
            "kind": "trust",
            "target": {"start": 9_000, "end": 9_001},
            "segments": spans,
            "scores": [0.5] * len(spans),
            "instead": ids,
        },
    ):
        body = json.dumps({"request": {"model": "demo", "ids": ids, **rest}}).encode()
        assert parse("EstimateRequest", body).request.kind == rest["kind"]
    everything = json.dumps({"endpoint": "get_preds", "inputs": [f"{index:032}" for index in range(100_000)]}).encode()
    assert len(parse("LitCall", everything).inputs) == 100_000


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
def test_too_much_is_refused_in_words(body: bytes, status: int, says: str) -> None:
    with pytest.raises(Problem) as refusal:
        parse("EstimateRequest", body)
    assert refusal.value.status == status
    assert says in refusal.value.message
    assert len(refusal.value.message) < 300


SHAPES = {
    "empty lists": ('{"request": {"kind": "trust", "scores": [[]', ",[]"),
    "empty objects": ('{"request": {"kind": "salience", "targets": [{}', ",{}"),
    "as many lists as there may be": (
        '{"request": {"kind": "trust", "scores": [' + "[]," * (MAX_CONTAINERS - 9) + '"',
        "x",
    ),
    "as many unknown fields": ("{" + ",".join(f'"{key}":1' for key in range(MAX_CONTAINERS)) + ', "x": "', "x"),
    "short strings": ('["', 'x","'),
    "numbers": ("[1", ",1"),
    "ids that are none": ('{"request": {"kind": "salience", "ids": [""', ',""'),
    "digits": ('{"request": {"kind": "salience", "ids": [1', "1"),
    "nested lists": ("[", "["),
    "nested objects": ('{"a":', '{"a":'),
    "escapes": ('{"request": "', "\\u0041"),
    "quotes": ('{"request": "', '\\"'),
}


@pytest.mark.skipif(sys.platform != "linux", reason="a process's peak of memory is counted otherwise elsewhere")
@pytest.mark.parametrize("shape", SHAPES)
def test_no_body_takes_four_times_its_room(shape: str) -> None:
    """Measured in a process of its own, at the largest body that any route takes."""
    script = textwrap.dedent("""
        import json, resource, sys
        from lit_lab.bodies import parse
        from lit_lab.problem import Problem

        head, unit, size = json.load(sys.stdin)
        try:
            parse("EstimateRequest", b"{}")
        except Problem:
            pass
        body = (head + unit * ((size - len(head)) // len(unit))).encode()
        for end in (b"", b"]}}", b'"]}}'):
            whole = body + end
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            try:
                parse("EstimateRequest", whole)
                raise SystemExit("taken")
            except Problem as problem:
                assert len(problem.message) < 500
            print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / size)
    """)
    head, unit = SHAPES[shape]
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps([head, unit, MAX_BODY]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert max(map(float, done.stdout.split())) <= 4


async def test_a_large_body_is_parsed_beside_the_servers_own_thread(api, monkeypatch):
    import threading

    from lit_lab import bodies

    threads = []

    def seen(type_name: str, body: bytes):
        threads.append((len(body) > 2**16, threading.current_thread() is threading.main_thread()))
        return parse(type_name, body)

    monkeypatch.setattr(bodies, "parse", seen)
    for length in (10, 100_000):
        request = {"kind": "salience", "model": "demo", "ids": [2] * length, "targets": [{"start": 1, "end": 2}]}
        await api("POST", "estimate", body={"request": request})
    assert threads == [(False, True), (True, False)]

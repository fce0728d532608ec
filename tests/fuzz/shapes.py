"""Bodies and files that are small on the wire or on disk, and would be large in memory. All randomness is seeded."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
from collections.abc import Callable
from typing import get_args

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel

from lit_lab import protocol, routes

ROUTES = [route for route in routes.ROUTES if route.max_body and route.request]

# A head, a unit that is repeated, and a tail, as a body's field.
JSON_SHAPES = {
    "lists": ("[", "[],", "[]]"),
    "objects": ("[", "{},", "{}]"),
    "numbers": ("[", "1,", "1]"),
    "large numbers": ("[", "4294967296,", "1]"),
    "floats": ("[", "1e-300,", "1]"),
    "strings": ("[", '"",', '""]'),
    "texts": ("[", '"Onion soup, she said.",', '""]'),
    "spans": ("[", '{"start":1,"end":2},', '{"start":1,"end":2}]'),
    "nested lists": ("", "[", ""),
    "nested objects": ("", '{"a":', ""),
    "one string": ('"', "x", '"'),
    "emoji": ('"', "😀", '"'),
    "escapes": ('"', "\\u0041", '"'),
    "surrogates": ('"', "\\ud83d", '"'),
    "quotes": ('"', '\\"', '"'),
    "blanks": ("", " ", "1"),
    "digits": ("", "7", ""),
    "not JSON": ("", "]", ""),
}


def fields(route: routes.Route) -> list[str]:
    """Return the names of the fields of a route's request, of any of its kinds."""
    kind = getattr(protocol, str(route.request))
    found: list[str] = []
    stack = [kind]
    while stack:
        each = stack.pop()
        if isinstance(each, type) and issubclass(each, BaseModel):
            found.extend(each.model_fields)
        stack.extend(get_args(each) if not isinstance(each, type) else ())
    return sorted(set(found)) or ["x"]


def body(chance: random.Random, route: routes.Route) -> bytes:
    """Return a body for a route. Most are at most as large as the route accepts, and some a little larger."""
    size = int(route.max_body * chance.choice((0.001, 0.01, 0.1, 0.3, 1.0, 1.0, 1.01)))
    head, unit, tail = JSON_SHAPES[chance.choice(sorted(JSON_SHAPES))]
    if chance.random() < 0.2:
        keys = ",".join(f'"{key}":1' for key in range(min(size // 10, 400_000)))
        return f"{{{keys}}}".encode()
    rest = {"model": "demo", "kind": chance.choice(get_args(protocol.JobKind))} if chance.random() < 0.5 else {}
    start = json.dumps(rest)[:-1] + (", " if rest else "") + json.dumps(chance.choice(fields(route))) + ": "
    if chance.random() < 0.3:
        start = '{"request": ' + start
    repeated = unit * max((size - len(start)) // len(unit.encode()), 1)
    return (start + head + repeated + tail + "}" * start.count("{")).encode()[: routes.MIB * 25]


def csv(chance: random.Random) -> bytes:
    """Return a CSV file, or something close to one."""
    size = chance.randrange(1_000, 2_000_000)
    unit = chance.choice((b",", b'"', b'",\n', b"a,b\n", b'""', b"\n", b"\r", b"\0", b"x", b"\xff,", b"\xef\xbb\xbf,"))
    head = chance.choice((b"", b"prompt,target\n", b'"prompt', b",".join(b"c%d" % n for n in range(20_000)) + b"\n"))
    return head + unit * (size // len(unit))


def jsonl(chance: random.Random) -> bytes:
    """Return JSON Lines, or something close to them."""
    size = chance.randrange(1_000, 2_000_000)
    kind = chance.randrange(6)
    if kind == 0:
        head, unit, tail = JSON_SHAPES[chance.choice(sorted(JSON_SHAPES))]
        return f'{{"prompt": {head}{unit * (size // len(unit.encode()))}{tail}}}\n'.encode()
    if kind == 1:
        return b"".join(b'{"key %d": 1}\n' % number for number in range(size // 40))
    if kind == 2:
        return ("{" + ",".join(f'"k{number}":{number}' for number in range(size // 20)) + "}\n").encode()
    if kind == 3:
        return b'{"prompt": "a", "rest": [[], [], []]}\n' * (size // 40)
    if kind == 4:
        return chance.randbytes(size // 10)
    return b'{"prompt": NaN, "target": 1e999}\n' * (size // 40)


def parquet(chance: random.Random) -> bytes:
    """Return a Parquet file that compresses a lot of data into little, perhaps damaged."""
    rows = chance.randrange(1, 20_000)
    kind = chance.randrange(4)
    if kind == 0:
        table = pa.table({"prompt": ["x" * chance.randrange(1, 5_000)] * rows})
    elif kind == 1:
        table = pa.table({f"c{number}": [number] for number in range(chance.randrange(1, 2_000))})
    elif kind == 2:
        table = pa.table({"prompt": ["a"] * rows, "list": [[1] * chance.randrange(200)] * rows})
    else:
        table = pa.table({"prompt": ["a"] * rows, "blob": [b"\0" * chance.randrange(1, 5_000)] * rows})
    stream = io.BytesIO()
    pq.write_table(table, stream, compression=chance.choice(("none", "zstd", "gzip")))
    content = bytearray(stream.getvalue())
    for _ in range(chance.choice((0, 0, 1, 8, 64))):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content[: len(content) - chance.choice((0, 0, 0, 1, 8, len(content) // 2))])


def archive(chance: random.Random) -> bytes:
    """Return a `.tar.gz` whose headers claim more than it holds, perhaps damaged."""
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=1) as packed:
        kind = chance.randrange(6)
        if kind in (0, 1):  # a long name or long pax headers
            header = tarfile.TarInfo("././@LongLink" if kind == 0 else "pax")
            header.type = tarfile.GNUTYPE_LONGNAME if kind == 0 else tarfile.XHDTYPE
            header.size = chance.choice((2**20, 2**24, 2**30))
            packed.write(header.tobuf(tarfile.GNU_FORMAT))
            packed.write(b"x" * min(header.size, 2**24))
        else:
            with tarfile.open(fileobj=packed, mode="w") as tar:
                for number in range(chance.randrange(1, 2_000)):
                    member = tarfile.TarInfo(f"{'a/' * chance.randrange(50)}{number}")
                    member.type = (tarfile.DIRTYPE, tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.FIFOTYPE)[kind - 2]
                    member.linkname = "../../../etc/passwd" if kind == 4 else ""
                    tar.addfile(member)
                config = b'{"a": ' * chance.choice((1, 100, 100_000))
                member = tarfile.TarInfo(chance.choice(("config.json", "../config.json", "/config.json")))
                member.size = len(config)
                tar.addfile(member, io.BytesIO(config))
    content = bytearray(stream.getvalue())
    for _ in range(chance.choice((0, 0, 1, 8))):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content)


def conversations(chance: random.Random) -> bytes:
    """Return lists of messages, some of them with an odd structure."""
    roles = ("system", "user", "assistant", "model", "tool", "", 5, None)
    texts: tuple[object, ...] = (
        "a",
        "",
        None,
        5,
        [],
        [{"type": "text", "text": "b"}],
        [{"type": "image"}],
        {"parts": ["c"]},
    )
    keys = (("role", "content"), ("from", "value"), ("role", "parts"), ("x", "y"))
    rows = []
    for _ in range(chance.randrange(1, 20)):
        who, what = chance.choice(keys)
        messages: list[object] = [
            {who: chance.choice(roles), what: chance.choice(texts)} for _ in range(chance.randrange(6))
        ]
        messages += chance.choice(([], ["a"], [[]], [None], [{}]))
        column = chance.choice(("messages", "contents", "turns", "conversations", "prompt", "body"))
        value: object = {"messages": messages} if column == "body" else chance.choice((messages, json.dumps(messages)))
        rows.append(json.dumps({column: value, "system": chance.choice(texts)}))
    return "\n".join(rows).encode()


def document(chance: random.Random) -> bytes:
    """Return JSON that may be truncated, or have misplaced brackets."""
    rows = [{"prompt": "a", "n": [1, {"b": "}"}]}] * chance.choice((0, 1, 50))
    value = chance.choice((rows, {"rows": rows}, {"a": rows, "b": rows}, {"prompt": {"0": "a"}}, rows[:1] * 2, "a", {}))
    text = json.dumps(value, indent=chance.choice((None, 2)))
    for _ in range(chance.choice((0, 0, 1, 5))):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice('[]{}",:\\\x00\u00a0') + text[at:]
    return text[: chance.choice((len(text), len(text) // 2))].encode()


def yaml(chance: random.Random) -> bytes:
    """Return YAML, some with aliases, tags and names of files."""
    pieces = (
        "prompts:",
        "  - 'a {{b}}'",
        "  - file://a",
        "tests:",
        "  - vars: {b: [c, d]}",
        "a: &a [*a]",
        "b: &b [b, b]",
        "c: [*b, *b]",
    )
    odd = (
        "!!python/object:a.b {}",
        "? [a]\n: b",
        "<<: *b",
        "- {{env.A}}",
        "\t- a",
        "---",
        "%TAG ! a",
        "[" * 500,
        "'" * 99,
    )
    return "\n".join(chance.choice((*pieces, *odd)) for _ in range(chance.randrange(1, 15))).encode()


def packed(chance: random.Random) -> bytes:
    """Return a compressed file, which may be truncated, damaged, or a decompression bomb."""
    content = chance.choice((jsonl(chance), conversations(chance), b"0" * 40_000_000))
    data = bytearray(gzip.compress(content))
    for _ in range(chance.choice((0, 0, 1, 8))):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data[: chance.choice((len(data), len(data) // 2))])


FILES: dict[str, Callable[[random.Random], bytes]] = {
    "csv": csv,
    "json": document,
    "jsonl.gz": packed,
    "ndjson": conversations,
    "yaml": yaml,
    "tsv": csv,
    "txt": csv,
    "jsonl": jsonl,
    "parquet": parquet,
}
"""What opens as a dataset, by a file's ending."""

"""Batches as the dataset browser's, written without a model."""

import json

from lit_lab.batch_store.batch import StoredBatch
from lit_lab.batch_store.copied_rows import ENTRY
from lit_lab.batch_store.folders import About, Folders
from lit_lab.batches.folder import new_manifest
from lit_lab.batches.plan import Plan
from lit_lab.batches.record import CheckRecord, PartRecord, Record
from lit_lab.owners import ANYONE
from lit_lab.protocol import BatchRowsRequest


def made(root, records, plan=None, total=4):
    folders = Folders(root)
    plan = plan or Plan("demo", template="Be brief. {dish}")
    with folders.new(ANYONE) as new:
        lines = [json.dumps({"dish": f"dish {row}"}) + "\n" for row in range(total)]
        new.rows.write_text("".join(lines))
        new.lines.write_bytes(b"".join(ENTRY.pack(10 + row, sum(map(len, lines[:row]))) for row in range(total)))
        batch = StoredBatch(ANYONE, folders.finish(new, About("g", "n", 1.0, total, "d", plan)))
    folder = batch.folder.records
    with folder.held():
        folder.claim(new_manifest(plan, "rows.jsonl", "d", "embedded"))
    for each in records:
        folder.add([each])
    return batch


def record(row, answer="x", passed=True, error=""):
    parts = (PartRecord("text-1", "Be brief.", 0, 0.25, 4.0 * row), PartRecord("{dish}", f"dish {row}", 10, 0.75, -1.0))
    checks = () if error else (CheckRecord("c", passed, "m"),)
    return Record(row, row + 1, "p", "t", answer, "stop", 2, -1.0, parts, checks, error)


def asked(**fields):
    return BatchRowsRequest(**fields)

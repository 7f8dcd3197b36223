"""Mutated JSON lines: loaded or refused in one line, and the sums of rule R6 hold."""

from __future__ import annotations

import random

import linkage
from linkage.engine.duckdb import Engine
from linkage.errors import LinkageError
from linkage.sources.files import Delivery, read_delivery

PROJECT = """
version = 1
name = "fuzz"
workspace = "work"
[sources.people]
agency = "A"
files = "people.jsonl"
format = "jsonl"
delivery = "snapshot"
key = "id"
[sources.people.roles.subject]
entity = "person"
[sources.people.roles.subject.fields]
name = "who.name"
phone = "FEATURES"
"""
LINES = [
    '{"id": 1, "who": {"name": "Ann"}, "phones": ["1", "2"]}',
    '{"id": "2", "FEATURES": [{"NAME_TYPE": "AKA", "NAME_FULL": "Bo"}, {"NAME_FULL": "Bob"}]}',
    "",
    '{"id": 3, "who": null, "deep": [[1, [2]], {"a": {"b": []}}], "": "x"}',
    '{"id": 4, "who": {"name": "\\u00e9\\ud83d\\ude00"}}',
]
PIECES = [
    b"\x00",
    b"\xff",
    b"\x1f",
    b"\x1c\x1d\x1e\x1f",
    b'"',
    b"{",
    b"}",
    b"[",
    b"\r",
    b"\n",
    b"\\u",
    b"null",
    b"1e999",
    b"\xef\xbb\xbf",
    b'{"id":5,"id":6}',
]


def mutated(generator):
    text = bytearray("\n".join(generator.sample(LINES, len(LINES))).encode())
    for _ in range(generator.randint(0, 4)):
        at = generator.randrange(len(text) + 1)
        match generator.randrange(3):
            case 0:
                text[at:at] = generator.choice(PIECES)
            case 1:
                del text[at : at + generator.randint(1, 9)]
            case _:
                text[at : at + 1] = bytes([generator.randrange(256)])
    return bytes(text)


def test_every_mutated_file_is_loaded_or_refused(tmp_path):
    """Of 300 mutated files each is refused in one line, or every line that is not blank is a row or a reject."""
    (tmp_path / "project.toml").write_text(PROJECT, encoding="utf-8")
    source = linkage.open(tmp_path).loaded.settings.sources["people"]
    path = tmp_path / "people.jsonl"
    generator = random.Random(3)
    told = []
    outcomes = {"loaded": 0, "refused": 0}
    with Engine() as engine:
        for _ in range(300):
            path.write_bytes(mutated(generator) or b"{}")
            lines = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
            try:
                rows = read_delivery(engine, source, Delivery((path,), "x"), tmp_path)
            except LinkageError as error:
                told.append(str(error))
                outcomes["refused"] += 1
                continue
            assert rows == sum(1 for line in lines if line.removeprefix(b"\xef\xbb\xbf").strip(b" "))
            outcomes["loaded"] += 1
    assert not any("\n" in message for message in told)
    assert min(outcomes.values()) > 20

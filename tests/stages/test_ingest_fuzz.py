"""Fuzz of ingest: a thousand spoilt CSV files are each loaded or refused in one line, and nothing is lost (rule R6)."""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from linkage.config.source import Source
from linkage.engine.duckdb import Engine
from linkage.errors import LinkageError
from linkage.sources.files import deliveries, read_delivery
from linkage.stages.ingest import check_reconciliation, ingest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linkage.project import Project
    from linkage.stages.context import Run

FILES = 1_000
WHOLE_STAGE = 100
HEADER = b"id,name,note"
KEEP_HEADER = 0.8
PER_BATCH = 100
NAMES = ("Ann", "Bob", 'Carl "C"', "Dörte", "王杰", "", "O'Hara", "x,y", "two\nlines", "NULL", "  ")
SECTION = """
[sources.people]
agency = "A"
files = "people.csv"
delivery = "snapshot"
key = "id"
[sources.people.roles.subject]
entity = "person"
[sources.people.roles.subject.fields]
surname = "name"
"""


def _clean(chance: random.Random) -> bytes:
    lines = ["id,name,note"]
    for number in range(chance.randrange(9)):
        cells = [str(number), chance.choice(NAMES), chance.choice(NAMES)]
        lines.append(",".join(_quoted(cell) for cell in cells))
    ending = chance.choice(("\n", "\n", "\r\n", "\r"))
    return (ending.join(lines) + chance.choice(("", ending, ending * 2))).encode()


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(sign in cell for sign in ',"\n') else cell


def _flip(chance: random.Random, data: bytes) -> bytes:
    spoilt = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def _cut(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data))]


def _insert(signs: tuple[bytes, ...]) -> Callable[[random.Random, bytes], bytes]:
    def mutate(chance: random.Random, data: bytes) -> bytes:
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(data) + 1)
            data = data[:place] + chance.choice(signs) + data[place:]
        return data

    return mutate


def _repeat(chance: random.Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join(chance.choices(lines, k=chance.randint(1, 12)))


def _shuffle(chance: random.Random, data: bytes) -> bytes:
    start = chance.randrange(len(data))
    middle = list(data[start : start + 20])
    chance.shuffle(middle)
    return data[:start] + bytes(middle) + data[start + 20 :]


def _recode(chance: random.Random, data: bytes) -> bytes:
    return data.decode().encode(
        chance.choice(("utf-16", "utf-16-le", "latin-1", "cp1252", "utf-8-sig", "utf-32")), "replace"
    )


def _long(chance: random.Random, data: bytes) -> bytes:
    place = chance.randrange(len(data) + 1)
    return (
        data[:place]
        + chance.choice((b"a", b",", b'"', b"\n", b" ")) * chance.choice((5_000, 70_000, 2_100_000))
        + data[place:]
    )


MUTATIONS: tuple[tuple[int, Callable[[random.Random, bytes], bytes]], ...] = (
    (20, _flip),
    (12, _cut),
    (20, _insert((b'"', b"'", b'""', b'"\n', b'",'))),
    (12, _insert((b"\x00", b"\xff", b"\xef\xbb\xbf", b"\x1a", b"\xc3", b"\xe2\x80\xa8"))),
    (14, _insert((b"\n", b"\r", b"\r\n", b"\n\n", b",", b",,", b";", b"\t", b"#", b"\\", b" "))),
    (8, _repeat),
    (8, _shuffle),
    (6, _recode),
    (1, _long),
)


def spoilt_file(seed: int) -> bytes:
    """Return the spoilt file of a number, never without any byte."""
    chance = random.Random(seed)
    data = _clean(chance)
    # A spoilt header is refused at once: most files keep theirs, so that their rows are reached.
    header = HEADER if len(data) > len(HEADER) and chance.random() < KEEP_HEADER else b""
    data = data[len(header) :]
    weights, mutations = zip(*MUTATIONS, strict=True)
    for mutate in chance.choices(mutations, weights, k=chance.choice((1, 1, 2, 3))):
        try:
            data = mutate(chance, data) or b"\n"
        except UnicodeDecodeError:
            continue
    return header + data


@pytest.mark.parametrize("batch", range(FILES // PER_BATCH))
def test_a_spoilt_file_is_read_or_refused(batch: int, tmp_path: Path) -> None:
    """Every spoilt file is read, each line accounted for, or refused by one line that names the file."""
    source = Source.model_validate(
        {
            "agency": "A",
            "files": "people.csv",
            "delivery": "snapshot",
            "key": "id",
            "roles": {"subject": {"entity": "person", "fields": {"surname": "name"}}},
        }
    )
    seen: Counter[str] = Counter()
    with Engine(memory_limit="1GB", threads=1) as engine:
        for seed in range(batch * PER_BATCH, (batch + 1) * PER_BATCH):
            (tmp_path / "people.csv").write_bytes(spoilt_file(seed))
            refusal = ""
            try:
                (delivery,) = deliveries("people", source, tmp_path)
                rows = read_delivery(engine, source, delivery, tmp_path)
            except LinkageError as error:
                refusal = str(error)
                seen["refused"] += 1
            else:
                data = (tmp_path / "people.csv").read_bytes()
                if b'"' not in data:
                    written = [line for line in re.split(rb"\r\n|\n|\r", data) if line]
                    assert rows == len(written) - 1, (seed, rows, written)
                    seen["counted"] += 1
                seen["read"] += 1
            assert not refusal or _names_the_file(refusal), (seed, refusal)
    assert seen["refused"] + seen["read"] == PER_BATCH
    assert min(seen["refused"], seen["read"], seen["counted"]) > 0


def test_the_sums_of_a_spoilt_file_hold(
    make_project: Callable[..., Project], start_run: Callable[[Project], Run]
) -> None:
    """Where the whole stage takes a spoilt file, every row read is counted once; refusals are one line."""
    project = make_project(SECTION, {"people.csv": "id,name,note\n"})
    run = start_run(project)
    for seed in range(FILES, FILES + WHOLE_STAGE):
        (project.loaded.folder / "people.csv").write_bytes(spoilt_file(seed))
        for table in run.engine.rows(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE schema_name = 'source'"
        ):
            run.engine.run(f'DROP TABLE source."{table[1]}"')
        refusal = ""
        try:
            ingest(run)
        except LinkageError as error:
            refusal = str(error)
        else:
            check_reconciliation(run.engine, ["people"])
        assert not refusal or _names_the_file(refusal), (seed, refusal)


def _names_the_file(refusal: str) -> bool:
    return "people.csv" in refusal and len(refusal.splitlines()) == 1 and len(refusal) < 1_000

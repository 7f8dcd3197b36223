"""The text of a project file: what came from data can never become more than a text."""

from __future__ import annotations

import csv
import io
import tempfile
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import linkage
from linkage.config.project import load_project
from linkage.errors import LinkageError, UsageError
from linkage.profiling.project import init_project
from linkage.profiling.write import text

HOSTILE = ['"', "'", "\n", "\r", "\\", "]", "[sources.x]", "'''", '"""', "#", "=", "; DROP TABLE a; --", "{}", "$name", "\u202e", "\x7f", "\x1b[31m", "\u2028"]  # fmt: skip
NAMES = st.one_of(
    st.sampled_from(["first_name", "last_name", "phone", "ssn", "email"]),
    st.lists(st.sampled_from([*HOSTILE, "name", "email ", "dob", "zip"]), min_size=1, max_size=4).map("".join),
    st.text(min_size=1, max_size=20),
)
VALUES = st.one_of(st.sampled_from([*HOSTILE, "P", "B", "a@b.example", "1980-01-01", ""]), st.text(max_size=10))


@given(st.text(max_size=50))
def test_text_comes_back(value):
    """Any text written as a TOML string is read as the same text, and stands on one line."""
    written = text(value)
    assert tomllib.loads(f"a = {written}")["a"] == value
    assert len(written.splitlines()) == 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    names=st.lists(NAMES, min_size=1, max_size=5, unique_by=str.lower),
    values=st.lists(st.lists(VALUES, min_size=5, max_size=5), min_size=1, max_size=4),
)
@example(names=['name"\n[sources.x]\n#', "ssn'; DROP TABLE a; --"], values=[['"\n', "\\", "", "", ""]])
def test_hostile_names_and_values(names, values):
    """Whatever columns and values are called, the project is written whole and loads, or is refused in a sentence."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["row_id", "last name", *names])
    writer.writerows([[number, "Lee", *row[: len(names)]] for number, row in enumerate(values)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        path.write_bytes(out.getvalue().encode("utf-8"))
        try:
            init_project([path], Path(folder) / "project")
        except LinkageError:
            assert not (Path(folder) / "project").exists()
            return
        source = load_project(Path(folder) / "project").settings.sources["data"]
        assert source.columns_used() <= {"row_id", "last name", *names}
        assert source.agency == "Data"


def test_values_are_not_written(tmp_path):
    """No value of the data stands in the project file."""
    path = tmp_path / "a.csv"
    path.write_text("id,last_name,email\n1,Zanzibar,q@zebra.example\n2,Quux,r@zebra.example\n", encoding="utf-8")
    init_project([path], tmp_path)
    written = (tmp_path / "project.toml").read_text(encoding="utf-8").lower()
    assert not {"zanzibar", "quux", "zebra"} & {word for word in ("zanzibar", "quux", "zebra") if word in written}


def test_reasons_and_doubts_are_told(tmp_path):
    """Guesses carry their reason; delivery and agency are marked for the steward to say."""
    path = tmp_path / "a.csv"
    path.write_text("id,last_name,weird last\n1,Lee,Ann\n", encoding="utf-8")
    found = init_project([path], tmp_path)
    written = (tmp_path / "project.toml").read_text(encoding="utf-8")
    assert 'delivery = "snapshot"  # say: snapshot or delta (DOUBTFUL)\n' in written
    assert "surname = \"last_name\"  # name has 'last name'; 100 % of values look like words\n" in written
    assert found["doubtful"] == 3


def test_how_many_rows_were_looked_at_is_told(tmp_path):
    """A file with more rows than are looked at says so beside its name, in the project and in the answer."""
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["id,last_name", *(f"{number},Lee" for number in range(6_000))]), encoding="utf-8")
    found = init_project([path], tmp_path)
    written = (tmp_path / "project.toml").read_text(encoding="utf-8")
    assert "[sources.a]  # 6000 rows, 2 columns; values looked at in 5000 of them, keys in all\n" in written
    assert (found["datasets"]["a"]["rows"], found["datasets"]["a"]["sampled"]) == (6_000, 5_000)


def test_a_project_is_not_overwritten(tmp_path):
    """Where a project file stands, nothing is written over it."""
    (tmp_path / "project.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="project already"):
        init_project([tmp_path / "a.csv"], tmp_path)
    assert (tmp_path / "project.toml").read_text(encoding="utf-8") == "mine"


def test_init_from_python():
    """`linkage.init` is the same door as the command."""
    assert linkage.init is init_project

"""The Python door: open, run, and identities as a pandas frame, an Arrow table or a DuckDB relation."""

from __future__ import annotations

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

import linkage
from linkage.errors import ConfigError, LinkageError, RequestError
from linkage.store.ledger import Ledger
from linkage.tables import PUBLISHED, published


def test_a_project_opens_by_file_or_folder(demo):
    """`linkage.open` takes the project file or the folder that holds project.toml, as text or path."""
    for path in (demo.folder, str(demo.folder), demo.folder / "project.toml", str(demo.folder / "project.toml")):
        assert linkage.open(path).loaded.settings.name == "demo"


def test_a_project_that_is_not_there_is_refused(tmp_path):
    """Opening what is no project is a ConfigError that names the path."""
    with pytest.raises(ConfigError, match="there is no such file"):
        linkage.open(tmp_path)


def test_run_returns_the_report_and_tells_progress(make_project, accounts):
    """`run` gives the report of the run and calls `progress` with each step."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="ab", two="c")})
    steps = []
    report = project.run(progress=steps.append)
    assert report["audiences"]["centre"]["account"]["identities"] == 2
    assert {
        "ingest bank",
        "standardise account",
        "train account",
        "cluster account for centre",
        "publish for centre",
        "commit",
    } <= {step.partition(" (")[0] for step in steps}
    assert project.identities("account")["records"].tolist() in ([1, 2], [2, 1])


@pytest.mark.parametrize("kind", ["person", "business", "account"])
def test_identities_are_the_same_in_every_form(demo, kind):
    """pandas, Arrow and DuckDB hold the same rows: golden values beside what is known of the identity, by its id."""
    arrow = demo.project.identities(kind, output="arrow")
    frame = demo.project.identities(kind)
    relation = demo.project.identities(kind, output="duckdb")
    assert isinstance(arrow, pa.Table)
    assert isinstance(frame, pd.DataFrame)
    assert isinstance(relation, duckdb.DuckDBPyRelation)
    golden, known = published(kind), published("identity")
    names = [column.name for column in golden.columns] + [
        column.name for column in known.columns if column.name not in {"identity_id", "entity_type"}
    ]
    assert arrow.column_names == list(frame.columns) == relation.columns == names
    ids = arrow["identity_id"].to_pylist()
    assert ids == sorted(ids) == frame["identity_id"].tolist()
    assert len(ids) == demo.report["audiences"]["centre"][kind]["identities"]
    assert relation.to_arrow_table().to_pylist() == arrow.to_pylist()
    assert frame["records"].sum() == demo.report["types"][kind]["records"]


def test_a_relation_can_be_asked_on(demo):
    """A DuckDB relation can be filtered and aggregated where it lies."""
    relation = demo.project.identities("person", output="duckdb")
    [(largest,)] = relation.aggregate("max(records)").fetchall()
    assert largest == demo.report["audiences"]["centre"]["person"]["largest_identity"]


def test_identities_are_those_of_the_audience(demo):
    """An agency's identities are its own, by its own ids and counts."""
    own = demo.project.identities("person", audience="dea", output="arrow")
    every = demo.project.identities("person", output="arrow")
    assert own.num_rows == demo.report["audiences"]["dea"]["person"]["identities"]
    assert not set(own["identity_id"].to_pylist()) & set(every["identity_id"].to_pylist())


def test_every_published_table_can_be_read(demo):
    """`table` gives each table of the contract, ordered by its key."""
    for table in PUBLISHED:
        found = demo.project.table(table.name, output="arrow")
        assert set(found.column_names) >= {column.name for column in table.columns}


def test_what_is_no_type_table_or_audience_is_refused(demo):
    """Unknown names are refused with the names there are, as one LinkageError."""
    with pytest.raises(RequestError, match="person, business, account"):
        demo.project.identities("vehicle")
    with pytest.raises(RequestError, match="person, business, account"):
        demo.project.identities("release_info")
    with pytest.raises(RequestError, match="the published tables are"):
        demo.project.table("stored_value")
    with pytest.raises(RequestError, match="the project has: centre, dea"):
        demo.project.identities("person", audience="nsa")
    with pytest.raises(LinkageError):
        demo.project.table("person; DROP TABLE identity")


def test_reading_is_a_look(demo):
    """Each reading is in the audit of looks with its purpose and audience."""
    with Ledger(demo.folder / "work" / "ledger.sqlite") as ledger:
        before = len(ledger.looks())
        demo.project.identities("account", audience="dea", purpose="case 9", output="arrow")
        look = ledger.looks()[before]
    assert (look.action, look.objects, look.audience, look.purpose) == ("table", ("account",), "dea", "case 9")


def test_a_reader_is_not_disturbed_by_the_next_run(make_project, accounts, tmp_path):
    """A release that is open for reading stays as it was while the next run publishes another."""
    project = make_project(accounts.source("bank"), {"bank.csv": accounts.csv(one="ab", two="c")})
    project.run()
    count = "SELECT count(*) FROM published.identity_record"
    with project.release() as reader:
        assert reader.value(count) == 3
        (tmp_path / "bank.csv").write_text(accounts.csv(one="abd", two="ce"))
        project.run()
        assert reader.value(count) == 3
        with project.release() as fresh:
            assert fresh.value(count) == 5


def test_the_package_names_only_what_it_has():
    """Unknown attributes of the package are an AttributeError, as of any module."""
    assert linkage.__version__
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        linkage.nonsense  # noqa: B018

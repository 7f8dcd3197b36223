"""Ingest: every row is accounted for, and what is refused says where and why."""

from __future__ import annotations

import gzip

import pytest

from linkage.errors import AuditError, ConfigError, DataError
from linkage.stages.ingest import check_reconciliation, dataset_table, ingest

SOURCE = """
[sources.people]
agency = "A"
files = "people*.csv"
delivery = "{delivery}"
key = "id"
{more}
[sources.people.roles.subject]
entity = "person"
[sources.people.roles.subject.fields]
surname = "name"
"""


def project(make_project, text, *, delivery="snapshot", more="", name="people.csv"):
    return make_project(SOURCE.format(delivery=delivery, more=more), {name: text})


def ingested(run):
    ingest(run)
    check_reconciliation(run.engine, ["people"])
    return dict(
        zip(
            ("rows_read", "accepted", "rejected", "superseded", "withdrawn", "purged", "no_entity"),
            run.engine.rows(
                "SELECT rows_read, accepted, rejected, superseded, withdrawn, purged, no_entity FROM source.delivery ORDER BY delivery"
            )[-1],
            strict=True,
        )
    )


def rejects(run):
    return run.engine.rows("SELECT line, reason, raw FROM source.reject ORDER BY line")


def rows(run):
    return run.engine.rows(f"SELECT id, name FROM {dataset_table('people')} ORDER BY id")


def test_plain_rows_are_all_accepted(make_project, start_run):
    """Rows of a clean file are all accepted, as received, with quoted line breaks and quotes inside values."""
    run = start_run(project(make_project, 'id,name\n1,Ann\n2,"Bob ""B""\nBrown"\n3,\n'))
    assert ingested(run)["accepted"] == 3
    assert rows(run) == [("1", "Ann"), ("2", 'Bob "B"\nBrown'), ("3", None)]


def test_ragged_rows_are_rejected_with_line_and_text(make_project, start_run):
    """A row with too few or too many columns is rejected with its record number, a reason and its own text."""
    run = start_run(project(make_project, "id,name\n1,Ann\n2\n3,C,x\n4,Dan\n"))
    counts = ingested(run)
    assert (counts["rows_read"], counts["accepted"], counts["rejected"]) == (4, 2, 2)
    assert rejects(run) == [(3, "too few columns", "2"), (4, "too many columns", "3,C,x")]


def test_all_rows_of_a_duplicate_key_are_rejected(make_project, start_run):
    """Rows that share a key but differ are all rejected, since nothing tells which one holds."""
    run = start_run(project(make_project, 'id,name\n1,Ann\n2,Bob\nragged\n1,"Anna, B"\n3,Cid\n'))
    counts = ingested(run)
    assert (counts["rows_read"], counts["accepted"], counts["rejected"]) == (5, 2, 3)
    reason = "duplicate key: rows of one key differ and no version column orders them"
    assert rejects(run) == [(2, reason, "1,Ann"), (4, "too few columns", "ragged"), (5, reason, '1,"Anna, B"')]


def test_identical_duplicates_are_superseded(make_project, start_run):
    """Identical rows of one key count once; the others are superseded."""
    run = start_run(project(make_project, "id,name\n1,Ann\n1,Ann\n1,Ann\n"))
    counts = ingested(run)
    assert (counts["accepted"], counts["superseded"], counts["rejected"]) == (1, 2, 0)


def test_a_version_column_orders_duplicates(make_project, start_run):
    """Where a version column orders the rows of a key, the newest holds, numbers compared as numbers."""
    text = "id,name,v\n1,old,9\n1,new,10\n2,a,3\n2,b,3\n"
    run = start_run(project(make_project, text, more='version = "v"'))
    counts = ingested(run)
    assert (counts["accepted"], counts["superseded"], counts["rejected"]) == (1, 1, 2)
    assert rows(run) == [("1", "new")]


def test_rows_without_a_key_are_rejected(make_project, start_run):
    """A row whose key is empty or blank is rejected and says which column."""
    run = start_run(project(make_project, "id,name\n,Ann\n  ,Bob\n3,Cid\n"))
    assert ingested(run)["accepted"] == 1
    assert [row[:2] for row in rejects(run)] == [(2, "no key in id"), (3, "no key in id")]


def test_invalid_text_is_rejected_not_lost(make_project, start_run):
    """A line that is not UTF-8 is rejected; its neighbours are kept."""
    run = start_run(project(make_project, b"id,name\n1,Ann\n2,\xff\xfe\n3,Cid\n"))
    assert ingested(run)["rejected"] == 1
    assert [row[0] for row in rows(run)] == ["1", "3"]


def test_an_unclosed_quote_loses_nothing_silently(make_project, start_run):
    """Text swallowed by a quote that never closes is in the reject, and the sums still hold."""
    run = start_run(project(make_project, 'id,name\n1,Ann\n2,"open\n3,Cid\n4,Dan\n'))
    try:
        counts = ingested(run)
    except DataError as error:
        assert "people.csv" in str(error)  # noqa: PT017  # a refusal of the whole file is fine too
    else:
        raw = "\n".join(row[2] for row in rejects(run))
        kept = {row[0] for row in rows(run)}
        assert counts["rows_read"] == counts["accepted"] + counts["rejected"]
        for key, name in (("1", "Ann"), ("2", "open"), ("3", "Cid"), ("4", "Dan")):
            assert key in kept or name in raw


def test_later_snapshot_supersedes_and_withdraws(make_project, start_run, tmp_path):
    """A second snapshot replaces rows it holds and withdraws rows it lacks; the first delivery's sums follow."""
    run = start_run(project(make_project, "id,name\n1,Ann\n2,Bob\n3,Cid\n4,Dan\n"))
    ingest(run)
    (tmp_path / "people.csv").write_text("id,name\n1,Ann\n2,Bobby\n3,Cid\n5,Eve\n")
    counts = ingested(run)
    assert counts["accepted"] == 4
    first = run.engine.rows("SELECT accepted, superseded, withdrawn FROM source.delivery WHERE delivery = 1")
    assert first == [(0, 3, 1)]
    assert rows(run) == [("1", "Ann"), ("2", "Bobby"), ("3", "Cid"), ("5", "Eve")]


def test_an_unchanged_snapshot_is_no_new_delivery(make_project, start_run):
    """Reading the same files again adds no delivery."""
    run = start_run(project(make_project, "id,name\n1,Ann\n"))
    ingest(run)
    ingest(run)
    assert run.engine.value("SELECT count(*) FROM source.delivery") == 1


def test_deltas_add_change_and_delete(make_project, start_run, tmp_path):
    """Delta files apply in the order of their names; delete markers withdraw and are counted."""
    more = 'deleted = { column = "op", equals = "D" }'
    run = start_run(
        project(make_project, "id,name,op\n1,Ann,\n2,Bob,\n", delivery="delta", more=more, name="people1.csv")
    )
    ingest(run)
    (tmp_path / "people2.csv").write_text("id,name,op\n1,,D\n2,Bobby,\n3,Cid,\n")
    counts = ingested(run)
    assert (counts["rows_read"], counts["accepted"], counts["withdrawn"]) == (3, 2, 1)
    assert run.engine.rows("SELECT accepted, superseded, withdrawn FROM source.delivery WHERE delivery = 1") == [
        (0, 1, 1)
    ]
    assert rows(run) == [("2", "Bobby"), ("3", "Cid")]


def test_a_snapshot_that_withdraws_too_much_is_refused(make_project, start_run, tmp_path):
    """A snapshot that would withdraw more than its set share fails, naming the setting to change."""
    run = start_run(project(make_project, "id,name\n1,Ann\n2,Bob\n3,Cid\n"))
    ingest(run)
    (tmp_path / "people.csv").write_text("id,name\n1,Ann\n")
    with pytest.raises(AuditError, match="max_withdrawn"):
        ingest(run)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("\n", "header"),
        ("id,\n1,Ann\n", "column 2"),
        ("id,name,NAME\n1,Ann,x\n", "two columns are named"),
        ("id,surname\n1,Ann\n", "no column 'name'"),
        ("linkage:key,id,name\n1,2,Ann\n", "linkage:key"),
    ],
)
def test_files_that_cannot_be_read_are_refused_in_one_line(make_project, start_run, text, says):
    """A file without rows, header or mapped columns is refused with its name and the mend."""
    run = start_run(project(make_project, text))
    with pytest.raises(DataError, match=says) as caught:
        ingest(run)
    assert "people.csv" in str(caught.value)


def test_an_absent_file_is_refused(make_project, start_run, tmp_path):
    """A source without any file says which pattern matched nothing."""
    run = start_run(project(make_project, "id,name\n1,Ann\n"))
    (tmp_path / "people.csv").unlink()
    with pytest.raises(DataError, match="no file matches 'people"):
        ingest(run)


def test_compressed_and_encoded_files_are_read(make_project, start_run):
    """Compression is seen from the name; other encodings are told by the source."""
    text = "id;name\n1;José\n2;Łukasz\n"
    more = '[sources.people.csv]\ndelimiter = ";"\nencoding = "utf-16"'
    sections = SOURCE.format(delivery="snapshot", more="").replace("people*.csv", "people*.csv.gz") + more
    run = start_run(make_project(sections, {"people.csv.gz": gzip.compress(text.encode("utf-16"))}))
    assert ingested(run)["accepted"] == 2
    assert rows(run) == [("1", "José"), ("2", "Łukasz")]


def test_wrong_encoding_is_refused(make_project, start_run):
    """A file that is not in the encoding the source states is refused, naming the setting."""
    more = '[sources.people.csv]\nencoding = "ascii"'
    run = start_run(
        make_project(
            SOURCE.format(delivery="snapshot", more="") + more.replace("ascii", "utf-16"),
            {"people.csv": "id,name\n1,A\n"},
        )
    )
    with pytest.raises(DataError, match="encoding"):
        ingest(run)


def test_hostile_names_and_values_do_nothing(make_project, start_run):
    """SQL in file names, column names, keys and values is data: it is stored as it came and runs nothing."""
    evil = "x'; DROP TABLE source.delivery; --"
    column = 'na"me); DROP SCHEMA source CASCADE; --'
    name = "peo[p]le's; --*.csv"
    sections = (
        SOURCE.format(delivery="snapshot", more="").replace("people*.csv", name).replace('"name"', "'" + column + "'")
    )
    quoted = '"' + column.replace('"', '""') + '"'
    run = start_run(make_project(sections, {name: f'id,{quoted}\n"{evil}",{evil}\n'}))
    ingest(run)
    check_reconciliation(run.engine, ["people"])
    escaped = column.replace('"', '""')
    assert run.engine.rows(f'SELECT id, "{escaped}" FROM {dataset_table("people")}') == [(evil, evil)]


def test_parquet_is_read_like_csv(make_project, start_run, tmp_path):
    """A Parquet file gives the same records; row numbers start at one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sections = SOURCE.format(delivery="snapshot", more='format = "parquet"').replace("people*.csv", "people.parquet")
    made = make_project(sections, {})
    pq.write_table(pa.table({"id": [1, 2, 2], "name": ["Ann", "Bob", "Bo"]}), tmp_path / "people.parquet")
    run = start_run(made)
    counts = ingested(run)
    assert (counts["rows_read"], counts["accepted"], counts["rejected"]) == (3, 1, 2)
    assert [row[0] for row in rejects(run)] == [2, 3]


def test_delivery_must_be_told(make_project):
    """There is no default for delivery: leaving it out is refused by name."""
    with pytest.raises(ConfigError, match="delivery"):
        make_project(SOURCE.replace('delivery = "{delivery}"', "").format(more=""), {})


def test_files_of_one_name_keep_their_own_lines(make_project, start_run):
    """Files of one name in two folders are told apart in rejects, each with its own record numbers."""
    sections = SOURCE.format(delivery="snapshot", more="").replace("people*.csv", "*/people.csv")
    files = {"a/people.csv": "id,name\n1,Ann\n2\n3,Cid\n", "b/people.csv": "id,name\n4\n1,Bob\n5,Eve\n"}
    run = start_run(make_project(sections, files))
    counts = ingested(run)
    assert (counts["rows_read"], counts["accepted"], counts["rejected"]) == (6, 2, 4)
    found = run.engine.rows("SELECT file, line, raw FROM source.reject ORDER BY file, line")
    assert found == [
        ("a/people.csv", 2, "1,Ann"),
        ("a/people.csv", 3, "2"),
        ("b/people.csv", 2, "4"),
        ("b/people.csv", 3, "1,Bob"),
    ]

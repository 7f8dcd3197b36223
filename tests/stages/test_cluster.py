"""What a dataset says of itself counts where records are joined: `unique = "strict"`, `"likely"`, or nothing."""

from __future__ import annotations

import pytest

from linkage.config.project import CENTRE


def identities(project):
    """The accounts as sorted lists of record keys."""
    with project.release(CENTRE) as engine:
        rows = engine.rows(
            "SELECT list(dataset || '/' || key ORDER BY dataset, key) FROM published.identity_record GROUP BY identity_id"
        )
    return sorted(row[0] for row in rows)


@pytest.fixture
def claiming(make_project, accounts):
    """Open two datasets: `a` holds one account twice and says so of itself; `b` holds it once."""

    def make(claim):
        said = accounts.source("a").replace('delivery = "snapshot"', f'delivery = "snapshot"\n{claim}')
        first, second, third = (
            "4111222233,021000021,Ann Quill",
            "9875550126,011401533,Bob Reed",
            "662001984,121000248,Cy Lund",
        )
        head = "id,number,bank,holder"
        files = {
            "a.csv": f"{head}\n1,{first}\n2,{first}\n3,{second}\n",
            "b.csv": f"{head}\n4,{first}\n5,{third}\n",
        }
        return make_project(said + accounts.source("b"), files)

    return make


def test_nothing_said_joins_duplicates_of_one_dataset(claiming):
    """Without a claim two records of one dataset may be one account."""
    project = claiming("")
    report = project.run()
    assert ["a/1", "a/2", "b/4"] in identities(project)
    assert "not_unique" not in report["audiences"]["centre"]["account"]


def test_a_strict_claim_keeps_records_apart_and_what_contradicts_it_is_told(claiming):
    """Two records of a strictly unique dataset are never one identity, and the report counts the pairs that look it."""
    project = claiming('unique = "strict"')
    told = []
    report = project.run(progress=told.append)
    assert not any({"a/1", "a/2"} <= set(found) for found in identities(project))
    assert report["audiences"]["centre"]["account"]["not_unique"] == {"a": 1}
    assert any('a says unique = "strict"' in line and "1 pairs" in line for line in told)


def test_a_likely_claim_gives_way_to_evidence(claiming):
    """A likely unique dataset still holds two records of one account where everything else agrees."""
    project = claiming('unique = "likely"')
    project.run()
    assert ["a/1", "a/2", "b/4"] in identities(project)

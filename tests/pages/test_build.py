"""From answers to pages: steps add up, columns stand in their order, and nothing is left out."""

from __future__ import annotations

import pytest

from linkage import queries
from linkage.checking import check_project
from linkage.pages import build


@pytest.fixture(scope="module")
def pairs(demo):
    """Ten compared pairs of each kind that the demo's release holds, as record names."""
    name = "dataset_{0} || '/' || key_{0} || '#' || role_{0}"
    with demo.project.release() as release:
        return release.rows(
            " UNION ALL ".join(
                f"(SELECT {name.format('a')}, {name.format('b')} FROM published.{table} WHERE entity_type = '{kind}' ORDER BY ALL LIMIT 3)"
                for table in ("link_evidence", "possible_match")
                for kind in ("person", "business", "account")
            )
        )


def test_the_steps_of_a_waterfall_add_up(demo, pairs):
    """Prior, comparisons and frequencies together are the weight of the pair, for every type."""
    kinds = set()
    for a, b in pairs:
        pair, explanation = queries.explain(demo.project, a, b, purpose="test")
        page = build.waterfall(pair, explanation, audience="centre", purpose="test")
        assert sum(step.bits for step in page.steps) == pytest.approx(page.total, abs=0.005 * len(page.steps))
        assert page.total == explanation.weight
        assert {page.a, page.b} == {a, b}
        assert len(page.not_compared) + sum(": frequency" not in step.name for step in page.steps[1:]) == len(
            explanation.evidence
        )
        kinds.add(page.entity_type)
    assert kinds == {"person", "business", "account"}


def test_a_check_page_holds_what_the_check_found(demo):
    """Every share, pair count and block of the check stands in the page's data, columns in canonical order."""
    found = check_project(demo.project.loaded)
    page = build.check(found)
    assert [kind.name for kind in page.types] == ["account", "business", "person"]
    person = page.types[-1]
    told = found["types"]["person"]["completeness"]
    assert {
        (dataset, column): share
        for column, line in zip(person.columns, person.shares, strict=True)
        for dataset, share in zip(person.datasets, line, strict=True)
        if share
    } == {(dataset, column): share for dataset, shares in told.items() for column, share in shares.items()}
    assert person.columns.index("suffix") < person.columns.index("birth_date")
    assert dict(person.pairs) == found["types"]["person"]["candidate_pairs"]
    assert len(person.blocks) == len(found["types"]["person"]["largest_blocks"])
    assert all(entry.adds_up for entry in page.delivered)


def test_a_report_page_holds_the_run(demo):
    """Stages stand in their order, sums add up, and the largest identities are those of the release."""
    page = build.report(queries.report(demo.project, purpose="test"), purpose="test")
    assert [stage.name for stage in page.stages] == list(build.STAGES)
    assert all(entry.adds_up for entry in page.delivered)
    assert (
        {entry.audience for entry in page.largest}
        == {entry.audience for entry in page.counts}
        == set(demo.report["releases"])
    )
    for count in page.counts:
        sizes = [e.records for e in page.largest if (e.audience, e.entity_type) == (count.audience, count.entity_type)]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[0] == count.largest_identity
        assert len(sizes) <= 5


def test_the_stages_are_those_of_the_pipeline():
    """The order of stages on the page is the order of the run."""
    from linkage.pipeline import AUDIENCE_STAGES, STAGES

    assert (*(name for name, _ in STAGES), *AUDIENCE_STAGES, "keep") == build.STAGES

"""Overlaps and leads of a demo project that has been run, against the truth that was written with it.

    python benchmarks/fusion.py PROJECT [--json]

PROJECT is a folder that `linkage demo` has made (truth.csv, overlaps.csv, leads.csv). An overlap is counted by pairs of
agencies. One on an identity is right where a person, business or account with records in that identity is in open cases of
both agencies; one on a phone or address where rows of both agencies' open cases show it about different entities. A lead is
right where the truth has one of its rule on the entities that most records of its identities tell of; two identities that are
one entity make a false lead.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import duckdb

import linkage

TOP = 50
_TABLES = """
CREATE TEMP TABLE truth AS FROM read_csv('{folder}/truth.csv', all_varchar = true);
CREATE TEMP TABLE held AS
    SELECT identity_id, entity, count(*) AS records FROM published.identity_record JOIN truth USING (dataset, key, role) GROUP BY ALL;
CREATE TEMP TABLE main AS SELECT identity_id, arg_max(entity, row(records, entity)) AS entity FROM held GROUP BY identity_id;
CREATE TEMP TABLE meant AS
    SELECT subject, which, a.agency AS x, b.agency AS y FROM (
        SELECT subject, which, unnest(string_split(agencies, '+')) AS agency FROM read_csv('{folder}/overlaps.csv', all_varchar = true)
    ) AS a JOIN (
        SELECT subject, which, unnest(string_split(agencies, '+')) AS agency FROM read_csv('{folder}/overlaps.csv', all_varchar = true)
    ) AS b USING (subject, which) WHERE a.agency < b.agency;
CREATE TEMP TABLE told AS
    SELECT overlap_id, subject, strength, value, identities, a AS x, b AS y FROM (
        SELECT *, unnest(agencies) AS a FROM published.deconfliction_overlap
    ) JOIN (SELECT overlap_id, unnest(agencies) AS b FROM published.deconfliction_overlap) USING (overlap_id) WHERE a < b;
CREATE TEMP TABLE told_entity AS
    SELECT DISTINCT overlap_id, subject, strength, entity AS which, x, y FROM (SELECT *, unnest(identities) AS identity_id FROM told WHERE value IS NULL)
    JOIN held USING (identity_id);
CREATE TEMP TABLE lead_truth AS FROM read_csv('{folder}/leads.csv', all_varchar = true);
CREATE TEMP TABLE told_lead AS
    SELECT lead_id, rule, score, list_sort(list_distinct(list(entity))) AS entities, row_number() OVER (ORDER BY score DESC, last_seen DESC, lead_id) AS place
    FROM (SELECT lead_id, rule, score, last_seen, unnest(identities) AS identity_id FROM published.lead) JOIN main USING (identity_id)
    GROUP BY lead_id, rule, score, last_seen;
CREATE TEMP TABLE judged AS
    SELECT told_lead.*, coalesce(bool_or(lead_truth.entities IS NOT NULL AND (rule <> 'one_ssn' OR len(told_lead.entities) > 1)), FALSE) AS is_right
    FROM told_lead LEFT JOIN lead_truth ON lead_truth.rule = told_lead.rule
        AND (lead_truth.entities = array_to_string(told_lead.entities, '+')) GROUP BY ALL;
"""
_OVERLAPS = """
WITH right_told AS (
    SELECT overlap_id, x, y, bool_or(meant.which IS NOT NULL) AS is_right FROM told_entity AS told
    LEFT JOIN meant ON meant.subject = told.subject AND meant.which = told.which AND meant.x = told.x AND meant.y = told.y
    WHERE strength = 'certain' AND told.subject = $subject GROUP BY ALL
    UNION ALL
    SELECT overlap_id, told.x, told.y, meant.which IS NOT NULL FROM told
    LEFT JOIN meant ON meant.subject = told.subject AND meant.which = told.value AND meant.x = told.x AND meant.y = told.y
    WHERE told.value IS NOT NULL AND told.subject = $subject
), found AS (
    SELECT meant.*, count(one.overlap_id) + count(two.overlap_id) > 0 AS is_found,
           count(maybe.overlap_id) > 0 AS is_possible, any_value(pieces) > 1 AS is_split
    FROM meant
    LEFT JOIN (FROM told_entity WHERE strength = 'certain') AS one ON one.which = meant.which AND one.x = meant.x AND one.y = meant.y
    LEFT JOIN (FROM told_entity WHERE strength = 'possible') AS maybe ON maybe.which = meant.which AND maybe.x = meant.x AND maybe.y = meant.y
    LEFT JOIN told AS two ON two.subject = meant.subject AND two.value = meant.which AND two.x = meant.x AND two.y = meant.y
    LEFT JOIN (SELECT entity AS which, count(*) AS pieces FROM held GROUP BY entity) AS part ON part.which = meant.which
    WHERE meant.subject = $subject GROUP BY ALL
)
SELECT (SELECT count(*) FROM right_told), (SELECT count(*) FILTER (WHERE is_right) FROM right_told), count(*), count(*) FILTER (WHERE is_found),
       count(*) FILTER (WHERE NOT is_found AND is_possible), count(*) FILTER (WHERE NOT is_found AND is_split)
FROM found
"""


def measure(folder: Path) -> dict[str, Any]:
    """Return precision and recall of overlaps by subject, and what became of planted leads and the first leads of the list."""
    with linkage.open(folder).release() as engine:
        for statement in _TABLES.format(folder=str(folder).replace("'", "''")).split(";\n"):
            if statement.strip():
                engine.run(statement)
        subjects = [row[0] for row in engine.rows("SELECT DISTINCT subject FROM meant ORDER BY 1")]
        overlaps = {subject: _overlaps(engine.rows(_OVERLAPS, {"subject": subject})[0]) for subject in subjects}
        records = int(engine.value("SELECT count(*) FROM truth"))
        leads = _leads(engine)
    return {
        "machine": {"cores": os.cpu_count()},
        "versions": {"python": platform.python_version(), "duckdb": duckdb.__version__},
        "records": records,
        "overlaps": {**overlaps, "all": _all(overlaps)},
        "leads": leads,
    }


def _overlaps(counts: tuple[int, ...]) -> dict[str, Any]:
    told, right, meant, found, possible, split = map(int, counts)
    return {
        "told": told,
        "right": right,
        "meant": meant,
        "found": found,
        "precision": round(right / told, 4) if told else None,
        "recall": round(found / meant, 4),
        "only_possible": possible,
        "lost_to_matching": split,
        "lost_otherwise": meant - found - split,
    }


def _all(overlaps: dict[str, dict[str, Any]]) -> dict[str, Any]:
    sums = {
        name: sum(entry[name] for entry in overlaps.values())
        for name in ("told", "right", "meant", "found", "only_possible", "lost_to_matching")
    }
    return _overlaps(tuple(sums.values()))


def _leads(engine: Any) -> dict[str, Any]:
    """Return for each rule how many are told and right, how many are meant and found, planted ones apart; and the top of the list."""
    rules = {}
    for rule, told, right in engine.rows(
        "SELECT rule, count(*), count(*) FILTER (WHERE is_right) FROM judged GROUP BY rule ORDER BY rule"
    ):
        rules[rule] = {"told": told, "right": right}
    query = """
        SELECT rule, count(*), count(*) FILTER (WHERE found), count(*) FILTER (WHERE planted = 'true'),
               count(*) FILTER (WHERE planted = 'true' AND found)
        FROM (SELECT *, (rule, entities) IN (SELECT (rule, array_to_string(entities, '+')) FROM told_lead) AS found FROM lead_truth)
        GROUP BY rule ORDER BY rule
    """
    for rule, meant, found, planted, planted_found in engine.rows(query):
        rules.setdefault(rule, {"told": 0, "right": 0})
        rules[rule] |= {"meant": meant, "found": found, "planted": planted, "planted_found": planted_found}
    top, right = engine.rows(f"SELECT count(*), count(*) FILTER (WHERE is_right) FROM judged WHERE place <= {TOP}")[0]
    return {
        "rules": rules,
        "planted": sum(rule.get("planted", 0) for rule in rules.values()),
        "planted_found": sum(rule.get("planted_found", 0) for rule in rules.values()),
        "top": top,
        "false_in_top": top - right,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = measure(options.project)
    if options.json:
        json.dump(result, sys.stdout, indent=1)
        return
    for subject, row in result["overlaps"].items():
        print(f"overlaps, {subject}: precision {row['precision']}, recall {row['recall']} of {row['meant']:,} ({row})")
    for rule, row in result["leads"]["rules"].items():
        print(f"leads, {rule}: {row}")
    print({name: value for name, value in result["leads"].items() if name != "rules"})


if __name__ == "__main__":
    main()

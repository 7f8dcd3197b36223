"""Overlaps and leads of a demo project that has been run, against the truth that was written with it.

    python benchmarks/fusion.py PROJECT [--release N] [--json]

PROJECT is a folder that `linkage demo` has made (truth.csv, overlaps.csv, leads.csv). An overlap is counted by pairs of
agencies. One on an identity is right where a person, business or account with records in that identity is in open cases of
both agencies; one on a phone or address where it leads to two or more of the entities that rows of both agencies' open cases
show it with. A lead is right, and one of the truth found, where its identities hold records of the entities: of two
entities in two identities, so that two identities that are one entity make a false lead. Lost to matching is what the
truth has and the release has not, where an entity of it is in several identities or shares one with another entity.
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
CREATE TEMP TABLE overlap_truth AS FROM read_csv('{folder}/overlaps.csv', all_varchar = true);
CREATE TEMP TABLE meant AS
    SELECT subject, which, entities, a AS x, b AS y
    FROM (SELECT *, unnest(string_split(agencies, '+')) AS a FROM overlap_truth)
    JOIN (SELECT subject, which, unnest(string_split(agencies, '+')) AS b FROM overlap_truth) USING (subject, which) WHERE a < b;
CREATE TEMP TABLE told AS
    SELECT overlap_id, subject, strength, value, identities, a AS x, b AS y
    FROM (SELECT *, unnest(agencies) AS a FROM published.deconfliction_overlap)
    JOIN (SELECT overlap_id, unnest(agencies) AS b FROM published.deconfliction_overlap) USING (overlap_id) WHERE a < b;
CREATE TEMP TABLE hit AS
    SELECT overlap_id, strength, subject, which, x, y
    FROM (SELECT *, unnest(identities) AS identity_id FROM told) JOIN held USING (identity_id)
    JOIN (SELECT subject, which, x, y, unnest(string_split(entities, '+')) AS entity FROM meant) USING (subject, x, y, entity)
    GROUP BY ALL HAVING count(DISTINCT entity) >= CASE WHEN any_value(value) IS NULL THEN 1 ELSE 2 END;
CREATE TEMP TABLE lead_truth AS SELECT *, string_split(entities, '+') AS parts FROM read_csv('{folder}/leads.csv', all_varchar = true);
CREATE TEMP TABLE mixed AS
    SELECT entity FROM held GROUP BY entity HAVING count(*) > 1
    UNION SELECT entity FROM held WHERE identity_id IN (SELECT identity_id FROM held GROUP BY identity_id HAVING count(*) > 1);
CREATE TEMP TABLE told_lead AS
    SELECT lead_id, rule, identities, row_number() OVER (ORDER BY score DESC, last_seen DESC, lead_id) AS place FROM published.lead;
CREATE TEMP TABLE lead_hit AS
    SELECT lead_id, rule, entities
    FROM (SELECT lead_id, rule, unnest(identities) AS identity_id FROM told_lead) JOIN held USING (identity_id)
    JOIN (SELECT rule, entities, unnest(parts) AS entity, len(parts) AS number FROM lead_truth) USING (rule, entity)
    GROUP BY ALL HAVING count(DISTINCT entity) >= least(any_value(number), 2) AND count(DISTINCT identity_id) >= least(any_value(number), 2);
"""
_OVERLAPS = """
SELECT (SELECT count(*) FROM told WHERE subject = $subject AND strength = 'certain'),
       (SELECT count(*) FROM (FROM told SEMI JOIN hit USING (overlap_id, x, y)) WHERE subject = $subject AND strength = 'certain'),
       count(*), count(*) FILTER (WHERE is_found), count(*) FILTER (WHERE NOT is_found AND is_possible), count(*) FILTER (WHERE NOT is_found AND is_split)
FROM (
    SELECT (subject, which, x, y) IN (SELECT (subject, which, x, y) FROM hit WHERE strength = 'certain') AS is_found,
           (subject, which, x, y) IN (SELECT (subject, which, x, y) FROM hit WHERE strength = 'possible') AS is_possible,
           which IN (SELECT entity FROM held GROUP BY entity HAVING count(*) > 1) AS is_split
    FROM meant WHERE subject = $subject
)
"""


def measure(folder: Path, sequence: int | None = None) -> dict[str, Any]:
    """Return precision and recall of overlaps by subject, and what became of planted leads and the first leads of the list."""
    with linkage.open(folder).release(sequence=sequence) as engine:
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
        "SELECT rule, count(*), count(*) FILTER (WHERE lead_id IN (SELECT lead_id FROM lead_hit)) FROM told_lead GROUP BY rule ORDER BY rule"
    ):
        rules[rule] = {"told": told, "right": right}
    query = """
        SELECT rule, count(*), count(*) FILTER (WHERE found), count(*) FILTER (WHERE planted = 'true'),
               count(*) FILTER (WHERE planted = 'true' AND found), count(*) FILTER (WHERE NOT found AND is_mixed),
               count(*) FILTER (WHERE planted = 'true' AND NOT found AND is_mixed)
        FROM (
            SELECT rule, planted, (rule, entities) IN (SELECT (rule, entities) FROM lead_hit) AS found,
                   list_has_any(parts || string_split(coalesce(tied, ''), '+'), (SELECT list(entity) FROM mixed)) AS is_mixed
            FROM lead_truth
        ) GROUP BY rule ORDER BY rule
    """
    names = ("meant", "found", "planted", "planted_found", "lost_to_matching", "planted_lost_to_matching")
    for rule, *numbers in engine.rows(query):
        rules.setdefault(rule, {"told": 0, "right": 0})
        rules[rule] |= dict(zip(names, map(int, numbers), strict=True))
    top, right = engine.rows(
        f"SELECT count(*), count(*) FILTER (WHERE lead_id IN (SELECT lead_id FROM lead_hit)) FROM told_lead WHERE place <= {TOP}"
    )[0]
    return {
        "rules": rules,
        "planted": sum(rule.get("planted", 0) for rule in rules.values()),
        "planted_found": sum(rule.get("planted_found", 0) for rule in rules.values()),
        "planted_lost_to_matching": sum(rule.get("planted_lost_to_matching", 0) for rule in rules.values()),
        "top": top,
        "false_in_top": top - right,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--release", type=int)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = measure(options.project, options.release)
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

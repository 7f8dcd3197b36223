"""How good the best conceivable matcher can be on the demo data: pairs that nothing visible tells apart.

Two things are out of reach, whatever the method:

- *Unknowable* true pairs. Two records of one entity share nothing telling, and no chain of other records of the
  entity joins them. A value (or combination of values, `sql/demo/*_key.sql`) is telling unless it is *common*: held
  by more pairs of records of different entities than of one. Nearly equal values tell when there are enough of them
  (`sql/demo/*_near.sql`). Unknowable pairs cost recall.
- *Indistinguishable* records: equal in every visible attribute, yet of different entities. A group of them is joined
  or left apart as a whole; the better of the two is taken. Joined, its pairs of different entities cost precision;
  left apart, its true pairs cost recall.

Sharing is judged with the truth in hand and generously, so the figures are an upper bound: no matcher knows which
value is common among entities. Beyond `SAMPLE_RECORDS` records unknowable pairs are counted on a seeded sample of
entities, against the values of all records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.engine.duckdb import fixed_sql

if TYPE_CHECKING:
    from linkage.engine.duckdb import Engine

SAMPLE_RECORDS = 200_000

# What a reader of the files can see, per type; written case and layout do not count.
VISIBLE = {
    "person": (
        "given_name", "middle_name", "surname", "suffix", "alias", "birth_date", "sex", "ssn", "licence", "passport",
        "phone", "phone2", "email", "house_number", "street", "unit", "city", "region", "postcode", "occupation",
        "employer", "birth_place",
    ),
    "business": (
        "name", "trading_name", "ein", "phone", "website", "house_number", "street", "unit", "city", "region", "postcode",
    ),
    "account": ("number_seen", "as_iban", "bank_seen", "type", "currency", "opened_on", "title", "second_title"),
}  # fmt: skip
_DERIVED = {
    "account": "CASE WHEN masked THEN '*' || right(number, 4) ELSE number END AS number_seen, "
    "coalesce(routing_number, left(bic, 8), bank_name) AS bank_seen, ",
}

_COMMON = """
    SELECT value FROM (
        SELECT value, entity, count(*) AS n FROM ({keys}) SEMI JOIN demo.sample_key USING (value) GROUP BY value, entity
    )
    GROUP BY value HAVING sum(n) * sum(n) - sum(n * n) > sum(n * n) - sum(n)
"""
_TIE = """
    SELECT l.row AS row_l, r.row AS row_r
    FROM (SELECT * FROM demo.sample_key ANTI JOIN demo.common USING (value)) AS l
    JOIN demo.sample_key AS r ON r.entity = l.entity AND r.value = l.value AND r.row > l.row
    UNION {near}
"""
_NEXT = """
    SELECT p.row, p.entity, least(p.part, coalesce(n.part, p.part)) AS part
    FROM demo.part AS p
    LEFT JOIN (
        SELECT e.a, min(q.part) AS part
        FROM (SELECT row_l AS a, row_r AS b FROM demo.tie UNION ALL SELECT row_r, row_l FROM demo.tie) AS e
        JOIN demo.part AS q ON q.row = e.b
        GROUP BY e.a
    ) AS n ON n.a = p.row
"""


def ceiling(engine: Engine) -> dict[str, dict[str, float]]:
    """Return per type the best possible precision, recall and f1, and the counts of pairs that they rest on.

    Needs the tables of `linkage.demo.generator` in schema `demo`.
    """
    return {kind: _ceiling(engine, kind) for kind in VISIBLE}


def _ceiling(engine: Engine, kind: str) -> dict[str, float]:
    records, pairs = engine.rows(
        f"SELECT coalesce(sum(n), 0)::BIGINT, coalesce(sum(n * (n - 1) // 2), 0)::BIGINT "
        f"FROM (SELECT count(*) AS n FROM demo.{kind}_record GROUP BY {kind})"
    )[0]
    if not pairs:
        return {"precision": 1.0, "recall": 1.0, "f1": 1.0, "pairs": 0, "unknowable": 0, "inseparable": 0, "wrong": 0}
    unknowable = round(pairs * _unknowable_share(engine, kind, modulus=1 + records // SAMPLE_RECORDS))
    wrong, inseparable = _indistinguishable(engine, kind)
    right = max(0, pairs - unknowable - inseparable)
    precision = right / (right + wrong) if right else 1.0
    recall = right / pairs
    return {
        "precision": round(precision, 6),
        "recall": round(recall, 6),
        "f1": round(2 * precision * recall / (precision + recall), 6) if right else 0.0,
        "pairs": pairs,
        "unknowable": unknowable,
        "inseparable": inseparable,
        "wrong": wrong,
    }


def _unknowable_share(engine: Engine, kind: str, *, modulus: int) -> float:
    """Return the share of true pairs that no chain of telling agreements joins."""
    settings = {"modulus": modulus}
    keys = fixed_sql("demo", f"{kind}_key")
    engine.create_as("demo", "sample_key", f"SELECT DISTINCT * FROM ({keys})", settings)
    engine.create_as("demo", "common", _COMMON.format(keys=keys), {"modulus": 1})
    engine.create_as("demo", "tie", _TIE.format(near=fixed_sql("demo", f"{kind}_near")), settings)
    engine.create_as(
        "demo",
        "part",
        f"SELECT row, {kind} AS entity, row AS part FROM demo.{kind}_record WHERE demo.sampled({kind}, $modulus)",
        settings,
    )
    changed = True
    while changed:  # an entity has few records, so few rounds reach its farthest one
        engine.create_as("demo", "part_next", _NEXT)
        changed = bool(
            engine.rows(
                "SELECT count(*) FROM demo.part JOIN demo.part_next AS n USING (row) WHERE n.part <> part.part"
            )[0][0]
        )
        engine.create_as("demo", "part", "SELECT * FROM demo.part_next")
    count = "SELECT coalesce(sum(n * (n - 1) // 2), 0)::BIGINT FROM (SELECT count(*) AS n FROM demo.part GROUP BY {by})"
    pairs = engine.rows(count.format(by="entity"))[0][0]
    known = engine.rows(count.format(by="entity, part"))[0][0]
    return float(pairs - known) / pairs if pairs else 0.0


def _indistinguishable(engine: Engine, kind: str) -> tuple[int, int]:
    """Return (pairs of different entities to be joined wrongly, true pairs to be given up) among equal records."""
    visible = ", ".join(VISIBLE[kind])
    rows = engine.rows(
        f"""
        WITH seen AS (
            SELECT hash({visible}) AS look, {kind} AS entity
            FROM (SELECT *, {_DERIVED.get(kind, "")} 1 AS one FROM demo.{kind}_record)
        ),
        counted AS (SELECT look, entity, count(*) AS n FROM seen GROUP BY look, entity),
        grouped AS (
            SELECT sum(n) AS total, sum(n * (n - 1) // 2) AS same FROM counted GROUP BY look HAVING count(*) > 1
        ),
        judged AS (SELECT same, total * (total - 1) // 2 - same AS different FROM grouped)
        SELECT
            coalesce(sum(different) FILTER (same >= different), 0)::BIGINT,
            coalesce(sum(same) FILTER (same < different), 0)::BIGINT
        FROM judged
        """
    )
    return int(rows[0][0]), int(rows[0][1])

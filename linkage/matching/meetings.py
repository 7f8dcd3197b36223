"""What the records of clusters say of each other, comparison by comparison, added up by pairs of clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.matching.score import score_comparisons

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from linkage.engine.duckdb import Engine
    from linkage.matching.model import Model

    Arrays = dict[str, NDArray[Any]]


def told_between(
    engine: Engine, model: Model, divided: pa.Table, also: tuple[str, ...], values: dict[str, Any]
) -> tuple[Arrays, Arrays]:
    """Return what clusters of one component tell, and what pairs of them say of each other.

    divided: place, label, component (int64) of the records to look at; places are those of `making.place` (record,
    dataset, place). also: SQL over the two records' places `one` and `two`, and `resolution.evidence` (a, b, bits), for one
    more comparison each, in 1/1024 bit or NULL; `values` are their parameters.

    First: label and k0, k1 ..., how many of the cluster's records tell that comparison to some other; ordered by label.
    Second: a < b (labels), t0, t1 ... the sums in 1/1024 bit, n0, n1 ... the pairs of records that tell it; ordered by a, b.
    """
    known_already = len(model.comparisons)
    told = range(known_already + len(also))
    more = ", ".join(f"{sql} AS c{known_already + place}" for place, sql in enumerate(also))
    with engine.registered("divided", divided):
        engine.create_as(
            "making",
            "met",
            f"SELECT one.record AS a, two.record AS b, own.label AS label_a, other.label AS label_b, "
            f"own.place AS place_a, other.place AS place_b, {more} "
            "FROM divided AS own JOIN divided AS other ON own.component = other.component AND own.place < other.place AND own.label <> other.label "
            "JOIN making.place AS one ON one.place = own.place JOIN making.place AS two ON two.place = other.place "
            "LEFT JOIN resolution.evidence AS evidence ON evidence.a = least(one.record, two.record) AND evidence.b = greatest(one.record, two.record)",
            values,
        )
    # Audiences see much the same pairs: what one has had told is kept, beside the base, for the next.
    kept = f"told_{model.entity_type}"
    columns = ", ".join(f"c{c} INTEGER" for c in told[:known_already])
    engine.run(f"CREATE TEMP TABLE IF NOT EXISTS {kept} (a BIGINT, b BIGINT, {columns})")
    engine.create_as("making", "untold", f"SELECT a, b FROM making.met ANTI JOIN {kept} USING (a, b)")
    score_comparisons(engine, model, "making.untold", "making.told")
    engine.run(f"INSERT INTO {kept} SELECT * FROM making.told")
    engine.create_as("making", "told", f"SELECT * FROM making.met JOIN {kept} USING (a, b)")
    sums = ", ".join(f"CAST(sum(coalesce(c{c}, 0)) AS BIGINT) AS t{c}, count(c{c}) AS n{c}" for c in told)
    pairs = engine.arrays(
        f"SELECT least(label_a, label_b) AS a, greatest(label_a, label_b) AS b, {sums} "
        "FROM making.told GROUP BY 1, 2 ORDER BY 1, 2"
    )
    # What a record tells to any other, a bit a comparison: counting distinct records once a comparison takes ten times as long.
    tells = ", ".join(f"CAST(sum((tells >> {c}) & 1) AS BIGINT) AS k{c}" for c in told)
    bits = " | ".join(f"((c{c} IS NOT NULL)::BIGINT << {c})" for c in told)
    known = engine.arrays(
        f"SELECT label, {tells} FROM (SELECT label, bit_or(tells) AS tells FROM ("
        f"SELECT label_a AS label, place_a AS place, {bits} AS tells FROM making.told "
        f"UNION ALL SELECT label_b, place_b, {bits} FROM making.told) GROUP BY label, place) GROUP BY label ORDER BY label"
    )
    for name in ("met", "untold", "told"):
        engine.run(f"DROP TABLE making.{name}")
    return known, pairs

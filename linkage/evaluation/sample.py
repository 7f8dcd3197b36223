"""A sample of pairs for stewards to judge, so that precision and recall can be estimated without any truth.

The pairs that can be drawn are those inside identities, with or without an edge, and those in different identities that
blocking found and that weigh enough to be kept (the lower of the model's `review` and `floor`). They are cut into strata by whether they
share an identity, whether blocking found them, and their weight beside the match threshold; within a stratum
every pair is as likely as the next. Which are drawn follows from the seed and the records' names alone.

The file names no weight and no stratum in words, and its rows are in no telling order: a steward should judge the
values. What stands to the right of the records' names is needed to read the file back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linkage.config.entity import BITS
from linkage.config.project import CENTRE
from linkage.engine.duckdb import Engine
from linkage.engine.sql import literal, qualified, quote
from linkage.errors import DataError, RequestError
from linkage.evaluation.estimate import allocate
from linkage.evaluation.release import base_path
from linkage.matching import model as models
from linkage.matching.score import least_weight
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from linkage.config.source import EntityType
    from linkage.matching.model import Model
    from linkage.project import Project

ANSWERS = ("verdict", "note")
NAMES = ("dataset_a", "key_a", "role_a", "dataset_b", "key_b", "role_b")
DESIGN = (
    "entity_type",
    "audience",
    "release",
    "stratum",
    "together",
    "stratum_pairs",
    "stratum_sampled",
    "inclusion_probability",
)
# Tables of a spreadsheet take a text that begins so for a formula; a leading quote takes the sense from it.
GUARDED = "=+-@\t\r'"

_ABOVE = (15, 5)
_BELOW = 2

# What two persons can be judged by, as the release tells it.
TEXTS = {
    "person": (
        "name",
        "other_names",
        "birth_date",
        "birth_year",
        "sex",
        "ssn",
        "ssn_last4",
        "identifiers",
        "phones",
        "emails",
        "address",
        "city",
        "region",
        "postcode",
        "country",
        "birth_place",
        "occupation",
        "employer",
    ),
    "business": (
        "name",
        "other_names",
        "legal_form",
        "tax_id",
        "identifiers",
        "phones",
        "emails",
        "domain",
        "address",
        "city",
        "region",
        "postcode",
        "country",
    ),
    "account": ("institution", "number", "number_tail", "iban", "account_type", "currency", "holder", "opened_on"),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """What was drawn: the pairs in the file, the pairs they stand for, and (stratum, pairs, sampled) of each stratum."""

    entity_type: str
    audience: str
    release: int
    sampled: int
    pairs: int
    strata: tuple[tuple[str, int, int], ...]

    def to_json(self) -> dict[str, object]:
        """Return everything as plain values."""
        return {
            "schema_version": 1,
            "entity_type": self.entity_type,
            "audience": self.audience,
            "release": self.release,
            "sampled": self.sampled,
            "pairs": self.pairs,
            "strata": [{"stratum": name, "pairs": pairs, "sampled": sampled} for name, pairs, sampled in self.strata],
        }


def write_sample(
    project: Project,
    entity_type: str,
    path: Path,
    *,
    size: int,
    seed: int = 1,
    audience: str = CENTRE,
    purpose: str | None = None,
) -> Sample:
    """Write a sample of an audience's last release as CSV, for its `verdict` column to be filled.

    Raises RequestError for a type the project lacks, a size below one, a release without pairs, or a file that exists.
    """
    kind = _refused(project, entity_type, path, size)
    release = project.release_path(audience)
    crosswalk = _crosswalk(project, entity_type, audience)
    with Engine(base_path(project), read_only=True, **project.loaded.limits()) as base:
        model = _model(project, kind)
        with base.registered("crosswalk", crosswalk):
            make_population(base, model)
        strata = allocated(base, size)
        if not strata:
            message = f"the release of {audience} has no pairs of {entity_type}: nothing can be sampled"
            raise RequestError(message)
        draw(base, strata, seed)
        # Handing over the file is one dissemination of all it holds (rule R11).
        project.look("review sample", [entity_type, path.name], audience=audience, purpose=purpose)
        design = {"entity_type": entity_type, "audience": audience, "release": release.stem}
        sampled = _write(base, entity_type, path, design)
    return Sample(
        entity_type,
        audience,
        int(release.stem),
        sampled,
        sum(row["pairs"] for row in strata),
        tuple((row["words"], row["pairs"], row["sampled"]) for row in strata),
    )


def _refused(project: Project, entity_type: str, path: Path, size: int) -> EntityType:
    """Return the type, or refuse what cannot be done."""
    types = project.loaded.entity_types()
    kind = next((kind for kind in types if kind == entity_type), None)
    if kind is None:
        message = f"the project has no type {entity_type!r}; it has: {', '.join(types)}"
        raise RequestError(message)
    if size < 1:
        message = f"a sample of {size} pairs cannot be drawn; give a size of 1 or more"
        raise RequestError(message)
    free_file(path)
    return kind


def free_file(path: Path) -> None:
    """Refuse a file for pairs that is there already or cannot be made."""
    if path.exists():
        message = f"{path} exists and may hold verdicts; name another file"
        raise RequestError(message)
    if not path.parent.is_dir():
        message = f"{path}: there is no folder {path.parent}; make it first"
        raise RequestError(message)


def _crosswalk(project: Project, entity_type: str, audience: str) -> Any:
    with project.release(audience) as release:
        return release.arrow(
            "SELECT dataset, key, role, identity_id FROM published.identity_record WHERE entity_type = $kind ORDER BY ALL",
            {"kind": entity_type},
        )


def _model(project: Project, entity_type: EntityType) -> Model:
    """Return the model of the last run, which made the weights."""
    workspace = Workspace(project.loaded.workspace)
    with Ledger(workspace.ledger) as ledger:
        last = ledger.last_run()
    if last is None:
        message = f"{workspace.path}: there is no finished run; run: linkage run {project.loaded.path}"
        raise RequestError(message)
    return models.load(workspace.models, entity_type, last.report["types"][entity_type]["model"])


def make_population(base: Engine, model: Model) -> None:
    """Write the temporary table `population` (a, b, together, weight, found, stratum, words) from view `crosswalk`.

    `crosswalk` has dataset, key, role and identity_id of the audience's records of one type.
    """
    kind, match = model.entity_type, model.units(model.thresholds.match)
    edge, inside = (qualified("scoring", f"{name}_{kind}") for name in ("edge", "inside"))
    base.run(
        f"CREATE OR REPLACE TEMP TABLE own AS SELECT record, dataset, key, role, identity_id "
        f"FROM crosswalk JOIN canonical.{quote(kind)} USING (dataset, key, role)"
    )
    base.run(
        f"""
        CREATE OR REPLACE TEMP TABLE population AS
        WITH known AS (
            SELECT a, b, max(weight) AS weight, bool_or(found) AS found FROM (
                SELECT least(a, b) AS a, greatest(a, b) AS b, weight, TRUE AS found FROM {edge}
                UNION ALL SELECT least(a, b), greatest(a, b), weight, FALSE FROM {inside}
            ) GROUP BY ALL
        ), shared AS (
            SELECT one.record AS a, two.record AS b FROM own AS one JOIN own AS two USING (identity_id) WHERE one.record < two.record
        ), apart AS (
            SELECT a, b FROM known JOIN own AS one ON one.record = a JOIN own AS two ON two.record = b
            WHERE one.identity_id <> two.identity_id AND found AND weight >= {least_weight(model)}
        ), every AS (SELECT a, b, TRUE AS together FROM shared UNION ALL SELECT a, b, FALSE FROM apart)
        SELECT a, b, together, weight, coalesce(found, FALSE) AS found, {_stratum_sql(match)} AS words
        FROM every LEFT JOIN known USING (a, b)
        """
    )


def _stratum_sql(match: int) -> str:
    """Return the SQL that names a pair's stratum."""
    high, middle = (match + bits * BITS for bits in _ABOVE)
    return f"""
        CASE WHEN together AND NOT coalesce(found, FALSE)
                  THEN CASE WHEN weight >= {match} THEN 'together, not found by blocking, above the threshold'
                            ELSE 'together, not found by blocking, below the threshold' END
             WHEN together AND weight >= {high} THEN 'together, {_ABOVE[0]} bits and more above the threshold'
             WHEN together AND weight >= {middle} THEN 'together, {_ABOVE[1]} to {_ABOVE[0]} bits above the threshold'
             WHEN together AND weight >= {match} THEN 'together, up to {_ABOVE[1]} bits above the threshold'
             WHEN together THEN 'together, below the threshold'
             WHEN weight >= {match} THEN 'apart, above the threshold'
             WHEN weight >= {match - _BELOW * BITS} THEN 'apart, just below the threshold'
             ELSE 'apart, further below the threshold' END
    """


def allocated(base: Engine, size: int) -> list[dict[str, Any]]:
    """Return the strata of `population` in the order of their words: stratum (from 1), words, together, pairs, sampled."""
    rows: list[dict[str, Any]] = base.arrow(
        f"""
        SELECT words, bool_or(together) AS together, count(*) AS pairs,
               avg(CASE WHEN weight IS NULL THEN 0.5 ELSE round(1 / (1 + pow(2.0, -greatest(least(weight / {BITS}, 60), -60))), 6) END) AS chance
        FROM population GROUP BY words ORDER BY words
        """
    ).to_pylist()
    # Rounded: a mean of floats is not the same to the last bit from run to run.
    given = allocate([row["pairs"] for row in rows], [round(row["chance"], 6) for row in rows], size)
    return [
        {**row, "stratum": place, "sampled": sampled}
        for place, (row, sampled) in enumerate(zip(rows, given, strict=True), start=1)
    ]


def draw(base: Engine, strata: list[dict[str, Any]], seed: int) -> None:
    """Write the temporary table `sampled` (a, b, rank, stratum, together, stratum_pairs, stratum_sampled)."""
    values = {
        "words": [row["words"] for row in strata],
        "strata": [row["stratum"] for row in strata],
        "pairs": [row["pairs"] for row in strata],
        "sampled": [row["sampled"] for row in strata],
        "seed": str(seed),
    }
    base.run(
        """
        CREATE OR REPLACE TEMP TABLE sampled AS
        WITH planned AS (
            SELECT unnest($words::VARCHAR[]) AS words, unnest($strata::BIGINT[]) AS stratum,
                   unnest($pairs::BIGINT[]) AS stratum_pairs, unnest($sampled::BIGINT[]) AS stratum_sampled
        ), ranked AS (
            -- The names decide, not the record numbers, which another delivery may shift.
            SELECT a, b, together, words, least(one.name, two.name) AS first, greatest(one.name, two.name) AS second,
                   md5(concat_ws(chr(31), $seed, least(one.name, two.name), greatest(one.name, two.name))) AS rank
            FROM population
            JOIN (SELECT record, concat_ws(chr(31), dataset, key, role) AS name FROM own) AS one ON one.record = a
            JOIN (SELECT record, concat_ws(chr(31), dataset, key, role) AS name FROM own) AS two ON two.record = b
        )
        SELECT a, b, together, rank, stratum, stratum_pairs, stratum_sampled FROM ranked JOIN planned USING (words)
        QUALIFY row_number() OVER (PARTITION BY stratum ORDER BY rank, first, second) <= stratum_sampled
        """,
        values,
    )


def _write(base: Engine, entity_type: str, path: Path, design: dict[str, str]) -> int:
    told = [f"{literal(value)} AS {quote(name)}" for name, value in design.items()]
    query = f"""
        SELECT '' AS verdict, '' AS note, {texts_sql(base, entity_type)}, {names_sql()}, {", ".join(told)},
               stratum, CASE WHEN together THEN 'yes' ELSE 'no' END AS together, stratum_pairs, stratum_sampled,
               round(stratum_sampled / stratum_pairs, 9) AS inclusion_probability
        FROM sampled JOIN canonical.{quote(entity_type)} AS a ON a.record = sampled.a
        JOIN canonical.{quote(entity_type)} AS b ON b.record = sampled.b
        ORDER BY rank, a.dataset, a.key, a.role, b.dataset, b.key, b.role
    """
    return write_file(base, query, path)


def texts_sql(base: Engine, entity_type: str) -> str:
    """Return the columns that hold what two records, `a` and `b` of a canonical table, tell."""
    types = base.columns("canonical", entity_type)
    texts = []
    for name in TEXTS[entity_type]:
        for side in ("a", "b"):
            value = f"{side}.{quote(name)}"
            text = f"array_to_string({value}, '; ')" if types[name].endswith("[]") else f"CAST({value} AS VARCHAR)"
            texts.append(f"{_guard(text)} AS {quote(f'{name}_{side}')}")
    return ", ".join(texts)


def names_sql() -> str:
    """Return the columns that name two records `a` and `b`."""
    return ", ".join(f"{_guard(f'{n[-1]}.{quote(n[:-2])}')} AS {quote(n)}" for n in NAMES)


def write_file(base: Engine, query: str, path: Path) -> int:
    """Write pairs as CSV, whole or not at all, readable by the user alone; return the rows."""
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.touch(mode=0o600)
        rows = base.copy_to(query, draft, "(FORMAT csv, HEADER true)")
        draft.chmod(0o600)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        message = f"{path}: cannot be written ({error.strerror}); name another file"
        raise DataError(message) from error
    return rows


def _guard(text: str) -> str:
    signs = ", ".join("chr(" + str(ord(sign)) + ")" for sign in GUARDED)
    return f"CASE WHEN left({text}, 1) IN ({signs}) THEN chr(39) || {text} ELSE {text} END"

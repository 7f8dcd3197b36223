"""Who holds a telephone number or an address: the identities of an audience's release whose records tell it.

The release alone is read (rule R7), and what it holds is compared as a run compares it: number, street, unit and place of an
address, not its letters.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from linkage.engine.duckdb import Engine
from linkage.engine.sql import qualified, quote
from linkage.errors import RequestError
from linkage.fusion.contacts import PARTIES
from linkage.lookup.asked import mapped_rows, mapped_schema
from linkage.lookup.index import find
from linkage.matching import model as models
from linkage.stages.attributes import stored
from linkage.stages.standardiser import usable
from linkage.standardise import install, install_letters
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from linkage.config.source import EntityType
    from linkage.project import Project

VALUES = ("phone", "address")
"""Subjects that are a value, not an entity."""
_PLACE = ("house_number", "street", "postcode", "city")
# Together: where a source has the unit in a column of its own, its line alone does not tell where the street ends.
_DOOR = "concat_ws(' ', house_number, street, unit)"
_SAID_HOW = {"address": ("country_default",)}


class _Read(Protocol):
    """Reads rows: SQL of canonical columns → a row each."""

    def __call__(self, rows: Sequence[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]: ...


def is_value(asked: Mapping[str, Any]) -> str | None:
    """Return which value alone is asked for: phone or address, with how an address is read; None for the attributes of an entity."""
    for name in VALUES:
        if name in asked and len(asked[name]) == 1 and set(asked) <= {name, *_SAID_HOW.get(name, ())}:
            return name
    return None


def holders(project: Project, audience: str, subject: str, asked: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Return the release's number and the sorted identities that hold a phone or an address; nobody where the value is generic.

    Generic is what more identities than `fusion.shared_by` hold: it tells nothing. Raises RequestError for what cannot be read.
    """
    by = {"phone": _by_phone, "address": _by_address}[subject]
    ids = by(project, audience, asked)
    with project.release(audience) as release:
        sequence = int(release.value("SELECT value FROM published.release_info WHERE name = 'sequence'"))
    generic = len(ids) > project.loaded.settings.fusion.shared_by
    return sequence, [] if generic else ids


def _by_phone(project: Project, audience: str, asked: Mapping[str, Any]) -> list[str]:
    told = _asked(project, audience, {"phone": asked["phone"]})
    with _reader(project, audience) as read:
        number = read(told, "phones[1]")[0][0]
    if number is None:
        message = "the telephone number cannot be read; write it with its area code, from abroad with + and the country's code"
        raise RequestError(message)
    with project.release(audience) as release:
        rows = release.rows(
            "SELECT identity_id FROM published.person WHERE list_contains(phones, $number) "
            "UNION SELECT identity_id FROM published.business WHERE list_contains(phones, $number) ORDER BY 1",
            {"number": number},
        )
    return [row[0] for row in rows]


def _by_address(project: Project, audience: str, asked: Mapping[str, Any]) -> list[str]:
    told = _asked(project, audience, asked)
    with _reader(project, audience) as read:
        door, number, street, postcode, city = read(told, _DOOR, *_PLACE)[0]
        if not (number and street and (postcode or city)):
            message = 'the address cannot be read; write house number, street, and postcode or city, as "12 Main St, Springfield, IL 62701"'
            raise RequestError(message)
        with project.release(audience) as release:
            near = release.rows(
                " UNION ".join(_near(release, kind) for kind in PARTIES) + " ORDER BY ALL",
                {"house_number": number, "postcode": postcode, "city": city},
            )
        if not near:
            return []
        rows = [{"address": address, "country_default": country or "us"} for _, address, country in near]
        found = read(mapped_rows(_kind(project), rows), "key", _DOOR)
    return sorted({near[int(key)][0] for key, other in found if other == door})


def _near(release: Engine, kind: EntityType) -> str:
    """Return the query of identity, address and country of what a release tells of the same place, the house number somewhere in it."""
    single = f"SELECT identity_id, address, postcode, city, country FROM published.{quote(kind)}"
    told = stored(kind)
    many = f"SELECT identity_id, address, postcode, city, country FROM {qualified('published', told)}"
    every = f"{single} UNION ALL {many}" if release.has_table("published", told) else single
    return (
        f"SELECT identity_id, address, country FROM ({every}) WHERE contains(lower(address), lower($house_number)) AND "
        "CASE WHEN postcode IS NOT NULL AND $postcode IS NOT NULL THEN postcode = $postcode ELSE city = $city END"
    )


def _kind(project: Project) -> EntityType:
    kind = next((kind for kind in project.loaded.entity_types() if kind in PARTIES), None)
    if kind is None:
        message = f"{project.loaded.path}: no source has persons or businesses, so no record holds a telephone number or an address"
        raise RequestError(message)
    return kind


def _asked(project: Project, audience: str, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    # Refused here where there is no release to answer from.
    find(project.loaded, audience, _kind(project))
    return mapped_rows(_kind(project), [asked])


@contextmanager
def _reader(project: Project, audience: str) -> Iterator[_Read]:
    """Give for the block what reads columns of rows as the standardiser of the release does; made ready once for all of them."""
    loaded, kind = project.loaded, _kind(project)
    place = find(loaded, audience, kind)
    workspace = Workspace(loaded.workspace)
    standardiser = usable(workspace, models.load(workspace.models, kind, place.model))
    with Engine(**loaded.limits(threads=1)) as engine:
        install(engine.run, standardiser.reference, loaded.placeholders, standardiser.files)

        def read(rows: Sequence[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
            texts = [row["address"] for row in rows if row.get("address")]
            split = "SELECT DISTINCT unnest(string_split(told || strip_accents(told), '')) FROM (SELECT lower(unnest($told)) AS told)"
            letters = engine.rows(split, {"told": texts}) if texts else []
            install_letters(engine.run, sorted(letter for (letter,) in letters))
            with engine.registered("mapped", pa.Table.from_pylist(list(rows), mapped_schema(kind))):
                return engine.rows(f"SELECT {', '.join(columns)} FROM (\n{standardiser.canonical_sql(kind)}\n)")

        yield read

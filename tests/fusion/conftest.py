"""A town of few people whom three agencies look at: each row is there for one thing that relations, overlaps and leads must tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

import linkage
from linkage.store.entries import Judgement
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from tests.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linkage.project import Project
    from tests.conftest import Ran

HEAD = """version = 1
name = "town"
workspace = "work"
default_purpose = "test"
[fusion]
shared_by = 4
shell = 3
[audiences.centre]
[audiences.dea]
agency = "DEA"
[audiences.fbi]
hidden = ["ice"]
agency = "FBI"
"""
SOURCE = """
[sources.{name}]
agency = "{agency}"
files = "{name}.csv"
delivery = "snapshot"
max_withdrawn = 1.0
key = "id"
seen = {{ column = "seen", order = "ymd" }}
[sources.{name}.roles.person]
entity = "person"
when = {{ column = "surname", present = true }}
[sources.{name}.roles.person.fields]
given_name = "given"
surname = "surname"
birth_date = {{ column = "born", order = "ymd" }}
ssn = "ssn"
phone = ["phone"]
address = "address"
[sources.{name}.roles.firm]
entity = "business"
when = {{ column = "firm", present = true }}
[sources.{name}.roles.firm.fields]
name = "firm"
tax_id = "tax"
address = "firm_address"
[sources.{name}.roles.account]
entity = "account"
when = {{ column = "number", present = true }}
[sources.{name}.roles.account.fields]
number = "number"
institution = "bank"
account_type = "kind"
[[sources.{name}.relations]]
kind = "holder"
from = "person"
to = "account"
[[sources.{name}.relations]]
kind = "officer"
from = "person"
to = "firm"
[sources.{name}.case]
number = "case"
status = "status"
contact = "contact"
"""
COLUMNS = "id,given,surname,born,ssn,phone,address,firm,tax,firm_address,number,bank,kind,case,status,contact,seen"
SHELL = '"9 Shell Rd, Reno, NV 89501"'
ROWS = {
    "dea": f"""
ann,Ann,Archer,1980-02-03,212345678,,,,,,,,,D-1,OPEN,SA Dale,2024-01-01
bob,Robert,Brandtner,1971-11-05,213456789,,,,,,,,,D-2,OPEN,SA Dale,2024-01-02
carla,Carla,Cruzado,1990-07-19,,2175551200,"12 Main St, Springfield, IL 62701",,,,,,,D-3,,SA Dale,2024-01-03
edith,Edith,Polielridge,2001-10-29,,,"12 Main St, Springfield, IL 62701",,,,,,,,,,2024-01-04
gus,Gustav,Grunewald,1984-08-08,,,,,,,1000000001,021000021,checking,D-5,open,SA Dunn,2024-01-05
mona,Mona,Montefiore,1966-06-06,214567891,2175551301,,,,,,,,D-6,open,SA Dunn,2024-01-06
nils,Nils,Norquist,1988-03-03,,2175551400,,,,,,,,D-7,open,SA Dunn,2024-01-07
owen,Owen,Osterhaus,1955-05-05,215678912,,,,,,,,,,,,2024-01-08
lena1,Lena,Lindqvist,1993-09-09,216789123,2175551500,,,,,,,,,,,2024-01-09
lena2,Lena,Lindqvist,1993-09-09,297651234,2175551500,,,,,,,,,,,2024-01-10
vera,Vera,Valtonen,1972-04-17,217891234,,"5 Elm St, Peoria, IL 61602",,,,,,,,,,2024-01-11
old1,,,,,,,Zenith Bakery LLC,412345678,{SHELL},,,,D-8,open,SA Dunn,2020-01-01
""",
    "fbi": f"""
ann,Ann,Archer,1980-02-03,212345678,,,,,,,,,F-1,open,SA Frost,2024-03-01
bob,Robert,Brandtner,1971-11-05,213456789,,,,,,,,,F-2,Closed,SA Frost,2024-03-02
dmitri,Dmitri,Dolgorukov,1965-01-30,,2175551200,,,,,,,,F-3,open,SA Frost,2024-03-03
fiona,Fiona,Fitzwilliam,1959-04-14,,,"12 Main St, Springfield, IL 62701",,,,,,,F-4,open,SA Frost,2024-03-04
mona,Mona,Montefiore,1966-06-06,214567891,2175551301,,,,,,,,F-6,open,SA Frost,2024-03-06
p1,Quentin,Quackenbush,1981-01-01,,2175551400,,,,,,,,F-7,open,SA Frost,2024-03-07
p2,Ruth,Rosenkrantz,1982-02-02,,2175551400,,,,,,,,F-7,open,SA Frost,2024-03-07
p3,Saul,Silverstein,1983-03-03,,2175551400,,,,,,,,F-7,open,SA Frost,2024-03-07
p4,Tess,Tannenbaum,1984-04-04,,2175551400,,,,,,,,F-7,open,SA Frost,2024-03-07
pavel,Pavel,Petrossian,1997-07-07,215678912,,,,,,,,,,,,2024-03-08
vera,Vera,Valtonen,1972-04-17,298763451,,"5 Elm St, Peoria, IL 61602",,,,,,,,,,2024-03-09
old2,,,,,,,Harbour Freight Inc,423456789,{SHELL},,,,,,,2020-01-01
new,,,,,,,Quill Import Corp,434567891,{SHELL},,,,,,,2024-03-09
""",
    "ice": """
helena,Helena,Hathaway,1977-12-25,,2175551700,"77 Dock Rd, Reno, NV 89502",,,,1000000001,021000021,checking,I-5,A,SA Ives,2024-05-05
ann,Ann,Archer,1980-02-03,212345678,,,Oakridge Dental Corp,445678912,,,,,I-1,C,SA Ives,2024-05-01
""",
}


@dataclass
class Town:
    """The project after its run, and the names of its identities."""

    project: Project
    folder: Path

    def names(self, audience: str = "centre") -> dict[str, str]:
        """Identity → the name that its first record has in the files."""
        with self.project.release(audience) as release:
            rows = release.rows(
                "SELECT identity_id, min(key || CASE WHEN entity_type = 'person' THEN '' ELSE '#' || role END) FROM published.identity_record GROUP BY 1"
            )
        return dict(rows)

    def rows(self, table: str, columns: str, audience: str = "centre") -> list[tuple[object, ...]]:
        """Columns of a published table, ids as names, sorted."""
        names = self.names(audience)
        with self.project.release(audience) as release:
            found = release.rows(f"SELECT {columns} FROM published.{table}")
        return sorted((tuple(_named(value, names) for value in row) for row in found), key=repr)


def _named(value: object, names: dict[str, str]) -> object:
    if isinstance(value, list):
        return sorted(names.get(one, one) for one in value)
    return names.get(value, value) if isinstance(value, str) else value


@pytest.fixture(scope="session")
def town(once: Callable[..., Ran]) -> Town:
    """The town after a run with models as shipped. A steward holds the two Monas and the two Veras apart and joins the two Lenas. For reading, but for the ledger."""
    ran = once("town", _make_town, learn=False)
    return Town(ran.project, ran.folder)


def _make_town(folder: Path) -> None:
    folder.mkdir()
    agencies = {"dea": "DEA", "fbi": "FBI", "ice": "ICE"}
    sections = "".join(SOURCE.format(name=name, agency=agency) for name, agency in agencies.items())
    (folder / "project.toml").write_text(HEAD + sections, encoding="utf-8")
    for name, rows in ROWS.items():
        (folder / f"{name}.csv").write_text(f"{COLUMNS}\n{rows.strip()}\n", encoding="utf-8")
    workspace = Workspace(linkage.open(folder).loaded.workspace)
    workspace.prepare()
    with Ledger(workspace.ledger) as ledger:
        mona = (("dea", "mona", "person"), ("fbi", "mona", "person"))
        lena = (("dea", "lena1", "person"), ("dea", "lena2", "person"))
        vera = (("dea", "vera", "person"), ("fbi", "vera", "person"))
        for (a, b), verdict in ((mona, "non-match"), (vera, "non-match"), (lena, "match")):
            ledger.judge(Judgement("person", a, b, verdict, "s", "tried"), NOW.isoformat())

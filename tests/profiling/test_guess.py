"""What is guessed of small files of the kinds that agencies hand in."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage.config.project import load_project
from linkage.errors import DataError
from linkage.profiling.project import init_project

PERSONS = (
    "id,first_name,last_name,dob,city\n1,Ann,Lee,31/01/1980,Rome\n2,Bob,Ray,25/12/1971,Oslo\n3,Cy,Fox,30/06/1990,Bonn\n"
)


def test_persons(guessed):
    """A plain list of persons gets its key, one role and the order of its dates."""
    source = guessed(people=PERSONS)["sources"]["people"]
    assert (source["key"], source["delivery"], source["files"]) == ("id", "snapshot", "../people.csv")
    assert source["roles"] == {
        "person": {
            "entity": "person",
            "fields": {
                "given_name": "first_name",
                "surname": "last_name",
                "birth_date": {"column": "dob", "order": "dmy"},
                "city": "city",
            },
        }
    }


def test_a_type_column_tells_persons_from_firms(guessed):
    """Codes of a type column become the conditions of two roles that share contact columns."""
    roles = guessed(
        mixed="id,rec_type,name,ein,phone\n1,P,Ann Lee,,2025550101\n2,B,Acme Inc,123456789,2025550102\n3,P,Bob Ray,,2025550103\n"
    )["sources"]["mixed"]["roles"]
    assert roles["person"]["when"] == {"column": "rec_type", "equals": "P"}
    assert roles["organisation"]["when"] == {"column": "rec_type", "equals": "B"}
    assert roles["organisation"]["fields"] == {"name": "name", "tax_id": "ein", "phone": "phone"}
    assert "tax_id" not in roles["person"]["fields"]


def test_prefixes_make_roles(guessed):
    """Columns are grouped by whose they are, and holders are related to the account of their row."""
    source = guessed(
        reports="ref,acct_no,bank,subj_last,subj_first,owner_name,owner_dob,org_name,org_ein\n"
        "1,0012345,First Bank,Lee,Ann,Bob Ray,1980-01-31,Acme Inc,123456789\n"
        "2,0012346,First Bank,Fox,Cy,Dan Roe,1980-01-30,,\n"
    )["sources"]["reports"]
    assert {name: role["entity"] for name, role in source["roles"].items()} == {
        "account": "account",
        "subject": "person",
        "owner": "person",
        "organisation": "business",
    }
    assert source["roles"]["organisation"]["when"] == {"column": "org_name", "present": True}
    assert {"kind": "holder", "from": "subject", "to": "account"} in source["relations"]


def test_two_columns_make_a_key(guessed):
    """Where no column names each row, two that do together are taken."""
    source = guessed(pairs="site,no,name\na,1,Ann\na,2,Ann\nb,1,Ann\nb,2,Ann\n")["sources"]["pairs"]
    assert source["key"] == ["site", "no"]


def test_no_key_is_refused_with_the_mend(guessed, tmp_path):
    """A file whose rows nothing tells apart is refused, and nothing is written."""
    with pytest.raises(DataError, match="add a column that numbers the rows"):
        guessed(twice="name,city\nAnn,Rome\nAnn,Rome\n")
    assert not (tmp_path / "project").exists()


def test_no_entity_is_refused(guessed):
    """A file without any column of a person, business or account is refused."""
    with pytest.raises(DataError, match="no column reads as"):
        guessed(stones="id,colour\n1,red\n2,blue\n")


def test_values_decide_against_a_name(guessed):
    """A column is not mapped by its name where its values look like nothing of the kind."""
    fields = guessed(odd="id,last_name,email,ssn\n1,Lee,yes,12345\n2,Ray,no,12346\n")["sources"]["odd"]["roles"][
        "person"
    ]
    assert fields["fields"] == {"surname": "last_name", "national_id": "ssn"}


def test_datasets_get_names_of_their_own(guessed, tmp_path):
    """Files whose names become one dataset name are told apart."""
    (tmp_path / "sub").mkdir()
    assert sorted(guessed(**{"2024 List": PERSONS, "2024-list": PERSONS})["sources"]) == [
        "d_2024_list",
        "d_2024_list_2",
    ]


def test_a_whole_name_beside_its_parts(guessed):
    """A full name beside first and last name is another name; one that only repeats the parts is left out."""
    fields = guessed(
        names="id,full_name,first_and_surname,first_name,surname\n1,Annie Lee,Ann Lee,Ann,Lee\n2,Bobby Ray,Bob Ray,Bob,Ray\n"
    )["sources"]["names"]["roles"]["person"]["fields"]
    assert fields == {"given_name": "first_name", "surname": "surname", "other_name": "full_name"}


@pytest.mark.parametrize(
    ("dates", "version"), [(("2024-01-31", "2024-02-01"), "updated"), (("01/31/2024", "02/01/2024"), None)]
)
def test_a_version_must_order_as_text(guessed, dates, version):
    """Only dates with the year first are taken as a version, since versions are ordered as texts."""
    rows = "".join(f"{number},Lee,{date}\n" for number, date in enumerate(dates))
    assert guessed(list=f"id,last_name,updated\n{rows}")["sources"]["list"].get("version") == version


def test_address_lines(guessed):
    """The first line is a street where the house number stands apart, else the address."""
    parted = guessed(a="id,surname,house_no,address_1\n1,Lee,12,High St\n2,Ray,3,Low St\n")["sources"]["a"]
    assert parted["roles"]["person"]["fields"]["street"] == "address_1"


def test_a_bare_employer(guessed):
    """A bare name of an employer describes the person and makes no business."""
    bare = guessed(a="id,last_name,employer_name\n1,Lee,Acme\n2,Ray,Bolt\n")["sources"]["a"]["roles"]
    assert {name: role["fields"].get("employer") for name, role in bare.items()} == {"person": "employer_name"}


def test_an_employer_with_an_address(guessed):
    """An employer with an address is a business of its own, and still the person's employer."""
    roles = guessed(a="id,last_name,employer_name,employer_city\n1,Lee,Acme,Rome\n2,Ray,Bolt,Oslo\n")["sources"]["a"][
        "roles"
    ]
    assert roles["person"]["fields"]["employer"] == "employer_name"
    assert roles["employer"]["fields"] == {"name": "employer_name", "city": "employer_city"}


def test_roles_have_names_of_their_own(guessed):
    """Bare columns and those of a group with the same word make two roles."""
    roles = guessed(a="id,name,website,org_name\n1,Acme Inc,acme.example,Bolt Ltd\n2,Coil Inc,coil.example,Dyne Ltd\n")
    assert sorted(roles["sources"]["a"]["roles"]) == ["organisation", "organisation_2"]


def test_parquet(tmp_path):
    """Parquet files are looked at as CSV files are; nested columns are not mapped, since a run could not read them."""
    rows = {
        "id": [1, 2],
        "last_name": ["Lee", "Ray"],
        "dob": [date(1980, 1, 31), date(1981, 1, 31)],
        "phone": [["1"], ["2"]],
    }
    pq.write_table(pa.table(rows), tmp_path / "a.parquet")
    found = init_project([tmp_path / "a.parquet"], tmp_path)
    source = load_project(tmp_path).settings.sources["a"]
    assert (source.format, source.roles["person"].fields["birth_date"].order) == ("parquet", "ymd")
    assert found["datasets"]["a"]["roles"]["person"]["fields"] == ["birth_date", "surname"]

"""Identities as FollowTheMoney entities and as records in Senzing's form."""

from __future__ import annotations

import json

import pytest

from linkage import queries
from linkage.errors import RequestError

FTM = {
    "Person": {
        "name",
        "alias",
        "firstName",
        "middleName",
        "lastName",
        "nameSuffix",
        "birthDate",
        "birthPlace",
        "gender",
        "socialSecurityNumber",
        "taxNumber",
        "passportNumber",
        "idNumber",
        "phone",
        "email",
        "address",
        "country",
        "position",
    },
    "Organization": {
        "name",
        "alias",
        "legalForm",
        "taxNumber",
        "registrationNumber",
        "leiCode",
        "idNumber",
        "phone",
        "email",
        "website",
        "address",
        "country",
    },
    "BankAccount": {"name", "accountNumber", "iban", "bankName", "accountType", "currency", "openingDate", "notes"},
    "UnknownLink": {"subject", "object", "role"},
}
FTM["Company"] = FTM["Organization"]


def _lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _golden(demo, kind):
    with demo.project.release() as engine:
        return {row["identity_id"]: row for row in engine.arrow(f"FROM published.{kind}").to_pylist()}


def test_every_identity_is_an_entity_of_followthemoney(demo, tmp_path):
    """Each identity is one entity with properties of its schema, lists of texts none of which is empty; links name entities."""
    path = tmp_path / "all.jsonl"
    rows = queries.export(demo.project, "identity", path, form="ftm")
    entities = {entity["id"]: entity for entity in _lines(path)}
    assert rows == len(entities)
    links = [entity for entity in entities.values() if entity["schema"] == "UnknownLink"]
    known = {key for key, entity in entities.items() if entity["schema"] != "UnknownLink"}
    assert known == set(_golden(demo, "identity"))
    assert len(links) == len(_golden_relations(demo))
    assert {link["properties"][end][0] for link in links for end in ("subject", "object")} <= known
    for entity in entities.values():
        assert set(entity["properties"]) <= FTM[entity["schema"]]
        for values in entity["properties"].values():
            assert values
            assert all(isinstance(value, str) and value for value in values)


def _golden_relations(demo):
    with demo.project.release() as engine:
        return engine.rows("FROM published.identity_relation WHERE basis = 'disclosed'")


def test_a_person_has_its_golden_values_and_records(demo, tmp_path):
    """Name, birth date, phones and the names of the records of a person are those of the release."""
    queries.export(demo.project, "person", tmp_path / "person.jsonl", form="ftm")
    golden = _golden(demo, "person")
    with demo.project.release() as engine:
        records = dict(
            engine.rows(
                "SELECT identity_id, list_sort(list(dataset || '/' || key || '#' || role)) FROM published.identity_record GROUP BY identity_id"
            )
        )
    for entity in _lines(tmp_path / "person.jsonl"):
        person, told = golden.pop(entity["id"]), entity["properties"]
        assert told.get("name", [None]) == [person["name"]]
        assert told.get("birthDate", ["None"]) == [str(person["birth_date"])]
        assert told.get("phone") == (person["phones"] or None)
        assert entity["referents"] == records[entity["id"]]
    assert golden == {}


def test_every_identity_is_a_record_of_senzings_form(demo, tmp_path):
    """Each identity is one record with a type, features without empty entries, and pointers to records that have an anchor."""
    path = tmp_path / "all.jsonl"
    queries.export(demo.project, "identity", path, form="senzing")
    records = {record["RECORD_ID"]: record for record in _lines(path)}
    assert set(records) == set(_golden(demo, "identity"))
    features = [(key, feature) for key, record in records.items() for feature in record["FEATURES"]]
    assert all(feature and None not in feature.values() for _, feature in features)
    assert {feature["RECORD_TYPE"] for _, feature in features if "RECORD_TYPE" in feature} == {
        "PERSON",
        "ORGANIZATION",
        "ACCOUNT",
    }
    anchors = {feature["REL_ANCHOR_KEY"] for key, feature in features if feature.get("REL_ANCHOR_KEY") == key}
    assert {feature["REL_POINTER_KEY"] for _, feature in features if "REL_POINTER_KEY" in feature} == anchors
    people = _golden(demo, "person")
    for key, person in people.items():
        told = records[key]["FEATURES"]
        assert [entry["PHONE_NUMBER"] for entry in told if "PHONE_NUMBER" in entry] == (person["phones"] or [])
        assert [entry["SSN_NUMBER"] for entry in told if "SSN_NUMBER" in entry] == [person["ssn"]] * bool(person["ssn"])


@pytest.mark.parametrize("form", ["ftm", "senzing"])
def test_the_same_release_gives_the_same_bytes(demo, tmp_path, form):
    """Two exports of one release are equal byte for byte."""
    paths = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    for path in paths:
        queries.export(demo.project, "identity", path, form=form)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_what_is_no_identity_or_no_form_is_refused(demo, tmp_path):
    """A table that holds no identities, an unknown form, and a form for a database are refused with the choices."""
    with pytest.raises(RequestError, match="must be one of: identity, person, business, account"):
        queries.export(demo.project, "possible_match", tmp_path / "x.jsonl", form="ftm")
    with pytest.raises(RequestError, match="csv, parquet, ftm, senzing"):
        queries.export(demo.project, "person", tmp_path / "x.jsonl", form="xml")
    with pytest.raises(RequestError, match="--format is for files"):
        queries.export(demo.project, "person", "postgresql://h/d", form="ftm")
    assert list(tmp_path.iterdir()) == []

"""What `linkage check` shows of values: originals beside what they were standardised to."""

from __future__ import annotations

import pytest

from linkage.checking import check_project
from linkage.standardise import MAPPED

FIXED = {"dataset", "key", "role", "agency", "seen_on", "date_order", "seen_order", "country_default"}


@pytest.mark.parametrize("kind", sorted(MAPPED))
def test_every_field_has_samples(make_project, kind):
    """Each field that can be mapped is shown, three values at most, whatever became of them."""
    fields = sorted(column.name for column in MAPPED[kind] if column.name not in FIXED)
    source = f'[sources.a]\nagency = "A"\nfiles = "a.csv"\ndelivery = "snapshot"\nkey = "id"\n[sources.a.roles.r]\nentity = "{kind}"\n[sources.a.roles.r.fields]\n'
    source += "".join(f'{name} = "{name}"\n' for name in fields)
    rows = [",".join(["id", *fields])]
    rows += [",".join([str(number), *(f"{name} {number}" for name in fields)]) for number in range(5)]
    project = make_project(source, {"a.csv": "\n".join(rows) + "\n"})
    samples = check_project(project.loaded)["types"][kind]["samples"]["a"]["r"]
    assert sorted(samples) == fields
    assert {name: [sample["original"] for sample in found] for name, found in samples.items()} == {
        name: [f"{name} {number}" for number in range(3)] for name in fields
    }


def test_samples_of_accounts(make_project):
    """Masked numbers and bank codes are shown as they are compared."""
    source = (
        '[sources.a]\nagency = "A"\nfiles = "a.csv"\ndelivery = "snapshot"\nkey = "id"\n[sources.a.roles.r]\nentity = "account"\n'
        '[sources.a.roles.r.fields]\nnumber = "no"\nbic = "bic"\nholder = ["h1", "h2"]\n'
    )
    project = make_project(source, {"a.csv": "id,no,bic,h1,h2\n1,****1234,DEUTDEFF,Ann Lee,Bob Ray\n"})
    assert check_project(project.loaded)["types"]["account"]["samples"]["a"]["r"] == {
        "bic": [{"original": "DEUTDEFF", "standardised": "deutdeff"}],
        "holder": [{"original": "Ann Lee; Bob Ray", "standardised": "ann lee; bob ray"}],
        "number": [{"original": "****1234", "standardised": "...1234"}],
    }


def test_samples_of_organisations_in_other_scripts(make_project):
    """The names of organisations, employers and banks in other scripts are read in Latin letters, as those of persons are."""
    roles = {
        "business": 'name = "org"',
        "person": 'name = "who"\nemployer = "org"',
        "account": 'number = "no"\ninstitution = "org"\nholder = "who"',
    }
    source = '[sources.a]\nagency = "A"\nfiles = "a.csv"\ndelivery = "snapshot"\nkey = "id"\n'
    source += "".join(
        f'[sources.a.roles.{kind}]\nentity = "{kind}"\n[sources.a.roles.{kind}.fields]\n{fields}\n'
        for kind, fields in roles.items()
    )
    project = make_project(source, {"a.csv": "id,org,who,no\n1,ООО «Ромашка»,محمد علي,123456780\n"})
    types = check_project(project.loaded)["types"]
    shown = {
        kind: {field: found[0]["standardised"] for field, found in types[kind]["samples"]["a"][kind].items()}
        for kind in roles
    }
    assert shown == {
        "business": {"name": "romashka"},
        "person": {"name": "muhammad ali", "employer": "ooo romashka"},
        "account": {"number": "123456780", "institution": "romashka", "holder": "ali muhammad"},
    }

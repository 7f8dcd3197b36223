"""Rule R7: what an audience may not see changes nothing in its release, not a byte of any table.

The models are held fixed: each try copies a workspace after its first run, changes files of the copy, and runs it with
the approved models.
"""

from __future__ import annotations

import csv
import random

import pytest

import linkage
from linkage import ahead, pipeline
from linkage.config.project import Project as Settings

HEADER = ["id", "number", "bank", "holder"]
HOLDERS = ("Ann Archer", "Bob Brandt", "Cy Coleman", "Dee Dorset", "Eve Ellis", "Flo Fisher", "Gus Grant", "Hal Hunt")
ROUTING = ("021000021", "026009593", "122000247")
VISIBLE = ("alpha", "mike")
HIDDEN = "zulu"
AUDIENCES = f"""
[audiences.centre]
[audiences.dea]
hidden = ["{HIDDEN}"]
agency = "alpha"
"""


def read(path):
    """The header of a CSV file and its whole rows."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return header, [row for row in rows if len(row) == len(header)]


def write(path, header, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def account_rows(rng, prefix, count):
    """Rows of accounts, many of them the same account as others, some masked, some with a slip or a gap."""
    rows = []
    for place in range(count):
        account = rng.randrange(40)
        number = f"{10**9 + account * 104729}"
        if rng.random() < 0.4:
            number = number[:-2] + rng.choice("0123456789") + number[-1]
        if rng.random() < 0.2:
            number = "*" * 6 + number[-4:]
        holder = HOLDERS[account % 8] if rng.random() < 0.9 else rng.choice(HOLDERS)
        rows.append([f"{prefix}{place}", number, ROUTING[account % 3] if rng.random() < 0.7 else "", holder])
    return rows


def other_rows(rng, hidden, visible):
    """Other hidden rows: some gone, some changed, copies and mixtures of visible rows, a crowd, and poison."""
    rows = [list(row) for row in hidden if rng.random() < 0.7]
    for row in rng.sample(rows, len(rows) // 3):
        place = rng.randrange(1, len(row))
        row[place] = rng.choice(visible)[place]
    for number in range(60):
        one, two = rng.choice(visible), rng.choice(visible)
        # Every third is a whole copy of a visible row; the others lie between two visible rows, and would bridge them.
        mixed = one if number % 3 == 0 else [rng.choice(pair) for pair in zip(one, two, strict=True)]
        rows.append([f"added{number}", *mixed[1:]])
    favourite = rng.choice(visible)
    rows += [[f"crowd{number}", *favourite[1:]] for number in range(50)]
    # The key of a visible record; a key that two rows claim; a row cut short; a row that tells nothing.
    rows.append([visible[0][0], *visible[-1][1:]])
    rows += [
        ["twice", *visible[0][1:]],
        ["twice", *visible[-1][1:]],
        ["short"],
        ["void", *[""] * (len(visible[0]) - 1)],
    ]
    rng.shuffle(rows)
    return rows


def differences(one, two):
    """Names of the tables whose bytes differ."""
    return {name for name in one if one[name] != two[name]}


@pytest.fixture(scope="module")
def try_banks(tmp_path_factory, accounts, copy_and_run):
    """Run two visible banks and a hidden one; then run copies with the hidden bank changed by a seed (0: not at all).

    The visible banks change too, in all copies alike, so that there are events and redirects to compare.
    """
    folder = tmp_path_factory.mktemp("banks") / "first"
    folder.mkdir()
    rng = random.Random(5)
    for name in (*VISIBLE, HIDDEN):
        write(folder / f"{name}.csv", HEADER, [*account_rows(rng, name, 60), ["broken"]])
    sources = "".join(accounts.source(name) for name in (*VISIBLE, HIDDEN))
    text = f'version = 1\nname = "banks"\nworkspace = "work"\ndefault_purpose = "test"\n{AUDIENCES}{sources}'
    (folder / "project.toml").write_text(text, encoding="utf-8")
    project = linkage.open(folder)
    project.run()
    known = {}

    def run(seed, name=""):
        def change(copy):
            for visible in VISIBLE:
                rows = read(copy / f"{visible}.csv")[1]
                fresh = account_rows(random.Random(6), visible, len(rows))
                write(copy / f"{visible}.csv", HEADER, [*rows[10:40], *fresh[40:], ["broken", "again"]])
            if seed:
                seen = [row for visible in VISIBLE for row in read(copy / f"{visible}.csv")[1]]
                hidden = read(copy / f"{HIDDEN}.csv")[1]
                write(copy / f"{HIDDEN}.csv", HEADER, other_rows(random.Random(seed), hidden, seen))

        if (seed, name) not in known:
            known[seed, name] = copy_and_run(folder, f"seed{seed}{name}", change).project
        return known[seed, name]

    return run


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_hidden_accounts_change_nothing(try_banks, exports, seed):
    """Whatever happens in the hidden bank, all tables of the agency's release are byte-equal; the centre's are not."""
    same, other = try_banks(0), try_banks(seed)
    assert differences(exports(same, "dea"), exports(other, "dea")) == set()
    changed = differences(exports(same, "centre"), exports(other, "centre"))
    assert changed >= {
        "identity",
        "identity_record",
        "account",
        "identity_value",
        "link_evidence",
        "identity_event",
        "rejected_record",
    }


def test_there_is_something_to_compare(try_banks):
    """The agency's release of these tries has rows in every table that they are about, its own rejects included."""
    with try_banks(0).release("dea") as release:
        for name in ("identity_value", "link_evidence", "possible_match", "identity_event", "identity_redirect"):
            assert release.value(f"SELECT count(*) FROM published.{name}") > 0, name
        assert release.rows("SELECT DISTINCT dataset, raw FROM published.rejected_record ORDER BY ALL") == [
            ("alpha", "broken"),
            ("alpha", "broken,again"),
        ]


def test_the_comparison_sees_one_hidden_edge(try_banks, exports, monkeypatch):
    """If the cluster stage alone saw hidden edges, the agency's release would differ: the tests above can fail."""
    honest = exports(try_banks(0), "dea")
    cluster, visible = pipeline.cluster_audience, Settings.visible
    leaking = []

    def leaky(run, audience):
        leaking.append(audience)
        cluster(run, audience)
        leaking.pop()

    for module in (pipeline, ahead):
        monkeypatch.setattr(module, "cluster_audience", leaky)
    monkeypatch.setattr(Settings, "visible", lambda self, audience: visible(self, "centre" if leaking else audience))
    assert differences(honest, exports(try_banks(1, "leaky"), "dea")) >= {
        "identity",
        "identity_record",
        "link_evidence",
    }


def feed(project, audience):
    """The bytes of every feed file of an audience by name."""
    return {path.name: path.read_bytes() for path in (project.loaded.workspace / "feed" / audience).iterdir()}


PEOPLE = {
    "SUBJ_LAST": "LAST_NAME",
    "SUBJ_FIRST": "FIRST_NAME",
    "SUBJ_DOB": "DOB",
    "SUBJ_TIN": "SSN",
    "SUBJ_PHONE": "CELL_PHONE",
    "SUBJ_STREET": "STREET_ADDR",
    "SUBJ_CITY": "CITY",
    "SUBJ_STATE": "STATE",
    "SUBJ_ZIP": "ZIP",
    "ORG_NAME": "BUSINESS_NAME",
    "ORG_EIN": "EIN",
}
"""Columns of the hidden dataset and the columns of a visible one that tell the same."""


@pytest.mark.parametrize("seed", [4, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
def test_hidden_reports_change_nothing(demo, demo_again, copy_and_run, exports, seed):
    """The same with the demo: persons, businesses, accounts and relations of a hidden dataset, doubles of visible people."""

    def change(folder):
        hidden_file = folder / "data" / "fincen_reports.csv"
        header, hidden = read(hidden_file)
        names, people = read(folder / "data" / "dea_roi.csv")
        template = dict(zip(header, hidden[0], strict=True))
        doubles = []
        for row in people:
            person = dict(zip(names, row, strict=True))
            told = {column: person[source] for column, source in PEOPLE.items()}
            doubles.append([{**template, **told, "BSA_ID": row[0]}[column] for column in header])
        write(hidden_file, header, other_rows(random.Random(seed), hidden, doubles))

    other = copy_and_run(demo.folder, f"hidden{seed}", change)
    assert differences(exports(demo_again.project, "dea"), exports(other.project, "dea")) == set()
    assert feed(demo_again.project, "dea") == feed(other.project, "dea")
    changed = differences(exports(demo_again.project, "centre"), exports(other.project, "centre"))
    assert changed >= {
        "identity",
        "identity_record",
        "person",
        "business",
        "account",
        "identity_relation",
        "link_evidence",
    }


def test_there_is_evidence_to_compare(demo_again):
    """The agency's release of the demo has pairs that share an account of its own resolution, of persons and of businesses."""
    with demo_again.project.release("dea") as release:
        assert release.rows(
            "SELECT DISTINCT entity_type FROM published.link_evidence WHERE levels LIKE '%account=shared%' ORDER BY ALL"
        ) == [("business",), ("person",)]

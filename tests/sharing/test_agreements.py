"""Agreements and markings: what is refused, which agreement holds, and what each audience's release then holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

import linkage
from linkage.config.markings import Marking, purposes, seen_by
from linkage.engine.duckdb import Engine
from linkage.engine.sql import literal
from linkage.errors import ModelError, SharingError
from linkage.matching import model as models
from linkage.matching.keyed import keyed_value
from linkage.sharing.agreements import who_sees
from linkage.store.ledger import Ledger
from linkage.store.workspace import Workspace
from tests.conftest import PEOPLE

DAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 6, tzinfo=UTC)
AGREED = """
version = 1
[agencies.fbi]
contact = "FBI desk, +1 202 555 0100"
[agencies.ice]
contact = "ICE desk, +1 202 555 0101"
[groups]
ioc2 = ["dea", "ice"]
[agreements.pool]
parties = ["fbi", "dea", "ioc2"]
datasets = ["fbi"]
from = 2026-01-01
until = 2026-12-31
shares = [
    { with = "dea", level = "full" },
    { with = "dea", level = "pointer", handling = ["INV"] },
    { with = "ioc2", level = "pointer", handling = "all" },
]
[agreements.bilateral]
parties = ["fbi", "dea"]
datasets = ["fbi"]
from = 2026-07-01
purposes = ["DRUG", "FRAUD"]
shares = [{ with = "dea", level = "full", handling = ["INV"] }]
"""
HEAD = """
agreements = "agreed.toml"
[audiences.centre]
[audiences.dea]
agency = "dea"
[audiences.ioc2]
group = "ioc2"
"""
MARKED = """
[sources.{name}]
agency = "{name}"
files = "{name}.csv"
delivery = "snapshot"
key = "id"
[sources.{name}.marking]
handling = "handling"
share = "share"
link_use = "link"
[sources.{name}.roles.account]
entity = "account"
[sources.{name}.roles.account.fields]
number = "number"
institution = "bank"
holder = ["holder"]
"""
NAMES = ("dea", "fbi", "ice")


def rows(*entries):
    """A file of accounts: (key, number of the account, handling, share, link use); what is missing is empty."""
    lines = []
    for key, account, *given in entries:
        marks = [*given, "", "", ""][:3]
        lines.append(f"{key},{10**9 + 104729 * account},021000021,Holder {chr(65 + account)},{','.join(marks)}")
    return "\n".join(["id,number,bank,holder,handling,share,link", *lines, ""])


FILES = {
    "dea.csv": rows(("d1", 1), ("d2", 2), ("d3", 3), ("d4", 4), ("d5", 5)),
    "fbi.csv": rows(
        ("f1", 1), ("f2", 2, "INV"), ("f3", 3, "JURY"), ("f4", 4, "", "hidden"), ("f5", 5, "", "", "never"), ("f6", 6)
    ),
    "ice.csv": rows(("i1", 1), ("i6", 6)),
}


@pytest.fixture
def agreed(make_project):
    """Write a project of three agencies with agreements, and open it."""

    def make(text=AGREED, head=HEAD, files=None):
        sections = "".join(MARKED.format(name=name) for name in NAMES)
        return make_project(sections, {**FILES, **(files or {}), "agreed.toml": text}, head=head)

    return make


def together(project, audience):
    """The identities of an audience's release as sets of keys."""
    with project.release(audience) as release:
        found = release.rows(
            "SELECT list_sort(list(key)) FROM published.identity_record GROUP BY identity_id ORDER BY ALL"
        )
    return [tuple(row[0]) for row in found]


def pointers(project, audience):
    """The pointers of a release: keys of the identity, agency, contact."""
    with project.release(audience) as release:
        return release.rows(
            "SELECT list_sort(list(key)), any_value(pointer.agency), any_value(contact) FROM published.identity_pointer AS pointer "
            "JOIN published.identity_record USING (identity_id) GROUP BY identity_id, pointer.agency ORDER BY ALL"
        )


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('parties = ["fbi", "dea"]\ndatasets', 'parties = ["fbi", "dea", "atf"]\ndatasets', "unknown agency or group 'atf'"),
        ('datasets = ["fbi"]\nfrom = 2026-07-01', 'datasets = ["nsa"]\nfrom = 2026-07-01', "unknown dataset 'nsa'"),
        ("until = 2026-12-31", "until = 2025-12-31", "is before 'from'"),
        ('level = "pointer", handling = ["INV"]', 'level = "pointer"', "contradicts itself: 'fbi' is shared with 'dea' as both 'full' and 'pointer'"),
        ('ioc2 = ["dea", "ice"]', 'ioc2 = ["dea", "cia"]', "unknown agency 'cia'"),
        ('parties = ["fbi", "dea"]\n', 'parties = ["ice", "dea"]\n', "'fbi' contributes 'fbi' and is no party"),
        ('[agencies.fbi]\ncontact = "FBI desk, +1 202 555 0100"\n', "", "nobody knows whom to call at 'fbi'"),
    ],
)  # fmt: skip
def test_a_wrong_agreement_is_refused(agreed, before, after, told):
    """Unknown parties and datasets and contradictions are refused in one line that names the file and the key."""
    assert before in AGREED
    with pytest.raises(SharingError) as refused:
        agreed(AGREED.replace(before, after))
    assert told in str(refused.value)
    assert "agreed.toml: " in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_audience_without_agreement_is_refused(agreed):
    """An audience that is party to nothing, or no known agency, is refused by its name."""
    with pytest.raises(SharingError, match=r"audiences\.ice: there is no agreement with 'ice'"):
        agreed(AGREED.replace('ioc2 = ["dea", "ice"]', 'ioc2 = ["dea"]'), HEAD + '[audiences.ice]\nagency = "ice"\n')
    with pytest.raises(SharingError, match=r"audiences\.cia\.agency: unknown agency 'cia'"):
        agreed(head=HEAD + '[audiences.cia]\nagency = "cia"\n')


def test_the_most_permissive_applicable_agreement_holds(agreed):
    """In force, for the recipient, with every handling category, for every purpose of the audience; the record lowers it."""
    project = agreed().loaded
    plain, inv = Marking("fbi", (), "full", ""), Marking("fbi", ("INV",), "full", "")
    assert [(seen.level, seen.by) for seen in (seen_by(project, "dea", one, DAY) for one in (plain, inv))] == [
        ("full", "pool"),
        ("pointer", "pool"),
    ]
    later = date(2026, 7, 1)
    assert seen_by(project, "dea", inv, later).by == "bilateral"
    assert seen_by(project, "dea", inv, later).level == "full"
    assert seen_by(project, "dea", Marking("fbi", ("INV",), "pointer", ""), later).level == "pointer"
    assert seen_by(project, "dea", Marking("fbi", ("INV", "JURY"), "full", ""), later).level == "hidden"
    assert seen_by(project, "dea", Marking("dea", ("JURY",), "hidden", ""), DAY).level == "full"
    assert seen_by(project, "ioc2", plain, DAY).level == "pointer"
    assert seen_by(project, "ioc2", plain, date(2027, 1, 1)).level == "hidden"
    assert purposes(project, "dea", DAY) == ()
    assert purposes(project, "dea", later) == ("DRUG", "FRAUD")
    narrow = agreed(head=HEAD.replace('agency = "dea"', 'agency = "dea"\npurposes = ["TAX"]')).loaded
    assert seen_by(narrow, "dea", inv, later).level == "pointer"


def test_records_are_seen_by_their_markings(agreed, first_run):
    """A release holds the records that its audience sees in full; pointers tell agency and contact alone; never links with none."""
    project = agreed()
    first_run(project, now=NOW)
    assert together(project, "centre") == [
        ("d1", "f1", "i1"),
        ("d2", "f2"),
        ("d3", "f3"),
        ("d4", "f4"),
        ("d5",),
        ("f5",),
        ("f6", "i6"),
    ]
    assert together(project, "dea") == [("d1", "f1"), ("d2",), ("d3",), ("d4",), ("d5",), ("f5",), ("f6",)]
    desk = "FBI desk, +1 202 555 0100"
    assert pointers(project, "dea") == [(["d2"], "fbi", desk)]
    assert together(project, "ioc2") == []
    with project.release("dea") as release:
        assert release.rows("SELECT count(*) FROM published.possible_match WHERE 'f5' IN (key_a, key_b)") == [(0,)]


def test_a_change_takes_effect_at_the_next_release(agreed, first_run):
    """The diff tells who will see what; the next release follows it, and again no other row of the audience changes."""
    project = agreed()
    first_run(project, now=NOW)
    later = NOW + timedelta(days=60)
    told = who_sees(project.loaded, later.date(), changes_only=True)
    assert [
        (row["audience"], row["handling"], row["records"], row["level_before"], row["level"], row["agreement"])
        for row in told["sight"]
    ] == [("dea", ["INV"], 1, "pointer", "full", "bilateral")]
    assert told["version"] == 1
    assert not told["changed"]
    report = project.run(now=later)
    assert report["work"] == "increment"
    assert ("d2", "f2") in together(project, "dea")
    assert pointers(project, "dea") == []
    text = AGREED.replace("until = 2026-12-31", "until = 2026-02-01").replace("from = 2026-07-01", "from = 2027-07-01")
    (project.loaded.folder / "agreed.toml").write_text(text, encoding="utf-8")
    project = linkage.open(project.loaded.folder)
    assert who_sees(project.loaded, later.date())["changed"]
    project.run(now=later)
    assert together(project, "dea") == [("d1",), ("d2",), ("d3",), ("d4",), ("d5",)]
    with Ledger(project.loaded.workspace / "ledger.sqlite") as ledger:
        assert [one.run for one in ledger.agreements()] == [1, 3]


def test_an_increment_follows_markings_and_terms(agreed, first_run, tmp_path):
    """A record marked anew, and a dataset whose link use changes, give what a full run gives."""
    project = agreed()
    first_run(project, now=NOW)
    files = {
        "fbi.csv": rows(("f1", 1, "JURY"), ("f2", 2), ("f3", 3), ("f4", 4, "", "nonsense"), ("f5", 5), ("f6", 6)),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    terms = '\n[datasets.ice]\nlink_use = "compartment"\n'
    (tmp_path / "agreed.toml").write_text(AGREED + terms, encoding="utf-8")
    project = linkage.open(tmp_path)
    report = project.run(now=NOW)
    assert report["work"] == "increment"
    amended = {
        audience: (together(project, audience), pointers(project, audience)) for audience in ("centre", "dea", "ioc2")
    }
    assert amended["centre"][0] == [
        ("d1", "f1"),
        ("d2", "f2"),
        ("d3", "f3"),
        ("d4", "f4"),
        ("d5", "f5"),
        ("f6",),
        ("i1",),
        ("i6",),
    ]
    assert amended["dea"][0] == [("d1",), ("d2", "f2"), ("d3", "f3"), ("d4",), ("d5", "f5"), ("f6",)]
    project.run(now=NOW, full=True)
    assert amended == {audience: (together(project, audience), pointers(project, audience)) for audience in amended}


def share_secret(workspace):
    """Make a workspace of a secret that others have too: models of one secret can be compared."""
    workspace.mkdir()
    (workspace / "secret.key").write_text("ab" * 32, encoding="ascii")


def test_records_that_are_not_released_train_nothing(agreed, tmp_path):
    """Training sees the released records alone: the model is the same whatever the others are, and all are resolved."""
    terms = "".join(f"\n[datasets.{name}]\ntrain_use = false\n" for name in ("fbi",))
    project = agreed(AGREED + terms)
    project.run(now=NOW)
    assert len(together(project, "centre")) == 7
    hashes = []
    for place, extra in enumerate(("", "zz,1000000007,021000021,Holder Z,,,\n" * 1)):
        folder = tmp_path / f"again{place}"
        folder.mkdir()
        for name in ("project.toml", "agreed.toml", *FILES):
            (folder / name).write_text(
                (tmp_path / name).read_text(encoding="utf-8") + (extra if name == "fbi.csv" else ""), encoding="utf-8"
            )
        share_secret(folder / "work")
        fresh = linkage.open(folder)
        hashes.append(fresh.run(now=NOW)["types"]["account"]["model"])
    assert hashes[0] == hashes[1]
    nothing = AGREED + "".join(f"\n[datasets.{name}]\ntrain_use = false\n" for name in NAMES)
    (tmp_path / "agreed.toml").write_text(nothing, encoding="utf-8")
    with pytest.raises(ModelError, match="no owner lets its records train"):
        linkage.open(tmp_path).run(now=NOW, retrain=True)


def test_a_marking_keeps_a_record_out_of_training(agreed, tmp_path):
    """What a record, or the terms on its handling, keep from training leaves no trace in the model; what is not known is kept from it and told."""
    fbi = "id,number,bank,holder,handling,share,link,train\n"
    trained = "".join(
        f"f{place},{10**9 + 104729 * place},021000021,Holder {chr(65 + place)},,,,\n" for place in range(1, 7)
    )
    kept = {
        "no": "k1,1000000007,021000021,Holder Z,,,,no\nk2,1000000007,021000021,Holder Z,,,,perhaps\n",
        "jury": "k1,1000000009,021000021,Holder Y,JURY,,,yes\nk2,1000000009,021000021,Holder Y,JURY;INV,,,\n",
        "none": "",
        "yes": "k1,1000000007,021000021,Holder Z,INV,,,yes\nk2,1000000007,021000021,Holder Z,,,,\n",
    }
    hashes, unknown = {}, {}
    for name, rows_ in kept.items():
        agreed(AGREED + '\n[datasets.fbi]\ntrain_handling = ["INV"]\n', files={"fbi.csv": fbi + trained + rows_})
        path = tmp_path / "project.toml"
        path.write_text(
            path.read_text(encoding="utf-8").replace('workspace = "work"', f'workspace = "{name}"')
            .replace("[sources.fbi.marking]", '[sources.fbi.marking]\ntrain_use = "train"'), encoding="utf-8",
        )  # fmt: skip
        share_secret(tmp_path / name)
        report = linkage.open(tmp_path).run(now=NOW)
        hashes[name], unknown[name] = report["types"]["account"]["model"], report["unknown_markings"]
        with linkage.open(tmp_path).release() as release:
            held = release.value("SELECT count(*) FROM published.identity_record WHERE key IN ('k1', 'k2')")
        assert held == rows_.count("k")
    assert hashes["no"] == hashes["jury"] == hashes["none"] != hashes["yes"]
    assert unknown == {"no": {"fbi": {"train_use": 1}}, "jury": {}, "none": {}, "yes": {}}


def test_of_aggregates_no_value_that_few_hold_is_counted(agreed, tmp_path):
    """Where an owner releases aggregates alone, its values are in the model's counts where ten of its records hold them, or another owner's does."""
    people = {
        "fbi.csv": [("Quixworth", 8), ("Zebulon", 10), ("Archer", 9)],
        "dea.csv": [("Archer", 1), ("Brandt", 2)],
        "ice.csv": [("Coleman", 3)],
    }
    files = {
        name: "\n".join(
            ["id,first,last,born", *(f"{surname[0]}{place},Ann{place},{surname},19{50 + place}-01-1{place % 9}" for surname, number in rows_ for place in range(number)), ""]
        )
        for name, rows_ in people.items()
    }  # fmt: skip
    # One of them twice, so that a link rests on how rare the name is.
    files["fbi.csv"] += "QX,Ann3,Quixworth,1953-01-13\n"
    sections = "".join(PEOPLE.format(name=name).replace('phone = "phone"\n', "") for name in NAMES)
    counted = {}
    for use in ('"aggregates"', "true"):
        text = f"{AGREED}\n[datasets.fbi]\ntrain_use = {use}\n"
        folder = tmp_path / use.strip('"')
        folder.mkdir()
        for name, content in {**files, "agreed.toml": text}.items():
            (folder / name).write_text(content, encoding="utf-8")
        head = f'version = 1\nname = "test"\nworkspace = "work"\ndefault_purpose = "test"\n{HEAD}'
        (folder / "project.toml").write_text(head + sections, encoding="utf-8")
        project = linkage.open(folder)
        model_hash = project.run(now=NOW)["types"]["person"]["model"]
        folder = project.loaded.workspace / "models"
        model = models.load(folder, "person", model_hash)
        told = {
            value
            for table in (model.frequencies, models.read_common(folder, model))
            for value in table["value"].to_pylist()
        }
        looked = ("quixworth", "zebulon", "archer", "brandt", "coleman")
        assert told
        assert not told & set(looked)
        counted[use] = {word for word in looked if keyed_value(model.key, word) in told}
        # The run that trains scores with the counts of the model, as the next one does.
        with project.release() as release:
            first = release.rows("SELECT key_a, key_b, weight FROM published.link_evidence ORDER BY ALL")
        project.run(now=NOW, full=True)
        with project.release() as release:
            assert release.rows("SELECT key_a, key_b, weight FROM published.link_evidence ORDER BY ALL") == first
        assert first
    assert counted == {
        '"aggregates"': {"zebulon", "archer", "brandt", "coleman"},
        "true": {"quixworth", "zebulon", "archer", "brandt", "coleman"},
    }


def test_a_purpose_that_is_not_allowed_is_refused(agreed):
    """A look states a purpose of the agreements; what follows a colon is free."""
    project = agreed(AGREED.replace("from = 2026-07-01", "from = 2026-01-01"))
    project.run(now=NOW)
    with pytest.raises(SharingError, match=r"do not allow the purpose 'test'; they allow: DRUG, FRAUD"):
        project.table("identity", audience="dea")
    assert len(project.table("identity", audience="dea", purpose="drug: case 12", output="arrow")) > 0


def test_the_feed_tells_of_pointers(agreed, first_run):
    """Who has the pointers of one release and applies the moves since has the last ones; a move tells agency and contact, nothing else."""
    project = agreed()
    first_run(project, now=NOW)
    first = _pointer_rows(project)
    files = {
        "fbi.csv": rows(("f1", 1, "INV"), ("f2", 2), ("f3", 3, "JURY"), ("f6", 6)),
        "dea.csv": rows(("d1", 1), ("d2", 2), ("d3", 3), ("d5", 5)),
    }
    moves = [_moves(project, 1)]
    for name, text in files.items():
        (project.loaded.folder / name).write_text(text, encoding="utf-8")
    project.run(now=NOW)
    moves.append(_moves(project, 2))
    (project.loaded.folder / "agreed.toml").write_text(AGREED.replace("555 0100", "555 0199"), encoding="utf-8")
    project = linkage.open(project.loaded.folder)
    project.run(now=NOW, full=True)
    moves.append(_moves(project, 3))
    desk, other = "FBI desk, +1 202 555 0100", "FBI desk, +1 202 555 0199"
    assert [sorted(((agency, before, now) for _, agency, before, now, _ in one), key=str) for one in moves] == [
        [("fbi", None, desk)],
        [("fbi", desk, None), ("fbi", None, desk)],
        [("fbi", desk, other)],
    ]
    assert [release for one in moves for *_, release in one] == [1, 2, 2, 3]
    held = {row[:2]: row[2] for row in first}
    for identity, agency, _, now, _ in (*moves[1], *moves[2]):
        held.pop((identity, agency), None)
        if now is not None:
            held[identity, agency] = now
    assert sorted((*key, contact) for key, contact in held.items()) == _pointer_rows(project)
    assert _moves(project, 3, "centre") == []


def _pointer_rows(project):
    with project.release("dea") as release:
        return release.rows("SELECT identity_id, agency, contact FROM published.identity_pointer ORDER BY ALL")


def _moves(project, sequence, audience="dea"):
    file = Workspace(project.loaded.workspace).feed(audience, sequence, "pointer_move")
    with Engine() as engine:
        return engine.rows(f"FROM read_parquet({literal(str(file))})")

"""The demo data: the same for the same seed, with exact truth, and as difficult as promised."""

from __future__ import annotations

import csv
import tomllib
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from linkage.config.project import load_project
from linkage.demo import DemoRates, DemoSummary, generate
from linkage.demo.generator import DATASETS, SHARES
from linkage.engine.duckdb import Engine
from linkage.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path

RECORDS = 3_000
# Every phenomenon often enough to be found among few records.
CROWDED = DemoRates(  # noqa: S604 - the shell is a company here
    family=0.8, junior=0.4, twins=0.4, stolen_ssn=0.1, shell=0.4, joint=0.6, masked=0.3, same_number_other_bank=0.3,
    same_number_other_type=0.2, neighbour_number=0.2, reused_number=0.2, chain=0.3,
)  # fmt: skip
Rows = list[dict[str, str]]


def make(folder: Path, **settings: object) -> DemoSummary:
    """Generate demo data with an engine of its own."""
    with Engine(memory_limit="1GB", threads=int(settings.pop("threads", 2))) as engine:  # type: ignore[call-overload]
        return generate(folder, engine=engine, **settings)  # type: ignore[arg-type]


def read(path: Path) -> Rows:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> DemoSummary:
    """Demo data at the default rates."""
    return make(tmp_path_factory.mktemp("plain"), records=RECORDS)


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> DemoSummary:
    """Demo data with many of the rarer phenomena."""
    return make(tmp_path_factory.mktemp("crowded"), records=RECORDS, rates=CROWDED)


def contents(folder: Path) -> dict[str, bytes]:
    """Return path → bytes of every file under a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def entity_of(summary: DemoSummary) -> dict[tuple[str, str, str], str]:
    """Return (dataset, key, role) → entity."""
    return {(row["dataset"], row["key"], row["role"]): row["entity"] for row in read(summary.directory / "truth.csv")}


def planted(summary: DemoSummary) -> dict[str, list[tuple[str, str]]]:
    """Return phenomenon → its entities, in pairs."""
    found = defaultdict(list)
    for row in read(summary.directory / "planted.csv"):
        found[row["phenomenon"]].append((row["entity"], row["other"]))
    return found


def values(summary: DemoSummary, dataset: str, role: str, column: str) -> dict[str, set[str]]:
    """Return entity → the values that a column of a dataset shows of it."""
    truth, key = entity_of(summary), key_column(summary, dataset)
    shown = defaultdict(set)
    for row in read(summary.directory / "data" / f"{dataset}.csv"):
        entity = truth.get((dataset, row[key], role))
        if entity and row[column]:
            shown[entity].add(row[column])
    return shown


def key_column(summary: DemoSummary, dataset: str) -> str:
    """Return the key column of a dataset, as the project file names it."""
    settings = tomllib.loads((summary.directory / "project.toml").read_text(encoding="utf-8"))
    return str(settings["sources"][dataset]["key"])


def test_same_seed_same_bytes(plain: DemoSummary, tmp_path: Path) -> None:
    """The same settings give byte-equal files, whatever the number of threads."""
    again = make(tmp_path, records=RECORDS, threads=1)
    assert contents(again.directory) == contents(plain.directory)


def test_other_seed_other_data(plain: DemoSummary, tmp_path: Path) -> None:
    """Another seed gives another population in every dataset."""
    other = make(tmp_path, records=RECORDS, seed=2, with_ceiling=False)
    ours, theirs = contents(plain.directory), contents(other.directory)
    assert all(ours[f"data/{name}.csv"] != theirs[f"data/{name}.csv"] for name in DATASETS)


def test_truth_covers_every_entity_record(plain: DemoSummary) -> None:
    """Each entity record that the project file maps has exactly one line of truth, and no other line exists."""
    settings = tomllib.loads((plain.directory / "project.toml").read_text(encoding="utf-8"))
    expected = set()
    for dataset, source in settings["sources"].items():
        for row in read(plain.directory / source["files"]):
            for role, mapping in source["roles"].items():
                when = mapping.get("when")
                shown = row[when["column"]] if when else "always"
                if shown and shown == (when or {}).get("equals", shown):
                    expected.add((dataset, row[source["key"]], role))
    lines = read(plain.directory / "truth.csv")
    assert len(lines) == len(expected) == RECORDS
    assert set(entity_of(plain)) == expected


def test_shares_of_the_types(plain: DemoSummary) -> None:
    """Four in five entity records are persons, the rest businesses and accounts, and most persons have few records."""
    assert plain.records == {kind: round(RECORDS * share) for kind, share in SHARES.items()}
    sizes = defaultdict(int)
    for entity in entity_of(plain).values():
        sizes[entity] += 1
    persons = [size for entity, size in sizes.items() if entity.startswith("person-")]
    assert 0.25 < sum(size == 1 for size in persons) / len(persons) < 0.5
    assert max(persons) >= 6


def test_counts_of_the_summary(plain: DemoSummary) -> None:
    """The summary's rows, entities and pairs are those of the files."""
    for dataset, rows in plain.datasets.items():
        assert len(read(plain.directory / "data" / f"{dataset}.csv")) == rows
    sizes: dict[str, dict[str, int]] = {kind: defaultdict(int) for kind in SHARES}
    for entity in entity_of(plain).values():
        sizes[entity.split("-")[0]][entity] += 1
    assert plain.entities == {kind: len(sizes[kind]) for kind in SHARES}
    assert plain.pairs == {kind: sum(n * (n - 1) // 2 for n in sizes[kind].values()) for kind in SHARES}


def test_keys_and_order_tell_nothing(plain: DemoSummary) -> None:
    """Keys are unique and sorted, and records of one entity do not stand together."""
    truth = entity_of(plain)
    together = neighbours = 0
    for dataset in DATASETS:
        column = key_column(plain, dataset)
        keys = [row[column] for row in read(plain.directory / "data" / f"{dataset}.csv")]
        assert keys == sorted(set(keys))
        role = next(role for name, _, role in truth if name == dataset)
        entities = [truth.get((dataset, key, role)) for key in keys]
        together += sum(a is not None and a == b for a, b in pairwise(entities))
        neighbours += len(keys)
    assert together / neighbours < 0.01


def test_project_file_fits_the_data(plain: DemoSummary) -> None:
    """The project file loads, names existing files, and every column that it maps is in the data."""
    project = load_project(plain.directory / "project.toml").settings
    for name, source in project.sources.items():
        with (plain.directory / source.files[0]).open(encoding="utf-8") as file:
            header = next(csv.reader(file))
        assert source.columns_used() <= set(header), name
    assert {source.agency for source in project.sources.values()} == set(DATASETS.values())
    assert project.audiences["dea"].hidden == ("fincen_reports",)


def test_parquet_holds_the_same_rows(plain: DemoSummary, tmp_path: Path) -> None:
    """Parquet files hold what the CSV files hold, and the project file names them."""
    make(tmp_path, records=RECORDS, file_format="parquet", with_ceiling=False)
    assert 'files = "data/dea_roi.parquet"' in (tmp_path / "project.toml").read_text(encoding="utf-8")
    with Engine() as engine:
        for dataset in DATASETS:
            ours = engine.rows(
                "SELECT * FROM read_csv($path, header = true, all_varchar = true)",
                {"path": str(plain.directory / "data" / f"{dataset}.csv")},
            )
            theirs = engine.rows(
                "SELECT * FROM read_parquet($path)", {"path": str(tmp_path / "data" / f"{dataset}.parquet")}
            )
            assert [tuple(value or None for value in row) for row in theirs] == ours


@pytest.mark.parametrize(
    "phenomenon",
    [
        "junior", "twins", "stolen_ssn", "changed_surname", "shell_address", "chain", "account_bank", "account_type",
        "account_neighbour", "account_reused", "joint_account", "account_holder",
    ],
)  # fmt: skip
def test_phenomena_are_planted(crowded: DemoSummary, phenomenon: str) -> None:
    """Every promised difficulty occurs."""
    assert len(planted(crowded)[phenomenon]) >= 5


def test_phenomena_follow_their_rates(tmp_path: Path) -> None:
    """With its rate at zero a difficulty does not occur."""
    off = dict.fromkeys(DemoRates.__dataclass_fields__, 0.0)
    calm = make(tmp_path, records=1_000, rates=DemoRates(**off), with_ceiling=False)
    assert set(planted(calm)) == {"account_holder"}


def test_twins_share_a_birth_date(crowded: DemoSummary) -> None:
    """Twins are two entities with one birth date and, mostly, one surname."""
    born, last = values(crowded, "atf_traces", "purchaser", "BORN"), values(crowded, "atf_traces", "purchaser", "LAST")
    twins = [(a, b) for a, b in planted(crowded)["twins"] if a in born and b in born]
    assert len(twins) >= 3
    assert sum(bool(born[a] & born[b]) for a, b in twins) > len(twins) / 2
    assert sum(bool(last[a] & last[b]) for a, b in twins) > len(twins) / 2


def test_juniors_bear_the_fathers_name(crowded: DemoSummary) -> None:
    """A junior bears his father's given name, and only some records say which of the two they mean."""
    names = values(crowded, "atf_traces", "purchaser", "FIRST")
    pairs = [(a, b) for a, b in planted(crowded)["junior"] if a in names and b in names]
    assert len(pairs) >= 3
    assert sum(bool(names[a] & names[b]) for a, b in pairs) > len(pairs) / 2
    suffixes = [row["SFX"] for row in read(crowded.directory / "data" / "atf_traces.csv")]
    assert {"Jr", "Sr", ""} == set(suffixes)


def test_one_number_at_two_banks(crowded: DemoSummary) -> None:
    """The same account number occurs at two banks, as two entities."""
    numbers, banks = (values(crowded, "ice_financial", "account", column) for column in ("ACCT_NO", "INSTITUTION"))
    pairs = [(a, b) for a, b in planted(crowded)["account_bank"] if a in numbers and b in numbers]
    plain_numbers = {e: {n.replace("-", "") for n in shown if not n.startswith("X")} for e, shown in numbers.items()}
    same = [(a, b) for a, b in pairs if plain_numbers[a] & plain_numbers[b]]
    assert same
    assert any(not banks[a] & banks[b] for a, b in same if a in banks and b in banks)


def test_numbers_are_written_in_many_ways(crowded: DemoSummary) -> None:
    """Account numbers come masked, with separators, with leading zeros and as IBAN; SSNs masked and as fillers."""
    ice = {row["ACCT_NO"] for row in read(crowded.directory / "data" / "ice_financial.csv")}
    fincen = read(crowded.directory / "data" / "fincen_reports.csv")
    assert any(number.startswith("XXXXXX") for number in ice)
    assert any("-" in number for number in ice)
    assert any(row["ACCT_NO"].startswith("00") for row in fincen)
    assert any(row["ACCT_NO"].startswith("****") for row in fincen)
    assert any(row["ACCT_IBAN"] for row in fincen)
    ssns = {row["SSN"] for row in read(crowded.directory / "data" / "dea_roi.csv")}
    assert "999-99-9999" in ssns
    assert any(ssn.startswith("XXX-XX-") for ssn in ssns)


def test_check_digits(crowded: DemoSummary) -> None:
    """Routing numbers and IBANs pass their check digits, so that a standardiser keeps them."""
    rows = read(crowded.directory / "data" / "fincen_reports.csv")
    routing = {row["ACCT_ROUTING"] for row in rows if row["ACCT_ROUTING"]}
    ibans = {row["ACCT_IBAN"] for row in rows if row["ACCT_IBAN"]}
    assert len(routing) > 20
    for number in routing:
        assert sum(int(digit) * weight for digit, weight in zip(number, (3, 7, 1) * 3, strict=True)) % 10 == 0
    for iban in ibans:
        assert int("".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])) % 97 == 1


def test_shells_share_an_address(crowded: DemoSummary) -> None:
    """Shell companies are several entities at one street address."""
    streets = values(crowded, "fincen_reports", "organisation", "ORG_STREET")
    pairs = [(a, b) for a, b in planted(crowded)["shell_address"] if a in streets and b in streets]
    bare = {e: {" ".join(s.split()[:3]) for s in shown} for e, shown in streets.items()}
    assert sum(bool(bare[a] & bare[b]) for a, b in pairs) > len(pairs) / 2 > 0


def test_ceiling_is_consistent(plain: DemoSummary) -> None:
    """The ceiling lies between 0 and 1, its F1 follows from its counts, and it is high on the default data."""
    for kind, best in plain.ceiling.items():
        assert best["pairs"] == plain.pairs[kind]
        right = best["pairs"] - best["unknowable"] - best["inseparable"]
        assert best["recall"] == pytest.approx(right / best["pairs"], abs=1e-6)
        assert best["precision"] == pytest.approx(right / (right + best["wrong"]), abs=1e-6)
        product, total = best["precision"] * best["recall"], best["precision"] + best["recall"]
        assert best["f1"] == pytest.approx(2 * product / total, abs=1e-5)
        assert 0.97 < best["f1"] <= 1


def test_ceiling_falls_where_less_is_visible(plain: DemoSummary, tmp_path: Path) -> None:
    """With many more empty fields more true pairs are unknowable."""
    bare = make(tmp_path, records=RECORDS, rates=DemoRates(missing=5, stale=0.9, moved=1, name_typo=0.4))
    assert bare.ceiling["person"]["recall"] < plain.ceiling["person"]["recall"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"records": 10}, "at least 200"), ({"file_format": "xml"}, "must be csv or parquet")],
)
def test_bad_settings_are_refused(tmp_path: Path, settings: dict[str, object], said: str) -> None:
    """Settings that make no sense are refused before anything is written."""
    with pytest.raises(RequestError, match=said):
        make(tmp_path / "demo", **settings)
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize("rates", [{"twins": 1.2}, {"masked": -0.1}, {"typing": 6.0}])
def test_bad_rates_are_refused(rates: dict[str, float]) -> None:
    """A rate outside its bounds is refused by name."""
    with pytest.raises(RequestError, match=next(iter(rates))):
        DemoRates(**rates)


def test_overlaps_are_of_open_cases_of_several_agencies(plain: DemoSummary) -> None:
    """An overlap of the truth names a person or firm whose rows of two agencies tell an open case, and all such are named."""
    columns = {
        "dea_roi": ("DEA", "ROI_NO", "CASE_STATUS"),
        "fbi_intercepts": ("FBI", "INTERCEPT_ID", "CASE_STATE"),
        "ice_financial": ("ICE", "FIN_ID", "CASE_STATUS"),
        "atf_traces": ("ATF", "TRACE_NO", "CASE_STATUS"),
    }
    entities = defaultdict(set)
    for row in read(plain.directory / "truth.csv"):
        entities[row["dataset"], row["key"]].add(row["entity"])
    agencies = defaultdict(set)
    for dataset, (agency, key, status) in columns.items():
        for row in read(plain.directory / "data" / f"{dataset}.csv"):
            if row[status].lower() in {"open", "a"}:
                for entity in entities[dataset, row[key]]:
                    agencies[entity].add(agency)
    told = {
        row["which"]: row["agencies"]
        for row in read(plain.directory / "overlaps.csv")
        if row["subject"] not in {"phone", "address"}
    }
    assert told == {entity: "+".join(sorted(found)) for entity, found in agencies.items() if len(found) > 1}
    assert len(told) > 100


def test_leads_of_the_truth(crowded: DemoSummary) -> None:
    """The truth of leads has rows of each kind, some of them planted; one SSN ties those that show it."""
    found = read(crowded.directory / "leads.csv")
    rules = {row["rule"] for row in found}
    assert rules >= {"targets_share", "ties_targets", "one_ssn", "several_ssns"}
    assert any(row["planted"] == "true" for row in found)
    assert all(sum(row["planted"] == "true" for row in found if row["rule"] == rule) <= 20 for rule in rules)
    assert all("+" in row["entities"] for row in found if row["rule"] in {"targets_share", "one_ssn"})
    assert all(row["tied"].count("+") >= 1 for row in found if row["rule"] == "ties_targets")

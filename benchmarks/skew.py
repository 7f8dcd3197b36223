"""What very common values cost: demo data, and the same with one phone, one surname and one address that very many share.

    python benchmarks/skew.py --records 200000 --json

Planted in a copy of the project that has run once (so its models are approved): one phone on 1/125 of the records, one
surname for 1 % of the persons, one address for companies, 1/500 of the records (at 25 million: 200,000, 1 %, 50,000); phone
and address on at least one and a half times `max_block`. The run on it must be refused before pairs are made; its proposals
are amended and approved, and it runs again. Beside it the project without the planted values runs under the same models,
as much anew. True pairs of the planted data that the stop keys cost are counted: all that some rule found, and those of them
that a rule finds besides the keys set aside.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import linkage
from linkage.config.project import default_configs
from linkage.demo import generate
from linkage.engine.duckdb import Engine
from linkage.engine.sql import literal, quote
from linkage.evaluation.release import base_path, evaluate_release
from linkage.matching import model as models
from linkage.matching.blocking import drop_stop_keys, make_keys
from linkage.matching.features import make_features
from linkage.registry.amend import amend_model
from linkage.registry.approve import approve_model
from linkage.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linkage.project import Project

COMMAND = "from linkage.cli.main import main; main()"
PHONE = "(555) 201-7700"
SURNAME = "Quorvane"
STREET, CITY, STATE, ZIP = "1209 Orange Plaza St", "Wilmington", "DE", "19801"
LINE = f"{STREET}, {CITY}, {STATE} {ZIP}"
# One in so many of all records; how much over `max_block` a planted value is at the least.
PHONE_IN, COMPANY_IN, OVER = 125, 500, 1.5
SURNAME_SHARE = 0.01
KEYS = {
    "atf_traces": "TRACE_NO",
    "cbp_declarants": "DECL_NO",
    "dea_roi": "ROI_NO",
    "fbi_intercepts": "INTERCEPT_ID",
    "fincen_reports": "BSA_ID",
    "ice_financial": "FIN_ID",
}
PHONES = {
    "cbp_declarants": "PHONE",
    "dea_roi": "HOME_PHONE",
    "fbi_intercepts": "PHONE_1",
    "fincen_reports": "SUBJ_PHONE",
    "ice_financial": "HOLDER_PHONE",
}
# A column → what a planted surname, or address, makes of it.
SURNAMES: Mapping[str, Mapping[str, str]] = {
    "atf_traces": {"LAST": literal(SURNAME)},
    "cbp_declarants": {"FULL_NAME": f"regexp_replace(FULL_NAME, '\\S+$', {literal(SURNAME)})"},
    "dea_roi": {"LAST_NAME": literal(SURNAME.upper())},
    "fbi_intercepts": {"SUBSCRIBER_NAME": f"regexp_replace(SUBSCRIBER_NAME, '^[^,]*', {literal(SURNAME.upper())})"},
    "fincen_reports": {"SUBJ_LAST": literal(SURNAME)},
    "ice_financial": {"HOLDER_NAME": f"regexp_replace(HOLDER_NAME, '\\S+$', {literal(SURNAME)})"},
}
ADDRESSES: Mapping[str, Mapping[str, str]] = {
    "dea_roi": {
        "STREET_ADDR": literal(STREET),
        "CITY": literal(CITY),
        "STATE": literal(STATE),
        "ZIP": literal(ZIP),
    },
    "fbi_intercepts": {"SVC_ADDRESS": literal(LINE)},
    "fincen_reports": {
        "ORG_STREET": literal(STREET),
        "ORG_CITY": literal(CITY),
        "ORG_STATE": literal(STATE),
        "ORG_ZIP": literal(ZIP),
    },
    "ice_financial": {"FIRM_ADDR": literal(LINE)},
}


def make(folder: Path, records: int, seed: int, max_block: int | None) -> None:
    """Write the demo, with entity settings of its own where `max_block` is another."""
    with Engine(folder.parent / "making.duckdb") as engine:
        generate(folder, engine=engine, records=records, seed=seed, with_ceiling=False)
    if max_block is None:
        return
    (folder / "own").mkdir()
    for file in sorted((default_configs() / "entities").glob("*.toml")):
        text = file.read_text(encoding="utf-8").replace("max_block = 1000\n", f"max_block = {max_block}\n")
        (folder / "own" / file.name).write_text(text, encoding="utf-8")
    path = folder / "project.toml"
    text = path.read_text(encoding="utf-8").replace("[engine]", 'entities = "own"\n\n[engine]', 1)
    path.write_text(text, encoding="utf-8")


def plant(folder: Path, records: int, max_block: int) -> dict[str, int]:
    """Write the common values into the files of a project; return the records that each is on."""
    least = round(OVER * max_block)
    with Engine() as engine:
        engine.run(f"CREATE TABLE truth AS FROM read_csv({literal(str(folder / 'truth.csv'))}, all_varchar = true)")
        chosen = {
            "phone": (_with("person-", PHONES), max(round(records / PHONE_IN), least)),
            "address": (_with("business-", ADDRESSES), max(round(records / COMPANY_IN), least)),
        }
        for name, (among, most) in chosen.items():
            engine.create_as(
                "main", name, f"{among} ORDER BY hash(dataset, key, $name), dataset, key LIMIT {most}", {"name": name}
            )
        engine.create_as(
            "main",
            "surname",
            f"SELECT dataset, key FROM truth SEMI JOIN (SELECT entity FROM truth WHERE starts_with(entity, 'person-') GROUP BY entity "
            f"ORDER BY hash(entity), entity LIMIT (SELECT CAST({SURNAME_SHARE} * count(DISTINCT entity) AS BIGINT) FROM truth "
            "WHERE starts_with(entity, 'person-'))) USING (entity)",
        )
        for dataset in KEYS:
            _rewrite(engine, dataset, folder / "data" / f"{dataset}.csv")
        return {name: int(engine.value(f"SELECT count(*) FROM {name}")) for name in ("phone", "surname", "address")}


def _with(prefix: str, columns: Mapping[str, Any]) -> str:
    datasets = ", ".join(literal(dataset) for dataset in sorted(columns))
    return f"SELECT dataset, key FROM truth WHERE starts_with(entity, {literal(prefix)}) AND dataset IN ({datasets})"


def _rewrite(engine: Engine, dataset: str, file: Path) -> None:
    planted = {
        "phone": {PHONES[dataset]: literal(PHONE)} if dataset in PHONES else {},
        "surname": SURNAMES.get(dataset, {}),
        "address": ADDRESSES.get(dataset, {}),
    }
    values = {}
    for table, columns in planted.items():
        for column, value in columns.items():
            among = f"(SELECT key FROM {table} WHERE dataset = {literal(dataset)})"
            values[column] = f"CASE WHEN {KEYS[dataset]} IN {among} THEN {value} ELSE {column} END AS {column}"
    query = f"SELECT * REPLACE ({', '.join(values.values())}) FROM read_csv({literal(str(file))}, all_varchar = true)"
    draft = file.with_suffix(".draft")
    engine.copy_to(query, draft, "(FORMAT csv, HEADER true)")
    draft.replace(file)


def run(folder: Path, *more: str) -> dict[str, Any]:
    """Run the job in a process of its own; return its seconds, its processor seconds, and its report or its refusal."""
    start, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", COMMAND, "run", str(folder), "--json", *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": round(time.perf_counter() - start, 1),
        "processor_seconds": round(now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, 1),
        "report": json.loads(done.stdout) if done.returncode == 0 else None,
        "refused": done.stderr.strip() if done.returncode else None,
    }


def amend(folder: Path) -> dict[str, Any]:
    """Amend and approve every model that has a proposal; return type → rule → keys set aside and their records."""
    project = linkage.open(folder)
    found: dict[str, Any] = {}
    for kind in project.loaded.entity_types():
        if Workspace(project.loaded.workspace).proposed(kind).is_file():
            told = amend_model(project.loaded, kind)
            approve_model(project.loaded, kind, told["model"], "planted values")
            rules: dict[str, dict[str, int]] = {}
            for entry in told["added"]:
                own = rules.setdefault(entry["rule"], {"keys": 0, "largest": 0})
                own["keys"] += 1
                own["largest"] = max(own["largest"], entry["records"])
            found[kind] = {"of": told["approved"], "model": told["model"], "rules": rules}
    return found


def lost(project: Project, kind: str, amended: Mapping[str, str], folder: Path) -> dict[str, int]:
    """Count the true pairs of a type that some rule found before amending, that a rule finds besides the keys set aside, and that are candidates."""
    entity_type: Any = kind
    store = Workspace(project.loaded.workspace).models
    before, after = (models.load(store, entity_type, amended[name]) for name in ("of", "model"))
    copy = folder / "base.duckdb"
    shutil.copyfile(base_path(project), copy)
    with Engine(copy) as base:
        base.run("CREATE SCHEMA IF NOT EXISTS feature")
        make_features(base, before)
        make_keys(base, entity_type, before.rules, "before")
        drop_stop_keys(base, entity_type, before.stop_keys, "before")
        base.run(f"CREATE TABLE blocking.{quote(f'besides_{kind}')} AS FROM blocking.{quote(f'before_{kind}')}")
        drop_stop_keys(base, entity_type, sorted(set(after.stop_keys) - set(before.stop_keys)), "besides")
        truth = literal(str(project.loaded.folder / "truth.csv"))
        base.run(
            f"CREATE TABLE member AS SELECT record, entity FROM canonical.{quote(kind)} JOIN read_csv({truth}, all_varchar = true) USING (dataset, key, role)"
        )
        for table in ("before", "besides", "key"):
            # Only within an entity: a key that half of all records share makes no more rows than it has true pairs.
            base.run(
                f"CREATE TABLE found_{table} AS WITH own AS (SELECT key, record, entity FROM blocking.{quote(f'{table}_{kind}')} JOIN member USING (record)) "
                "SELECT DISTINCT one.record AS a, two.record AS b FROM own AS one JOIN own AS two ON one.key = two.key AND one.entity = two.entity AND one.record < two.record"
            )
        found = {
            "found_before": "SELECT count(*) FROM found_before",
            "found_by_another_rule": "SELECT count(*) FROM found_besides",
            "only_by_stop_keys": "SELECT count(*) FROM found_before ANTI JOIN found_besides USING (a, b)",
            "lost_though_another_rule_finds": "SELECT count(*) FROM found_besides ANTI JOIN found_key USING (a, b)",
        }
        counts = {name: int(base.value(query)) for name, query in found.items()}
    copy.unlink()
    return counts


def _told(folder: Path, ran: dict[str, Any]) -> dict[str, Any]:
    report = ran["report"]
    evaluation = evaluate_release(linkage.open(folder), folder / "truth.csv")
    return {
        "seconds": ran["seconds"],
        "processor_seconds": ran["processor_seconds"],
        "stages": {name: round(stage["seconds"], 1) for name, stage in report["stages"].items()},
        "peak_memory_gb": round(max(stage["peak_memory_bytes"] for stage in report["stages"].values()) / 1e9, 2),
        "pairs": {kind: told["pairs"] for kind, told in report["types"].items()},
        "edges": {kind: told["edges"] for kind, told in report["types"].items()},
        "largest_component": {kind: told["largest_component"] for kind, told in report["audiences"]["centre"].items()},
        "pairwise": {kind: entry.metrics.pairwise.to_json() for kind, entry in evaluation.types.items()},
    }


def measure(folder: Path, records: int, *, seed: int = 1, max_block: int | None = None) -> dict[str, Any]:
    """Measure the project without and with planted values in `folder`; raises SystemExit where a run fails otherwise than it must."""
    plain, skewed = folder / "plain", folder / "skewed"
    make(plain, records, seed, max_block)
    limit = linkage.open(plain).loaded.entities["person"].blocking.max_block
    _ran(run(plain))
    shutil.copytree(plain, skewed)
    planted = plant(skewed, records, limit)
    without = _told(plain, _ran(run(plain, "--full")))
    refusals, amended = [], {}
    while True:
        ran = run(skewed, "--full")
        proposed = amend(skewed) if ran["refused"] else {}
        if not proposed:
            break
        refusals.append({"seconds": ran["seconds"], "told": ran["refused"].replace(str(folder), "...")})
        for kind, told in proposed.items():
            first = amended.setdefault(kind, told)
            first["model"] = told["model"]
    having = _told(skewed, _ran(ran))
    project = linkage.open(skewed)
    for kind, told in amended.items():
        told["true_pairs"] = lost(project, kind, told, folder)
    return {
        "records": records,
        "seed": seed,
        "max_block": limit,
        "machine": platform.machine(),
        "python": platform.python_version(),
        "planted": planted,
        "refusals": refusals,
        "amended": amended,
        "without": without,
        "with": having,
        # Only the planted files are read anew, so reading is left out.
        "ratio_stages": round(_stages(having) / _stages(without), 3),
        "ratio_seconds": round(having["seconds"] / without["seconds"], 3),
        "ratio_processor_seconds": round(having["processor_seconds"] / without["processor_seconds"], 3),
    }


def _stages(told: dict[str, Any]) -> float:
    return sum(seconds for name, seconds in told["stages"].items() if name != "ingest")


def _ran(ran: dict[str, Any]) -> dict[str, Any]:
    if ran["report"] is None:
        raise SystemExit(ran["refused"])
    return ran


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-block", type=int, default=None, help="else that of the shipped settings")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="linkage-skew-") as name:
        found = measure(Path(name), options.records, seed=options.seed, max_block=options.max_block)
    if options.json:
        print(json.dumps(found, indent=1))
        return
    print(
        f"refused {len(found['refusals'])} times; {found['with']['seconds']} s beside {found['without']['seconds']} s"
    )
    for kind, told in found["amended"].items():
        print(kind, json.dumps(told["rules"]), json.dumps(told["true_pairs"]))


if __name__ == "__main__":
    main()

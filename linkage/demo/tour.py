"""The tour: demo data, the main job, the measure, and what to try next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.config.project import CENTRE

if TYPE_CHECKING:
    from pathlib import Path

    from linkage.stages.context import Progress

READER = "dea"
"""The audience whose view the closing summary shows beside the centre's: it sees some in full, is pointed to others, and some are hidden."""


def tour(
    folder: Path,
    *,
    records: int,
    seed: int,
    baseline: bool,
    agreements: bool = False,
    progress: Progress = lambda _message: None,
) -> dict[str, Any]:
    """Make a demo project in `folder`, run it, and measure it against its truth, beside bare Splink where asked.

    With `agreements` each agency and two named groups are audiences of it. Returns the run report, the evaluation, the baseline
    and the ceiling per type; an overlap, a lead and a profile of the centre's view, with agreements also of the view of `READER`
    and what each audience has; and commands to try next.
    """
    from linkage.demo import generate
    from linkage.demo.shared import share_out
    from linkage.engine.duckdb import Engine
    from linkage.evaluation.release import baseline_release, evaluate_release
    from linkage.project import open_project

    # In memory, and beyond that beside the files it writes: never in the folder that the command is called from.
    with Engine(temp_directory=folder / "spill") as engine:
        summary = generate(folder, engine=engine, records=records, seed=seed, progress=progress)
    if agreements:
        share_out(folder)
    project = open_project(folder)
    report = project.run(progress=progress)
    truth = folder / "truth.csv"
    progress("evaluate")
    evaluation = evaluate_release(project, truth).to_json()
    if baseline:
        progress("bare Splink on the same records")
    return {
        "run": report,
        "evaluation": evaluation,
        "baseline": baseline_release(project, truth) if baseline else {},
        "ceiling": summary.ceiling,
        "cases": _cases(project, folder / "profile.html"),
        "shared": _shared(project, folder) if agreements else None,
        "next": [*_next(folder, _example(project)), *(_next_shared(folder) if agreements else ())],
    }


def _shared(project: Any, folder: Path) -> dict[str, Any]:
    """Return what each audience has, and an overlap, a lead and a profile as `READER` sees them."""
    audiences = []
    for audience in project.loaded.settings.audiences:
        with project.release(audience) as engine:
            counted = {
                name: engine.value(f"SELECT count(*) FROM published.{table}")
                for name, table in (
                    ("identities", "identity"),
                    ("records", "identity_record"),
                    ("overlaps", "deconfliction_overlap"),
                    ("leads", "lead"),
                    ("pointers", "identity_pointer"),
                )
            }
        audiences.append({"audience": audience, **counted})
    return {"reader": READER, **_cases(project, folder / f"profile-{READER}.html", READER), "audiences": audiences}


def _cases(project: Any, page: Path, audience: str = CENTRE) -> dict[str, Any]:
    """Return an overlap and a lead of an audience's view, and write the profile of a subject that has both, if one has, to `page`."""
    from linkage.casework.leads import leads
    from linkage.casework.overlaps import overlaps
    from linkage.casework.profile import profile
    from linkage.pages.files import write_page
    from linkage.pages.profile import profile_page

    found, every = overlaps(project, audience=audience)["overlaps"], leads(project, audience=audience)["leads"]
    persons = [row for row in found if row["subject"] == "person" and row["strength"] == "certain"]
    if not persons or not every:
        return {"overlap": None, "lead": None, "profile": None}
    tied = {one for lead in every for one in lead["identities"]}
    chosen = next((row for row in persons if row["identities"][0] in tied), persons[0])
    write_page(page, "profile", profile_page(profile(project, chosen["identities"][0], agency=audience)))
    return {"overlap": chosen, "lead": every[0], "profile": str(page)}


def _example(project: Any) -> tuple[str, str, str]:
    """An identity with records of many agencies, and two of its records."""
    with project.release() as engine:
        identity = engine.value(
            "SELECT identity_id FROM published.identity WHERE entity_type = 'person' ORDER BY len(agencies) DESC, records DESC, identity_id LIMIT 1"
        )
        names = [
            name
            for (name,) in engine.rows(
                "SELECT dataset || '/' || key || '#' || role AS name FROM published.identity_record WHERE identity_id = $id ORDER BY name LIMIT 2",
                {"id": identity},
            )
        ]
    return str(identity), names[0], names[-1]


def _next(folder: Path, example: tuple[str, str, str]) -> list[str]:
    identity, one, two = example
    return [
        f"linkage show {folder} {identity}",
        f"linkage explain {folder} '{one}' '{two}'",
        f"linkage export {folder} person {folder}/persons.csv",
        f"linkage evaluate {folder} --truth {folder}/truth.csv",
        f"linkage check {folder}",
        f"linkage explain {folder} '{one}' '{two}' --html {folder}/explain.html",
        f"linkage check {folder} --html {folder}/check.html",
        f"linkage report {folder} --html {folder}/report.html",
        f"linkage overlaps {folder}",
        f"linkage leads {folder}",
        f"linkage profile {folder} '{one}' --for centre --html {folder}/profile.html",
        f"linkage run {folder}",
    ]


def _next_shared(folder: Path) -> list[str]:
    return [
        f"linkage agreements {folder}",
        f"linkage overlaps {folder} --audience {READER}",
        f"linkage leads {folder} --audience fusion_center",
    ]

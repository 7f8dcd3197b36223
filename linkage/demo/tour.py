"""The tour: demo data, the main job, the measure, and what to try next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from linkage.stages.context import Progress


def tour(
    folder: Path, *, records: int, seed: int, baseline: bool, progress: Progress = lambda _message: None
) -> dict[str, Any]:
    """Make a demo project in `folder`, run it, and measure it against its truth, beside bare Splink where asked.

    Returns the run report, the evaluation, the baseline and the ceiling per type, an overlap, a lead and a profile, and commands to try next.
    """
    from linkage.demo import generate
    from linkage.engine.duckdb import Engine
    from linkage.evaluation.release import baseline_release, evaluate_release
    from linkage.project import open_project

    # In memory, and beyond that beside the files it writes: never in the folder that the command is called from.
    with Engine(temp_directory=folder / "spill") as engine:
        summary = generate(folder, engine=engine, records=records, seed=seed, progress=progress)
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
        "cases": _cases(project, folder),
        "next": _next(folder, _example(project)),
    }


def _cases(project: Any, folder: Path) -> dict[str, Any]:
    """Return an overlap and a lead of the centre's view, and write the profile of a subject that has both, if one has."""
    from linkage.casework.leads import leads
    from linkage.casework.overlaps import overlaps
    from linkage.casework.profile import profile
    from linkage.pages.files import write_page
    from linkage.pages.profile import profile_page

    found, promising = overlaps(project)["overlaps"], leads(project, limit=1)["leads"]
    persons = [row for row in found if row["subject"] == "person" and row["strength"] == "certain"]
    if not persons or not promising:
        return {"overlap": None, "lead": None, "profile": None}
    tied = {one for lead in leads(project)["leads"] for one in lead["identities"]}
    chosen = next((row for row in persons if row["identities"][0] in tied), persons[0])
    page = folder / "profile.html"
    write_page(page, "profile", profile_page(profile(project, chosen["identities"][0], agency="centre")))
    return {"overlap": chosen, "lead": promising[0], "profile": str(page)}


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

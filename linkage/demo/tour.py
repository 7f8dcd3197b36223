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

    Returns the run report, the evaluation, the baseline and the ceiling per type, and commands to try next.
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
        "next": _next(folder, _example(project)),
    }


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
        f"linkage run {folder}",
    ]

"""The public truth set in its two forms: JSON lines with FEATURES, and CSV."""

from __future__ import annotations

import shutil

import pytest

import linkage
from linkage.config.project import default_configs
from linkage.evaluation.release import evaluate_release


@pytest.fixture(scope="module")
def forms(shared_data, tmp_path_factory):
    """Both forms after their run."""
    found = {}
    for form in ("project", "jsonl"):
        folder = tmp_path_factory.mktemp(form)
        shutil.copyfile(default_configs() / "truthset" / f"{form}.toml", folder / "project.toml")
        (folder / "data").symlink_to(shared_data / "truthset")
        found[form] = linkage.open(folder)
        found[form].run()
    return found


def test_both_forms_make_the_same_identities(forms):
    """Each record is in the same company, and every golden value is the same, whichever form was delivered."""
    told = {}
    for form, project in forms.items():
        with project.release() as engine:
            told[form] = [
                engine.rows(
                    "SELECT records, golden.* EXCLUDE (identity_id) FROM (SELECT identity_id, "
                    "list_sort(list(dataset || '/' || key || '#' || role)) AS records FROM published.identity_record GROUP BY ALL) "
                    f"JOIN published.{kind} AS golden USING (identity_id) ORDER BY records"
                )
                for kind in ("person", "business")
            ]
    assert told["jsonl"] == told["project"]
    assert sum(len(rows) for rows in told["jsonl"]) > 50


def test_both_forms_measure_the_same(forms, shared_data):
    """Both forms reach the same F1 against the truth."""
    measures = [
        evaluate_release(project, shared_data / "truthset" / "truth.csv").to_json()["all"] for project in forms.values()
    ]
    assert measures[0] == measures[1]

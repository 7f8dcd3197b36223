"""What training prints beside weights."""

from __future__ import annotations

from linkage.cli.previews import previewed


def side(stop):
    """One model against judged pairs that samples drew."""
    figure = {"estimate": 0.9, "interval": [0.8123, 0.95]}
    return {
        "stop": stop,
        "matches_told": 41,
        "matches_missed": 3,
        "non_matches_told": 2,
        "non_matches_refused": 17,
        "estimates": dict.fromkeys(("precision", "recall", "f1"), figure),
    }


def found(**others):
    """What training returns, in short."""
    pairs = {"drawn": 63, "chosen": 0, "training_half": 60, "absent": 1}
    rules = [{"rule": "name", "keys": 9, "pairs": 1234, "largest_block": 7}]
    return {
        "identities": None,
        "not_resolved": "not asked for",
        "judged_pairs": {**pairs, "candidate": side(2.5), "approved": side(3.0)},
        "blocking": {"candidate": rules, "approved": None},
        **others,
    }


def test_both_models_stand_side_by_side(capsys):
    """Judged pairs of both models, estimates with intervals, and blocking of the models that were counted are printed."""
    previewed(found())
    out = " ".join(capsys.readouterr().out.split())
    for text in (
        "63 drawn by samples, 0 chosen by people (60 train, 1 have lost a record)",
        "0.8123 to 0.9500",
        "1,234",
    ):
        assert text in out
    assert "Identities were not compared: not asked for." in out


def test_without_judged_pairs_it_says_so(capsys):
    """Where no pair can measure a model a sentence says so, and examples of a merger name records and warn."""
    parts = [
        {"before": before, "after": "A-1", "records": 1, "names": [f"bank/{before}#account"]}
        for before in ("A-1", "A-2")
    ]
    merged = {"entity_type": "account", "identity_id": "A-1", "records_before": 1, "records_after": 2, "parts": parts}
    counts = {"identities_before": 9, "identities_after": 8, "merged": 1, "split": 0, "records_moved": 1}
    told = {"types": {"account": counts}, "examples": {"merged": [merged], "split": []}, "records": {}}
    previewed(found(identities=told, not_resolved=None, judged_pairs={"candidate": None}))
    out = " ".join(capsys.readouterr().out.split())
    for text in ("No judged pair can measure a model", "Merged: records of several", "start with new-", "Unverified"):
        assert text in out

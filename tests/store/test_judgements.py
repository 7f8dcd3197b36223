"""Judgements in the ledger: each in the view in which it was made."""

from __future__ import annotations

from linkage.store.entries import Judgement
from linkage.store.ledger import Ledger


def test_judgements_of_other_views_stay_there(tmp_path):
    """An audience is given judgements made in its own view only; the centre is given all."""
    a, b = ("d", "1", "r"), ("d", "2", "r")
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.judge(Judgement("person", b, a, "match", "x", "why", sight="centre"), "t")
        ledger.judge(Judgement("person", a, b, "non-match", "x", "why", sight="dea"), "t")
        ledger.judge(Judgement("person", a, b, "unsure", "x", "why", sight="dea"), "t")
        assert [row[-1] for row in ledger.open_judgements("person", None)] == ["match", "non-match"]
        assert [row[-1] for row in ledger.open_judgements("person", ["dea"])] == ["non-match"]
        assert ledger.open_judgements("person", None)[0][1:7] == (*a, *b)

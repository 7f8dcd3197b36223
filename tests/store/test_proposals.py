"""Proposals are written whole, and a damaged one is refused."""

from __future__ import annotations

import pytest

from linkage.errors import WorkspaceError
from linkage.store.proposals import read_proposal, write_proposal

TOLD = {
    "entity_type": "account",
    "model": "ab",
    "run": 2,
    "max_block": 10,
    "keys": [{"rule": "number", "key": str(2**64 - 1), "records": 11, "example": "bank/1#account"}],
}


def test_a_proposal_is_read_as_it_was_written(tmp_path):
    """Keys of 64 bits come back exactly; a later proposal takes the place of the one before."""
    file = tmp_path / "proposed" / "account.json"
    assert read_proposal(file) is None
    for run in (2, 3):
        write_proposal(file, {**TOLD, "run": run})
    found = read_proposal(file)
    assert (found["run"], found["keys"][0]["key"]) == (3, 2**64 - 1)
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"keys": [{"key": "x"}]}', "\0"])
def test_a_damaged_proposal_is_refused(tmp_path, text):
    """What is no proposal is refused with its path and the mend."""
    (tmp_path / "account.json").write_text(text, encoding="utf-8")
    with pytest.raises(WorkspaceError, match=r"account.json: the proposal cannot be read .* run again"):
        read_proposal(tmp_path / "account.json")

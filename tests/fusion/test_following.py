"""Ids of overlaps and leads: the HMAC that they are, and where its key is not."""

from __future__ import annotations

import hashlib
import hmac
from types import SimpleNamespace

import pytest

from linkage.engine.duckdb import Engine
from linkage.fusion.following import open_followed

KEY = bytes(range(7, 39))


@pytest.fixture
def run():
    """As much of a run as ids need, on an engine that keeps the text of its statements."""

    class Told(Engine):
        texts: list[str] = []  # noqa: RUF012  # one test, one engine

        def run(self, sql, parameters=None):
            self.texts.append(sql)
            super().run(sql, parameters)

    with Told() as engine:
        engine.run("CREATE SCHEMA fusion")
        yield SimpleNamespace(
            engine=engine,
            ledger=SimpleNamespace(followed=lambda _audience: []),
            workspace=SimpleNamespace(audience_key=lambda _audience: KEY),
        )


def test_ids_are_the_hmac_of_what_they_are_of(run):
    """An id is the mark and 20 digits of HMAC-SHA256 under the audience's key, for text of any script."""
    with open_followed(run, "dea"):
        for told in ("overlap|person|P-1", "overlap|Müller|Ж", ""):
            digest = hmac.new(KEY, told.encode(), hashlib.sha256).hexdigest()
            assert run.engine.value("SELECT fusion_opaque('O', $told)", {"told": told}) == f"O-{digest[:20]}"


def test_the_key_is_in_no_statement(run):
    """Neither the key nor what it is padded to stands in the text of a statement or of the macro, and nothing of it is left behind."""
    padded = [bytes(byte ^ pad for byte in KEY.ljust(64, b"\0")) for pad in (0, 0x36, 0x5C)]
    secrets = [text for one in (KEY, *padded) for text in (one.hex().lower(), repr(one)[2:-1])]
    with open_followed(run, "dea"):
        run.engine.run("CREATE TABLE made AS SELECT fusion_opaque('O', 'told') AS id")
        defined = run.engine.value(
            "SELECT macro_definition FROM duckdb_functions() WHERE function_name = 'fusion_opaque'"
        )
        plan = "".join(row[1] for row in run.engine.rows("EXPLAIN SELECT id = fusion_opaque('O', id) FROM made"))
    held = " ".join([*run.engine.texts, defined]).lower()
    assert "fusion_opaque" in held
    assert not [secret for secret in secrets if secret.lower() in held]
    assert not [secret for secret in secrets if secret in plan]
    assert run.engine.value("SELECT getvariable('fusion_inner')") is None
    assert run.engine.value("SELECT getvariable('fusion_outer')") is None

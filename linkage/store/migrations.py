"""The scripts that make the ledger's tables, and bring a ledger of an older version to this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.store.chain import take_over_looks

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

_FIRST = """
CREATE TABLE run (
    run INTEGER PRIMARY KEY, started_at TEXT NOT NULL, finished_at TEXT NOT NULL, base INTEGER NOT NULL,
    releases TEXT NOT NULL, report TEXT NOT NULL
) STRICT;
CREATE TABLE model (
    entity_type TEXT NOT NULL, hash TEXT NOT NULL, created_at TEXT NOT NULL, run INTEGER NOT NULL,
    PRIMARY KEY (entity_type, hash)
) STRICT;
CREATE TABLE approval (
    approval INTEGER PRIMARY KEY, entity_type TEXT NOT NULL, hash TEXT NOT NULL, approved_at TEXT NOT NULL,
    approved_by TEXT NOT NULL, why TEXT NOT NULL
) STRICT;
CREATE TABLE look (
    look INTEGER PRIMARY KEY, looked_at TEXT NOT NULL, looked_by TEXT NOT NULL, audience TEXT NOT NULL, purpose TEXT NOT NULL,
    action TEXT NOT NULL, objects TEXT NOT NULL
) STRICT;
CREATE TABLE judgement (
    judgement INTEGER PRIMARY KEY, entity_type TEXT NOT NULL,
    dataset_a TEXT NOT NULL, key_a TEXT NOT NULL, role_a TEXT NOT NULL,
    dataset_b TEXT NOT NULL, key_b TEXT NOT NULL, role_b TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('match', 'non-match', 'unsure')),
    judged_at TEXT NOT NULL, judged_by TEXT NOT NULL, why TEXT NOT NULL, sight TEXT NOT NULL,
    closed_at TEXT, closed_by TEXT, closed_why TEXT
) STRICT;
"""

# Script n makes version n of version n - 1; the first makes the first version of an empty file. A script that has been
# handed out is never changed: what is new is a script of its own at the end.
MIGRATIONS: tuple[str | Callable[[sqlite3.Connection], None], ...] = (
    _FIRST,
    """
    CREATE TABLE pruned (
        audience TEXT NOT NULL, sequence INTEGER NOT NULL, pruned_at TEXT NOT NULL, pruned_by TEXT NOT NULL,
        bytes INTEGER NOT NULL, PRIMARY KEY (audience, sequence)
    ) STRICT;
    """,
    """
    CREATE TABLE judgement_sample (
        judgement INTEGER PRIMARY KEY, sample TEXT NOT NULL, stratum INTEGER NOT NULL, stratum_pairs INTEGER NOT NULL
    ) STRICT;
    """,
    """
    CREATE TABLE restored (
        restored INTEGER PRIMARY KEY, restored_at TEXT NOT NULL, saved_at TEXT NOT NULL, mark TEXT NOT NULL
    ) STRICT;
    """,
    """
    CREATE TABLE agreement (
        version INTEGER PRIMARY KEY, run INTEGER NOT NULL, recorded_at TEXT NOT NULL, recorded_by TEXT NOT NULL, content TEXT NOT NULL
    ) STRICT;
    """,
    take_over_looks,
    """
    CREATE TABLE purge (
        purge INTEGER PRIMARY KEY, started_at TEXT NOT NULL, started_by TEXT NOT NULL, why TEXT NOT NULL, scope TEXT NOT NULL,
        run INTEGER NOT NULL, finished_at TEXT, outcome TEXT
    ) STRICT;
    CREATE TABLE revalidation (
        revalidation INTEGER PRIMARY KEY, dataset TEXT NOT NULL, key TEXT, validated_at TEXT NOT NULL, validated_by TEXT NOT NULL,
        why TEXT NOT NULL
    ) STRICT;
    """,
    """
    CREATE TABLE followed (
        entry INTEGER PRIMARY KEY, audience TEXT NOT NULL, id TEXT NOT NULL, status TEXT NOT NULL, assignee TEXT,
        agencies TEXT NOT NULL, followed_at TEXT NOT NULL, followed_by TEXT NOT NULL, why TEXT NOT NULL
    ) STRICT;
    CREATE TABLE notice (
        notice INTEGER PRIMARY KEY, audience TEXT NOT NULL, id TEXT NOT NULL, agency TEXT NOT NULL, noticed_at TEXT NOT NULL,
        noticed_by TEXT NOT NULL
    ) STRICT;
    """,
)
VERSION = len(MIGRATIONS)

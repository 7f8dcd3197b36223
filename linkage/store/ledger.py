"""The ledger: one SQLite file with runs, releases, models, approvals, judgements, agreements and the audit.

Rows are added, never rewritten; undoing a judgement fills the columns that close it, once. A ledger of an older version
is brought to this one by `MIGRATIONS` when it is opened; the old file is kept beside it.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from linkage.store.chain import CHANGE, LOOK, SELECT_ROWS, Entry, Row, append, to_row
from linkage.store.entries import Agreed, Approval, Approved, Followed, Listed, Look, Notice, Pruned, Release, RunRow
from linkage.store.judgements import Judgements
from linkage.store.purges import Purges

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARK_BYTES = 16


class Ledger(Judgements, Purges):
    """Access to the ledger file; reads and adds rows."""

    def runs(self) -> list[RunRow]:
        """Return all finished runs, oldest first."""
        rows = self._rows("SELECT run, started_at, finished_at, base, releases, report FROM run ORDER BY run")
        return [
            RunRow(
                run,
                started,
                finished,
                base,
                tuple(Release(**entry) for entry in json.loads(releases)),
                json.loads(report),
            )
            for run, started, finished, base, releases, report in rows
        ]

    def last_run(self) -> RunRow | None:
        """Return the last finished run, if there is one."""
        runs = self.runs()
        return runs[-1] if runs else None

    def last_sequence(self, audience: str) -> int:
        """Return the number of an audience's last release, 0 where it has none yet; a run may hold one back."""
        # Sequences only grow, so the last run that has one tells it; the reports are not read.
        for (releases,) in self._rows("SELECT releases FROM run ORDER BY run DESC"):
            for entry in json.loads(releases):
                if entry["audience"] == audience:
                    return int(entry["sequence"])
        return 0

    def add_restored(self, restored_at: str, saved_at: str) -> None:
        """Write that this ledger was restored, with a mark of its own for the ids that are made from now on."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO restored (restored_at, saved_at, mark) VALUES (?, ?, ?)",
                (restored_at, saved_at, secrets.token_hex(_MARK_BYTES)),
            )

    def mark(self) -> str:
        """Return what ids made now are marked with beside their release: the last restore's mark, empty without one.

        A restored workspace does not know which releases followed its backup, so it may give their numbers again; with the
        mark no id that it makes can be one of theirs.
        """
        rows = self._rows("SELECT mark FROM restored ORDER BY restored DESC LIMIT 1")
        return str(rows[0][0]) if rows else ""

    def pruned(self) -> dict[Release, Pruned]:
        """Return the releases whose files were removed."""
        rows = self._rows(
            "SELECT audience, sequence, pruned_at, pruned_by, bytes FROM pruned ORDER BY audience, sequence"
        )
        return {
            Release(audience, sequence): Pruned(Release(audience, sequence), at, by, size)
            for audience, sequence, at, by, size in rows
        }

    def kept_releases(self) -> list[Release]:
        """Return the releases that should be on disk, by audience and sequence."""
        pruned = self.pruned()
        releases = {release for row in self.runs() for release in row.releases if release not in pruned}
        return sorted(releases, key=lambda release: (release.audience, release.sequence))

    def prune(self, entries: Sequence[Pruned]) -> None:
        """Write that releases are pruned, all at once; their files may go then."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO pruned VALUES (?, ?, ?, ?, ?)",
                [
                    (entry.release.audience, entry.release.sequence, entry.pruned_at, entry.pruned_by, entry.bytes)
                    for entry in entries
                ],
            )
            if entries:
                told = tuple(f"{entry.release.audience}/{entry.release.sequence}" for entry in entries)
                append(connection, Entry(entries[0].pruned_at, CHANGE, "prune", entries[0].pruned_by, objects=told))

    def agreements(self) -> list[Agreed]:
        """Return all versions of what is agreed, oldest first."""
        rows = self._rows("SELECT version, run, recorded_at, recorded_by, content FROM agreement ORDER BY version")
        return [Agreed(*row) for row in rows]

    def add_run(self, row: RunRow, approvals: Sequence[Approval] = (), agreed: tuple[str, str] | None = None) -> None:
        """Publish: the base and the releases of this row become the current ones, and its models approved, all at once.

        `agreed` is by whom and what: a new version of what is agreed, where it is another than the last.
        """
        releases = json.dumps([asdict(release) for release in row.releases])
        with self._transaction() as connection:
            for entry in approvals:
                model = (entry.entity_type, entry.model_hash)
                connection.execute("INSERT OR IGNORE INTO model VALUES (?, ?, ?, ?)", (*model, row.started_at, row.run))
                connection.execute(
                    "INSERT INTO approval (entity_type, hash, approved_at, approved_by, why) VALUES (?, ?, ?, ?, ?)",
                    (*model, row.started_at, entry.approved_by, entry.why),
                )
                told = ("/".join(model),)
                append(connection, Entry(row.started_at, CHANGE, "approve", entry.approved_by, objects=told))
            if agreed is not None:
                last = connection.execute("SELECT content FROM agreement ORDER BY version DESC LIMIT 1").fetchone()
                if last is None or last[0] != agreed[1]:
                    connection.execute(
                        "INSERT INTO agreement (run, recorded_at, recorded_by, content) VALUES (?, ?, ?, ?)",
                        (row.run, row.finished_at, *agreed),
                    )
            connection.execute(
                "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?)",
                (row.run, row.started_at, row.finished_at, row.base, releases, json.dumps(row.report, sort_keys=True)),
            )
            objects = (f"run {row.run}", *(f"{release.audience}/{release.sequence}" for release in row.releases))
            append(connection, Entry(row.finished_at, CHANGE, "release", agreed[0] if agreed else "", objects=objects))

    def add_model(self, entity_type: str, model_hash: str, created_at: str, run: int) -> None:
        """List a model that a run has trained; listing it again changes nothing."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO model VALUES (?, ?, ?, ?)", (entity_type, model_hash, created_at, run)
            )

    def approve(self, entity_type: str, model_hash: str, approved_at: str, approved_by: str, why: str) -> None:
        """Make a listed model the one that runs use."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO approval (entity_type, hash, approved_at, approved_by, why) VALUES (?, ?, ?, ?, ?)",
                (entity_type, model_hash, approved_at, approved_by, why),
            )
            told = (f"{entity_type}/{model_hash}",)
            append(connection, Entry(approved_at, CHANGE, "approve", approved_by, objects=told))

    def approved_model(self, entity_type: str) -> str | None:
        """Return the hash of the approved model of a type, if there is one."""
        rows = self._rows(
            "SELECT hash FROM approval WHERE entity_type = ? ORDER BY approval DESC LIMIT 1", (entity_type,)
        )
        return rows[0][0] if rows else None

    def models(self) -> list[tuple[str, str, str]]:
        """Return (type, hash, created at) of every listed model, oldest first."""
        return [
            (a, b, c)
            for a, b, c in self._rows(
                "SELECT entity_type, hash, created_at FROM model ORDER BY created_at, entity_type, hash"
            )
        ]

    def listed(self) -> list[Listed]:
        """Return every listed model, by type, then the oldest first."""
        rows = self._rows("SELECT entity_type, hash, created_at, run FROM model ORDER BY entity_type, created_at, hash")
        return [Listed(*row) for row in rows]

    def approvals(self) -> list[Approved]:
        """Return all approvals, oldest first."""
        rows = self._rows("SELECT entity_type, hash, approved_at, approved_by, why FROM approval ORDER BY approval")
        return [Approved(*row) for row in rows]

    def look(self, look: Look, *, asked: str | None = None, asked_hash: str | None = None) -> None:
        """Add one look to the audit; what was asked for stands beside it, its keyed hash in it."""
        entry = Entry(
            look.looked_at,
            LOOK,
            look.action,
            look.looked_by,
            look.agency,
            look.audience,
            look.release,
            look.purpose,
            look.objects,
            asked=asked_hash,
        )
        with self._transaction() as connection:
            append(connection, entry, asked)

    def looks(self) -> list[Look]:
        """Return all looks, oldest first."""
        return [
            Look(one.at, one.by, one.audience, one.purpose, one.action, one.objects, one.agency, one.release)
            for one in (row.entry for row in self.audit())
            if one.kind == LOOK
        ]

    def record(self, entry: Entry) -> None:
        """Add a row to the audit."""
        with self._transaction() as connection:
            append(connection, entry)

    def record_asked(self, entry: Entry, asked: str, asked_hash: str) -> None:
        """Add a row to the audit, with what was asked for beside it."""
        with self._transaction() as connection:
            append(connection, replace(entry, asked=asked_hash), asked)

    def audit(self) -> list[Row]:
        """Return the whole audit, oldest first, as it stands: `linkage.sharing.audit` verifies it."""
        return [to_row(row) for row in self._rows(SELECT_ROWS)]

    def asked(self) -> dict[int, str]:
        """Return what was asked for, by the number of the audit's row, as far as it was not purged."""
        return dict(self._rows("SELECT number, content FROM asked ORDER BY number"))

    def follow(self, entries: Sequence[Followed], notices: Sequence[Notice] = ()) -> None:
        """Add what became of overlaps and leads, and the notices that were given, all or none."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO followed (audience, id, status, assignee, agencies, followed_at, followed_by, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        one.audience,
                        one.id,
                        one.status,
                        one.assignee,
                        json.dumps(one.agencies),
                        one.followed_at,
                        one.followed_by,
                        one.why,
                    )
                    for one in entries
                ],
            )
            connection.executemany(
                "INSERT INTO notice (audience, id, agency, noticed_at, noticed_by) VALUES (?, ?, ?, ?, ?)",
                [(one.audience, one.id, one.agency, one.noticed_at, one.noticed_by) for one in notices],
            )

    def followed(self, audience: str) -> list[Followed]:
        """Return what became of the overlaps and leads of an audience, oldest first."""
        rows = self._rows(
            "SELECT audience, id, status, agencies, followed_at, followed_by, why, assignee, entry FROM followed WHERE audience = ? ORDER BY entry",
            (audience,),
        )
        return [Followed(a, i, s, tuple(json.loads(agencies)), *rest) for a, i, s, agencies, *rest in rows]

    def notices(self, audience: str) -> list[Notice]:
        """Return the notices of an audience's overlaps, oldest first."""
        rows = self._rows(
            "SELECT audience, id, agency, noticed_at, noticed_by FROM notice WHERE audience = ? ORDER BY notice",
            (audience,),
        )
        return [Notice(*row) for row in rows]

"""Purges and re-validations in the ledger, and what a purge takes out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.store.chain import CHANGE, Entry, append
from linkage.store.file import LedgerFile

if TYPE_CHECKING:
    from collections.abc import Sequence


class Purges(LedgerFile):
    """Adds what was purged and re-validated, and forgets words and values."""

    def open_purges(self) -> list[tuple[int, int]]:
        """Return (purge, the run that makes it) of the purges that were begun and not finished."""
        return [(int(a), int(b)) for a, b in self._rows("SELECT purge, run FROM purge WHERE finished_at IS NULL")]

    def begin_purge(self, started_at: str, by: str, why: str, scope: str, run: int) -> int:
        """Write that a purge begins; return its number. `scope` names datasets and keyed hashes, no key."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO purge (started_at, started_by, why, scope, run) VALUES (?, ?, ?, ?, ?)",
                (started_at, by, why, scope, run),
            )
            number = int(cursor.lastrowid or 0)
            append(connection, Entry(started_at, CHANGE, "purge", by, objects=(f"purge {number}",), outcome="begun"))
        return number

    def end_purge(self, number: int, ended_at: str, by: str, outcome: str) -> None:
        """Write how a purge ended: done, or refused (nothing went)."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE purge SET finished_at = ?, outcome = ? WHERE purge = ? AND finished_at IS NULL",
                (ended_at, outcome, number),
            )
            append(connection, Entry(ended_at, CHANGE, "purge", by, objects=(f"purge {number}",), outcome=outcome))

    def forget_words(self, entries: Sequence[int]) -> None:
        """Drop why, and for whom, overlaps and leads were followed in these entries; what became of them stays."""
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE followed SET why = 'purged', assignee = CASE WHEN assignee IS NOT NULL THEN 'purged' END WHERE entry = ?",
                [(entry,) for entry in entries],
            )

    def forget_asked(self, numbers: Sequence[int]) -> None:
        """Delete what was asked for in rows of the audit; their keyed hashes stay in the chain."""
        with self._transaction() as connection:
            connection.executemany("DELETE FROM asked WHERE number = ?", [(number,) for number in numbers])

    def revalidate(self, records: Sequence[tuple[str, str | None]], at: str, by: str, why: str) -> None:
        """Write that records (dataset and key; None: the whole dataset) were looked at again and may stay."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO revalidation (dataset, key, validated_at, validated_by, why) VALUES (?, ?, ?, ?, ?)",
                [(dataset, key, at, by, why) for dataset, key in records],
            )
            told = tuple(sorted({dataset for dataset, _ in records}))
            append(connection, Entry(at, CHANGE, "revalidate", by, objects=(*told, f"{len(records)} entries")))

    def validated(self) -> list[tuple[str, str | None, str]]:
        """Return dataset, key (None: the whole dataset) and the day of the last time it was validated."""
        rows = self._rows(
            "SELECT dataset, key, max(validated_at) FROM revalidation GROUP BY dataset, key ORDER BY 1, 2"
        )
        return [(dataset, key, at[:10]) for dataset, key, at in rows]

    def forget_validated(self, records: Sequence[tuple[str, str]]) -> None:
        """Delete the re-validations of single records that are purged."""
        with self._transaction() as connection:
            connection.executemany("DELETE FROM revalidation WHERE dataset = ? AND key = ?", list(records))

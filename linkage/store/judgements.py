"""The judgements in the ledger: what stewards said of pairs of records, and what of it was undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.store.chain import CHANGE, Entry, append
from linkage.store.entries import Drawn, Judged, Judgement
from linkage.store.file import LedgerFile

if TYPE_CHECKING:
    from collections.abc import Sequence


class Judgements(LedgerFile):
    """Adds judgements, undoes and reads them."""

    def judge(self, judgement: Judgement, judged_at: str) -> int:
        """Add a judgement on two records and return its number; the next run applies it."""
        return self.judge_all([judgement], judged_at)[0]

    def judge_all(self, judgements: Sequence[Judgement], judged_at: str) -> list[int]:
        """Add judgements, all or none, and return their numbers."""
        numbers = []
        with self._transaction() as connection:
            for one in judgements:
                a, b = sorted((one.a, one.b))
                cursor = connection.execute(
                    "INSERT INTO judgement (entity_type, dataset_a, key_a, role_a, dataset_b, key_b, role_b, verdict, "
                    "judged_at, judged_by, why, sight) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (one.entity_type, *a, *b, one.verdict, judged_at, one.judged_by, one.why, one.sight),
                )
                number = int(cursor.lastrowid or 0)
                if one.drawn is not None:
                    connection.execute(
                        "INSERT INTO judgement_sample VALUES (?, ?, ?, ?)",
                        (number, one.drawn.sample, one.drawn.stratum, one.drawn.stratum_pairs),
                    )
                numbers.append(number)
                told = (f"judgement {number}",)
                append(connection, Entry(judged_at, CHANGE, "judge", one.judged_by, audience=one.sight, objects=told))
        return numbers

    def undo(self, number: int, closed_at: str, closed_by: str, why: str) -> bool:
        """Close an open judgement; return False where no judgement of that number is open."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "UPDATE judgement SET closed_at = ?, closed_by = ?, closed_why = ? WHERE judgement = ? AND closed_at IS NULL",
                (closed_at, closed_by, why, number),
            )
            if cursor.rowcount == 1:
                told = (f"judgement {number}",)
                append(connection, Entry(closed_at, CHANGE, "undo", closed_by, objects=told))
            return cursor.rowcount == 1

    def undo_all(self, numbers: Sequence[int], closed_at: str, closed_by: str, why: str) -> list[int]:
        """Close those of several judgements that are open, all at once; return their numbers."""
        closed = []
        with self._transaction() as connection:
            for number in numbers:
                cursor = connection.execute(
                    "UPDATE judgement SET closed_at = ?, closed_by = ?, closed_why = ? WHERE judgement = ? AND closed_at IS NULL",
                    (closed_at, closed_by, why, number),
                )
                closed += [number] * cursor.rowcount
            if closed:
                told = tuple(f"judgement {number}" for number in closed)
                append(connection, Entry(closed_at, CHANGE, "undo", closed_by, objects=told))
        return closed

    def judgements(self) -> list[Judged]:
        """Return all judgements ever made, closed ones too, oldest first."""
        rows = self._rows(
            "SELECT judgement.judgement, entity_type, dataset_a, key_a, role_a, dataset_b, key_b, role_b, verdict, judged_by, "
            "why, sight, judged_at, closed_at, closed_by, closed_why, sample, stratum, stratum_pairs FROM judgement "
            "LEFT JOIN judgement_sample ON judgement_sample.judgement = judgement.judgement ORDER BY judgement.judgement"
        )
        found = []
        for number, kind, *rest in rows:
            a, b = tuple(rest[0:3]), tuple(rest[3:6])
            verdict, by, why, sight, judged_at, closed_at, closed_by, closed_why, *drawn = rest[6:]
            sampled = None if drawn[0] is None else Drawn(*drawn)
            entry = Judgement(kind, a, b, verdict, by, why, sight, sampled)
            found.append(Judged(number, entry, judged_at, closed_at, closed_by, closed_why))
        return found

    def open_judgements(self, entity_type: str, sights: Sequence[str] | None) -> list[tuple[Any, ...]]:
        """Return (judgement, dataset_a, key_a, role_a, dataset_b, key_b, role_b, verdict) of what is not undone.

        `sights` are the audiences in whose view a judgement was made: an audience applies those made in its own view
        (others may rest on records that it must not see); None: all, for the centre.
        """
        rows = self._rows(
            "SELECT judgement, dataset_a, key_a, role_a, dataset_b, key_b, role_b, verdict, sight FROM judgement "
            "WHERE entity_type = ? AND closed_at IS NULL AND verdict <> 'unsure' ORDER BY judgement",
            (entity_type,),
        )
        return [row[:-1] for row in rows if sights is None or row[-1] in sights]

    def bury_judgement(self, number: int, a: Sequence[str], b: Sequence[str]) -> None:
        """Put keyed hashes in the place of the records of a judgement, and drop its reasons; it applies to nothing any more."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE judgement SET dataset_a = ?, key_a = ?, role_a = ?, dataset_b = ?, key_b = ?, role_b = ?, why = 'purged', "
                "closed_at = coalesce(closed_at, judged_at), closed_by = coalesce(closed_by, 'purge'), closed_why = 'purged' WHERE judgement = ?",
                (*a, *b, number),
            )

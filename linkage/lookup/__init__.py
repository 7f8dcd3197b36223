"""Lookup: a record, or thousands, against the current release of an audience; nothing changes but the audit of looks.

`index.py` writes what a lookup reads, `session.py` holds it open and answers, `asked.py` reads what is asked.
"""

from __future__ import annotations

from linkage.lookup.session import Session

__all__ = ["Session"]

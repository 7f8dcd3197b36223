"""Which value of an identity survives: pure functions on Arrow columns, one row a record, in the order of identities.

`told` turns a column into values by record; `survivors` chooses the value of each identity by a rule, and lists its
distinct values; `fullest` chooses the record whose parts (of a name, of an address) stand beside the chosen whole.
"""

from __future__ import annotations

from linkage.survivorship.choose import RULES, Told, days, distinct_values, fullest, survivors, taken, told

__all__ = ["RULES", "Told", "days", "distinct_values", "fullest", "survivors", "taken", "told"]

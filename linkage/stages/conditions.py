"""The structured conditions of source settings as SQL with parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.engine.sql import quote

if TYPE_CHECKING:
    from linkage.config.source import Condition


def condition_sql(condition: Condition, prefix: str = "when") -> tuple[str, dict[str, Any]]:
    """Return a boolean SQL expression (never NULL) over the condition's column, and its parameters."""
    text = f"trim({quote(condition.column)})"
    if condition.present is not None:
        test = "IS NOT NULL" if condition.present else "IS NULL"
        return f"(nullif({text}, '') {test})", {}
    if condition.equals is not None:
        return f"coalesce({text} = ${prefix}_value, FALSE)", {f"{prefix}_value": condition.equals}
    return f"coalesce(list_contains(${prefix}_values, {text}), FALSE)", {f"{prefix}_values": list(condition.in_ or ())}

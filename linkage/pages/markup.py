"""The one way in which text becomes markup: whatever is not `Html` already is cleaned and escaped."""

from __future__ import annotations

import html
import re

VALUE_MAX = 2000
"""Characters of one value that a page shows; the rest is counted, not shown."""

# Control characters, lone surrogates, non-characters, and marks that turn the direction of text or cannot be seen: two
# values that differ must not look the same, and none may reorder the words around it.
_UNSHOWN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_VOID = {"meta"}


class Html(str):
    """Markup that is safe to write as it is. Joining it to plain text gives plain text again, which is escaped."""

    __slots__ = ()


def shown(value: object) -> str:
    """Return a value as text that can be shown: unseen characters replaced, very long ones cut with a note."""
    text = _UNSHOWN.sub("\ufffd", str(value))
    if len(text) > VALUE_MAX:
        return f"{text[:VALUE_MAX]}… ({len(text) - VALUE_MAX:,} more characters)"
    return text


def safe(value: object) -> Html:
    """Return a value as markup: `Html` as it is, anything else cleaned and escaped."""
    if isinstance(value, Html):
        return value
    return Html(html.escape(shown(value), quote=True))


def join(parts: list[Html] | tuple[Html, ...]) -> Html:
    """Return pieces of markup one after the other."""
    return Html("".join(safe(part) for part in parts))


def tag(element: str, /, *children: object, **attributes: object) -> Html:
    """Return an element. `class_` is written as class and `text_anchor` as text-anchor; an attribute of None is left out."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{safe(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if element in _VOID:
        return Html(f"<{element}{told}>")
    return Html(f"<{element}{told}>{''.join(safe(child) for child in children)}</{element}>")

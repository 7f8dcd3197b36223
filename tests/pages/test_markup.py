"""Text becomes markup in one way only: cleaned and escaped."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from linkage.pages.markup import VALUE_MAX, Html, join, safe, shown, tag


def test_plain_text_is_escaped_and_markup_is_not_escaped_again():
    """Text is escaped once, wherever it stands; markup passes as it is."""
    inner = tag("b", "a<b & 'c'", title='"x"')
    assert inner == '<b title="&quot;x&quot;">a&lt;b &amp; &#x27;c&#x27;</b>'
    assert tag("p", inner, " <i>") == f"<p>{inner} &lt;i&gt;</p>"
    assert join([Html("<i>"), "<i>"]) == "<i>&lt;i&gt;"


def test_markup_joined_to_text_is_text_again():
    """Nothing becomes markup by being added to markup."""
    assert safe(Html("<b>") + "<i>") == "&lt;b&gt;&lt;i&gt;"
    assert safe(f"{Html('<b>')}") == "&lt;b&gt;"


def test_attributes_are_named_as_in_html():
    """Underscores become hyphens, a last one is dropped, and None writes nothing."""
    assert tag("text", class_="x", text_anchor="end", role=None) == '<text class="x" text-anchor="end"></text>'
    assert tag("meta", charset="utf-8", name="a") == '<meta charset="utf-8" name="a">'


def test_unseen_characters_are_shown_as_such():
    """Control characters, surrogates and marks of direction are replaced; letters of every script stay."""
    assert shown("a\x00\x1b\u202e\u2066\u200f\u200b\ud800\ufeffb") == "a" + "\ufffd" * 8 + "b"
    assert shown("Łódź 漢字 محمد\tx") == "Łódź 漢字 محمد\tx"


def test_long_values_are_cut_with_a_note():
    """A value beyond the bound says how much of it is missing."""
    assert shown("x" * VALUE_MAX) == "x" * VALUE_MAX
    assert shown("x" * (VALUE_MAX + 1500)) == "x" * VALUE_MAX + "… (1,500 more characters)"


@given(st.text(st.characters(), max_size=60))
def test_no_text_can_open_or_end_anything(text):
    """Whatever the text, it holds no angle bracket and no quote, and can be written as UTF-8."""
    found = safe(text)
    assert not set("<>\"'") & set(found)
    assert found.encode("utf-8").decode("utf-8") == found

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from interact_cli.safe_text import safe_text


def test_ordinary_text_is_untouched():
    assert safe_text("Größe 3 × 4 → ok [/red] 日本") == "Größe 3 × 4 → ok [/red] 日本"


def test_control_and_bidi_characters_become_visible():
    assert safe_text("a\x1b[31mb") == "a\\x1b[31mb"
    assert safe_text("a\nb\rc\x07\x9b") == "a\\nb\\rc\\x07\\x9b"
    assert safe_text("\u202eevil\u2066\u2069\u2028") == "\\u202eevil\\u2066\\u2069\\u2028"
    assert safe_text("\udcff") == "\\udcff"


def test_long_text_is_cut_and_says_so():
    assert safe_text("x" * 1000, limit=4) == "xxxx… (1000 characters)"


def test_nested_containers_cost_nothing():
    wide: object = "x"
    for _level in range(200):
        wide = [wide] * 10
    assert len(safe_text(wide)) < 1000
    deep: object = "x"
    for _level in range(100_000):
        deep = [deep]
    assert len(safe_text({"a": deep})) < 1000
    assert safe_text([1, "a", None]) == "[1, 'a', None]"


def test_foreign_objects_show_their_type():
    class Loud:
        def __repr__(self):
            raise RuntimeError("never asked")

    assert safe_text([Loud()]) == "[<Loud>]"
    assert safe_text(Loud()) == "<Loud>"
    assert safe_text(ValueError("a\nb")) == "a\\nb"


def test_anything_is_accepted():
    assert safe_text(None) == "None"
    assert safe_text(b"\x00") == "b'\\x00'"


@given(st.text(st.characters(), max_size=60))
def test_never_invisible_and_always_encodable(text: str):
    shown = safe_text(text)
    shown.encode("utf-8")
    assert all(unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in shown)
    assert len(shown.splitlines()) <= 1

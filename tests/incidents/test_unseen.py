"""Characters that are not seen are shown by their numbers; what honest text needs of them stays."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conflictts.incidents.unseen import set_apart, visible

SHOWN = [
    *range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0x206A, 0x2070),  # directions, and old controls of format
    *range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0),  # C0, but for the tab and the end of a line, and C1
    0xAD, 0x34F, 0x115F, 0x180E, 0x200B, 0x2028, 0x2029, 0x2060, 0x2064, 0x3164, 0xD800, 0xFEFF, 0xFFA0, 0xFFF9, 0xFFFB,
    0xE0001, 0xE0041, 0xE007F,
]  # fmt: skip
MARKS = [0x61C, 0x200C, 0x200D, 0x200E, 0x200F]
STAYS = [
    pytest.param("حي 12 الشرقي، إدلب", id="Arabic"),
    pytest.param("می\u200cخواهم", id="Persian with its joiner"),
    pytest.param("کوردی\u200c، ‏ سەرەکی", id="Kurdish, and a mark"),
    pytest.param("क्\u200dष", id="Hindi"),
    pytest.param("(C++)\u200e في إدلب", id="a mark beside Latin letters in Arabic"),
    pytest.param("\U0001f468\u200d\U0001f469", id="a picture of two"),
    pytest.param("Île-d’Yeu\u00a0: “São Paulo” – 1\u202f284\t…\nŽ ⟨a⟩", id="what print is made of"),
    pytest.param("", id="nothing"),
]


@pytest.mark.parametrize("code", SHOWN, ids="{:04X}".format)
@pytest.mark.parametrize("name", ["Idlib{}abc", "إدلب{}"])
def test_what_is_not_seen_is_shown_by_its_number(code, name):
    assert visible(name.format(chr(code))) == name.format(f"⟨U+{code:04X}⟩")


@pytest.mark.parametrize("code", MARKS, ids="{:04X}".format)
def test_marks_are_shown_where_no_letter_needs_them(code):
    assert visible(f"Idlib{chr(code)}") == f"Idlib⟨U+{code:04X}⟩"
    assert visible(f"إدلب{chr(code)}") == f"إدلب{chr(code)}"


@pytest.mark.parametrize("text", STAYS)
def test_honest_text_stays(text):
    assert visible(text) == text


def test_an_end_of_line_in_two_characters_is_one():
    assert visible("a\r\nb\rc") == "a\nb⟨U+000D⟩c"


@given(st.text(st.characters(codec="utf-8")))
def test_no_control_is_left_and_shown_text_stays(text):
    shown = visible(text)
    assert visible(shown) == shown
    assert not [each for each in shown if unicodedata.category(each) == "Cc" and each not in "\t\n"]
    assert not [each for each in shown if unicodedata.bidirectional(each) in ("LRO", "RLO", "LRE", "RLE", "PDF")]
    assert not [each for each in shown if unicodedata.bidirectional(each) in ("LRI", "RLI", "FSI", "PDI")]


APART = [
    pytest.param("in إدلب, 12 killed", "in [إدلب], 12 killed", id="a number after a name"),
    pytest.param("حي 12 الشرقي · 1 Jan", "[حي 12 الشرقي] · 1 Jan", id="a number within one"),
    pytest.param("إدلب: 12, حلب: 3", "[إدلب]: 12, [حلب]: 3", id="two names with their numbers"),
    pytest.param("می\u200cخواهم\u200f, 3", "[می\u200cخواهم\u200f], 3", id="joiner and mark"),
    pytest.param("حي 12", "[حي 12]", id="a number that ends a name"),
    pytest.param("حي 12 killed", "[حي] 12 killed", id="one that may be a count"),
    pytest.param("تل-אביב", "[تل-אביב]", id="two scripts of one direction"),
    pytest.param("Idlib 12", "Idlib 12", id="none"),
]


@pytest.mark.parametrize(("text", "expected"), APART)
def test_names_from_right_to_left_are_set_apart(text, expected):
    assert set_apart(text, "[", "]") == expected
    assert set_apart(set_apart(text)) == set_apart(text)
    assert visible(set_apart(text)) == set_apart(text)

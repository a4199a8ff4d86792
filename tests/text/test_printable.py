"""Text from others as it is shown: nothing of it that a terminal would obey or not show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.text.printable import cut, printable, printable_lines

ODD = ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\x9b", "\xa0", "\xad", "\u200b", "\u202e"]
ODD += ["\u2028", "\u2029", "\u2066", "\ufeff", "\ud800", "\udc9b", "\ue000", "\U000e0001"]


@pytest.mark.parametrize("character", ODD, ids=ascii)
def test_what_is_not_printable_is_escaped(character):
    for shown in (printable, printable_lines, cut):
        text = shown(f"a{character}b")
        assert text.isprintable()
        assert "a\\" in text


@pytest.mark.parametrize("text", ["Käfer/图 1.jpg", "[red]a[/]", ":smile:", "a\\b", "π ≤ 3", ""])
def test_what_is_printable_stays(text):
    assert (printable(text), printable_lines(text), cut(text)) == (text, text, text)


def test_escapes_are_short_and_known():
    assert printable_lines("\x1b[31m\t\r\x9b\u202e\udc9b") == r"\x1b[31m\t\r\x9b\u202e\x9b"


@given(st.text())
def test_lines_stay_lines_and_names_do_not_make_any(text):
    assert printable(text).isprintable()
    shown = printable_lines(text)
    assert shown.count("\n") == text.count("\n")
    assert shown.replace("\n", "").isprintable()


def test_a_long_text_is_cut_to_its_beginning():
    assert cut("x" * 81) == "x" * 80 + "…"
    assert len(cut("\x1b" * 10**6)) < 1000

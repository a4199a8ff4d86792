"""Tables on terminals of any width: what is shown is whole, and what is not is named."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bsgrow.cli import console, terminal
from bsgrow.cli.table import Column, FittedTable, figures

COLUMNS = (
    Column("epochs"),
    Column("batch", right=True),
    Column("lr", right=True, leaves=2),
    Column("momentum", right=True, leaves=1),
    Column("what it is", words=True),
)
ROWS = [
    ("0 – 100", "128", "0.1 → 0.05", "0.9", "the run as published, in a few words"),
    ("100 – 133.3", "65536", "0.09999 → 1.668e-08", "0.9", "the rest"),
]


def table(columns=COLUMNS, rows=ROWS, **options):
    made = FittedTable(columns, **options)
    for row in rows:
        made.add_row(*row)
    return made


def shown(made, width, terminal=True):
    stream = io.StringIO()
    options = {"force_terminal": terminal, "no_color": True, "color_system": None}
    page = Console(file=stream, width=width, soft_wrap=True, **options)
    page.print(made)
    return stream.getvalue()


def lines(text):
    return [line.rstrip() for line in text.splitlines()]


def test_all_of_it_where_there_is_room():
    assert lines(shown(table(title="two phases"), 100)) == [
        "two phases",
        "epochs       batch                   lr  momentum  what it is",
        "0 – 100        128           0.1 → 0.05       0.9  the run as published, in a few words",
        "100 – 133.3  65536  0.09999 → 1.668e-08       0.9  the rest",
    ]


def test_words_go_over_several_lines_before_columns_are_left_out():
    text = lines(shown(table(), 76))
    assert text[1].endswith("  the run as published, in")
    assert text[2].strip() == "a few words"
    assert not any("left out" in line for line in text)


@pytest.mark.parametrize(
    ("width", "left_out"), [(68, "momentum"), (60, "lr, momentum"), (44, "lr, momentum")]
)
def test_columns_are_left_out_in_their_order_and_named(width, left_out):
    text = lines(shown(table(), width))
    assert text[-1] == f"left out at {width} columns: {left_out}"
    assert text[1].startswith("0 – 100        128  ")


def test_rows_become_blocks_where_not_even_the_rest_has_room():
    assert lines(shown(table(), 30)) == [
        "epochs 0 – 100",
        "  batch       128",
        "  lr          0.1 → 0.05",
        "  momentum    0.9",
        "  what it is  the run as",
        "              published, in a",
        "              few words",
        "epochs 100 – 133.3",
        "  batch       65536",
        "  lr          0.09999 →",
        "              1.668e-08",
        "  momentum    0.9",
        "  what it is  the rest",
    ]


def test_a_pipe_takes_all_columns_however_wide():
    long = "1" * 70
    text = shown(table(figures("a", "b"), [(long, long)]), 120, terminal=False)
    assert lines(text)[1] == f"{long}  {long}"


CELLS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=24)


@given(
    st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), max_size=4),
    st.lists(st.sampled_from([None, 1, 2, 3]), min_size=4, max_size=4),
    st.integers(50, 130),
)
def test_no_figure_is_cut_or_wrapped(rows, leaves, width):
    columns = [Column(f"column{i}", right=True, leaves=turn) for i, turn in enumerate(leaves)]
    text = shown(table(columns, rows), width)
    words = text.split()
    for i, column in enumerate(columns):
        left_out = f"column{i}" in text.partition("left out at")[2]
        assert left_out <= (column.leaves is not None)
        for row in rows:
            assert left_out or not row[i] or row[i] in words
    assert max(map(len, lines(text))) <= width or "left out" in text


def test_the_width_is_that_of_all_columns():
    assert table().width() == max(map(len, lines(shown(table(), 200))))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_dumb_terminal_is_as_wide_as_it_says(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "30")
    monkeypatch.setenv("TERM", "dumb")
    assert terminal.size_of(Terminal()) == (60, 30)
    monkeypatch.setenv("TERM", "xterm")
    assert terminal.size_of(Terminal()) == (None, None)
    assert terminal.size_of(io.StringIO()) == (120, None)


@pytest.mark.parametrize("is_terminal", [True, False])
def test_sentences_end_lines_between_words_on_a_terminal_alone(monkeypatch, is_terminal):
    stream = io.StringIO()
    monkeypatch.setattr(
        terminal,
        "out",
        Console(file=stream, width=20, force_terminal=is_terminal, color_system=None),
    )
    console.print_words("29142 updates over 200 epochs of 50000 samples [2.68×]")
    expected = ["29142 updates over", "200 epochs of 50000", "samples [2.68×]"]
    assert lines(stream.getvalue()) == (expected if is_terminal else [" ".join(expected)])

"""The page on many processes says what was measured."""

import importlib
import json
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("many_processes_tables")


def test_the_page_has_the_figures_of_the_results(script):
    """After a new measurement: python benchmarks/many_processes_tables.py --write."""
    tables = script.tables(json.loads(script.RESULTS.read_text()))
    page = script.PAGE.read_text()
    assert len(tables) == 6
    assert script.with_tables(page, tables) == page


def test_each_table_takes_the_place_of_the_next_one_with_its_head(script):
    page = "one\n\n| a |\n| - |\n| 1 |\n\ntwo\n\n| a |\n| - |\n\nend\n"
    new = ["| a |\n| - |\n| 2 |\n| 3 |", "| a |\n| - |\n| 4 |"]
    assert script.with_tables(page, new) == f"one\n\n{new[0]}\n\ntwo\n\n{new[1]}\n\nend\n"

"""The fuzz target itself: some cases of each kind, and that both outcomes are reached."""

import random

import pytest

from tests.fuzz.fuzz_texts import CASES, main


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_damaged_texts_are_read_or_refused(tmp_path, case):
    read = [case(tmp_path, random.Random(seed)) for seed in range(40)]
    assert 1 < sum(read) < 39


def test_it_runs(capsys):
    assert main(0.1) >= len(CASES)
    assert "no findings" in capsys.readouterr().out

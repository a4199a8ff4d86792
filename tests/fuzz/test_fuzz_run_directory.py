"""The fuzz target itself: some cases of each kind, and that both outcomes are reached."""

import random
import warnings

import pytest

from tests.fuzz.fuzz_run_directory import log_case, main, place_case, summary_case


@pytest.mark.parametrize("case", [log_case, summary_case, place_case])
def test_damaged_runs_are_read_or_refused(tmp_path, case):
    read = [case(tmp_path, random.Random(seed)) for seed in range(60)]
    assert 3 < sum(read) < 57


def test_it_runs(capsys):
    with warnings.catch_warnings():
        assert main(0.1) >= 3
    assert "no findings" in capsys.readouterr().out

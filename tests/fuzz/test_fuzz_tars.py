"""The fuzz target itself: a few hundred cases, and that both outcomes are reached."""

import random

from tests.fuzz.fuzz_tars import case, main


def test_damaged_tars_are_read_alike(tmp_path):
    read = [case(tmp_path / "0.tar", random.Random(seed)) for seed in range(400)]
    assert 40 < sum(read) < 360


def test_it_runs_for_the_time_it_is_given(monkeypatch):
    monkeypatch.setenv("FUZZ_SEED", "5")
    assert main(0.1) >= 2

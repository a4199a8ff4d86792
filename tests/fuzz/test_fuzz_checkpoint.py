"""The fuzz target itself: some cases, and that both outcomes are reached."""

import random

from tests.fuzz.fuzz_checkpoint import case, made


def test_odd_checkpoints_are_taken_up_or_refused(tmp_path):
    contents = made(tmp_path / "whole")
    taken = [case(tmp_path, contents, random.Random(seed)) for seed in range(60)]
    assert 1 <= sum(taken) <= 59

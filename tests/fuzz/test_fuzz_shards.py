"""The fuzz targets themselves: a few hundred cases, and that both outcomes are reached."""

import random

from tests.fuzz.fuzz_shards import main, shard_case, tar_case, tars_in


def test_damaged_shards_are_read_or_refused(tmp_path):
    opened = [shard_case(tmp_path, random.Random(seed)) for seed in range(300)]
    assert 10 < sum(opened) < 290


def test_damaged_tars_are_read_or_refused(tmp_path):
    tars = tars_in(tmp_path)
    opened = [tar_case(tmp_path, tars, random.Random(seed)) for seed in range(300)]
    assert 10 < sum(opened) < 290


def test_the_entry_point():
    assert main(0.1) >= 2

"""The fuzz targets themselves: a few hundred cases, and that both outcomes are reached."""

import random
import re

import pytest

from bsgrow.data.encoded.webdataset import WebDatasetSplit
from tests.fuzz.fuzz_shards import main, shard_case, tar_case, tars_in
from tests.fuzz.running import run_for


def test_damaged_shards_are_read_or_refused(tmp_path):
    opened = [shard_case(tmp_path, random.Random(seed)) for seed in range(300)]
    assert 10 < sum(opened) < 290


def test_damaged_tars_are_read_or_refused(tmp_path):
    tars = tars_in(tmp_path)
    opened = [tar_case(tmp_path, tars, random.Random(seed)) for seed in range(300)]
    assert 10 < sum(opened) < 290


def test_a_header_that_the_standard_library_alone_refuses(tmp_path):
    """Seed 968500059: a mode that is no number, under a checksum that happens to be right."""
    (whole, *_) = tars_in(tmp_path)
    header = bytearray(whole[:512])
    mode = header.index(b"644", 100)
    header[mode : mode + 2] = b"&D"  # the sum of "64"
    case = bytes(header) + whole[512:]
    assert tar_case(tmp_path, [case], Unchanged())


def test_a_sample_whose_two_names_are_damaged_is_told_of_and_not_lost(tmp_path):
    """Seed 2283500690 of the gate: image and label of one sample have lost their extensions."""
    (whole, *_) = tars_in(tmp_path)
    case = whole.replace(b"xxx.png", b"xxx\x01png").replace(b"xxx.cls", b"xxx\x01cls")
    names = re.findall(rb"xxx\x01(png|cls)", case)
    assert sorted(set(names)) == [b"cls", b"png"]
    assert tar_case(tmp_path, [case], Unchanged())


def test_a_sample_that_is_lost_without_a_word_is_a_finding(tmp_path, monkeypatch):
    monkeypatch.setattr(WebDatasetSplit, "_say_what_is_left", lambda *_: None)
    (whole, *_) = tars_in(tmp_path)
    case = whole.replace(b"xxx.png", b"xxx\x01png").replace(b"xxx.cls", b"xxx\x01cls")
    with pytest.raises(AssertionError):
        tar_case(tmp_path, [case], Unchanged())


def test_a_tar_that_the_standard_library_gives_up(tmp_path):
    """Seed 2283711740: the header behind a long name is damaged."""
    assert tar_case(tmp_path, tars_in(tmp_path), random.Random(2283711740))


class Unchanged(random.Random):
    """Damages nothing."""

    def randint(self, low, high):
        return 0


def seed_of(output):
    return int(re.search(r"FUZZ_SEED=(\d+)", output)[1])


def test_each_run_tries_other_cases(capsys, monkeypatch):
    monkeypatch.delenv("FUZZ_SEED", raising=False)
    seeds = set()
    for _ in range(2):
        assert main(0.1) >= 2
        seeds.add(seed_of(capsys.readouterr().out))
    assert len(seeds) == 2


def test_a_seed_that_is_told_is_repeated(capsys, monkeypatch):
    monkeypatch.setenv("FUZZ_SEED", "77")
    main(0.1)
    assert seed_of(capsys.readouterr().out) == 77


def test_a_finding_tells_its_seed(capsys):
    tried = []

    def case(rng):
        tried.append(rng.random())
        assert len(tried) < 3

    with pytest.raises(AssertionError):
        run_for(10.0, case, first_seed=5)
    assert seed_of(capsys.readouterr().err) == 7
    assert tried == [random.Random(seed).random() for seed in (5, 6, 7)]

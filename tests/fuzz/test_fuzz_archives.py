"""The fuzz target itself: a few hundred cases, and that both outcomes are reached."""

import random

import pytest

from bsgrow.data.arrays import cifar_binary
from tests.data.cifar_files import Small
from tests.fuzz import fuzz_archives
from tests.fuzz.fuzz_archives import cifar_case, idx_case, main, tars_of


def test_damaged_idx_files_are_read_or_refused(tmp_path):
    read = [idx_case(tmp_path, random.Random(seed)) for seed in range(150)]
    assert 5 < sum(read) < 145


def test_damaged_archives_are_read_or_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar_binary, "_MOST_BESIDE", 1 << 20)
    small = Small("cifar100", tmp_path, num_test=2)
    tars = tars_of(small)
    read = [cifar_case(small, tars, random.Random(seed)) for seed in range(100)]
    assert 5 < sum(read) < 95


def test_too_much_memory_is_a_finding(monkeypatch):
    monkeypatch.setattr(fuzz_archives, "MOST_MEMORY", 1 << 16)
    with pytest.raises(AssertionError):
        fuzz_archives.read_or_refused(lambda: bytes(1 << 17))


def test_it_runs_and_leaves_the_bound_as_it_was(capsys, monkeypatch):
    monkeypatch.setattr(cifar_binary, "_MOST_BESIDE", cifar_binary._MOST_BESIDE)
    assert main(0.1) >= 2
    assert "no findings" in capsys.readouterr().out

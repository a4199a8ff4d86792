"""A plan with a number of processes for each phase, of which each start carries out one."""

import json

import pytest

from tests.e2e.stuck import SETTINGS, finished
from tests.in_process import as_options

SIZES = ("--set", "run.world_sizes=[1, 2, 1]")
NEW = ("train", "digits", "--out", "run", *as_options(SETTINGS))
RESUME = ("train", "--resume", "--out", "run")


def summary(folder):
    return json.loads((folder / "run" / "summary.json").read_text())


def world_size(folder):
    return (folder / "run" / "world_size").read_text()


def test_each_phase_ends_for_the_next(tmp_path_factory):
    grown, alone = (tmp_path_factory.mktemp(name) for name in ("grown", "alone"))
    assert finished(1, alone, *NEW) == [0]
    assert finished(1, grown, *NEW, *SIZES) == [3]
    assert world_size(grown) == "2\n"
    err = (grown / "stderr-0").read_text()
    assert "note: a phase has ended with update " in err
    assert "hint: go on with: torchrun --nproc-per-node 2 -m bsgrow train --resume --out run" in err
    assert finished(1, grown, *RESUME) == [2], "not with 1 again"
    err = (grown / "stderr-0").read_text()
    assert "error: run.world_sizes: planned for 2 processes now, and this run has 1 process" in err
    assert "hint: go on with: torchrun --nproc-per-node 2 -m bsgrow train --resume --out run" in err
    assert finished(2, grown, *RESUME) == [3, 3]
    assert world_size(grown) == "1\n"
    assert finished(1, grown, *RESUME) == [0]
    for key in ("num_updates", "consumed_samples"):
        assert summary(grown)[key] == summary(alone)[key]
    assert summary(grown)["test_loss"] == pytest.approx(summary(alone)["test_loss"], rel=1e-4)


def test_a_new_run_is_refused_before_anything_is_written(tmp_path):
    assert finished(1, tmp_path, *NEW, "--set", "run.world_sizes=[2, 1, 1]") == [2]
    assert not (tmp_path / "run").exists()
    err = (tmp_path / "stderr-0").read_text()
    assert "start it with `torchrun --nproc-per-node 2 -m bsgrow train …`" in err

"""A signal, whatever the main thread is busy with: a run that goes on, an exit code, in time."""

import json
import os
import signal

import pytest

from bsgrow.training.checkpoint.folder import num_updates_of
from tests.e2e.stuck import PLACES, SETTINGS, exit_codes, finished, train, wait_for
from tests.in_process import as_options
from tests.training.processes import started_ranks

NEW = ("train", "digits", "--out", "run", *as_options(SETTINGS))
RESUME = ("train", "--resume", "--out", "run")
CALLS = {"warm-up": 1, "update": 9, "evaluation": 2, "checkpoint": 1}


def weights(folder):
    return json.loads((folder / "run" / "summary.json").read_text())["weights_sha256"]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The weights of a run that nothing happens to, by its number of processes."""
    found = {}
    for world_size in (1, 2):
        folder = tmp_path_factory.mktemp("reference")
        assert finished(world_size, folder, *NEW) == [0] * world_size
        found[world_size] = weights(folder)
    return found


@pytest.mark.parametrize(("world_size", "place"), [(1, "update"), *((2, each) for each in PLACES)])
def test_a_signal_leaves_a_run_that_goes_on(tmp_path, reference, world_size, place):
    """One rank gets it; neither comes to the end of what it does."""
    number = signal.SIGINT if place == "evaluation" else signal.SIGTERM
    alone = world_size == 1
    arguments = (tmp_path, NEW, place, CALLS[place], alone)
    with started_ranks(world_size, train, *arguments) as processes:
        wait_for(tmp_path / "stuck-0")
        os.kill(processes.pids[-1], number)
        assert exit_codes(processes.results()) == [128 + number] * world_size
    err = (tmp_path / "stderr-0").read_text()
    assert "error: stopped " in err
    assert "bsgrow train --resume --out run" in err
    if world_size == 2:
        assert (tmp_path / "stderr-1").read_text() == ""
    kept = {num_updates_of(path) for path in tmp_path.glob("run/checkpoints/*.pt")}
    assert bool(kept) == (place != "warm-up")
    assert finished(world_size, tmp_path, *RESUME) == [0] * world_size
    assert weights(tmp_path) == reference[world_size]

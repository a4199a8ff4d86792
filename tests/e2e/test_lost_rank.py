"""A rank that stands still or is cut off: an error that names it, in time, and no hang."""

import os
import signal
import sys
import time

from bsgrow.training.checkpoint.folder import num_updates_of
from tests.e2e.namespaces import two_hosts
from tests.e2e.stuck import SETTINGS, exit_codes, train
from tests.in_process import as_options
from tests.training.processes import started_ranks

SECONDS = 12
LONG = [
    *SETTINGS,
    "schedule.epochs=1000",
    "schedule.curve.milestones=[900, 950]",
    f"run.timeout_seconds={SECONDS}",
    "run.log_every_seconds=0",
    "run.evaluate_every_epochs=1000",
]
NEW = ("train", "digits", "--out", "run", *as_options(LONG))


def wait_for_text(path, text, seconds=100):
    end = time.monotonic() + seconds
    while not (path.exists() and text in path.read_text()):
        assert time.monotonic() < end, f"{path.name} does not say {text}"
        time.sleep(0.1)


def num_updates_kept(folder):
    (path,) = folder.glob("run/checkpoints/*.pt")
    return num_updates_of(path)


def test_one_that_stands_still_is_named(tmp_path):
    with started_ranks(2, train, tmp_path, NEW) as processes:
        wait_for_text(tmp_path / "run" / "events.jsonl", '"progress"')
        os.kill(processes.pids[1], signal.SIGSTOP)
        wait_for_text(tmp_path / "stderr-0", "hint:")
        os.kill(processes.pids[1], signal.SIGCONT)
        assert exit_codes(processes.results()) == [1, 1]
    err = (tmp_path / "stderr-0").read_text()
    assert "error: rank 1 of 2 does not answer; what rank 1 did last: " in err
    assert num_updates_kept(tmp_path) > 0


def test_two_that_are_cut_off_from_each_other_end(tmp_path):
    """Nobody is told by the network; the one that has no store left says so."""
    command = (sys.executable, "-m", "bsgrow", *NEW)
    with two_hosts("lost") as hosts:
        processes = []
        try:
            for rank, host in enumerate(hosts):
                place = {"RANK": str(rank), "LOCAL_RANK": "0", "WORLD_SIZE": "2"}
                meeting = {"MASTER_ADDR": hosts[0].address, "MASTER_PORT": "29500"}
                with (tmp_path / f"stderr-{rank}").open("w") as err:
                    variables = place | meeting | {"OMP_NUM_THREADS": "1"}
                    processes.append(host.start(command, variables, cwd=tmp_path, stderr=err))
            wait_for_text(tmp_path / "run" / "events.jsonl", '"progress"')
            hosts[1].unplug()
            assert [process.wait(100) for process in processes] == [1, 1]
        finally:
            for process in processes:
                process.kill()
                process.wait()
    assert "rank 1 of 2 does not answer; what rank 1 did last: " in _err(tmp_path, 0)
    assert "rank 1 reaches none of the others, nor the store of the launcher" in _err(tmp_path, 1)
    assert num_updates_kept(tmp_path) > 0


def _err(folder, rank):
    return (folder / f"stderr-{rank}").read_text()

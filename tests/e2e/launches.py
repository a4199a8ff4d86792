"""Runs on several ranks, each a process, started by torchrun or forked, to be killed from here."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.training.processes import SECONDS, started_ranks


def run_command(folder, words):
    """Carry out a command in a process of its own, its output in files; return its exit code.

    Args:
        folder: where; ``out-RANK`` and ``err-RANK`` in it take what the command says.
        words: of the command, without the program's name.
    """
    os.chdir(folder)
    for descriptor, name in ((1, "out"), (2, "err")):
        path = f"{name}-{os.environ['RANK']}"
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    sys.argv = ["bsgrow", *words]
    from bsgrow.cli import main

    try:
        main()
    except SystemExit as ended:
        return ended.code or 0
    return 0


class Forked:
    """Ranks that are there at once, as nothing is imported.

    Attributes:
        launcher: process id of who started them; None where nobody survives it.
    """

    launcher = None

    def __init__(self, processes):
        self._processes = processes

    def ranks(self):
        """Return the process id of each rank that there is."""
        return self._processes.pids

    def is_running(self):
        return any(map(is_alive, self.ranks()))

    def wait(self):
        """Return 0 once all have ended well; where one has not, end the others as torchrun does."""
        code = 0
        for _, result in self._processes.ended():
            if result != 0 and code == 0:
                code = 1
                kill(self.ranks(), signal.SIGTERM)
        return code


class Torchrun:
    """Ranks as a person starts them."""

    def __init__(self, process):
        self._process, self.launcher = process, process.pid

    def ranks(self):
        found = {}
        for path in Path(f"/proc/{self.launcher}/task").glob("*/children"):
            for pid in map(int, _text_of(path).split()):
                if rank := re.search(r"\0RANK=(\d+)", _text_of(Path(f"/proc/{pid}/environ"))):
                    found[int(rank[1])] = pid
        return [found[rank] for rank in sorted(found)]

    def is_running(self):
        return self._process.poll() is None

    def wait(self):
        return self._process.wait(SECONDS)


@contextmanager
def forked(folder, words, world_size=2):
    with started_ranks(world_size, run_command, str(folder), list(words)) as processes:
        yield Forked(processes)


@contextmanager
def by_torchrun(folder, words, world_size=2, options=("--standalone",)):
    torchrun = ["-m", "torch.distributed.run", *options, f"--nproc-per-node={world_size}"]
    with (Path(folder) / "log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, *torchrun, "-m", "bsgrow", *words],
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    launch = Torchrun(process)
    try:
        yield launch
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()


def is_alive(pid):
    """Whether a process is there that has not ended."""
    return _state_of(pid) not in ("Z", "")


def still_there(named):
    """Whether a process that ``name_of`` named is there; another may have its number by now."""
    pid, _ = named
    return is_alive(pid) and name_of(pid) == named


def name_of(pid):
    """Return what tells a process from all others: its number and when it began, in clock ticks."""
    return pid, "".join(_fields_of(pid)[19:20])


def _state_of(pid):
    return "".join(_fields_of(pid)[:1])


def _fields_of(pid):
    """Return what /proc tells of a process behind its name; nothing where it is not there."""
    return _text_of(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()


def wait_until(holds, what, seconds=SECONDS):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.01)


def kill(pids, number=signal.SIGKILL):
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _text_of(path):
    with suppress(OSError):
        return path.read_bytes().decode(errors="replace")
    return ""

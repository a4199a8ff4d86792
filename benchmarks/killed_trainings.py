"""What a training comes to that is killed midway and resumed, for ``unmoved.py``."""

import hashlib
import json
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

TIMED = frozenset(
    {
        *("event", "wall_seconds", "samples_per_second", "seconds_left", "out"),
        *("data_wait_share", "communication_share", "slowest_rank"),
        *("logged_at", "pause_seconds", "pause_updates"),
    }
)
ABOUT = "about"  # what is recorded under it is not compared
STATISTICS = "running statistics"  # and all that is measured with them

_KILLED_AFTER = 0.3  # of the updates
_MEASURED = frozenset({"weights_sha256", "test_accuracy", "test_loss"})  # with these statistics
_PARAMETERS = """
import hashlib, sys, torch
model = torch.load(sys.argv[1], weights_only=True)["model"]
learnt = {name: value for name, value in model.items() if name.endswith(("weight", "bias"))}
digest = hashlib.sha256()
for name in sorted(learnt):
    digest.update(name.encode() + learnt[name].contiguous().numpy().tobytes())
print(digest.hexdigest(), end="")
"""


class Checkout(NamedTuple):
    """A version of bsgrow, with an environment of its own."""

    path: Path

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.path / ".venv/bin/python")

    def command(self, *words: str) -> list[str]:
        """Return a command of it."""
        return [self.python, "-m", "bsgrow", *words]

    def output(self, *words: str) -> bytes:
        """Run a command; return what it prints."""
        return output(self.command(*words), self.path)


def output(command: Sequence[str], folder: Path, given: bytes = b"") -> bytes:
    """Run a command in a folder; return what it prints. Raises with what it says if it fails."""
    run = subprocess.run(command, cwd=folder, input=given, capture_output=True)
    if run.returncode != 0:
        raise RuntimeError(f"{command}: exit code {run.returncode}\n{run.stderr.decode()}")
    return run.stdout


def sha256(content: bytes) -> str:
    """Return a digest, hex."""
    return hashlib.sha256(content).hexdigest()


def events_of(out: Path) -> list[dict[str, Any]]:
    """Return what a run has logged so far, but for a line that is being written."""
    if not (path := out / "events.jsonl").exists():
        return []
    lines = path.read_text().splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def most(events: Sequence[Mapping[str, Any]], kind: str, field: str = "num_updates") -> int:
    """Return the highest number in events of a kind; 0 of none."""
    return max((each[field] for each in events if each["event"] == kind), default=0)


def is_midway(events: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a part of the updates is made, the last of them behind a checkpoint."""
    saved, made = most(events, "checkpoint_saved"), most(events, "progress")
    return 0 < saved < made and made >= _KILLED_AFTER * most(events, "run_started")


def kill_midway(checkout: Checkout, words: Sequence[str], out: Path) -> None:
    """Begin a run and kill it (SIGKILL). Raises if it ended by itself."""
    command = checkout.command("train", *words, "--out", str(out))
    with subprocess.Popen(command, cwd=checkout.path, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and not is_midway(events_of(out)):
            time.sleep(0.02)
        process.kill()
    if process.returncode != -signal.SIGKILL or most(events_of(out), "run_finished"):
        raise RuntimeError(f"{command}: not killed midway, exit code {process.returncode}")


def trained(first: Checkout, then: Checkout, words: Sequence[str], out: Path) -> dict[str, Any]:
    """Return what a run comes to that one checkout began, and another one ended."""
    kill_midway(first, words, out)
    killed_after = most(events_of(out), "progress")
    summary = json.loads(then.output("train", "--resume", "--out", str(out), "--format", "json"))
    events = events_of(out)
    resumed_from = most(events, "run_started", "first_update")
    if not 0 < resumed_from <= killed_after < summary["num_updates"]:
        raise RuntimeError(f"{words}: killed after {killed_after} updates, {resumed_from} kept")
    about = {"killed_after": killed_after, "resumed_from": resumed_from}
    return apart(dict(untimed(summary)), events) | {
        "parameters": parameters_of(then, out),
        ABOUT: about,
    }


def apart(summary: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a run comes to, with what follows from its running statistics in one place."""
    measured = {name: value for name, value in summary.items() if name in _MEASURED}
    others = {name: value for name, value in summary.items() if name not in _MEASURED}
    return others | {
        "events": digest_of(events, "progress"),
        STATISTICS: measured | {"events": digest_of(events, "evaluated", "run_finished")},
    }


def parameters_of(checkout: Checkout, out: Path) -> str:
    """Return a digest of what a run has learnt: its last weights, without running statistics."""
    last = max((out / "checkpoints").glob("*.pt"))
    return output([checkout.python, "-c", _PARAMETERS, str(last)], out).decode()


def digest_of(events: Sequence[Mapping[str, Any]], *kinds: str) -> str:
    """Return a digest of all events of some kinds, times apart; of what came twice, the last."""
    reports = [each for each in events if each["event"] in kinds]
    lasting = {(each["event"], each["num_updates"]): untimed(each) for each in reports}
    return sha256(json.dumps(sorted(lasting.items())).encode())


def untimed(event: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return what does not depend on a clock or a folder."""
    return [(name, value) for name, value in event.items() if name not in TIMED]

"""A run that is killed over and over, and resumed each time, ends as one that never was."""

import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bsgrow.training import read_events
from bsgrow.training.events.events import Progress, RunFinished, RunStarted
from tests.e2e.launches import by_torchrun, is_alive, kill, name_of, still_there, wait_until
from tests.in_process import as_options

SETTINGS = [
    "schedule.curve={name='MultiStepLR', milestones=[0.4, 0.7], gamma=0.25}",
    "schedule.global_batch_size=24",
    "growth.max_batch_size=120",
    "run.ghost_batch_size=8",
    "run.micro_batch_size=32",
    "run.device=cpu",
    "run.log_every_seconds=0",
    "run.evaluate_every_epochs=0.25",
]
"""Every update is logged; at first one rank has two thirds of it, and evaluations are many."""

SAME = ("weights_sha256", "test_accuracy", "test_loss", "num_updates", "consumed_samples")


@dataclass
class Counts:
    """What a campaign came to.

    Attributes:
        kills: by whom they hit, and when: ``starting`` or ``training``.
        torn: kills that left a checkpoint, or another file, half written.
        finished: runs that came to their end.
        seconds_to_end: of what a kill left over.
        updates: of the finished runs.
    """

    kills: Counter = field(default_factory=Counter)
    torn: int = 0
    finished: int = 0
    updates: int = 0
    seconds_to_end: list = field(default_factory=list)


class Campaign:
    """Kills a run at random times.

    Args:
        launch: ``forked`` or ``by_torchrun``, which is taken anyway where torchrun is to be killed.
        folder: of the runs; it holds the one that is never killed.
        settings: of the recipe.
        seed: of whom is killed, and when.
        longest: seconds of training before a kill.
    """

    def __init__(self, launch, folder, settings, seed, longest):
        self._launch, self._folder, self._longest = launch, folder, longest
        self._settings, self._random, self.counts = settings, random.Random(seed), Counts()
        self._started, self._number = [], 0
        begun = time.monotonic()
        self._seconds_to_start = 0.0
        with self._launched("whole") as launched:
            wait_until(lambda: progress_of(self._path("whole")), "the first update")
            self._seconds_to_start = time.monotonic() - begun
            assert launched.wait() == 0
        self._whole = result_of(self._path("whole"))

    def kill(self, victim):
        """Start or resume a run, and kill one rank, ``all`` ranks, or the ``launcher``.

        A run that comes to its end before counts as no kill.
        """
        name = f"run-{self._number}"
        launch = by_torchrun if victim == "launcher" else self._launch
        with self._launched(name, launch) as launched:
            before = self._wait(launched, name)
            pids = launched.ranks()
            phase = "starting" if progress_of(self._path(name)) == before else "training"
            self._started += map(name_of, pids)
            kill(self._victims(victim, launched, pids))
            begun, code = time.monotonic(), launched.wait()
            if victim != "launcher":  # else the next one starts while they still end
                wait_until(lambda: not any(map(is_alive, pids)), "the other ranks end")
            seconds = time.monotonic() - begun
        if code == 0:
            self._finish(name)
            return
        if victim != "launcher":
            self.counts.seconds_to_end.append(seconds)
        self.counts.torn += any(self._path(name).rglob("*.tmp"))
        self.counts.kills[victim, phase] += 1

    def finish(self):
        """Let the run come to its end; nothing is left over."""
        name = f"run-{self._number}"
        with self._launched(name) as launched:
            assert launched.wait() == 0
        self._finish(name)
        wait_until(lambda: not any(map(still_there, self._started)), "the last rank ends")

    def _path(self, name):
        return Path(self._folder) / name

    def _launched(self, name, launch=None):
        folder = self._path(name)
        folder.mkdir(exist_ok=True)
        words = ["train", "digits", "--out", "run", *as_options(self._settings)]
        if (folder / "run/recipe.toml").exists():
            words = ["train", "--resume", "--out", "run"]
        return (launch or self._launch)(folder, words)

    def _wait(self, launched, name):
        """Let a random time pass, from when the ranks are there, or from the first update on.

        Returns what ``progress_of`` gave when they were there: those before have ended then.
        """
        path = self._path(name)
        wait_until(launched.ranks, "the ranks are there")
        before = progress_of(path)
        if self._random.random() < 0.3:
            time.sleep(self._random.uniform(0, self._seconds_to_start))
            return before
        wait_until(lambda: progress_of(path) != before or not launched.is_running(), "an update")
        time.sleep(self._random.uniform(0, self._longest))
        return before

    def _victims(self, victim, launched, pids):
        if victim == "launcher":
            return [launched.launcher]
        return pids if victim == "all" else self._random.sample(pids, min(1, len(pids)))

    def _finish(self, name):
        found = result_of(self._path(name))
        assert found == self._whole, f"{name} is another run"
        self.counts.finished += 1
        self.counts.updates += found[0]["num_updates"]
        self._number += 1


def progress_of(folder):
    """Return something that changes when a run logs anything."""
    path = folder / "run/events.jsonl"
    return path.stat().st_size if path.exists() else 0


def result_of(folder):
    """Return how a run ended, and what its log has of every update, each of them once."""
    summary = json.loads((folder / "run/summary.json").read_text())
    events = read_events(folder / "run/events.jsonl")
    assert isinstance(events[0], RunStarted)
    assert sum(isinstance(each, RunFinished) for each in events) == 1
    made = updates_of(events)
    assert [number for number, *_ in made] == list(range(1, len(made) + 1)), "each once"
    others = updates_of(read_events(folder / "run/events-1.jsonl"))
    # A rank that is killed after an update, and before it has logged it, has one line less.
    assert [each for each in made if each in others] == others, "none twice, and none other"
    return {key: summary[key] for key in SAME}, made


def updates_of(events):
    made = [each for each in events if isinstance(each, Progress)]
    return [(e.num_updates, e.consumed_samples, e.lr, e.train_loss, e.train_accuracy) for e in made]

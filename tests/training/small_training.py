"""A small run that writes checkpoints beside training, and a gate that holds their writing up."""

import threading
from dataclasses import dataclass, field
from types import SimpleNamespace

from bsgrow.training.checkpoint import checkpointing
from bsgrow.training.checkpoint.checkpoint import content_of, write_checkpoint
from bsgrow.training.checkpoint.checkpointing import Checkpointing
from bsgrow.training.checkpoint.folder import num_updates_of
from bsgrow.training.step import Metrics
from bsgrow.training.stopwatch import Stopwatch
from tests.training.checkpoint.checkpoint_files import IDENTITY, PLAN, SmallRun, position


@dataclass
class Training:
    """A small run with a clock that stands still, whose checkpoints go to a folder."""

    folder: object
    every: float = 0.0
    keep: int = 2
    keep_best: bool = True
    writes: bool = True
    run: SmallRun = field(default_factory=SmallRun)
    events: list = field(default_factory=list)
    synced: list = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self):
        self.state = SimpleNamespace(
            content=self.content,
            num_updates=0,
            stopwatch=Stopwatch(now=lambda: self.now),
            tested=None,
            num_checkpoints_failed=0,
            lock=threading.Lock(),
            position=lambda: position(self.state.num_updates),
        )
        self.begin()

    def content(self, identity, at):
        return content_of(identity, at, self.run.model, self.run.optimizer)

    def begin(self):
        """As a process of the run does, the first one or one that goes on."""
        run = SimpleNamespace(
            checkpoint_every_seconds=self.every, keep=self.keep, keep_best=self.keep_best
        )
        self.it = Checkpointing(
            SimpleNamespace(plan=PLAN, identity=IDENTITY, recipe=SimpleNamespace(run=run)),
            self.state,
            self.events.append,
            self.folder,
            lambda: self.synced.append(threading.current_thread()),
            writes=self.writes,
        )

    def update(self, tested=None, seconds=1.0):
        """Make an update as the loop does; return whether a checkpoint is due after it."""
        update = PLAN.update(self.state.num_updates)
        self.run.advance(1)
        self.now += seconds
        due = self.it.is_due(update)
        self.state.num_updates += 1
        self.state.tested = tested and Metrics(*tested)
        self.it.report()
        return due

    def kept(self):
        return sorted(num_updates_of(path) for path in self.folder.glob("*.pt"))


class Gate:
    """Lets a thread begin to write, and holds it until it is told what to do."""

    def __init__(self, monkeypatch):
        self.open, self.error = threading.Event(), None
        monkeypatch.setattr(checkpointing, "write_checkpoint", self._write)

    def _write(self, folder, content, *, check, **kwargs):
        while not self.open.wait(0.01):
            check()
        if self.error is not None:
            raise self.error
        return write_checkpoint(folder, content, check=check, **kwargs)

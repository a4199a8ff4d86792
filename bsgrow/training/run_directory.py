"""The directory of a run: the recipe as resolved, the plan, the events, the checkpoints.

``recipe.toml`` is written first and whole, so a directory that has one holds a run, and a process
that is killed at any moment leaves one that can be resumed.
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bsgrow.errors import InputError
from bsgrow.recipe import Recipe, as_toml, changed_keys, load_recipe
from bsgrow.schedule import Plan, as_dict
from bsgrow.training.atomic_file import naming, write_atomically
from bsgrow.training.events import RunFinished, from_json, to_json


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """Where a run keeps what it writes.

    Attributes:
        path: the directory.
    """

    path: Path

    @property
    def recipe(self) -> Path:
        """The recipe as resolved, TOML."""
        return self.path / "recipe.toml"

    @property
    def plan(self) -> Path:
        """The plan, as `bsgrow plan --format json` prints it."""
        return self.path / "plan.json"

    @property
    def events(self) -> Path:
        """What happened, one JSON object a line."""
        return self.path / "events.jsonl"

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def summary(self) -> Path:
        """What `bsgrow train --format json` printed; there once the run is done."""
        return self.path / "summary.json"

    def create(self, recipe: Recipe) -> None:
        """Make the directory for a new run.

        Raises:
            InputError: it holds another run, or other files.
            BsgrowError: it cannot be written.
        """
        with naming(self.path, "make"):
            self.path.mkdir(parents=True, exist_ok=True)
            occupied = any(self.path.iterdir())
        if self.recipe.exists():
            raise InputError(
                f"{self.path} holds another run",
                hint=f"go on with it: bsgrow train --resume --out {self.path}; "
                "or name another directory with --out",
            )
        if occupied:
            raise InputError(f"{self.path} is not empty", hint="name a new directory with --out")
        write_atomically(self.recipe, lambda stream: stream.write(as_toml(recipe).encode()))

    def check_same_run(self, recipe: Recipe) -> None:
        """Check that the directory holds a run of this recipe.

        Raises:
            InputError: it holds no run, or one of another recipe; the message names the keys.
        """
        changed = changed_keys(self.load_recipe(), recipe)
        if changed:
            lines = [f"{key} was {old!r}, is {new!r}" for key, (old, new) in changed.items()]
            raise InputError(
                f"the recipe of {self.path} has changed: " + "; ".join(lines),
                hint="resume with the recipe it was started with, or start anew with another --out",
            )

    def load_recipe(self) -> Recipe:
        """Read the recipe that the run was started with; raises InputError without one."""
        if not self.recipe.exists():
            raise InputError(
                f"{self.path} holds no run to resume",
                hint=f"start one: bsgrow train --out {self.path}",
            )
        return load_recipe(str(self.recipe))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from training in this directory; freed when this one ends."""
        with naming(self.path, "lock"):
            stream = (self.path / ".lock").open("w")
        with stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InputError(
                    f"{self.path}: another process is training there",
                    hint="wait for it, or name another directory with --out",
                ) from error
            yield

    def write_plan(self, plan: Plan) -> None:
        """Write the plan as JSON."""
        text = json.dumps(as_dict(plan), indent=2) + "\n"
        write_atomically(self.plan, lambda stream: stream.write(text.encode()))

    def write_summary(self, finished: RunFinished) -> None:
        """Write what the run ended with; from then on it counts as finished."""
        write_atomically(self.summary, lambda stream: stream.write(to_json(finished).encode()))

    def read_summary(self) -> RunFinished | None:
        """Return what the run ended with, or None if it has not."""
        if not self.summary.exists():
            return None
        with naming(self.summary, "read"):
            event = from_json(self.summary.read_text("utf-8"))
        return event if isinstance(event, RunFinished) else None

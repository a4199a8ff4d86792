"""The directory of a run: the recipe as resolved, the plan, the events, the checkpoints.

``recipe.toml`` is written first and whole, so a directory that has one holds a run, and a process
that is killed at any moment leaves one that can be resumed.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bsgrow.errors import InputError
from bsgrow.files.atomic import naming, temporary_of, write_atomically, write_json
from bsgrow.files.lock import LOCK_FILE, locked
from bsgrow.files.regular import read_regular, require_own
from bsgrow.recipe import (
    Recipe,
    as_begun,
    as_toml,
    changed_keys,
    load_begun,
    with_absolute_paths,
)
from bsgrow.schedule import Plan, as_dict
from bsgrow.text.command import argument, quoted, resume_command
from bsgrow.training.events.as_json import from_json, to_json
from bsgrow.training.events.events import RunFinished

RUNS = Path("runs")
"""Where runs are kept that nobody named a directory for."""

_LARGEST_SUMMARY = 2**20  # bytes


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """Where a run keeps what it writes.

    Attributes:
        path: the directory.
        rank: of this process, whose log is its own; rank 0 writes all else.
    """

    path: Path
    rank: int = 0

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
        """What happened, one JSON object a line; of another rank than 0, what it saw."""
        return self.path / (f"events-{self.rank}.jsonl" if self.rank else "events.jsonl")

    @property
    def launchers(self) -> Path:
        """Which agents of torchrun have started the processes of the run; where they have."""
        return self.path / "launchers.json"

    @property
    def code(self) -> Path:
        """Which code of the user the run began with; where its recipe names any."""
        return self.path / "code.json"

    @property
    def origin(self) -> Path:
        """What the run began with: versions, and digests of the code and of the data."""
        return self.path / "origin.json"

    @property
    def record(self) -> Path:
        """The format of the directory, and what the model is given; see ``run_record``."""
        return self.path / "run.json"

    @property
    def world_size(self) -> Path:
        """How many processes the run is to be started with next; where the plan says so."""
        return self.path / "world_size"

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def summary(self) -> Path:
        """What the run ended with, as the last line of its events; there once it is done."""
        return self.path / "summary.json"

    def make(self) -> None:
        """Make the folder, if it is not there; raises BsgrowError if it cannot be made."""
        with naming(self.path, "make"):
            self.path.mkdir(parents=True, exist_ok=True)

    def create(self, recipe: Recipe) -> None:
        """Begin a new run: write its recipe. Raises as ``require_new``, or BsgrowError.

        What is written names the same files from any current folder.
        """
        self.require_new()
        text = as_toml(with_absolute_paths(recipe))
        write_atomically(self.recipe, lambda file: file.write(text.encode()))

    def write_launchers(self, launchers: Iterable[str]) -> None:
        """Write who has started the processes, so that the run is found when they do so again."""
        text = json.dumps(sorted({*launchers}))
        write_atomically(self.launchers, lambda file: file.write(text.encode()))

    def is_launched_by(self, launchers: Iterable[str]) -> bool:
        """Return whether one of these has started the processes of the run."""
        with suppress(OSError, ValueError):
            content = read_regular(self.launchers, _LARGEST_SUMMARY, follow_link=False)
            recorded = json.loads(content)
            return isinstance(recorded, list) and not {*launchers}.isdisjoint(map(str, recorded))
        return False

    def is_begun(self) -> bool:
        """Return whether a recipe is there, or anything in its place."""
        return os.path.lexists(self.recipe)

    def require_new(self) -> None:
        """Check that a run may begin here.

        Raises:
            InputError: a file is in its place, or it holds another run, or other files.
        """
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise InputError(f"{self.path} is a file", hint="name a directory with --out")
        if self.is_begun():
            raise InputError(
                f"{self.path} holds another run",
                hint=f"go on with it: {resume_command(self.path)}; "
                "or name another directory with --out",
            )
        if any(not self._is_scratch(path) for path in self.path.iterdir()):
            raise InputError(f"{self.path} is not empty", hint="name a new directory with --out")

    def require_own(self) -> None:
        """Check that what a run keeps here is here: regular files, and no links to elsewhere.

        The directory itself may be a link.

        Raises:
            InputError: one is a link or anything else, or is not in this place alone.
            BsgrowError: one cannot be looked at.
        """
        kept_open = {self.events, self.path / LOCK_FILE}
        whole = (
            *(self.recipe, self.plan, self.summary, self.launchers, self.code, self.origin),
            *(self.world_size, self.record),
        )
        for path in (*whole, *sorted(kept_open)):
            with naming(path, "go on with"):
                require_own(path, one_name=path in kept_open)
        if self.checkpoints.is_symlink():
            raise InputError(
                f"cannot go on with {self.checkpoints}: a symbolic link",
                hint="put the folder itself in its place, or link the directory of the run instead",
            )
        if os.path.lexists(self.checkpoints) and not self.checkpoints.is_dir():
            raise InputError(
                f"cannot go on with {self.checkpoints}: not a folder",
                hint=f"remove it: `{quoted('rm', argument(str(self.checkpoints)))}`",
            )

    def check_same_run(self, recipe: Recipe) -> None:
        """Check that the directory holds a run of this recipe.

        Raises:
            InputError: it holds no run, or one of another recipe; the message names the keys.
        """
        changed = changed_keys(self.read_recipe(), recipe)
        if changed:
            lines = [f"{key} was {old!r}, is {new!r}" for key, (old, new) in changed.items()]
            raise InputError(
                f"the recipe of {self.path} has changed: " + "; ".join(lines),
                hint="resume with the recipe it was started with, or start anew with another --out",
            )

    def read_recipe(self) -> Recipe:
        """Return the recipe of a run to resume, as it began. Raises InputError."""
        return load_begun(self.find_recipe())

    def as_begun(self, recipe: Recipe) -> Recipe:
        """Return a recipe that goes on with the run here, see there. Raises InputError."""
        return as_begun(recipe, self.find_recipe())

    def find_recipe(self) -> str:
        """Return the path of the recipe of a run to resume.

        Raises:
            InputError: there is none, or as ``require_own``.
        """
        self.require_own()
        if not self.is_begun():
            raise InputError(
                f"{self.path} holds no run to resume: {self.recipe.name} is not there",
                hint="--out names the directory of the run; one that lost its recipe.toml goes on "
                "with the same recipe put back",
            )
        return str(self.recipe)

    @contextmanager
    def locked(self, seconds: float = 0.0) -> Iterator[None]:
        """Keep other processes from training in this directory; freed when this one ends.

        One that is there is waited for, for so many seconds.
        """
        with locked(self.path, "training", "--out", seconds=seconds):
            yield

    def write_plan(self, plan: Plan) -> None:
        """Write the plan as JSON."""
        write_json(self.plan, as_dict(plan))

    def write_world_size(self, world_size: int) -> None:
        """Write how many processes the run is to be started with next, for a launcher."""
        write_atomically(self.world_size, lambda file: file.write(b"%d\n" % world_size))

    def write_summary(self, finished: RunFinished) -> None:
        """Write what the run ended with; from then on it counts as finished."""
        write_atomically(self.summary, lambda file: file.write(to_json(finished).encode()))

    def read_summary(self) -> RunFinished | None:
        """Return what the run ended with, or None if it has not, or that is lost.

        Raises:
            InputError: it is a link, no regular file, or larger than 1 MiB.
            BsgrowError: it cannot be read.
        """
        with naming(self.summary, "read"):
            try:
                content = read_regular(self.summary, _LARGEST_SUMMARY, follow_link=False)
            except FileNotFoundError:
                return None
        with suppress(InputError):  # damaged: the newest checkpoint gives it again
            event = from_json(content.decode("utf-8", errors="replace"))
            return event if isinstance(event, RunFinished) else None
        return None

    def _is_scratch(self, path: Path) -> bool:
        """Whether a process that was killed while it began a run may have left this."""
        first = {p.name for p in (self.launchers, self.code, self.origin, self.record)}
        is_first = path.name in {LOCK_FILE, *first}
        return is_first or temporary_of(path.name) in {self.recipe.name, *first}


def new_directory(name: str) -> Path:
    """Return a directory under ``RUNS`` that is not there yet, by a recipe's name and the time."""
    stem = f"{Path(name).stem}-{datetime.now():%Y%m%d-%H%M%S}"
    candidates = (RUNS / (stem + suffix) for suffix in ("", *(f"-{k}" for k in range(2, 100))))
    return next(path for path in candidates if not path.exists())

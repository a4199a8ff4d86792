"""Run directories of others: logs and summaries are read as they are, or refused; nothing else.

    python -m tests.fuzz.fuzz_run_directory [SECONDS]

The seed is printed, and FUZZ_SEED repeats it. A log is cut back to a part of its beginning, or is
not touched; what is read can be compared and written as JSON; no other file is changed, and none is
waited for.
"""

import json
import os
import random
import shutil
import socket
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bsgrow.errors import BsgrowError, InputError
from bsgrow.files.lock import LOCK_FILE, is_locked
from bsgrow.recipe import load_recipe
from bsgrow.reporting.comparison import Arm, comparison_as_dict
from bsgrow.reporting.learning_curve import band, learning_curve
from bsgrow.training import RunDirectory, newest_unfinished_run
from bsgrow.training.events.as_json import to_json
from bsgrow.training.events.events import CheckpointFailed, CheckpointSaved, SampleSkipped
from bsgrow.training.events.log import EventLog, ReportedSamples, events_in, truncate_after
from tests.fuzz.binary_mutations import mutate
from tests.fuzz.running import base_seed, run_for
from tests.training.made_events import evaluated, finished, progress, started

VALUES = (
    *("0", "-1", "1e400", "-1e308", "1e61", "5e-324", "NaN", "Infinity", "null", "true", '""'),
    *(str(2**64), "9" * 400, "9" * 5000, "[]", "{}", "[" * 3000, "[" * 200 + "]" * 200),
    *('"\\ud800"', '"\\udcff"', '"\\u0000\\u001b[31m"', '"' + "x" * 3000 + '"'),
)


def lines(rng: random.Random) -> list[str]:
    """A log as a run makes it, killed anywhere."""
    at, made = 0, [to_json(started())]
    for _ in range(rng.randrange(20)):
        at += rng.randrange(3)
        checkpoints = CheckpointSaved(at // 2, "a", at), CheckpointFailed(at // 2, "a", "x", at)
        made.append(to_json(rng.choice((progress(at), evaluated(at), *checkpoints))))
        if rng.random() < 0.2:
            made.append(to_json(SampleSkipped(at, f"{at}.jpg", "x")))
    return [*made, to_json(finished())] if rng.random() < 0.3 else made


def with_another_value(rng: random.Random, line: str) -> str:
    """One field of an event is something else, twice there, or gone."""
    values = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in json.loads(line).items()]
    place = rng.randrange(len(values))
    key = values[place].partition(":")[0]
    other = f"{key}: {rng.choice(VALUES)}"
    values[place : place + 1] = rng.choice(([other], [other], [other, values[place]], []))
    return "{" + ", ".join(values) + "}"


def log_case(folder: Path, rng: random.Random) -> bool:
    """One damaged log; returns whether all of it could still be read."""
    made = lines(rng)
    for place in rng.sample(range(len(made)), min(rng.randrange(3), len(made))):
        made[place] = with_another_value(rng, made[place])
    content = "".join(line + "\n" for line in made).encode()
    if rng.random() < 0.3:
        content = bytes(mutate(rng, content, len(content)))
    path = folder / "events.jsonl"
    path.write_bytes(content)
    assert isinstance("1.jpg" in ReportedSamples(path), bool)
    whole = _tried(lambda: _read_log(path))
    cut = _tried(partial(truncate_after, path, rng.choice((0, 1, 5, 10, 2**63))))
    after = path.read_bytes()
    assert content.startswith(after) if cut else content == after
    return whole


def _read_log(path: Path) -> None:
    curve = learning_curve(events_in(path))
    band([curve, curve], "train_loss")


def _tried(work: Callable[[], object]) -> bool:
    try:
        work()
    except InputError:
        return False
    return True


def summary_case(folder: Path, rng: random.Random) -> bool:
    """One damaged summary; returns whether it still finishes a run."""
    directory = RunDirectory(folder)
    content = with_another_value(rng, to_json(finished())).encode()
    if rng.random() < 0.3:
        content = bytes(mutate(rng, content, len(content)))
    directory.summary.write_bytes(content)
    summary = directory.read_summary()
    if summary is not None:
        arm = Arm("grow", 1, 1, (0, 1), (summary, finished()), ())
        json.dumps(comparison_as_dict([arm, arm]), allow_nan=False)
    return summary is not None


def _socket(path: Path, victim: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


MAKERS: tuple[Callable[[Path, Path], object], ...] = (
    lambda path, victim: path.symlink_to(victim),
    lambda path, victim: path.symlink_to(victim.with_name("made")),
    lambda path, victim: path.symlink_to("/dev/zero"),
    lambda path, victim: path.symlink_to(path.name),
    lambda path, victim: path.symlink_to(path.parent),
    lambda path, victim: os.link(victim, path),
    lambda path, victim: os.mkfifo(path),
    lambda path, victim: path.mkdir(),
    _socket,
)
NAMES = ("recipe.toml", "plan.json", "events.jsonl", "summary.json", "checkpoints", LOCK_FILE)


def place_case(folder: Path, rng: random.Random) -> bool:
    """Some names in a run are something else; returns whether it could still be gone on with."""
    root, victim = folder / "case", folder / "case/victim"
    shutil.rmtree(root, ignore_errors=True)
    directory = RunDirectory(root / "runs/a")
    directory.make()
    directory.create(load_recipe("digits"))
    victim.write_bytes(b"precious")
    for name in rng.sample(NAMES, rng.choice((0, 1, 1, 2))):
        path = directory.path / name
        path.unlink(missing_ok=True)
        rng.choice(MAKERS)(path, victim)
    assert not is_locked(directory.path)
    worked = [_worked(work) for work in _uses(directory)]
    assert victim.read_bytes() == b"precious"
    assert sorted(path.name for path in root.iterdir()) == ["runs", "victim"]
    return all(worked)


def _uses(directory: RunDirectory) -> list[Callable[[], object]]:
    def lock() -> None:
        with directory.locked():
            pass

    return [
        lambda: newest_unfinished_run(directory.path.parent),
        directory.find_recipe,
        lambda: load_recipe(str(directory.recipe)),
        directory.read_summary,
        lock,
        lambda: list(events_in(directory.events)) if directory.events.exists() else [],
        lambda: truncate_after(directory.events, 0),
        lambda: EventLog(directory.events).close(),
    ]


def _worked(work: Callable[[], object]) -> bool:
    try:
        work()
    except BsgrowError:
        return False
    return True


def main(seconds: float = 60.0) -> int:
    """Fuzzes logs for half of the time, then summaries and places; returns the number of cases."""
    warnings.simplefilter("error")
    first_seed = base_seed()
    print(f"fuzz_run_directory: FUZZ_SEED={first_seed}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = ((log_case, 0.5), (summary_case, 0.25), (place_case, 0.25))
        counts = [
            run_for(seconds * share, partial(case, folder), first_seed=first_seed)
            for case, share in parts
        ]
    print("fuzz_run_directory: {} logs, {} summaries, {} places, no findings".format(*counts))
    return sum(counts)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]))

"""Whether a change left everything as it was: weights, the stream of samples, plans and answers.

    python benchmarks/unmoved.py record OLD --folder FOLDER > old.json
    python benchmarks/unmoved.py record NEW --folder FOLDER > new.json
    python benchmarks/unmoved.py record OLD --resumed-by NEW --folder FOLDER > both.json
    python benchmarks/unmoved.py compare old.json new.json both.json

OLD and NEW are checkouts, each run by its own `.venv/bin/python`. Every training is killed midway
and then resumed, by another checkout where one is named. FOLDER keeps the photographs. A record
takes some minutes, and says nothing of other machines: weights are bound to the libraries and the
number of threads. What was moved on purpose is listed with its reason, and is no failure.
`side_by_side.py` compares speed and memory.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from killed_trainings import ABOUT, STATISTICS, Checkout, output, sha256, trained
from photograph_kinds import digests, make_photographs

PLACES = Path(__file__).with_name("stream_places.py")
PARTS = ("places", "plans", "answers", "trainings")
NUM_POSITIONS = 20_000
GROWING = ("digits", "cifar10-grow")  # recipes with that many samples on both sides of a growth
MEANT = {
    STATISTICS: "those of an update are the mean over its ghost batches, where each one was taken "
    "in after the other before, so that they are the same on any number of processes; updates of "
    "one ghost batch differ by rounding (bsgrow/models/ghost_batch_norm.py)",
}
"""What was moved on purpose, by the name in its path, and why."""

_PHOTOGRAPHS = [
    *("folder", "--epochs", "6", "--set", "schedule.curve.milestones=[2, 4]"),
    *("--set", "schedule.curve.gamma=0.5", "--set", "data.test_fraction=0.2"),
    *("--set", "schedule.global_batch_size=6", "--set", "schedule.batch_limit=N/4"),
    *("--set", "growth.max_batch_size=24", "--set", "run.micro_batch_size=8"),
    *("--set", "run.ghost_batch_size=4"),
    *("--set", "images.size=48", "--set", "model.depth=10", "--set", "model.width=1"),
]
_FASHION = ["fashion-mnist", "--epochs", "2", "--set"]
TRAININGS = {
    "digits": ["digits"],
    "fashion-mnist": [*_FASHION, "schedule.curve.milestones=[0.5, 1, 1.5]"],
    "photographs, native": [*_PHOTOGRAPHS, "--set", "data.decoder=native"],
    "photographs, dali": [*_PHOTOGRAPHS, "--set", "data.decoder=dali"],
}
_RUNNING = [
    *("--set", "run.device=cpu", "--set", "run.num_threads=2", "--set", "run.log_every_seconds=0"),
    *("--set", "run.checkpoint_every_seconds=0.2", "--format", "json"),
]
_PLANS = {
    "json": ["--format", "json"],
    "csv": ["--format", "csv", "--every", "update"],
    "table": [],
}
_EXPORT = ["plan", "cifar10-grow", "--approximate", "--format"]
_ANSWERS = [
    *(["--version"], ["--help"], ["recipes"], ["recipes", "--format", "json"], ["nonsense"]),
    *([command, "--help"] for command in ("plan", "train", "compare", "recipes", "doctor")),
    *(["bench", name, "--help"] for name in ("loader", "train")),
    *(["data", name, "--help"] for name in ("pack", "verify")),
    *(["plan", "nowhere.toml"], ["plan", "digts"], ["plan", "digits", "--lr", "-1"]),
    *(["plan", "digits", "--set", pair] for pair in ("run.seed=x", "growth.factr=2", "seed")),
    *(["train", "digits", "--set", "model.name=vgg"], ["train", "--resume", "--out", "nowhere"]),
    *(["data", "verify", "nowhere"], ["data", "pack", "nowhere", "packed"]),
    *(["compare", "digits", "--seeds", "a"], ["bench", "loader", "--systems", "none"]),
    *(["plan", "digits", "cifar10-grow"], ["plan", "cifar10-grow", "--world-size", "1,8,64"]),
    *([*_EXPORT, system] for system in ("olmo-core", "levanter", "nemo", "deepspeed", "lightning")),
    [*_EXPORT, "megatron", "--tokens-per-sample", "1024"],
]


def trainings(
    first: Checkout, then: Checkout, photographs: Path, names: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    """Yield what each training comes to."""
    for name in names:
        data = ["--data", str(photographs)] if "photographs" in name else []
        with tempfile.TemporaryDirectory() as folder:
            words = [*TRAININGS[name], *data, *_RUNNING]
            yield name, trained(first, then, words, Path(folder, "run"))


def places(checkout: Checkout) -> Iterator[tuple[str, Any]]:
    """Yield digests of epochs, samples, windows and flips around the first growth of a plan."""
    for recipe in GROWING:
        plan = json.loads(checkout.output("plan", recipe, "--format", "json"))
        table = checkout.output("plan", recipe, *_PLANS["csv"]).decode().splitlines()
        asked = {"num_samples": plan["num_samples"], "runs": around_growth(table[1:])}
        command = [checkout.python, str(PLACES)]
        yield recipe, json.loads(output(command, checkout.path, json.dumps(asked).encode()))


def around_growth(rows: Sequence[str]) -> list[tuple[int, int]]:
    """Return the updates that the positions around the first growth lie in, cut to these."""
    updates = [tuple(map(int, row.split(",")[1:4])) for row in rows]
    growth = next(start for start, _, size in updates if size != updates[0][2])
    first, last = growth - NUM_POSITIONS // 2, growth + NUM_POSITIONS // 2
    inside = [(max(start, first), min(stop, last)) for start, stop, _ in updates]
    return [(start, stop) for start, stop in inside if start < stop]


def plans(checkout: Checkout, photographs: Path) -> Iterator[tuple[str, str]]:
    """Yield the digest of every shipped recipe's plan, in each way that it is printed."""
    own = ["--data", str(photographs), "--set", "data.test_fraction=0.2"]
    for recipe in json.loads(checkout.output("recipes", "--format", "json")):
        data = own if recipe == "folder" else []
        for way, words in _PLANS.items():
            yield f"{recipe}, {way}", sha256(checkout.output("plan", recipe, *data, *words))


def answers(checkout: Checkout) -> Iterator[tuple[str, Any]]:
    """Yield what other commands answer: digests of both streams, and the exit code."""
    for words in _ANSWERS:
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run(checkout.command(*words), cwd=folder, capture_output=True)
        yield " ".join(words), [run.returncode, sha256(run.stdout), sha256(run.stderr)]


def flat(record: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield all that is to be compared, by its path in a record."""
    for name, value in record.items():
        if isinstance(value, Mapping) and name != ABOUT:
            yield from flat(value, f"{above}{name} / ")
        elif name != ABOUT:
            yield above + name, value


def moved(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return the paths of what differs between two records, or is in the first alone."""
    values = dict(flat(new))
    return [path for path, value in flat(old) if path not in values or values[path] != value]


def record(options: argparse.Namespace) -> dict[str, Any]:
    """Return all that a checkout does."""
    first = Checkout(options.checkout.resolve())
    then = Checkout((options.resumed_by or options.checkout).resolve())
    photographs = make_photographs(options.folder.resolve() / "photographs")
    parts = {
        "places": lambda: places(then),
        "plans": lambda: plans(then, photographs),
        "answers": lambda: answers(then),
        "trainings": lambda: trainings(first, then, photographs, options.trainings),
    }
    return {"photographs": digests(photographs)} | {
        part: dict(shown(part, parts[part]())) for part in options.parts
    }


def shown(part: str, found: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield what was found, and say so meanwhile."""
    for name, value in found:
        print(f"{part}: {name}", file=sys.stderr)
        yield name, value


def compare(records: Sequence[Mapping[str, Any]], as_json: bool) -> bool:
    """Print what differs from the first record; return whether any of it was not meant."""
    differing = dict.fromkeys(path for other in records[1:] for path in moved(records[0], other))
    meant = {path: MEANT[part] for path in differing if (part := part_meant(path))}
    differing = [path for path in differing if path not in meant]
    counts = {"records": len(records), "values": len([*flat(records[0])])}
    if as_json:
        from bsgrow.reporting.machine import describe_machine

        found = counts | {"moved": differing, "moved_on_purpose": meant, "record": records[0]}
        print(json.dumps(describe_machine() | found, indent=2))
    else:
        print(
            *(f"moved: {path}" for path in differing),
            *(f"moved on purpose: {path}: {why}" for path, why in meant.items()),
            f"{len(differing)} moved of {counts}, and {len(meant)} on purpose",
            sep="\n",
        )
    return bool(differing)


def part_meant(path: str) -> str | None:
    """Return the part of a path that was moved on purpose; None where there is none."""
    return next((part for part in path.split(" / ") if part in MEANT), None)


def main() -> None:
    """Record one checkout, or compare records."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record")
    recording.add_argument("checkout", type=Path)
    recording.add_argument("--resumed-by", type=Path)
    recording.add_argument("--folder", type=Path, required=True)
    recording.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    recording.add_argument("--trainings", nargs="+", choices=TRAININGS, default=[*TRAININGS])
    comparing = commands.add_parser("compare")
    comparing.add_argument(
        "records", type=lambda name: json.loads(Path(name).read_text()), nargs="+"
    )
    comparing.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    if options.command == "record":
        json.dump(record(options), sys.stdout, indent=2)
        print()
    else:
        sys.exit(compare(options.records, options.format == "json"))


if __name__ == "__main__":
    main()

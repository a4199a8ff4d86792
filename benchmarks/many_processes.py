"""What two processes of one thread each bring, beside one of one thread, on the same model.

    python benchmarks/many_processes.py [--rounds 5] [--seconds 0.4] [--out FILE]

Everything is measured in turns in one run, and written to `results/many_processes.json`: about five
minutes on two idle cores, one for each process.

- `efficiency`: as `bsgrow bench train` measures it under torchrun, over global batches that are
  accumulated from micro-batches of one size: all together, one alone, and each by itself.
- `overlap`: a small update whose gradients are summed as backward makes them, beside one that sums
  them after it, for networks of much to sum.
- `prediction`: each phase of a growing plan, trained by one process and by two, beside what
  `bsgrow plan` predicts from the file of `bench train` (`efficiency`, `all_reduce` and
  `interference` here).
- `torchrun`: `bsgrow train` by torchrun as one process, beside the same without torchrun.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from many_processes_tables import RESULTS, tables

from bsgrow.bench.measure import Pace, settle
from bsgrow.bench.together import bench_together
from bsgrow.bench.training_job import describe, measurable_job
from bsgrow.bench.whole_updates import Trainer
from bsgrow.recipe import Recipe, load_recipe, make_planned
from bsgrow.reporting.all_reduce import make_all_reduce, read_all_reduce
from bsgrow.reporting.interference import Interference, read_interference
from bsgrow.reporting.machine import describe_machine
from bsgrow.reporting.throughput import read_throughput
from bsgrow.reporting.wall_clock import WallClock, phase_seconds
from bsgrow.training.group.process_group import ProcessGroup
from bsgrow.training.group.torch_process_group import joined_group
from bsgrow.training.job import Job
from bsgrow.training.state import State
from bsgrow.training.updates import updates_made

GHOST, MICRO = 16, 64
ON_CPU = ["run.device=cpu", "run.num_threads=1", f"run.micro_batch_size={MICRO}"]
SMALL = ("digits", [*ON_CPU, f"run.ghost_batch_size={GHOST}"])
IMAGES = ("cifar10-grow", [*ON_CPU, "run.ghost_batch_size=64"])
SIZES = (16, 32, 64, 128, 640, 2560)
IMAGE_SIZES = (128, 640)
WIDTHS = (4, 8)  # of networks with much to sum
# Grows fourfold twice, and then by as much as the cap lets it.
GROWING = [
    *("schedule.epochs=4", "schedule.global_batch_size=32", "growth.max_batch_size=640"),
    "schedule.curve={name='MultiStepLR', milestones=[1, 2, 3], gamma=0.25}",
]
_PATIENCE = 600.0  # seconds
TRAINED = ["digits", "--epochs", "2", "--set", "schedule.curve.milestones=[1]"]


def recipe_of(base: tuple[str, list[str]], *settings: str) -> Recipe:
    """Return a recipe on the CPU, one thread each process."""
    name, common = base
    return load_recipe(name, [*common, *settings])


def network(width: int) -> str:
    """Return the setting of a network of this width."""
    return f"model={{name='wide_resnet', depth=10, width={width}}}"


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Return median, minimum, maximum and number of values."""
    return {
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
        "n": len(values),
    }


def say(message: str) -> None:
    """Show what goes on, on stderr."""
    if os.environ.get("RANK", "0") == "0":
        print(message, file=sys.stderr, flush=True)


class Options(NamedTuple):
    """How long is measured."""

    rounds: int
    seconds: float


def in_step(group: ProcessGroup) -> None:
    """Begin at the same moment on all."""
    settle()
    group.gather(None)
    group.combine(0)


def overlap(group: ProcessGroup, width: int, options: Options) -> dict[str, Any]:
    """Return what an update takes whose gradients are summed in its backward, and after it."""
    job, size = measurable_job(recipe_of(SMALL, network(width)), group), 2 * GHOST
    ways = {name: Trainer.of(job, group, [size]) for name in ("in backward", "after it")}
    later: Any = ways["after it"].state.gradient_sum
    later.expect_last_backward = lambda: None
    found: dict[str, list[float]] = {name: [] for name in ways}
    for index in range(options.rounds + 1):
        say(f"overlap, width {width}: round {index}")
        for name, trainer in ways.items():
            in_step(group)
            stretch = trainer.run(size, 2 * options.seconds)
            found[name].append(statistics.median(stretch.update_seconds))
    counted = {name: seconds[1:] for name, seconds in found.items()}
    ratios = [first / second for first, second in zip(*counted.values(), strict=True)]
    return {
        "case": describe(job),
        "global_batch_size": size,
        "gradient_bytes": ways["in backward"].gradient_bytes,
        "update_seconds": {name: spread(seconds) for name, seconds in counted.items()},
        "ratio": spread(ratios),
    }


def seconds_by_phase(job: Job) -> list[float]:
    """Train a whole plan; return what each phase took, without evaluation and checkpoints."""
    state = State.initial(job)
    state.model.train()
    ends = {phase.stop_sample for phase in job.plan.phases}
    with closing(updates_made(job, state)) as made:
        moments = [time.perf_counter()]
        moments += [time.perf_counter() for update, _ in made if update.stop in ends]
    return [stop - start for start, stop in pairwise(moments)]


def measured_phases(
    group: ProcessGroup, recipe: Recipe, options: Options
) -> dict[int, list[list[float]]]:
    """Return what each phase took in each round, by number of processes."""
    jobs = {1: measurable_job(recipe), group.world_size: measurable_job(recipe, group)}
    found: dict[int, list[list[float]]] = {world_size: [] for world_size in jobs}
    for index in range(options.rounds + 1):
        say(f"prediction: round {index}")
        for world_size, job in jobs.items():
            in_step(group)
            takes_part = world_size > 1 or group.rank == 0
            found[world_size].append(group.gather(seconds_by_phase(job) if takes_part else [])[0])
    return {world_size: rounds[1:] for world_size, rounds in found.items()}


def predicted_phases(
    recipe: Recipe, speed: Path, measured: Mapping[int, list[list[float]]]
) -> dict[str, Any]:
    """Return what was predicted and measured, by number of processes and phase."""
    network = make_all_reduce(read_all_reduce(speed), str(speed))
    sizes = network.gradient_bytes or 0, recipe.ghost_batch_size, recipe.micro_batch_size
    cost = Interference(**read_interference(speed))
    clock = WallClock(read_throughput(speed), network, *sizes, cost)
    phases = make_planned(recipe).plan.phases
    rows, totals = [], []
    for world_size, rounds in measured.items():
        predicted = [phase_seconds(phase, clock, world_size) for phase in phases]
        for phase, seconds, *taken in zip(phases, predicted, *rounds, strict=True):
            about = {"world_size": world_size, "global_batch_size": phase.global_batch_size}
            rows.append(about | {"num_updates": phase.num_updates} | compared(seconds, taken))
        whole = compared(sum(predicted), [sum(each) for each in rounds])
        totals.append({"world_size": world_size} | whole)
    return {"case": recipe.description, "phases": rows, "totals": totals}


def compared(predicted: float, measured: Sequence[float]) -> dict[str, Any]:
    """Return both, and the error of the prediction against the median."""
    error = predicted / statistics.median(measured) - 1
    return {"predicted_seconds": predicted, "seconds": spread(measured), "relative_error": error}


def measure_together(options: Options, file: Path) -> None:
    """Do what each of two processes does; rank 0 writes what was found."""
    growing = recipe_of(SMALL, *GROWING)
    with joined_group() as group:
        job = measurable_job(recipe_of(SMALL), group)
        group.open(job.device, _PATIENCE)
        pace = Pace(options.rounds + 1, options.seconds, seconds_per_row=_PATIENCE)
        found = bench_together(job, SIZES, pace, say)
        if group.rank == 0:
            file.write_text(json.dumps(found))
        phases = measured_phases(group, growing, options)
        images = measurable_job(recipe_of(IMAGES, network(1)), group)
        found = {
            "efficiency": found["rows"],
            "efficiency_larger_images": bench_together(images, IMAGE_SIZES, pace, say)["rows"],
            "all_reduce": found["all_reduce"],
            "interference": found["interference"],
            "overlap": [overlap(group, width, options) for width in WIDTHS],
        }
        if group.rank == 0:
            found["prediction"] = predicted_phases(growing, file, phases)
            file.write_text(json.dumps(found))


def command(launcher: Sequence[str], words: Sequence[str]) -> list[str]:
    """Return a command of Python, started by a launcher where one is named."""
    return [sys.executable, *(["-m", *launcher] if launcher else []), *words]


def one_process(options: Options) -> dict[str, Any]:
    """Return what torchrun adds to a run of one process: to its start, and to its updates."""
    torchrun = ["torch.distributed.run", "--nproc-per-node", "1"]
    launchers: dict[str, list[str]] = {"none": [], "torchrun": torchrun}
    starts: dict[str, list[float]] = {name: [] for name in launchers}
    rates: dict[str, list[float]] = {name: [] for name in launchers}
    for index in range(options.rounds):
        say(f"torchrun: round {index + 1}")
        for name, launcher in launchers.items():
            start_up, rate = trained(command(launcher, ["-m", "bsgrow", "train", *TRAINED]))
            starts[name].append(start_up)
            rates[name].append(rate)
    return {
        "start_up_seconds": {name: spread(seconds) for name, seconds in starts.items()},
        "updates_per_second": {name: spread(each) for name, each in rates.items()},
        "ratio": spread([b / a for a, b in zip(*rates.values(), strict=True)]),
    }


def trained(words: Sequence[str]) -> tuple[float, float]:
    """Run a training; return what it takes beside training, in seconds, and updates a second."""
    with tempfile.TemporaryDirectory() as folder:
        out = ["--out", f"{folder}/run", "--format", "json"]
        start = time.perf_counter()
        summary = json.loads(output([*words, *out]))
        seconds = time.perf_counter() - start
    training = summary["wall_seconds"]
    return seconds - training, summary["num_updates"] / training


def output(words: Sequence[str]) -> bytes:
    """Run a command with one thread a process; return what it prints."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(words, env=environment, stdout=subprocess.PIPE, check=True).stdout


def main() -> None:
    """Measure all of it, and write it down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="that count; default 5")
    parser.add_argument("--seconds", type=float, default=0.4, help="a round, at least; default 0.4")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--rank-of", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    how_long = Options(options.rounds, options.seconds)
    if options.rank_of:
        measure_together(how_long, options.rank_of)
        return
    before = describe_machine()
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        two = ["torch.distributed.run", "--nproc-per-node", "2"]
        lasting = ["--rounds", str(options.rounds), "--seconds", str(options.seconds)]
        output(command(two, [__file__, *lasting, "--rank-of", file.name]))
        found = json.loads(Path(file.name).read_text())
    found |= {"torchrun": one_process(how_long)}
    options.out.write_text(json.dumps(before | found, indent=2) + "\n")
    print(*tables(found), sep="\n\n")


if __name__ == "__main__":
    main()

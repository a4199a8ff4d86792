"""How long training waits for a checkpoint, and what memory loading one takes.

    python benchmarks/checkpoint_pause.py [--rounds 9] [--checkout NAME=PATH ...] [--models NAME,…]
        [--out FILE]

A pause is measured as it was, training waiting until the file is on the disk, and as it is, waiting
for a copy that a thread writes; in turns, in one process, with synthetic images on the CPU. What
updates take while one is written is measured too, and what memory the process has to itself after
the first round and after the last. Loading is done by two processes at once, each by
the `.venv/bin/python` of a checkout; memory is the most above what they had before: to themselves,
and their share of what both map (PSS). Linux alone has these figures. All is written to
`results/checkpoint_pause.json`.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from bsgrow.models import build_model
from bsgrow.recipe import OptimizerConfig
from bsgrow.reporting.machine import describe_machine
from bsgrow.schedule import Update
from bsgrow.training.background import Background
from bsgrow.training.checkpoint.checkpoint import Identity, Position, content_of, write_checkpoint
from bsgrow.training.checkpoint.checks import RUNNING_TOTALS
from bsgrow.training.checkpoint.host_copy import HostCopy
from bsgrow.training.optimizers import build_optimizer
from bsgrow.training.step import Totals, accumulate
from bsgrow.training.update import apply
from bsgrow.training.update_sums import UpdateSums

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "checkpoint_pause.json"
RUNS = ROOT / "runs"  # on a disk, and git ignores what a stopped one leaves there
CPU = torch.device("cpu")
IDENTITY = Identity(0, "recipe", "data")
KINDS, NUM_PROCESSES = ("to itself", "its share (PSS)"), 2
NUM_LOADS = 2  # each takes seconds, and they hardly differ


class Model(NamedTuple):
    """A network with the samples of an update, all in one micro-batch.

    Args:
        name: for the table.
        kind: of ``bsgrow.models``.
        arguments: of its own.
        side: of the square images, in pixels.
        global_batch_size: samples of an update.
    """

    name: str
    kind: str
    arguments: dict[str, int]
    side: int
    global_batch_size: int


MODELS = (
    Model("WRN-16-4", "wide_resnet", {"depth": 16, "width": 4}, 32, 64),
    Model("ResNet-50", "resnet50", {}, 160, 4),
)

LOADING = """
import json, re, sys, threading
from pathlib import Path
import torch
from bsgrow.models import build_model
from bsgrow.recipe import OptimizerConfig
from bsgrow.schedule import Growth, Reference, compile_plan
from bsgrow.training.checkpoint.checkpoint import Identity, load_checkpoint
from bsgrow.training.optimizers import build_optimizer

kind, arguments, size, path = json.loads(sys.argv[1])
torch.set_num_threads(1)
model = build_model(kind, arguments, in_channels=3, num_classes=1000, ghost_batch_size=16)
optimizer = build_optimizer(OptimizerConfig(momentum=0.9), model.parameters(), lr=0.1)
plan = compile_plan(Reference(10, 1e-3, size, 0.9), Growth(mode="decay"), size)

def held():
    text = Path("/proc/self/smaps_rollup").read_text()
    return [int(re.search(f"{name}: +([0-9]+) kB", text)[1]) for name in ("Anonymous", "Pss")]

before, most, over = held(), [0, 0], threading.Event()
def watch():
    while not over.wait(0.002):
        most[:] = map(max, most, held())

watcher = threading.Thread(target=watch, daemon=True)
print("ready", flush=True)
sys.stdin.readline()
watcher.start()
load_checkpoint(Path(path), Identity(0, "recipe", "data"), plan, model, optimizer)
over.set()
watcher.join()
print(json.dumps([1024 * (a - b) for a, b in zip(most, before)]))
"""


class Training:
    """Updates of a model, and its checkpoints."""

    def __init__(self, model: Model, folder: Path) -> None:
        torch.manual_seed(0)
        self.model, self._size, self._folder = built(model), model.global_batch_size, folder
        config = OptimizerConfig(momentum=0.9)
        self.optimizer = build_optimizer(config, self.model.parameters(), lr=1e-3)
        shape = (self._size, 3, model.side, model.side)
        self._images, self._labels = torch.randn(shape), torch.randint(1000, (self._size,))
        self._copy, self.num_updates = HostCopy(), 0
        self._sums, self._totals = UpdateSums(self.model, CPU), Totals(CPU)

    def update(self) -> float:
        """Make one; return its seconds."""
        begin, size, at = time.perf_counter(), self._size, self.num_updates
        totals = self._sums.totals
        accumulate(self.model, self._images, self._labels, update_size=size, totals=totals)
        update = Update(at, at * size, (at + 1) * size, 1e-3, 0.9)
        apply(self.optimizer, update)
        self._sums.take(self._totals, update)
        self.num_updates += 1
        return time.perf_counter() - begin

    def content(self) -> dict[str, Any]:
        """What a checkpoint holds now."""
        extra = dict(zip(RUNNING_TOTALS, self._totals.read(), strict=True))
        at = Position(self.num_updates, self.num_updates * self._size, 1.0, extra)
        return content_of(IDENTITY, at, self.model, self.optimizer)

    def waits(self) -> float:
        """Write a checkpoint while nothing else is done; return the pause."""
        begin = time.perf_counter()
        write_checkpoint(self._folder, self.content())
        return time.perf_counter() - begin

    def goes_on(self) -> tuple[float, float]:
        """Copy the state and go on beside the thread that writes it.

        Returns:
            The pause, and the seconds of the update that is begun then.
        """
        begin = time.perf_counter()
        content = self._copy.take(self.content())
        thread = Background(lambda check: write_checkpoint(self._folder, content, check=check))
        thread.start()
        pause = time.perf_counter() - begin
        update = self.update()
        if (error := thread.wait()) is not None:
            raise error
        return pause, update


def built(model: Model) -> nn.Module:
    """The network, as it begins."""
    return build_model(
        model.kind, model.arguments, in_channels=3, num_classes=1000, ghost_batch_size=16
    )


def pauses(model: Model, num_rounds: int) -> Iterator[dict[str, Any]]:
    """Rows of one model; the first round is not counted, as memory is new then."""
    alone, waited, copied, beside, held = [], [], [], [], []
    with tempfile.TemporaryDirectory(dir=RUNS) as folder:
        training = Training(model, Path(folder))
        for _ in range(num_rounds + 1):
            alone.append(training.update())
            waited.append(training.waits())
            alone.append(training.update())
            pause, update = training.goes_on()
            copied.append(pause)
            beside.append(update)
            held.append(bytes_to_itself())
        size = max(path.stat().st_size for path in Path(folder).glob("*.pt"))
    update = statistics.median(alone[2:])
    about = {"model": model.name, "global_batch_size": model.global_batch_size, "bytes": size}
    for case, seconds in (
        ("pause, written while training waits", waited),
        ("pause, copied and written beside it", copied),
        ("update, nothing written", alone),
        ("update, while one is written", beside),
    ):
        counted = [1e3 * each for each in seconds[len(seconds) // (num_rounds + 1) :]]
        yield {"case": case, **about, **spread(counted, "ms", update)}
    for case, figures in (("memory after the first round", held[:1]), ("after others", held[1:])):
        yield {"case": case, **about, **spread([each / 2**20 for each in figures], "MiB")}


def bytes_to_itself() -> int:
    """Memory of this process that it shares with no other, and no file holds."""
    text = Path("/proc/self/smaps_rollup").read_text()
    return 1024 * next(int(line.split()[1]) for line in text.splitlines() if "Anonymous" in line)


def spread(figures: Sequence[float], unit: str, update: float | None = None) -> dict[str, Any]:
    """The median is the figure; minimum and maximum are its spread."""
    median = statistics.median(figures)
    row = {"unit": unit, "median": median, "min": min(figures), "max": max(figures)}
    return row | {"n": len(figures)} | ({"updates": median / update / 1e3} if update else {})


def loading(model: Model, checkouts: dict[str, Path], num_rounds: int) -> Iterator[dict[str, Any]]:
    """What two processes of each checkout take to load one checkpoint."""
    with tempfile.TemporaryDirectory(dir=RUNS) as folder:
        training = Training(model, Path(folder))
        training.update()
        path = write_checkpoint(Path(folder), training.content())
        size = path.stat().st_size
        words = json.dumps([model.kind, model.arguments, model.global_batch_size, str(path)])
        found = {name: [] for name in checkouts}
        for _ in range(num_rounds):
            for name, checkout in checkouts.items():
                found[name] += loaded_at_once(checkout, words)
    for name, figures in found.items():
        for kind, taken in zip(KINDS, zip(*figures, strict=True), strict=True):
            about = {"case": f"loading, {kind}", "model": model.name, "bytes": size}
            yield about | {"checkout": name} | spread([each / 2**20 for each in taken], "MiB")


def loaded_at_once(checkout: Path, words: str) -> list[list[int]]:
    """Bytes that each of the processes took at most, to itself and by its share."""
    command = [str(checkout / ".venv/bin/python"), "-c", LOADING, words]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    started = [subprocess.Popen(command, cwd=checkout, **pipes) for _ in range(NUM_PROCESSES)]
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.write("\n")
        process.stdin.flush()
    return [json.loads(process.communicate()[0]) for process in started]


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    """One line for each figure."""
    for row in rows:
        name = f"{row['model']:<10} {row['case']:<36} {row.get('checkout', ''):<8}"
        low, high = f"{row['min']:.1f}", f"{row['max']:.1f}"
        updates = f"  {row['updates']:.3f} updates" if "updates" in row else ""
        print(f"{name} {row['median']:>9.1f} {row['unit']} [{low}, {high}] n={row['n']}{updates}")


def named_checkout(text: str) -> tuple[str, Path]:
    """Read NAME=PATH."""
    name, _, path = text.partition("=")
    return name, Path(path).resolve()


def main() -> None:
    """Measures every model, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--checkout", type=named_checkout, action="append")
    names = ",".join(model.name for model in MODELS)
    parser.add_argument("--models", default=names, help=f"by comma; default {names}")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    checkouts = dict(options.checkout or [("this", ROOT)])
    rows: list[dict[str, Any]] = []
    models = [model for model in MODELS if model.name in options.models.split(",")]
    before = describe_machine()
    RUNS.mkdir(exist_ok=True)
    for model in models:
        rows += pauses(model, options.rounds)
    rows += loading(models[-1], checkouts, min(options.rounds, NUM_LOADS))
    about = {"num_threads": torch.get_num_threads()}
    options.out.write_text(json.dumps(before | about | {"rows": rows}, indent=2) + "\n")
    print_table(rows)


if __name__ == "__main__":
    main()

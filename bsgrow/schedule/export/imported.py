"""A batch schedule of another system, run under the learning rate of a reference."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bsgrow.schedule.compile import compile_plan
from bsgrow.schedule.config import Growth, Reference
from bsgrow.schedule.export.noise import Stretch, never_used, noise_stretches
from bsgrow.schedule.export.target import BatchSchedule


@dataclass(frozen=True)
class ImportedRun:
    """A batch schedule of another system, under the learning rate of a reference.

    Attributes:
        num_samples: size of the training set, N.
        momentum: momentum coefficient m, the same throughout.
        stretches: the updates of each batch size, with their learning rate and noise scale.
        notes: what of the schedule never takes effect, a sentence each.
    """

    num_samples: int
    momentum: float
    stretches: Sequence[Stretch]
    notes: Sequence[str] = ()

    @property
    def num_updates(self) -> int:
        """Parameter updates of the whole run."""
        return sum(stretch.num_updates for stretch in self.stretches)

    @property
    def epochs(self) -> float:
        """Length of the run in passes over the training set; the last update is whole."""
        return self.stretches[-1].stop_sample / self.num_samples


def run_under(schedule: BatchSchedule, reference: Reference, num_samples: int) -> ImportedRun:
    """Return the updates of a batch schedule under the learning rate of a reference.

    Args:
        schedule: as ``read_schedule`` returns it.
        reference: its learning rate, momentum and length; its batch size counts in no update.
        num_samples: size of the training set, N.

    Raises:
        InputError: a value is out of range, or a noise scale is beyond any number.
    """
    published = compile_plan(reference, Growth(mode="decay"), num_samples)
    stretches = noise_stretches(
        schedule,
        published.reference_lr,
        num_total_samples=published.num_total_samples,
        num_samples=num_samples,
        momentum=reference.momentum,
    )
    notes = never_used(schedule, published.num_total_samples)
    return ImportedRun(num_samples, reference.momentum, stretches, notes)


def imported_as_dict(run: ImportedRun) -> dict[str, Any]:
    """Return the run as plain values, in the form of ``bsgrow.schedule.as_dict``."""
    phases = []
    for row in imported_rows(run):
        for key in ("lr", "sgd_noise_scale"):
            first, last = row[key], row.pop(f"last_{key}")
            row[key] = first if first == last else [first, last]
        phases.append(row)
    head = {"num_samples": run.num_samples, "epochs": run.epochs, "num_updates": run.num_updates}
    return {**head, "phases": phases}


def imported_rows(run: ImportedRun) -> Iterator[dict[str, Any]]:
    """Yield one flat row per batch size, for CSV; last_ is for its last update."""
    for stretch in run.stretches:
        yield {
            "start_sample": stretch.start_sample,
            "stop_sample": stretch.stop_sample,
            "start_epoch": stretch.start_sample / run.num_samples,
            "stop_epoch": stretch.stop_sample / run.num_samples,
            "global_batch_size": stretch.global_batch_size,
            "lr": stretch.lr[0],
            "momentum": run.momentum,
            "sgd_noise_scale": stretch.sgd_noise_scale[0],
            "num_updates": stretch.num_updates,
            "last_lr": stretch.lr[1],
            "last_sgd_noise_scale": stretch.sgd_noise_scale[1],
        }

"""The noise scale of a batch schedule that was written for another system."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite

from bsgrow.errors import InputError
from bsgrow.schedule.export.target import BatchSchedule
from bsgrow.schedule.noise_scale import sgd_noise_scale


@dataclass(frozen=True, slots=True)
class Stretch:
    """Updates of one batch size, in samples [start, stop); pairs are its first and last update.

    Attributes:
        start_sample: first sample.
        stop_sample: one past its last sample; the last stretch runs its last update whole.
        global_batch_size: samples per update.
        num_updates: how many updates.
        lr: learning rate ε at the first and at the last update.
        sgd_noise_scale: g = ε (N/B − 1) / (1 − m) at the first and at the last update.
    """

    start_sample: int
    stop_sample: int
    global_batch_size: int
    num_updates: int
    lr: tuple[float, float]
    sgd_noise_scale: tuple[float, float]


def noise_stretches(
    schedule: BatchSchedule,
    lr_at: Callable[[int], float],
    *,
    num_total_samples: int,
    num_samples: int,
    momentum: float = 0.0,
) -> list[Stretch]:
    """Return the noise scale of each stretch of a batch schedule.

    A new batch size takes effect at the first update that starts at its threshold or after it, as
    in Megatron-LM.

    Args:
        schedule: as ``parse_megatron`` and ``parse_levanter`` return it.
        lr_at: samples consumed before an update to its learning rate; for a reference run,
            ``lambda sample: curve.value(Fraction(sample, num_samples))``.
        num_total_samples: length of the run.
        num_samples: size of the training set, N.
        momentum: momentum coefficient m.

    Raises:
        InputError: a size is not positive, the momentum is outside [0, 1), or a noise scale is
            beyond any number.

    Source:
        arXiv 1711.00489, sections 3 and 4.
    """
    _require_run(num_total_samples, num_samples, momentum)

    def noise(lr: float, batch_size: int) -> float:
        scale = sgd_noise_scale(lr, batch_size, momentum, num_samples)
        if not isfinite(scale):
            raise InputError(
                f"lr = {lr:g} at a batch of {batch_size}: no number is its noise scale"
            )
        return scale

    stretches = []
    for start, stop, size in tile(schedule, num_total_samples):
        if start == stop:
            continue
        first, last = lr_at(start), lr_at(stop - size)
        noises = (noise(first, size), noise(last, size))
        updates = (stop - start) // size
        stretches.append(Stretch(start, stop, size, updates, (first, last), noises))
    return stretches


def never_used(schedule: BatchSchedule, num_total_samples: int) -> list[str]:
    """Return a sentence for each batch size that no update of the run has.

    Args:
        schedule: as ``parse_megatron`` and ``parse_levanter`` return it.
        num_total_samples: length of the run.
    """
    tiles = tile(schedule, num_total_samples)
    return [
        f"{size} from sample {threshold} never takes effect: "
        + (
            f"the run ends at sample {num_total_samples}"
            if threshold >= num_total_samples
            else f"the next update starts at sample {start}, with another size"
        )
        for (threshold, size), (start, stop, _) in zip(schedule, tiles, strict=True)
        if start == stop
    ]


def tile(schedule: BatchSchedule, num_total_samples: int) -> Iterator[tuple[int, int, int]]:
    """Yield [start, stop) and batch size of the whole updates of each entry; it may have none.

    A size takes effect at the first update that starts at its threshold or after it.
    """
    cursor = 0
    ends = [*schedule, (num_total_samples, 0)]
    for (_, size), (threshold, _) in pairwise(ends):
        num_updates = max(0, -((cursor - min(threshold, num_total_samples)) // size))
        yield cursor, cursor + num_updates * size, size
        cursor += num_updates * size


def _require_run(num_total_samples: int, num_samples: int, momentum: float) -> None:
    for key, value in (("num_total_samples", num_total_samples), ("num_samples", num_samples)):
        if value < 1:
            raise InputError(f"{key} = {value}: must be at least 1")
    if not 0 <= momentum < 1:
        raise InputError(f"momentum = {momentum}: must be at least 0 and below 1")

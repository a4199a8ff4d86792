"""What processes that compute at the same time cost each other, from the updates of each."""

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bsgrow.bench.whole_updates import Stretch
from bsgrow.reporting.throughput import Throughput

Stretches = Mapping[int, Sequence[Stretch]]
"""By global batch, those of all processes in all rounds, in which none waited for another."""


def interference(alone: Throughput, together: Stretches) -> dict[str, float]:
    """Return what ``bsgrow plan --throughput`` reads under ``interference``, as far as it is known.

    Args:
        alone: what one process does while the others wait.
        together: what each does while all work.

    Returns:
        ``slowdown``: the median, over processes and rounds, of the rate of one that is alone
        against theirs; 1 or more. ``dispersion_seconds``: the median over global batches of the
        variance of the seconds of an update, within a round of one process, divided by their mean.
    """
    slowdowns = list(_slowdowns(alone, together))
    dispersions = [each for each in map(dispersion, together.values()) if each is not None]
    found: dict[str, float] = {}
    if slowdowns:
        found["slowdown"] = max(1.0, statistics.median(slowdowns))
    if dispersions:
        found["dispersion_seconds"] = statistics.median(dispersions)
    return found


def _slowdowns(alone: Throughput, together: Stretches) -> Iterator[float]:
    """Yield the rate of one alone against that of each stretch, at samples that were measured."""
    for each in (stretch for stretches in together.values() for stretch in stretches):
        samples = each.num_samples // max(1, len(each.update_seconds))
        if samples and alone.measures(samples):
            yield alone.at(samples) * each.seconds / each.num_samples


def dispersion(stretches: Iterable[Stretch]) -> float | None:
    """Return variance ÷ mean of the seconds of updates of one size; None where there are too few.

    The standard deviation is Gini's mean difference by √π/2, the same for normal times (David 1968,
    Biometrika 55(3)): half that difference is what the slower of two takes longer than the mean of
    both, whatever the distribution, and a rare stall counts as often as it comes, not squared.
    """
    counted = [s.update_seconds for s in stretches if s.num_samples and len(s.update_seconds) > 1]
    if not counted:
        return None
    mean = statistics.fmean(map(statistics.fmean, counted))
    deviation = statistics.fmean(map(mean_difference, counted)) * math.sqrt(math.pi) / 2
    return deviation**2 / mean


def mean_difference(values: Sequence[float]) -> float:
    """Return the mean of the differences between all pairs of two values or more."""
    number, ascending = len(values), sorted(values)
    # Each is larger than those before it and smaller than those behind it.
    total = math.fsum((2 * i - number + 1) * value for i, value in enumerate(ascending))
    return total / (number * (number - 1) / 2)

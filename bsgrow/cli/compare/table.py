"""What a comparison of arms shows: a table, and a sentence on each difference."""

from collections.abc import Iterator, Sequence

from bsgrow.cli.table import Column, FittedTable, figures
from bsgrow.reporting.comparison import Arm, Spread, accuracy_difference, with_baselines
from bsgrow.reporting.difference import CONFIDENCE


def differences(arms: Sequence[Arm]) -> Iterator[str]:
    """Yield a sentence for each arm beside the one that it is compared with."""
    for arm, baseline in with_baselines(arms):
        found = accuracy_difference(arm, baseline)
        if found is None:
            continue
        what = f"{arm.title} − {baseline.name}: test accuracy {100 * found.mean:+.2f} points"
        if found.interval is None:
            yield f"{what}; a single run tells no uncertainty, more --seeds do"
            continue
        low, high = (100 * edge for edge in found.interval)
        numbers = " and ".join(map(str, found.counts))
        yield f"{what}, {CONFIDENCE:.0%} interval {low:+.2f} to {high:+.2f} (Welch, n = {numbers})"


_COLUMNS = (
    Column("arm"),
    *figures("n", "test accuracy", "updates"),
    Column("of the baseline", right=True, leaves=1),
    Column("wall-clock", right=True, leaves=2),
)


def comparison_table(arms: Sequence[Arm]) -> FittedTable:
    """Return a row for each arm: accuracy, updates and wall-clock, mean ± deviation."""
    table = FittedTable(_COLUMNS)
    for arm in arms:
        table.add_row(
            arm.title,
            arm.count,
            _spread(arm, arm.test_accuracy, ".2%"),
            f"{arm.num_updates}",
            f"{arm.num_updates / arm.baseline_num_updates:.1%}",
            _spread(arm, arm.wall_seconds, ".1f", " s"),
        )
    return table


def _spread(arm: Arm, spread: Spread | None, digits: str, unit: str = "") -> str:
    if spread is None:
        return "diverged" if arm.diverged else "–"
    if len(arm.runs) == 1:  # which has no deviation
        return f"{spread.mean:{digits}}{unit}"
    return f"{spread.mean:{digits}} ± {spread.std:{digits}}{unit}"

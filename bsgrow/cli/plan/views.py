"""What `bsgrow plan` adds to a plan for people: a sentence on its wall-clock, a drawing."""

from collections.abc import Sequence
from pathlib import Path

from bsgrow.cli.numbers import duration
from bsgrow.reporting.matplotlib_defaults import import_matplotlib
from bsgrow.reporting.named_plan import NamedPlan
from bsgrow.reporting.wall_clock import Throughput, baseline_seconds, total_seconds
from bsgrow.schedule import Plan


def prediction(plan: Plan, throughput: Throughput) -> str:
    """Return the predicted wall-clock of the whole run, against the reference."""
    seconds, baseline = total_seconds(plan, throughput), baseline_seconds(plan, throughput)
    return (
        f"{duration(seconds)} predicted, without evaluation and checkpoints; "
        f"the decaying baseline takes {duration(baseline)} ({baseline / seconds:.2f}×)"
    )


def draw(entries: Sequence[NamedPlan], path: Path) -> None:
    """Draw plans into a file; raises InputError for a wrong one."""
    import_matplotlib()
    from bsgrow.reporting.plan_plot import plot_plan  # it takes a while to import

    plot_plan([entry.plan for entry in entries], [entry.name for entry in entries], path)

"""What `bsgrow plan` adds to a plan for people: a sentence on its wall-clock, a drawing."""

from collections.abc import Sequence
from pathlib import Path

from bsgrow.cli.numbers import duration
from bsgrow.recipe import world_sizes
from bsgrow.reporting.matplotlib_defaults import import_matplotlib
from bsgrow.reporting.named_plan import NamedPlan
from bsgrow.reporting.plan_views import Views, clock_of
from bsgrow.reporting.wall_clock import WallClock, baseline_seconds, total_seconds


def prediction(entry: NamedPlan, clock: WallClock) -> str:
    """Return the predicted wall-clock of the whole run, against the reference.

    Both are on the ranks that the recipe says, the reference on those of the first phase.
    """
    plan, sizes = entry.plan, world_sizes(entry.plan, entry.recipe)
    seconds, baseline = total_seconds(plan, clock, sizes), baseline_seconds(plan, clock, sizes[0])
    return (
        f"{duration(seconds)} predicted, without evaluation and checkpoints; "
        f"the decaying baseline takes {duration(baseline)} ({baseline / seconds:.2f}×)"
    )


def draw(entries: Sequence[NamedPlan], views: Views, path: Path) -> None:
    """Draw plans into a file; raises InputError for a wrong one.

    Where the wall-clock is predicted for numbers of ranks, that is drawn; else the plans are.
    """
    import_matplotlib()
    if not views.predicts_world_sizes:
        from bsgrow.reporting.plan_plot import plot_plan  # it takes a while to import

        plot_plan([entry.plan for entry in entries], [entry.name for entry in entries], path)
        return
    from bsgrow.reporting.world_plot import Predicted, plot_world_times

    predicted = []
    for entry in entries:
        clock = clock_of(entry, views)
        assert clock is not None, "predicted"
        predicted.append(Predicted(entry.name, entry.plan, clock))
    plot_world_times(predicted, views.world_sizes, path)

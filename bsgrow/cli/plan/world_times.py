"""What each phase of a plan is predicted to take on numbers of ranks, as a table."""

from collections.abc import Iterator, Sequence

from bsgrow.cli.numbers import duration, epochs
from bsgrow.cli.sizes import format_size
from bsgrow.cli.table import Column, FittedTable, figures
from bsgrow.reporting.interference import NO_INTERFERENCE
from bsgrow.reporting.named_plan import NamedPlan
from bsgrow.reporting.plan_views import Views, paying_of, table_of_times
from bsgrow.reporting.wall_clock import WallClock
from bsgrow.reporting.world_times import (
    PhaseTime,
    largest_paying,
    paying_from,
    run_times,
)
from bsgrow.schedule import Plan


def world_time_table(entry: NamedPlan, clock: WallClock, views: Views) -> FittedTable:
    """Return a row for each phase, then the whole run, the decaying one, and their ratio."""
    plan = entry.plan
    ranks = (_ranks(size) for size in views.world_sizes)
    columns = [Column("epochs"), Column("global batch", right=True, leaves=1)]
    table = FittedTable([*columns, *figures(*ranks, "pays up to")])
    for phase, times in zip(plan.phases, table_of_times(entry, clock, views), strict=True):
        most = largest_paying(times)
        cells = (f"{duration(time.seconds)}, {_percent(time.efficiency)}" for time in times)
        table.add_row(
            *(epochs(plan, phase), f"{phase.global_batch_size}", *cells),
            "none" if most is None else _ranks(most),
        )
    totals = run_times(plan, clock, views.world_sizes)
    table.add_row("all", "", *(duration(total.seconds) for total in totals), "")
    baseline = (duration(total.baseline_seconds) for total in totals)
    table.add_row("decaying", f"{plan.reference.global_batch_size}", *baseline, "")
    table.add_row("faster", "", *(f"{total.speedup:.2f}×" for total in totals), "")
    return table


def explanation(entry: NamedPlan, clock: WallClock, views: Views) -> Iterator[str]:
    """Yield what stands in the cells, from when on ranks pay, and what communication takes."""
    paying = paying_of(entry, views)
    yield (
        "predicted wall-clock, and its efficiency: samples per second against as many devices "
        f"alone; ranks pay with {paying.min_samples_per_device} samples or more for each "
        f"(run.min_samples_per_device) and an efficiency of {_percent(paying.efficiency)} or more "
        "(--efficiency)"
    )
    if max(views.world_sizes) == 1:
        return
    yield _paying(entry.plan, table_of_times(entry, clock, views), views.world_sizes)
    if clock.all_reduce is not None:
        yield _communication(clock, views.world_sizes)
    if clock.interference != NO_INTERFERENCE:
        yield _interference(entry.plan, clock, views.world_sizes)


def _paying(plan: Plan, table: Sequence[Sequence[PhaseTime]], world_sizes: Sequence[int]) -> str:
    """Say from which epoch on each number of ranks pays."""
    said: list[str] = []
    for size, first in zip(world_sizes, paying_from(table), strict=True):
        if size == 1:
            continue
        if first is None:
            num = sum(time.pays for times in table for time in times if time.world_size == size)
            when = f"in {num} of {len(table)} phases, not in the last" if num else "in no phase"
        else:
            start = plan.phases[first].start_sample / plan.num_samples
            batch = plan.phases[first].global_batch_size
            when = (
                f"from epoch {start:.4g} on, at a batch of {batch}" if start else "from the start"
            )
        said.append(f"{_ranks(size)} {'' if said else 'pay '}{when}")
    return "; ".join(said)


def _communication(clock: WallClock, world_sizes: Sequence[int]) -> str:
    """Say what an all-reduce takes."""
    network = clock.all_reduce
    assert network is not None, "given"
    times = [(size, network.time(clock.gradient_bytes, size)) for size in world_sizes if size > 1]
    said = (
        f"{_ranks(size)} {1000 * time.seconds:.3g} ms ({time.algorithm})" for size, time in times
    )
    part = _percent(network.overlap)
    hidden = f"behind {part} of the last backward" if network.overlap else "none"
    return f"all-reduce of {format_size(clock.gradient_bytes)}: {', '.join(said)}; hidden: {hidden}"


def _interference(plan: Plan, clock: WallClock, world_sizes: Sequence[int]) -> str:
    """Say what ranks that compute at the same time cost each other."""
    batch = plan.phases[-1].global_batch_size
    updates = (clock.update(batch, size) for size in world_sizes if size > 1)
    said = (f"{_ranks(each.world_size)} {1000 * each.wait_seconds:.3g} ms" for each in updates)
    return (
        f"an update of {batch} waits for the slowest: {', '.join(said)}; ranks that compute at the "
        f"same time take {clock.interference.slowdown:.3g} times as long as one alone"
    )


def _ranks(size: int) -> str:
    return "1 rank" if size == 1 else f"{size} ranks"


def _percent(part: float) -> str:
    return f"{100 * part:.3g} %"

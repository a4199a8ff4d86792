"""What is said of a plan beside its phases if asked: ranks, wall-clock, and what to know of it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bsgrow.recipe import rule_notes, world_sizes
from bsgrow.reporting.all_reduce import AllReduce
from bsgrow.reporting.interference import NO_INTERFERENCE, Interference
from bsgrow.reporting.moved_constants import (
    constants_of_phases,
    constants_of_updates,
    notes_on_constants,
)
from bsgrow.reporting.named_plan import NamedPlan
from bsgrow.reporting.throughput import Throughput, remarks
from bsgrow.reporting.wall_clock import (
    WallClock,
    baseline_seconds,
    phase_seconds,
    seconds_of_phases,
)
from bsgrow.reporting.world_sizes import idle_ranks, world_size_rows
from bsgrow.reporting.world_times import (
    EFFICIENCY,
    Paying,
    PhaseTime,
    largest_paying,
    phase_time_row,
    phase_times,
    run_time_rows,
    run_times,
)
from bsgrow.schedule import allowance, as_dict, notes, phase_rows, update_rows
from bsgrow.text.printable import cut


@dataclass(frozen=True)
class Views:
    """What is shown of each plan beside its phases.

    Attributes:
        world_sizes: numbers of ranks to tabulate, and to predict the wall-clock for.
        throughput: what the wall-clock is predicted from.
        sketch: whether the batch is drawn under the table.
        planned_world_sizes: whether a phase says for how many ranks it is planned.
        all_reduce: the network between ranks; None where it is not known.
        efficiency: from which on ranks pay.
        interference: what ranks cost each other; nothing where it is not known.
    """

    world_sizes: Sequence[int] = ()
    throughput: Throughput | None = None
    sketch: bool = False
    planned_world_sizes: bool = False
    all_reduce: AllReduce | None = None
    efficiency: float = EFFICIENCY
    interference: Interference = NO_INTERFERENCE

    @property
    def predicts_world_sizes(self) -> bool:
        """Whether the wall-clock is predicted for several numbers of ranks."""
        return self.throughput is not None and bool(self.world_sizes)


def clock_of(entry: NamedPlan, views: Views) -> WallClock | None:
    """Return what the wall-clock of a plan is predicted from, if it is asked for.

    Raises:
        InputError: the size of the gradient is needed, and not known.
    """
    if views.throughput is None:
        return None
    recipe, network = entry.recipe, views.all_reduce
    size = 0
    if network is not None and max(_ranks(entry, views)) > 1:
        size = entry.gradient_bytes if network.gradient_bytes is None else network.gradient_bytes
    ghost, micro = recipe.ghost_batch_size, recipe.micro_batch_size
    return WallClock(views.throughput, network, size, ghost, micro, views.interference)


def paying_of(entry: NamedPlan, views: Views) -> Paying:
    """Return when ranks pay for a plan."""
    return Paying(entry.recipe.min_samples_per_device, views.efficiency)


def table_of_times(entry: NamedPlan, clock: WallClock, views: Views) -> list[list[PhaseTime]]:
    """Return for each phase what it takes on each number of ranks that is asked for."""
    paying = paying_of(entry, views)
    return [phase_times(phase, clock, views.world_sizes, paying) for phase in entry.plan.phases]


def plan_as_dict(entry: NamedPlan, views: Views) -> dict[str, Any]:
    """Return a plan as plain values, with what was asked for beside it."""
    value, plan = as_dict(entry.plan), entry.plan
    constants = constants_of_phases(entry.recipe, plan)
    for row, moved in zip(value["phases"], constants, strict=True):
        row |= moved
    if views.world_sizes:
        value["world_sizes"] = list(world_size_rows(entry.recipe, plan, views.world_sizes))
    for row, size in zip(value["phases"], _planned(entry, views), strict=False):
        row["world_size"] = size
    clock = clock_of(entry, views)
    if clock is None:
        return value
    sizes = world_sizes(plan, entry.recipe)
    for row, seconds in zip(value["phases"], seconds_of_phases(plan, clock, sizes), strict=True):
        row["predicted_seconds"] = seconds
    value["predicted_seconds"] = sum(row["predicted_seconds"] for row in value["phases"])
    value["baseline_predicted_seconds"] = baseline_seconds(plan, clock, sizes[0])
    if views.world_sizes:
        _add_times(value, entry, clock, views)
    return value


def origins_as_dict(entry: NamedPlan) -> dict[str, Any]:
    """Return what the curve of a plan allows, and what its recipe takes from others, if it does."""
    found, inherited = allowance(entry.plan), entry.recipe.inherited
    taken = {"inherited": {name: [*keys] for name, keys in inherited.items()}}
    return {"curve_allows": found and asdict(found), **(taken if inherited else {})}


def _add_times(value: dict[str, Any], entry: NamedPlan, clock: WallClock, views: Views) -> None:
    """Add what is predicted for numbers of ranks, to their rows and as totals."""
    table = table_of_times(entry, clock, views)
    flat = (time for times in table for time in times)
    for row, time in zip(value["world_sizes"], flat, strict=True):
        row |= phase_time_row(time)
    for row, times in zip(value["phases"], table, strict=True):
        row["largest_paying_world_size"] = largest_paying(times)
    network = clock.all_reduce
    value["pays_if"] = asdict(paying_of(entry, views))
    value["all_reduce"] = network and {**asdict(network), "gradient_bytes": clock.gradient_bytes}
    value["interference"] = asdict(clock.interference)
    totals = run_times(entry.plan, clock, views.world_sizes)
    value["world_size_totals"] = list(run_time_rows(totals))


def plan_rows(entry: NamedPlan, views: Views) -> Iterator[dict[str, Any]]:
    """Yield one flat row per phase, with the predicted wall-clock if asked for."""
    plan, clock = entry.plan, clock_of(entry, views)
    sizes = world_sizes(plan, entry.recipe)
    constants = constants_of_phases(entry.recipe, plan)
    for row, moved, phase, size in zip(
        phase_rows(plan), constants, plan.phases, sizes, strict=True
    ):
        row |= moved
        if views.planned_world_sizes:
            row["world_size"] = size
        if clock is not None:
            row["predicted_seconds"] = phase_seconds(phase, clock, size)
            if views.world_sizes:
                times = phase_times(phase, clock, views.world_sizes, paying_of(entry, views))
                row |= _time_columns(times)
        yield row


def update_rows_of(entry: NamedPlan) -> Iterator[dict[str, Any]]:
    """Yield one flat row per update, with the constants that move."""
    constants = constants_of_updates(entry.recipe, entry.plan)
    rows = zip(update_rows(entry.plan), constants, strict=True)
    return (row | moved for row, moved in rows)


def _time_columns(times: Sequence[PhaseTime]) -> dict[str, Any]:
    """Return columns for each number of ranks, and the most that pay."""
    row: dict[str, Any] = {}
    for time in times:
        row[f"predicted_seconds_{time.world_size}"] = time.seconds
        row[f"efficiency_{time.world_size}"] = time.efficiency
    return row | {"largest_paying_world_size": largest_paying(times)}


def _planned(entry: NamedPlan, views: Views) -> Sequence[int]:
    """Return for how many ranks each phase is planned, if it is shown."""
    return world_sizes(entry.plan, entry.recipe) if views.planned_world_sizes else ()


def _ranks(entry: NamedPlan, views: Views) -> set[int]:
    """Return the numbers of ranks that something is predicted for."""
    return {*views.world_sizes, *world_sizes(entry.plan, entry.recipe)}


def plan_remarks(entry: NamedPlan, views: Views) -> list[str]:
    """Return what a reader should know of a plan and of its prediction."""
    recipe, plan = entry.recipe, entry.plan
    found = [*entry.notes, *notes(plan), *rule_notes(recipe, plan)]
    found += [*notes_on_constants(recipe, plan), *idle_ranks(recipe, plan)]
    if recipe.run.world_sizes is not None and recipe.run.world_size != 1:
        found.append(
            f"run.world_sizes is taken, and run.world_size = {recipe.run.world_size} is not"
        )
    clock = clock_of(entry, views)
    return found if clock is None else [*found, *_on_prediction(entry, clock, _ranks(entry, views))]


def _on_prediction(entry: NamedPlan, clock: WallClock, ranks: set[int]) -> Iterator[str]:
    """Yield where a prediction comes from, and what it takes on trust."""
    throughput = clock.throughput
    hardware = ", ".join(throughput.hardware.values())
    source = f"the wall-clock is from the throughput of {cut(throughput.case)}"
    yield f"{source}, measured on {hardware}" if hardware else source
    first = entry.plan.reference.global_batch_size
    batches = {first, *(phase.global_batch_size for phase in entry.plan.phases)}
    yield from remarks(batches, throughput)
    shares = {
        clock.samples_per_rank(batch, size) for batch in batches for size in ranks if size > 1
    }
    yield from remarks(shares - batches, throughput, "a share")
    if max(ranks) > 1:
        yield from _on_ranks(clock, max(ranks), first)


def _on_ranks(clock: WallClock, most: int, reference_batch: int) -> Iterator[str]:
    """Yield what a prediction for several ranks takes on trust."""
    if clock.all_reduce is None:
        yield (
            "nothing is known of the network, so that communication counts as free; "
            "--all-reduce latency=20us,bandwidth=50GB/s, or what it is, counts it"
        )
    num_ghosts = -(-reference_batch // clock.ghost_batch_size)
    if most > num_ghosts:
        yield (
            f"the decaying baseline's batch of {reference_batch} is {num_ghosts} ghost batch"
            f"{'es' * (num_ghosts > 1)} of {clock.ghost_batch_size}, which more ranks do not share"
        )

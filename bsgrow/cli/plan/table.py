"""A plan as a table for people."""

from bsgrow.cli.numbers import duration, epochs, span
from bsgrow.cli.table import Column, FittedTable
from bsgrow.recipe import Recipe, world_sizes
from bsgrow.reporting.moved_constants import constants_of_phases
from bsgrow.reporting.wall_clock import WallClock, phase_seconds
from bsgrow.schedule import Phase, Plan
from bsgrow.stream import Share

_COLUMNS = (
    Column("epochs"),
    Column("global batch", right=True),
    Column("micro × accum × world", right=True, leaves=1),
    Column("lr", right=True, leaves=4),
    Column("momentum", right=True, leaves=2),
    Column("sgd noise scale", right=True, leaves=3),
    Column("updates", right=True),
)


_NAMES = {"beta1": "β₁", "beta2": "β₂", "eps": "ε", "weight_decay": "weight decay"}


def plan_table(recipe: Recipe, plan: Plan, clock: WallClock | None = None) -> FittedTable:
    """One row per phase: epochs, batch and how it is made up, lr, momentum, noise, updates.

    What moves of the optimizer's constants has a column, and a clock adds the predicted wall-clock.
    """
    predicted = [Column("predicted", right=True)] if clock else []
    constants = constants_of_phases(recipe, plan)
    moved = [Column(_NAMES.get(name, name), right=True, leaves=5) for name in constants[0]]
    table = FittedTable([*_COLUMNS, *moved, *predicted])
    sizes = world_sizes(plan, recipe)
    for phase, values, world_size in zip(plan.phases, constants, sizes, strict=True):
        table.add_row(
            epochs(plan, phase),
            f"{phase.global_batch_size}",
            _make_up(recipe, phase, world_size),
            span(phase.lr, plan.last_lr(phase)),
            f"{phase.momentum:g}",
            span(*plan.sgd_noise_scales(phase)),
            f"{phase.num_updates}",
            *(f"{value:.5g}" for value in values.values()),
            *([duration(phase_seconds(phase, clock, world_size))] if clock else []),
        )
    return table


def savings(plan: Plan) -> str:
    """The total under the table, against the reference at its fixed batch."""
    ratio = plan.baseline_num_updates / plan.num_updates
    return (
        f"{plan.num_updates} updates over {plan.epochs:g} epochs of {plan.num_samples} samples; "
        f"the decaying baseline makes {plan.baseline_num_updates} ({ratio:.2f}×)"
    )


def _make_up(recipe: Recipe, phase: Phase, world_size: int) -> str:
    """How a batch is put together: micro-batch × accumulation steps × ranks."""
    size, micro = phase.global_batch_size, recipe.micro_batch_size
    share = Share(0, world_size, recipe.ghost_batch_size)  # the busiest
    first, last = share.run(0, size)
    steps = share.num_micro_batches(0, size, micro)
    return f"{min(micro, last - first)} × {steps} × {world_size}"

"""A plan as a table for people."""

from rich.table import Table

from bsgrow.recipe import Recipe
from bsgrow.schedule import Phase, Plan
from bsgrow.schedule.split import gradient_accumulation_steps


def plan_table(recipe: Recipe, plan: Plan) -> Table:
    """One row per phase: epochs, batch and how it is made up, lr, momentum, noise, updates."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("epochs")
    columns = ("global batch", "micro × accum × world", "lr", "momentum", "sgd noise scale")
    for column in (*columns, "updates"):
        table.add_column(column, justify="right")
    for phase in plan.phases:
        table.add_row(
            f"{_epoch(phase.start_sample, plan)} – {_epoch(phase.stop_sample, plan)}",
            f"{phase.global_batch_size}",
            _make_up(recipe, phase),
            _range(phase.lr, plan.last_lr(phase)),
            f"{phase.momentum:g}",
            _range(*plan.sgd_noise_scales(phase)),
            f"{phase.num_updates}",
        )
    return table


def savings(plan: Plan) -> str:
    """The total under the table, against the reference at its fixed batch."""
    ratio = plan.baseline_num_updates / plan.num_updates
    return (
        f"{plan.num_updates} updates over {plan.epochs:g} epochs of {plan.num_samples} samples; "
        f"the decaying baseline makes {plan.baseline_num_updates} ({ratio:.2f}×)"
    )


def _range(first: float, last: float) -> str:
    """One number, or the first and last where it moves."""
    return f"{first:.4g}" if first == last else f"{first:.4g} → {last:.4g}"


def _epoch(sample: int, plan: Plan) -> str:
    return f"{sample / plan.num_samples:.4g}"


def _make_up(recipe: Recipe, phase: Phase) -> str:
    """How a batch is put together: micro-batch × accumulation steps × ranks."""
    ghost, world_size = recipe.ghost_batch_size, recipe.run.world_size
    micro = min(recipe.micro_batch_size, phase.global_batch_size)
    steps = gradient_accumulation_steps(phase.global_batch_size, ghost, micro, world_size)
    return f"{micro} × {steps} × {world_size}"

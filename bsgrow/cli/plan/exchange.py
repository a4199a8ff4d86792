"""Plans written for other training systems, and their batch schedules read back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bsgrow.errors import InputError
from bsgrow.recipe import Recipe, load_recipe, schedule_recipe
from bsgrow.recipe import world_sizes as planned_world_sizes
from bsgrow.recipe.planning import num_train_samples, open_data
from bsgrow.recipe.target import target_of
from bsgrow.reporting.named_plan import NamedPlan
from bsgrow.schedule.export import (
    IMPORTS,
    ImportedRun,
    Target,
    export_plan,
    read_schedule,
    run_under,
)

_OPTIONS = {
    r"\bsequence_length\b": "--tokens-per-sample",
    r"\bmicro_batch_size\b": "--micro-batch-size",
    r"\blr_tolerance(?==)": "--lr-tolerance",
    r"\bpass approximate\b": "pass --approximate",
    r"\bwith approximate\b": "--approximate",
    r"\btake (?=deepspeed|olmo-core)": "pass --format ",
    r"(?=\b(growth|optimizer|schedule)\.\w+=)": "--set ",
}


def exported(
    entries: Sequence[NamedPlan],
    system: str,
    world_sizes: Sequence[int],
    micro_batch_size: int | None = None,
    *,
    approximate: bool = False,
    lr_tolerance: float | None = None,
) -> str:
    """Return a plan in another system's syntax.

    Args:
        entries: the plan; only one.
        system: a key of ``FORMATS``.
        world_sizes: its data-parallel ranks, the recipe's where empty; only one.
        micro_batch_size: samples of a forward pass on a rank there; the recipe's where None.
        approximate: also where it follows the plan nearly, with what is off in comments.
        lr_tolerance: relative deviation of the learning rate that counts as equal; the library's
            where None.

    Raises:
        InputError: more than one run, or what the system cannot express.
    """
    if len(entries) > 1 or len(world_sizes) > 1:
        given = f"{len(entries)} recipes" if len(entries) > 1 else f"{len(world_sizes)} world sizes"
        raise InputError(f"--format {system}: is for one run, and {given} are given")
    planned = set(planned_world_sizes(entries[0].plan, entries[0].recipe))
    if len(planned) > 1 and not world_sizes:
        raise InputError(
            f"--format {system}: takes one number of ranks, and run.world_sizes has several",
            hint=f"add --world-size {min(planned)}, or another one",
        )
    target = replace(
        target_of(entries[0].recipe, micro_batch_size, *(world_sizes or planned)),
        approximate=approximate,
    )
    if lr_tolerance is not None:
        target = replace(target, lr_tolerance=lr_tolerance)
    try:
        return export_plan(entries[0].plan, system, target)
    except InputError as error:
        raise _as_options(error) from error


def imported_run(
    system: str,
    text: str,
    recipes: Sequence[str],
    values: Mapping[str, object],
    overrides: Sequence[str],
) -> ImportedRun:
    """Read a batch schedule, and put it under the learning rate that a recipe or options give.

    Raises:
        InputError: it is no such schedule, its tokens per sample are not given, there are several
            recipes, or one is wrong.
    """
    IMPORTS.find(system, f"--from {system}")
    if len(recipes) > 1:
        raise InputError(f"--from {system}: is for one run, and {len(recipes)} recipes are given")
    tokens = _recipe(1, recipes, values, overrides).schedule.tokens_per_sample
    try:
        schedule = read_schedule(text, system, Target(sequence_length=tokens))
    except InputError as error:
        raise _as_options(error) from error
    recipe = _recipe(schedule[0][1], recipes, values, overrides)
    num_samples = num_train_samples(recipe.data, open_data(recipe.data))
    return run_under(schedule, recipe.reference, num_samples)


def _as_options(error: InputError) -> InputError:
    """Say the hint of the library in options of the command line."""
    hint = error.hint
    for argument, option in _OPTIONS.items():
        hint = hint and re.sub(argument, option, hint)
    return InputError(error.message, hint)


def _recipe(
    global_batch_size: int,
    recipes: Sequence[str],
    values: Mapping[str, object],
    overrides: Sequence[str],
) -> Recipe:
    """Return the recipe; without one, the batch size is the imported run's unless given."""
    if recipes:
        return load_recipe(recipes[0], overrides, values)
    own = {"schedule.global_batch_size": global_batch_size}
    return schedule_recipe(overrides, {**own, **values})

"""Recipe to plan: what `bsgrow plan` prints and `bsgrow train` executes."""

from pathlib import Path

from bsgrow.data import DATASETS, ENCODED, count_encoded, is_encoded
from bsgrow.data.sources import expand_user
from bsgrow.errors import InputError, did_you_mean
from bsgrow.recipe.config import Recipe
from bsgrow.recipe.data_config import DataConfig, ImagesConfig
from bsgrow.recipe.hints import key_hint
from bsgrow.schedule import Plan, compile_plan


def plan_recipe(recipe: Recipe) -> Plan:
    """Compile the schedule of a recipe; needs no data, only its number of samples.

    Raises:
        InputError: the number of samples is not known, or the values do not fit each other.
    """
    try:
        plan = compile_plan(recipe.reference, recipe.growth, num_train_samples(recipe.data))
    except InputError as error:
        error.hint = error.hint or key_hint(error.message)
        raise
    _check_ghost_batch(recipe, plan)
    return plan


def num_train_samples(data: DataConfig) -> int:
    """Return the size of the training set, N: of a named set, as the recipe gives it, or counted.

    Encoded images are counted at ``data.path``: a folder by listing it, shards and tars by their
    headers.
    """
    if data.name in ENCODED and data.num_samples is None:
        return count_encoded(data.name, Path(data.path) if data.path else None)
    spec = DATASETS.get(data.name)
    if spec is None and data.num_samples is None:
        raise InputError(
            f"data.name = {data.name!r}: no such data set, and its size is not given",
            hint=f"{did_you_mean(data.name, [*DATASETS, *ENCODED])}; or set data.num_samples",
        )
    if spec and data.num_samples not in (None, spec.num_samples):
        raise InputError(
            f"data.num_samples = {data.num_samples}: {data.name} has {spec.num_samples}",
            hint="leave data.num_samples out, or give the set a data.name of its own",
        )
    return spec.num_samples if spec else data.num_samples or 0


def with_absolute_paths(recipe: Recipe) -> Recipe:
    """Return a recipe that means the same files whatever the current folder is.

    ``data.path`` is the only path in a recipe: a table of learning rates is read into it.
    """
    if recipe.data.path is None:
        return recipe
    path = expand_user(Path(recipe.data.path)).absolute()
    return recipe.model_copy(update={"data": recipe.data.model_copy(update={"path": str(path)})})


def _check_ghost_batch(recipe: Recipe, plan: Plan) -> None:
    ghost = recipe.ghost_batch_size
    smallest = min(phase.global_batch_size for phase in plan.phases)
    if ghost > smallest:
        default = "" if recipe.run.ghost_batch_size else ", its default"
        raise InputError(
            f"run.ghost_batch_size = {ghost}{default}: above the smallest global batch, {smallest}",
            hint=f"set run.ghost_batch_size = {smallest} or less, as a ghost batch is a part of a "
            "batch, whose statistics must not change as it grows",
        )
    micro = recipe.run.micro_batch_size
    if micro != "auto" and micro % ghost:
        whole = -(-micro // ghost) * ghost
        raise InputError(
            f"run.micro_batch_size = {micro}: not a multiple of run.ghost_batch_size = {ghost}",
            hint=f"a ghost batch is whole in one micro-batch; {whole} is: "
            f"run.micro_batch_size = {whole}",
        )


def resolve(recipe: Recipe, num_threads: int) -> Recipe:
    """Write what a recipe leaves open into it: the very run, wherever it goes on.

    Args:
        recipe: as written.
        num_threads: CPU threads where the recipe does not say.
    """
    resolved = {
        "ghost_batch_size": recipe.ghost_batch_size,
        "micro_batch_size": recipe.micro_batch_size,
        "num_threads": recipe.run.num_threads or num_threads,
    }
    images = recipe.images or ImagesConfig() if is_encoded(recipe.data.name) else None
    run = recipe.run.model_copy(update=resolved)
    return recipe.model_copy(update={"run": run, "images": images})

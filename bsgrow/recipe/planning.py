"""Recipe to plan: what `bsgrow plan` prints and `bsgrow train` executes."""

from dataclasses import dataclass
from pathlib import Path

from bsgrow.data import DATASETS, Dataset
from bsgrow.data.user_path import expand_user
from bsgrow.errors import InputError
from bsgrow.recipe.averaging import averaging_notes
from bsgrow.recipe.config import Recipe
from bsgrow.recipe.data_config import DataConfig, ImagesConfig
from bsgrow.recipe.fit import fit, fit_ghost_batch, fit_micro_batch, fit_notes
from bsgrow.recipe.hints import key_hint
from bsgrow.recipe.origins import telling_origin
from bsgrow.recipe.weights_file import with_digest
from bsgrow.recipe.world_sizes import world_sizes
from bsgrow.schedule import Plan, compile_plan
from bsgrow.text.printable import printable
from bsgrow.validation.annotated import checked


@dataclass(frozen=True)
class Planned:
    """A recipe and what comes of it once the size of its data is known.

    Attributes:
        recipe: its batches fitted to the data.
        plan: its compiled schedule.
        dataset: the samples at ``data.path``, where they are not read into memory; else None.
        notes: what was fitted, and what does not fit the length of the run, in sentences.
    """

    recipe: Recipe
    plan: Plan
    dataset: Dataset | None
    notes: tuple[str, ...]


class OpenedData:
    """The data of the recipes of one command: what several of them name is opened once.

    Args:
        runs_code: whether a function of the user is called for it, as training does.
    """

    def __init__(self, *, runs_code: bool = False) -> None:
        self._runs_code = runs_code
        self._datasets: dict[DataConfig, Dataset | None] = {}

    def open(self, data: DataConfig) -> Dataset | None:
        """Return what ``open_data`` does, or did."""
        if data not in self._datasets:
            self._datasets[data] = open_data(data, runs_code=self._runs_code)
        return self._datasets[data]


@checked
def plan_recipe(recipe: Recipe, opened: OpenedData | None = None) -> Plan:
    """Compile the schedule of a recipe; of its data only the number of samples is needed.

    Args:
        recipe: as written.
        opened: the data of a command that has several recipes.

    Raises:
        InputError: the number of samples is not known, or the values do not fit each other.
    """
    return make_planned(recipe, opened).plan


def make_planned(recipe: Recipe, opened: OpenedData | None = None) -> Planned:
    """Compile the schedule of a recipe, fitted to its data; see ``plan_recipe``."""
    dataset = (opened or OpenedData()).open(recipe.data)
    num_samples = num_train_samples(recipe.data, dataset)
    try:
        return _planned(recipe, dataset, num_samples)
    except InputError as error:
        hint = error.hint or key_hint(error.message)
        raise InputError(telling_origin(error.message, recipe.inherited), hint) from error


def _planned(recipe: Recipe, dataset: Dataset | None, num_samples: int) -> Planned:
    fitted = fit(recipe, num_samples)
    plan = compile_plan(fitted.reference, fitted.growth, num_samples)
    fitted = fit_ghost_batch(fitted, plan)
    _check_ghost_batch(fitted, plan)
    notes = (
        *fit_notes(recipe, fitted, num_samples),
        *averaging_notes(fitted, plan),
        *_for_planning(recipe),
    )
    fitted = fit_micro_batch(fitted, plan)
    world_sizes(plan, fitted)  # one for each phase, or an error
    return Planned(fitted, plan, dataset, notes)


def _for_planning(recipe: Recipe) -> list[str]:
    """Return what a recipe may say to be planned, and training does not carry out."""
    if recipe.run.world_size == 1 or recipe.run.world_sizes is not None:
        return []
    return [
        f"run.world_size = {recipe.run.world_size}: training is started with "
        f"`torchrun --nproc-per-node {recipe.run.world_size} -m bsgrow train …`"
    ]


def open_data(data: DataConfig, *, runs_code: bool = False) -> Dataset | None:
    """Look at what is at the path of a recipe, and read no image.

    Args:
        data: as the recipe says.
        runs_code: whether a function of the user is called for its data.

    Returns:
        The data set where it is ready for training without more, as encoded images are; None
        where it is read into memory, or where no path is given.

    Raises:
        InputError: nothing is at ``data.path``, or other data than the recipe says.
        BsgrowError: it is damaged.
    """
    spec, path = data.spec, Path(data.path) if data.path else None
    dataset: Dataset | None = None
    if spec is not None and spec.runs_code:
        dataset = spec.open(path, data.test_fraction) if runs_code else None
    elif spec is not None and path is not None:
        dataset = spec.look(path, data.test_fraction)
    if dataset is not None:
        _check_num_samples(data, dataset)
    return dataset


def num_train_samples(data: DataConfig, dataset: Dataset | None) -> int:
    """Return the size of the training set, N: counted, of a named set, or as the recipe gives it.

    Args:
        data: as the recipe says.
        dataset: what ``open_data`` returned.

    Raises:
        InputError: it is not known.
    """
    if dataset is not None:
        return dataset.num_samples
    path = Path(data.path) if data.path else None
    known = data.spec.count(path, data.test_fraction) if data.spec else None
    if known is None:
        return data.num_samples or _unknown_size(data)
    if data.num_samples not in (None, known):
        raise InputError(
            f"data.num_samples = {data.num_samples}: {data.name} has {known}",
            hint="leave data.num_samples out, or give the set a data.name of its own",
        )
    return known


def _unknown_size(data: DataConfig) -> int:
    """Raise InputError: the data set is not known; or, of one that is, its path is asked for."""
    if data.spec is not None:
        data.spec.refuse_to_count()
    try:
        spec = DATASETS.find(
            data.name,
            f"data.name = {data.name!r}",
            "no such data set, and its size is not given",
        )
    except InputError as error:
        raise InputError(error.message, f"{error.hint}; or set data.num_samples") from error
    raise AssertionError(spec)


def with_absolute_paths(recipe: Recipe) -> Recipe:
    """Return a recipe that means the same files whatever the current folder is.

    They are ``data.path`` and ``model.weights``: a table of learning rates is read into a recipe.
    """
    data, model = recipe.data, recipe.model
    if data.path:
        data = data.model_copy(update={"path": _absolute(data.path)})
    if model.weights:
        model = model.model_copy(update={"weights": _absolute(model.weights)})
    return recipe.model_copy(update={"data": data, "model": model})


def _absolute(path: str) -> str:
    return str(expand_user(Path(path)).absolute())


def _check_num_samples(data: DataConfig, dataset: Dataset) -> None:
    if data.num_samples not in (None, dataset.num_samples):
        raise InputError(
            f"data.num_samples = {data.num_samples}: there are {dataset.num_samples} training "
            f"images in {printable(data.path or data.name)}",
            hint="leave data.num_samples out, and they are counted",
        )


def _check_ghost_batch(recipe: Recipe, plan: Plan) -> None:
    ghost = recipe.ghost_batch_size
    smallest = min(phase.global_batch_size for phase in plan.phases)
    if ghost > smallest and recipe.run.batch_norm == "ghost":
        default = "" if recipe.run.ghost_batch_size else ", its default"
        raise InputError(
            f"run.ghost_batch_size = {ghost}{default}: above the smallest global batch, {smallest}",
            hint=f"set run.ghost_batch_size = {smallest} or less, as a ghost batch is a part of a "
            "batch, whose statistics must not change as it grows",
        )
    if ghost == 1 and recipe.augment.mixes:
        key = "mixup" if recipe.augment.mixup else "cutmix"
        raise InputError(
            f"augment.{key} = {getattr(recipe.augment, key)}: has no effect with "
            "run.ghost_batch_size = 1, as a sample is mixed with another one of its ghost batch",
            hint="set run.ghost_batch_size = 2 or more, also for a model without batch norm",
        )
    micro = recipe.run.micro_batch_size
    if isinstance(micro, int) and micro % ghost:
        whole = -(-micro // ghost) * ghost
        raise InputError(
            f"run.micro_batch_size = {micro}: not a multiple of run.ghost_batch_size = {ghost}",
            hint=f"a ghost batch is whole in one micro-batch; {whole} is: "
            f"run.micro_batch_size = {whole}",
        )


def resolve(recipe: Recipe, num_threads: int) -> Recipe:
    """Write what a recipe leaves open into it: the very run, wherever it goes on.

    What is measured on the device is left open still.

    Args:
        recipe: as written.
        num_threads: CPU threads where the recipe does not say.

    Raises:
        InputError: ``model.weights`` cannot be read, of which the digest is not known yet.
    """
    measured = recipe.run.micro_batch_size == "auto"
    resolved = {
        "ghost_batch_size": recipe.ghost_batch_size,
        "micro_batch_size": "auto" if measured else recipe.micro_batch_size,
        "num_threads": recipe.run.num_threads or num_threads,
    }
    images = recipe.images or ImagesConfig() if recipe.data.takes("images") else None
    run = recipe.run.model_copy(update=resolved)
    return recipe.model_copy(
        update={"run": run, "images": images, "model": with_digest(recipe.model)}
    )

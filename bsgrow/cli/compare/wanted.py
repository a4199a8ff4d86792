"""Which experiment the words of a command mean, and which part of it."""

from pathlib import Path
from typing import NamedTuple

from bsgrow.cli.overrides import Overrides
from bsgrow.errors import InputError
from bsgrow.experiments.config import Experiment
from bsgrow.experiments.reading import experiment_of, is_experiment, load_experiment
from bsgrow.experiments.runs import Part
from bsgrow.text.command import option
from bsgrow.text.printable import cut

_NUM_SEEDS = 2**64
_DEFAULT_ARMS = "decay,grow"


class Words(NamedTuple):
    """What a user wrote: the recipe or experiment, and options as they stand."""

    recipe: str
    changed: Overrides
    arms: str | None
    optimizers: str | None
    seeds: str | None


class Wanted(NamedTuple):
    """What a user wants: an experiment, the part of it that comes now, and where it is kept."""

    experiment: Experiment
    part: Part
    folder: Path


def wanted(words: Words, out_dir: Path | None) -> Wanted:
    """Return the experiment that is meant: that of a file, or arms of a recipe.

    Raises:
        InputError: it cannot be read, or has no such arms, optimizers or seeds.
    """
    folder = out_dir or Path("runs") / f"compare-{Path(words.recipe).stem}"
    if is_experiment(words.recipe):
        return Wanted(*_of_file(words), folder)
    return Wanted(*_of_recipe(words), folder)


def _of_file(words: Words) -> tuple[Experiment, Part]:
    if "seed" in words.changed.flags:
        seed = words.changed.flags["seed"]
        hint = f"pass {option('--seeds', seed)} to make the runs of one seed"
        raise InputError(f"--seed {seed}: an experiment has its own seeds", hint)
    experiment = load_experiment(words.recipe, words.changed.sets, words.changed.values)
    return experiment, Part(
        arms=_names(words.arms), optimizers=_names(words.optimizers), seeds=_numbers(words.seeds)
    )


def _of_recipe(words: Words) -> tuple[Experiment, Part]:
    recipe = words.changed.load(words.recipe)
    first, seeds = words.changed.flags.get("seed"), _numbers(words.seeds)
    if seeds is None:
        seeds = [(recipe.run.seed + k) % _NUM_SEEDS for k in range(3)]
    elif first is not None and first not in seeds:
        raise InputError(
            f"--seed {first}: is not one of --seeds {cut(words.seeds or '')}",
            hint=f"pass {option('--seeds', first)}",
        )
    arms = _names(words.arms or _DEFAULT_ARMS) or []
    experiment = experiment_of(Path(words.recipe).stem, recipe, arms, seeds)
    return experiment, Part(optimizers=_names(words.optimizers))


def _names(text: str | None) -> list[str] | None:
    return None if text is None else list(dict.fromkeys(name.strip() for name in text.split(",")))


def _numbers(text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return list(dict.fromkeys(int(number) for number in text.split(",")))
    except ValueError as error:
        raise InputError(
            f"--seeds {cut(text)}: not whole numbers separated by commas", hint="--seeds 0,1,2"
        ) from error

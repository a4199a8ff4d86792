"""The runs of an experiment: what each trains, where it is kept, and which comes first."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bsgrow.errors import InputError
from bsgrow.experiments.config import Experiment
from bsgrow.recipe import OpenedData, Recipe, changed_recipe, make_arm
from bsgrow.recipe.planning import Planned, make_planned
from bsgrow.training import RunDirectory


@dataclass(frozen=True)
class RunKey:
    """Which run of an experiment.

    Attributes:
        arm: its name.
        optimizer: its name; empty where the experiment has none.
        seed: of the run.
    """

    arm: str
    optimizer: str
    seed: int

    @property
    def path(self) -> Path:
        """Where it is kept, from the folder of the experiment on."""
        return Path(self.arm, self.optimizer, f"seed-{self.seed}")

    def __str__(self) -> str:
        return self.path.as_posix()


@dataclass(frozen=True)
class Part:
    """The part of an experiment that is wanted; None stands for all of a kind."""

    arms: Sequence[str] | None = None
    optimizers: Sequence[str] | None = None
    seeds: Sequence[int] | None = None

    def __contains__(self, key: RunKey) -> bool:
        wanted: tuple[tuple[object, Container[object] | None], ...] = (
            (key.arm, self.arms),
            (key.optimizer, self.optimizers),
            (key.seed, self.seeds),
        )
        return all(among is None or value in among for value, among in wanted)


def runs_in_order(experiment: Experiment, part: Part = Part()) -> list[RunKey]:
    """Return the runs of an experiment as they are made: the first seed of all arms, then the next.

    So one that is stopped on the way has as many seeds of each.

    Raises:
        InputError: the part names what the experiment does not have.
    """
    _require_known(experiment, part)
    turns = [(turn, key) for key, turn in _turns(experiment)]
    optimizers = ["", *experiment.optimizers]
    arms = list(experiment.arms)
    turns.sort(key=lambda each: (each[0], *_place(each[1], optimizers, arms)))
    return [key for _, key in turns if key in part]


def recipe_of(experiment: Experiment, key: RunKey) -> Recipe:
    """Return what a run trains.

    Raises:
        InputError: what an arm or an optimizer says does not fit the recipe.
    """
    mode, values = experiment.mode_of(key.arm), experiment.values_of(key.arm, key.optimizer)
    try:
        recipe = experiment.recipe if mode is None else make_arm(experiment.recipe, mode, key.seed)
        return changed_recipe(recipe, values | {"run.seed": key.seed})
    except InputError as error:
        raise _of_arm(key, error) from error


def planned_arms(
    experiment: Experiment, keys: Sequence[RunKey], opened: OpenedData
) -> dict[tuple[str, str], Planned]:
    """Return what comes of each arm and optimizer of these runs, whatever their seed.

    Raises:
        InputError: one cannot be planned.
    """
    firsts: dict[tuple[str, str], RunKey] = {}
    for key in keys:
        firsts.setdefault((key.arm, key.optimizer), key)
    planned = {}
    for pair, key in firsts.items():
        recipe = recipe_of(experiment, key)
        try:
            planned[pair] = make_planned(recipe, opened)
        except InputError as error:
            raise _of_arm(key, error) from error
    return planned


def directory_of(folder: Path, key: RunKey) -> RunDirectory:
    """Return the directory of a run."""
    return RunDirectory(folder / key.path)


def _of_arm(key: RunKey, error: InputError) -> InputError:
    named = f"arm {key.arm}" + f", optimizer {key.optimizer}" * bool(key.optimizer)
    return InputError(f"{named}: {error.message}", error.hint)


def _turns(experiment: Experiment) -> Iterator[tuple[RunKey, int]]:
    for arm, optimizer in experiment.pairs():
        for turn, seed in enumerate(experiment.seeds_of(arm)):
            yield RunKey(arm, optimizer, seed), turn


def _place(key: RunKey, optimizers: list[str], arms: list[str]) -> tuple[int, int]:
    return optimizers.index(key.optimizer), arms.index(key.arm)


def _require_known(experiment: Experiment, part: Part) -> None:
    seeds = {seed for arm in experiment.arms for seed in experiment.seeds_of(arm)}
    kinds: tuple[tuple[str, Sequence[object] | None, Container[object], object], ...] = (
        ("--arms", part.arms, experiment.arms, ", ".join(experiment.arms)),
        ("--optimizers", part.optimizers, experiment.optimizers, ", ".join(experiment.optimizers)),
        ("--seeds", part.seeds, seeds, ", ".join(map(str, sorted(seeds)))),
    )
    for flag, wanted, known, listed in kinds:
        for each in wanted or ():
            if each not in known:
                raise InputError(
                    f"{flag} {each}: {experiment.name} has none such",
                    hint=f"it has {listed or 'none'}",
                )

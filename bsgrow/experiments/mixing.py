"""What keeps runs of different recipes, code or data from being compared as if they were alike."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from bsgrow.errors import InputError
from bsgrow.experiments.records import RunRecord, RunState
from bsgrow.recipe import DataConfig, OpenedData, resolve
from bsgrow.recipe.planning import Planned
from bsgrow.text.command import argument, quoted
from bsgrow.text.printable import printable
from bsgrow.training.loaders import load_data
from bsgrow.training.origin import code_digests

Pair = tuple[str, str]
"""An arm and an optimizer."""


def require_same_recipes(runs: Iterable[RunRecord], planned: Mapping[Pair, Planned]) -> None:
    """Check that each run that has begun is of the recipe that the experiment gives it now.

    Raises:
        InputError: one is not; the message names the run and the keys.
    """
    for run in _begun(runs):
        recipe = planned[run.key.arm, run.key.optimizer].recipe
        seeded = recipe.run.model_copy(update={"seed": run.key.seed})
        wanted = resolve(recipe.model_copy(update={"run": seeded}), 1)
        run.directory.check_same_run(wanted)


def require_same_code(runs: Iterable[RunRecord]) -> None:
    """Check that each run that has begun was made with the code that is here.

    Raises:
        InputError: one was not; the message names the run and the parts of bsgrow that differ.
    """
    here = code_digests()
    for run in _begun(runs):
        origin = run.origin
        if origin is None:
            raise _other(run.directory.path, "with code that is not recorded")
        parts = sorted(here.keys() | origin.code.keys())
        changed = [part for part in parts if here.get(part) != origin.code.get(part)]
        if changed:
            version = f"bsgrow {origin.versions.get('bsgrow', 'of another version')}"
            raise _other(
                run.directory.path, f"with other code, {version}: {', '.join(changed)} differ"
            )


def require_same_data(runs: Iterable[RunRecord], opened: OpenedData) -> None:
    """Check that each run that has begun was made with the data that is here.

    Raises:
        InputError: one was not; the message names the run.
        BsgrowError: the data cannot be loaded.
    """
    here: dict[DataConfig, str] = {}
    for run in _begun(runs):
        data, origin = run.recipe.data, run.origin
        if data not in here:
            here[data] = (opened.open(data) or load_data(data)).fingerprint
        if origin is not None and origin.data != here[data]:
            raise _other(run.directory.path, f"with other data: {origin.data}, here {here[data]}")


def _begun(runs: Iterable[RunRecord]) -> Iterator[RunRecord]:
    return (run for run in runs if run.state is not RunState.MISSING)


def _other(path: Path, what: str) -> InputError:
    remove = quoted("rm", "-r", argument(str(path)))
    return InputError(
        f"{printable(path)} was made {what}; runs of both are not compared",
        hint="go on with the installation and the data that it was made with, or compare into "
        f"another --out, or make the run anew: `{remove}`",
    )

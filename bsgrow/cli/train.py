"""`bsgrow train`: carry out a plan on real data."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bsgrow.cli.console import note, print_json
from bsgrow.cli.examples import with_examples
from bsgrow.cli.options import Format, FormatOption, OptionalRecipeArgument
from bsgrow.cli.overrides import Overrides, takes_overrides
from bsgrow.text.command import Command, argument, resume_command
from bsgrow.text.printable import printable

if TYPE_CHECKING:
    from bsgrow.recipe import Recipe
    from bsgrow.training import RunDirectory, RunFinished

_DEFAULT_RECIPE = "digits"
_RUNS = Path("runs")


_EXAMPLES = (
    "bsgrow train",
    "bsgrow train cifar10-grow --data ~/cifar-10-batches-bin",
    "bsgrow train digits --epochs 48 --seed 1 --out runs/one",
    "bsgrow train --resume",
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train", cls=with_examples(*_EXAMPLES))(train)


@takes_overrides
def train(
    recipe: OptionalRecipeArgument = None,
    *,
    changed: Overrides,
    out_dir: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Where the run is kept: recipe, plan, events, checkpoints. "
            "A new directory under `runs/` where absent.",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on from the newest whole checkpoint of the run in `--out`; where that is "
            "absent, of the run below `runs/` that was worked on last and is not finished.",
        ),
    ] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Train a model with a batch that grows.

    Without arguments it trains a small wide residual network on scikit-learn's digits, in under a
    minute on two CPU cores. The schedule is the one that `bsgrow plan` prints.

    Ctrl-C writes a checkpoint and says how to go on; a killed run loses at most the time since its
    last checkpoint. A resumed run ends, on the CPU, with the same weights to the bit.
    """
    directory = _directory(out_dir, resume, recipe or _DEFAULT_RECIPE)
    name = recipe or (directory.find_recipe() if resume else _DEFAULT_RECIPE)
    go_on = resume_command(directory.path, changed.words)
    loaded = changed.load(name)
    _check_soon(loaded, directory, resume)
    from bsgrow.cli.running import carry_out_stoppable
    from bsgrow.cli.stopping import StopRequest
    from bsgrow.training import DivergedRunError, to_dict

    try:
        with StopRequest() as stop:
            finished = carry_out_stoppable(loaded, directory, resume, stop, go_on=go_on)
    except DivergedRunError as error:
        if output is Format.TABLE:
            _print_rows({"diverged": error.message, "run": printable(directory.path)})
        raise
    if output is Format.JSON:
        print_json(to_dict(finished))
    else:
        _print_summary(finished, Command(("compare", argument(name)), changed.words))


def _check_soon(recipe: "Recipe", directory: "RunDirectory", resume: bool) -> None:
    """Raise what is wrong before torch is imported, where that takes no look into the data."""
    from bsgrow.data.user_path import expand_user
    from bsgrow.recipe import plan_recipe

    path = recipe.data.path
    if path is None or not expand_user(Path(path)).exists():
        plan_recipe(recipe)
        if not resume:
            directory.require_new()


def _directory(out_dir: Path | None, resume: bool, name: str) -> "RunDirectory":
    """Return the directory of the run: the one that is named, the one to go on with, or a new."""
    from bsgrow.training import RunDirectory, newest_unfinished_run

    if out_dir is not None or not resume:
        return RunDirectory(out_dir or _new_directory(name))
    directory = newest_unfinished_run(_RUNS)
    note(f"going on with {printable(directory.path)}, the newest run that is not finished")
    return directory


def _new_directory(name: str) -> Path:
    stem = f"{Path(name).stem}-{datetime.now():%Y%m%d-%H%M%S}"
    candidates = (_RUNS / (stem + suffix) for suffix in ("", *(f"-{k}" for k in range(2, 100))))
    return next(path for path in candidates if not path.exists())


def _print_summary(finished: "RunFinished", next_command: Command) -> None:
    rows = {
        "test accuracy": f"{finished.test_accuracy:.2%} (loss {finished.test_loss:.4f})",
        "updates": _describe_updates(finished.num_updates, finished.baseline_num_updates),
        "wall-clock": f"{finished.wall_seconds:.1f} s "
        f"({finished.samples_per_second:,.0f} samples/s)",
        "weights": f"sha256 {printable(finished.weights_sha256[:16])}…",
        "run": printable(finished.out),
    }
    if finished.num_skipped or finished.num_test_skipped:
        rows["skipped"] = (
            f"{finished.num_skipped} training samples, {finished.num_test_skipped} held-out ones; "
            "the next ones stood in for them"
        )
    if finished.num_checkpoints_failed:
        rows["checkpoints"] = (
            f"{finished.num_checkpoints_failed} could not be written on the way; the last one was"
        )
    rows["next"] = str(next_command)
    _print_rows(rows)


def _print_rows(rows: Mapping[str, str]) -> None:
    from bsgrow.cli.terminal import out, plain_text

    for key, value in rows.items():
        out.print(plain_text(f"{key:14}", "bold") + plain_text(value))


def _describe_updates(made: int, baseline: int) -> str:
    if made >= baseline:
        return f"{made}; the decaying baseline makes {baseline}"
    return f"{made}, against {baseline} of the decaying baseline ({baseline / made:.2f}× fewer)"

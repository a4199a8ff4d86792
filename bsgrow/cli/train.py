"""`bsgrow train`: carry out a plan on real data."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bsgrow.cli.console import out, print_error, print_json
from bsgrow.cli.options import Format, FormatOption, OptionalRecipeArgument, SetOption
from bsgrow.errors import InputError
from bsgrow.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    from bsgrow.training import RunDirectory, RunFinished

_DEFAULT_RECIPE = "digits"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train")(train)


def train(
    recipe: OptionalRecipeArgument = None,
    overrides: SetOption = None,
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
            "--resume", help="Go on from the newest whole checkpoint of the run in `--out`."
        ),
    ] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Train a model with a batch that grows.

    Without arguments it trains a small wide residual network on scikit-learn's digits, in under a
    minute on two CPU cores. The schedule is the one that `bsgrow plan` prints.

    Ctrl-C writes a checkpoint and says how to go on; a killed run loses at most the time since its
    last checkpoint. A resumed run ends, on the CPU, with the same weights to the bit.

    Examples:
    - `bsgrow train`

    - `bsgrow train cifar10-grow --set data.path=~/cifar-10-batches-bin --out runs/cifar`

    - `bsgrow train --resume --out runs/cifar`
    """
    from bsgrow.training import RunDirectory, to_dict

    name = recipe or _DEFAULT_RECIPE
    directory = RunDirectory(out_dir or _new_directory(name))
    finished = _run(_resolve(recipe, overrides or [], directory, resume), directory, resume)
    if output is Format.JSON:
        print_json(to_dict(finished))
    else:
        _print_summary(finished, name)


def _resolve(
    recipe: str | None, overrides: list[str], directory: "RunDirectory", resume: bool
) -> Recipe:
    """Read the recipe as named, or on resume the one that the run was started with."""
    if not resume:
        return load_recipe(recipe or _DEFAULT_RECIPE, overrides)
    if not directory.recipe.exists():
        raise InputError(
            f"{directory.path} holds no run to resume",
            hint="name the directory of the run with --out",
        )
    return load_recipe(recipe or str(directory.recipe), overrides)


def _run(recipe: Recipe, directory: "RunDirectory", resume: bool) -> "RunFinished":
    from bsgrow.cli.live import display
    from bsgrow.cli.stopping import StopRequest
    from bsgrow.training import InterruptedRunError, carry_out

    with StopRequest() as stop:
        try:
            with display() as show:
                return carry_out(recipe, directory, resume=resume, on_event=show, should_stop=stop)
        except InterruptedRunError as interrupted:
            print_error(interrupted)
            raise typer.Exit(stop.exit_code) from None


def _new_directory(name: str) -> Path:
    stem = f"{Path(name).stem}-{datetime.now():%Y%m%d-%H%M%S}"
    folder = Path("runs")
    candidates = (folder / (stem + suffix) for suffix in ("", *(f"-{k}" for k in range(2, 100))))
    return next(path for path in candidates if not path.exists())


def _print_summary(finished: "RunFinished", name: str) -> None:
    ratio = finished.baseline_num_updates / finished.num_updates
    rows = {
        "test accuracy": f"{finished.test_accuracy:.2%} (loss {finished.test_loss:.4f})",
        "updates": f"{finished.num_updates}, against {finished.baseline_num_updates} of the "
        f"decaying baseline ({ratio:.2f}× fewer)",
        "wall-clock": f"{finished.wall_seconds:.1f} s "
        f"({finished.samples_per_second:,.0f} samples/s)",
        "weights": f"sha256 {finished.weights_sha256[:16]}…",
        "run": finished.out,
        "next": f"bsgrow compare {name}",
    }
    for key, value in rows.items():
        out.print(f"[bold]{key:14}[/]", end="")
        out.print(value, markup=False)

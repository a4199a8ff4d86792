"""`bsgrow train`: carry out a plan on real data."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bsgrow.cli.console import print_json, print_rows
from bsgrow.cli.examples import with_examples
from bsgrow.cli.options import Format, FormatOption, OptionalRecipeArgument
from bsgrow.cli.overrides import Overrides, takes_overrides
from bsgrow.cli.starting import Asked, start, start_together
from bsgrow.processes.launched import is_launched
from bsgrow.processes.parent import stop_with_launcher
from bsgrow.text.command import Command, argument
from bsgrow.text.printable import printable

if TYPE_CHECKING:
    from bsgrow.training import RunFinished


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
    asked = Asked(recipe, changed, out_dir, resume)
    stop_with_launcher()
    alone = None if is_launched() else start(asked)
    from bsgrow.cli.running import carry_out_stoppable
    from bsgrow.cli.stopping import StopRequest
    from bsgrow.training import DivergedRunError
    from bsgrow.training.group.torch_process_group import joined_group

    with StopRequest() as stop, joined_group() as group:
        begun = alone or start_together(asked, group)
        try:
            finished = carry_out_stoppable(
                *(begun.recipe, begun.directory, begun.resume, stop),
                go_on=begun.go_on,
                group=group,
            )
        except DivergedRunError as error:
            if output is Format.TABLE and group.rank == 0:
                print_rows({"diverged": error.message, "run": printable(begun.directory.path)})
            raise
    if group.rank == 0:
        _print(finished, output, Command(("compare", argument(begun.name)), changed.words))


def _print(finished: "RunFinished", output: Format, next_command: Command) -> None:
    if output is Format.JSON:
        from bsgrow.training import to_dict

        print_json(to_dict(finished))
    else:
        _print_summary(finished, next_command)


def _print_summary(finished: "RunFinished", next_command: Command) -> None:
    rows = {
        "test accuracy": f"{finished.test_accuracy:.2%} (loss {finished.test_loss:.4f})",
        "updates": _describe_updates(finished.num_updates, finished.baseline_num_updates),
        "wall-clock": f"{finished.wall_seconds:.1f} s "
        f"({finished.samples_per_second:,.0f} samples/s)",
        "weights": f"sha256 {printable(finished.weights_sha256[:16])}…",
        "run": printable(finished.out),
    }
    if finished.consumed_tokens is not None:
        rows["tokens"] = f"{finished.consumed_tokens:,}"
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
    print_rows(rows)


def _describe_updates(made: int, baseline: int) -> str:
    if made >= baseline:
        return f"{made}; the decaying baseline makes {baseline}"
    return f"{made}, against {baseline} of the decaying baseline ({baseline / made:.2f}× fewer)"

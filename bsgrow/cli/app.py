"""The `bsgrow` command; of its subcommands the module is imported that is asked for."""

from typing import Annotated

import typer

import bsgrow
from bsgrow.cli.usage import Commands

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bsgrow {bsgrow.__version__}")
        raise typer.Exit


@app.callback()
def bsgrow_command(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Grow the batch instead of decaying the learning rate.

    bsgrow turns a learning-rate schedule into one that grows the batch, with the same SGD noise
    scale at every sample (arXiv 1711.00489), and trains with it: the same accuracy after the
    same number of epochs, in a fraction of the parameter updates.

    Start with `bsgrow train`, which trains a small network on real digits in under a minute, or
    with `bsgrow plan cifar10-grow`, which prints a schedule of the paper.
    """

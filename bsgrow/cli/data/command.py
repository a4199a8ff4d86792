"""`bsgrow data`: the data sets; fetching, packing and verifying them ahead of a run."""

from pathlib import Path
from typing import Annotated

import typer

from bsgrow.cli.data.pack import pack_data
from bsgrow.cli.data.verify import verify_data
from bsgrow.cli.format import Format, FormatOption

_commands = typer.Typer(no_args_is_help=True, help="List, fetch, pack and verify data sets.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    _commands.command("pack")(pack_data)
    _commands.command("verify")(verify_data)
    app.add_typer(_commands, name="data")


def complete_data_set(incomplete: str) -> list[str]:
    """Return the data sets that start as typed, for shell completion."""
    from bsgrow.data import DATASETS

    fetched = (name for name, spec in DATASETS.items() if spec.num_samples)
    return [name for name in fetched if name.startswith(incomplete)]


@_commands.command("list")
def list_data(output: FormatOption = Format.TABLE) -> None:
    """List the data sets that a recipe can name in `data.name`."""
    from bsgrow.cli.data.listing import print_data_sets

    print_data_sets(output)


@_commands.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(help="A data set.", autocompletion=complete_data_set)],
    path: Annotated[
        Path | None,
        typer.Option(help="Folder or archive to read instead of downloading.", metavar="PATH"),
    ] = None,
) -> None:
    """Download a data set into the cache, check it, and say what it holds.

    The cache is the user's cache directory, or the one that BSGROW_DATA_DIR names.
    """
    from bsgrow.cli.terminal import out
    from bsgrow.data import load_dataset

    dataset = load_dataset(name, path)
    train, test = len(dataset.train), len(dataset.test)
    out.print(f"{name}: {train} training and {test} held-out samples, {dataset.fingerprint}")

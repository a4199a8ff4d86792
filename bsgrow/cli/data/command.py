"""`bsgrow data`: the data sets; fetching, packing and verifying them ahead of a run."""

from pathlib import Path
from typing import Annotated

import typer

from bsgrow.cli.console import out, print_json
from bsgrow.cli.data.pack import pack_data
from bsgrow.cli.data.verify import verify_data
from bsgrow.cli.options import Format, FormatOption
from bsgrow.cli.table import Column, FittedTable
from bsgrow.data import DATASETS, ENCODED, load_dataset

_commands = typer.Typer(no_args_is_help=True, help="List, fetch, pack and verify data sets.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    _commands.command("pack")(pack_data)
    _commands.command("verify")(verify_data)
    app.add_typer(_commands, name="data")


def complete_data_set(incomplete: str) -> list[str]:
    """Return the data sets that start as typed, for shell completion."""
    return [name for name in DATASETS if name.startswith(incomplete)]


_COLUMNS = (
    Column("name"),
    Column("training samples", right=True),
    Column("held out", right=True, leaves=2),
    Column("classes", right=True, leaves=3),
    Column("image", leaves=1),
    Column("what it is", words=True),
)


@_commands.command("list")
def list_data(output: FormatOption = Format.TABLE) -> None:
    """List the data sets that a recipe can name in `data.name`."""
    specs = DATASETS.values()
    if output is Format.JSON:
        counts: dict[str, int | None] = {spec.name: spec.num_samples for spec in specs}
        counts |= dict.fromkeys(ENCODED)  # as many as are at data.path
        print_json({name: {"num_samples": count} for name, count in counts.items()})
        return
    table = FittedTable(_COLUMNS)
    for spec in specs:
        shape = "×".join(map(str, spec.image_shape))
        numbers = (str(spec.num_samples), str(spec.num_test_samples), str(spec.num_classes))
        table.add_row(spec.name, *numbers, shape, spec.description)
    for encoded in ENCODED.values():
        table.add_row(encoded.name, *["any"] * 4, encoded.description)
    out.print(table)


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
    dataset = load_dataset(name, path)
    train, test = len(dataset.train), len(dataset.test)
    out.print(f"{name}: {train} training and {test} held-out samples, {dataset.fingerprint}")

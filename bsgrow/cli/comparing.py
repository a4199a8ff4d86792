"""A comparison under a person's eyes: runs that are stopped by a signal, a picture, a table."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bsgrow.cli.comparison_table import comparison_table, differences
from bsgrow.cli.console import note, print_json, print_words
from bsgrow.cli.format import Format
from bsgrow.cli.running import carry_out_stoppable
from bsgrow.cli.stopping import StopRequest
from bsgrow.cli.terminal import err, out
from bsgrow.errors import BsgrowError
from bsgrow.recipe import OpenedData, Recipe
from bsgrow.reporting.arms import Comparing, require_none_diverged
from bsgrow.reporting.comparison import comparison_as_dict
from bsgrow.reporting.matplotlib_defaults import import_matplotlib
from bsgrow.text.command import Command
from bsgrow.text.printable import printable
from bsgrow.training import RunDirectory, RunFinished, write_json


def print_comparison(
    recipe: Recipe,
    name: str,
    arms: Sequence[str],
    seeds: Sequence[int],
    folder: Path,
    opened: OpenedData,
    output: Format,
) -> None:
    """Train what is not finished yet, draw it and write the comparison to stdout.

    Args:
        recipe: as changed; ``check_arms`` has passed it.
        name: what the user calls it.
        arms: their names.
        seeds: of each arm.
        folder: where the runs and the picture are kept.
        opened: the data, opened by ``check_arms``.
        output: how the comparison is printed.
    """
    import_matplotlib()
    from bsgrow.reporting.comparison_plot import plot_comparison

    comparing = Comparing(recipe, seeds, folder, opened)
    with StopRequest() as stop:
        results = comparing.run_arms(arms, partial(_run, stop, opened), note)
    picture = folder / "compare.png"
    title = f"{name}: mean ± standard deviation over seeds"
    plot_comparison(results, title, picture)
    comparison = comparison_as_dict(results) | {"picture": str(picture)}
    write_json(folder / "compare.json", comparison)
    if output is Format.JSON:
        print_json(comparison)
    else:
        out.print(comparison_table(results))
        for line in differences(results):
            print_words(line)
        out.print(f"picture: {printable(picture)}")
    require_none_diverged(results, folder)


def _run(
    stop: StopRequest, opened: OpenedData, recipe: Recipe, directory: RunDirectory
) -> RunFinished:
    begun, again = directory.is_begun(), Command(tuple(sys.argv[1:]))
    try:
        finished = carry_out_stoppable(
            recipe, directory, begun, stop, lines=False, go_on=again, opened=opened
        )
    except BsgrowError as error:
        error.message = f"{printable(directory.path)}: {error.message}"
        raise
    accuracy = f"test accuracy {finished.test_accuracy:.2%}"
    err.print(f"{printable(directory.path)}: {accuracy}, {finished.num_updates} updates")
    return finished

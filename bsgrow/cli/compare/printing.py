"""A comparison under a person's eyes: what is left is made, drawn, and shown as a table."""

import sys
from typing import Any

from bsgrow.cli.compare.listing import listing_as_dict, print_listing
from bsgrow.cli.compare.making import chosen_jobs, executor
from bsgrow.cli.compare.table import comparison_table, differences
from bsgrow.cli.compare.telling import Telling
from bsgrow.cli.compare.wanted import Wanted
from bsgrow.cli.console import print_json, print_words
from bsgrow.cli.format import Format
from bsgrow.cli.terminal import err, out
from bsgrow.experiments.comparing import Comparison, look, make_what_is_left, require_none_lost
from bsgrow.experiments.measuring import measure_run
from bsgrow.experiments.pace import Pace
from bsgrow.experiments.records import ExperimentRecord
from bsgrow.recipe import OpenedData
from bsgrow.reporting.arms import arms_of
from bsgrow.reporting.comparison import Arm, comparison_as_dict
from bsgrow.reporting.matplotlib_defaults import import_matplotlib
from bsgrow.reporting.start import describe_start
from bsgrow.text.command import Command, argument
from bsgrow.text.printable import printable
from bsgrow.training import write_json


def print_comparison(
    asked: Wanted, opened: OpenedData, *, jobs: int | None, dry_run: bool, output: Format
) -> None:
    """Train what is not finished yet, draw it and write the comparison to stdout.

    Args:
        asked: the experiment, the part of it that comes now, and its folder.
        opened: the data, which is opened once.
        jobs: runs at a time; as many as the machine allows where None.
        dry_run: whether the runs are listed, and none is made.
        output: how the comparison is printed.
    """
    comparison = look(*asked, opened)
    jobs = chosen_jobs(comparison.tasks, jobs)
    pace = Pace(comparison.record.runs)
    if dry_run:
        _measure_unknown(pace, comparison, opened)
        _print_runs(comparison, pace, jobs, output)
        return
    import_matplotlib()
    telling = Telling(comparison, pace, jobs)
    telling.begin()
    execute = executor(jobs, opened, telling)
    start = describe_start(["bsgrow", *sys.argv[1:]])
    record, failed = make_what_is_left(comparison, execute, start, telling.end)
    arms = arms_of(record, comparison.planned)
    shown = comparison_as_dict(arms) | _drawn(record, arms)
    write_json(asked.folder / "compare.json", shown)
    if output is Format.JSON:
        print_json(shown)
    else:
        _print_table(arms, shown)
        out.print(f"report: {Command(('report', argument(str(asked.folder))))}")
    require_none_lost(record, asked.part, failed)


def _measure_unknown(pace: Pace, comparison: Comparison, opened: OpenedData) -> None:
    """Train a little of the first run where none tells how long they take."""
    if pace.is_known or not comparison.tasks:
        return
    first = comparison.tasks[0]
    err.print(f"{first.key}: a few seconds are trained, to tell how long the runs take …")
    if (seconds := measure_run(first, opened)) is not None:
        pace.add_running(first.key, first.num_samples, seconds)


def _print_runs(comparison: Comparison, pace: Pace, jobs: int, output: Format) -> None:
    if output is Format.JSON:
        print_json(listing_as_dict(comparison, pace, jobs))
    else:
        print_listing(comparison, pace, jobs)


def _drawn(record: ExperimentRecord, arms: list[Arm]) -> dict[str, Any]:
    """Draw the arms of the first group, a picture an optimizer; return where these are."""
    from bsgrow.reporting.comparison_plot import MOST_ARMS, plot_comparison

    pictures = []
    for optimizer in dict.fromkeys(arm.optimizer for arm in arms):
        main = [arm for arm in arms if (arm.optimizer, arm.group) == (optimizer, arms[0].group)]
        suffix = f"-{optimizer}" if optimizer else ""
        path = record.folder / f"compare{suffix}.png"
        name = record.experiment.name + f", {optimizer}" * bool(optimizer)
        title = f"{name}: mean ± standard deviation over seeds"
        plot_comparison(main[:MOST_ARMS], title, path)
        pictures.append(str(path))
    return {"picture": pictures[0]} | ({"pictures": pictures} if len(pictures) > 1 else {})


def _print_table(arms: list[Arm], shown: dict[str, Any]) -> None:
    out.print(comparison_table(arms))
    for line in differences(arms):
        print_words(line)
    for picture in shown.get("pictures", [shown["picture"]]):
        out.print(f"picture: {printable(picture)}")

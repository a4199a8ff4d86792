"""A batch schedule that was read from another system's syntax, on stdout with its noise scale."""

from itertools import pairwise

from bsgrow.cli.console import note, print_json, print_words
from bsgrow.cli.numbers import span
from bsgrow.cli.plan.options import PlanFormat
from bsgrow.cli.plan.output import print_csv
from bsgrow.cli.table import Column, FittedTable, figures
from bsgrow.cli.terminal import out
from bsgrow.schedule.export import ImportedRun, Stretch, imported_as_dict, imported_rows


def print_imported(run: ImportedRun, output: PlanFormat) -> None:
    """Write a batch schedule that was read from another system's syntax, with its noise scale."""
    if output is PlanFormat.JSON:
        print_json(imported_as_dict(run))
    elif output is PlanFormat.CSV:
        print_csv(imported_rows(run))
    else:
        out.print(imported_table(run))
        print_words(
            f"{run.num_updates} updates over {run.epochs:g} epochs of {run.num_samples} samples"
        )
    for remark in run.notes:
        note(remark)


def imported_table(run: ImportedRun) -> FittedTable:
    """Return a row per batch size; the jump is what the change of batch does to the noise."""
    noise = Column("sgd noise scale", right=True, leaves=2)
    learning_rate = Column("lr", right=True, leaves=1)
    batch, change, updates = figures("global batch", "jump", "updates")
    table = FittedTable([Column("epochs"), batch, learning_rate, noise, change, updates])
    jumps = ["", *(_jump(before, after) for before, after in pairwise(run.stretches))]
    for row, stretch, jump in zip(imported_rows(run), run.stretches, jumps, strict=True):
        table.add_row(
            f"{row['start_epoch']:.4g} – {row['stop_epoch']:.4g}",
            f"{stretch.global_batch_size}",
            span(*stretch.lr),
            span(*stretch.sgd_noise_scale),
            jump,
            f"{stretch.num_updates}",
        )
    return table


def _jump(before: Stretch, after: Stretch) -> str:
    """Return by what factor the noise scale changes between two neighbouring updates."""
    last, first = before.sgd_noise_scale[1], after.sgd_noise_scale[0]
    return f"× {first / last:.3g}" if last else ""

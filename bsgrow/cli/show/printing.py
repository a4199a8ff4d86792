"""Prints where runs stand: one in words, several as a table; and their curves."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from textwrap import wrap

from bsgrow.cli.console import print_json
from bsgrow.cli.format import Format
from bsgrow.cli.show.sparkline import levels_for, limits_of, sparkline
from bsgrow.cli.show.words import number, rows_of
from bsgrow.cli.table import Column, FittedTable
from bsgrow.cli.terminal import out, plain_text
from bsgrow.reporting.run_curves import Curve, curves_of
from bsgrow.reporting.run_folders import runs_in
from bsgrow.reporting.run_standing import Standing, read_standing
from bsgrow.reporting.run_values import as_values
from bsgrow.text.printable import printable

_LABEL, _NUMBER = 16, 8  # characters
_ANY_WIDTH = 10_000
_WIDEST = 60  # characters of a curve
_COLUMNS = (
    Column("run"),
    Column("state"),
    Column("phase", right=True, leaves=4),
    Column("update", right=True),
    Column("epoch", right=True, leaves=5),
    Column("batch", right=True, leaves=3),
    Column("lr", right=True, leaves=2),
    Column("loss", right=True, leaves=6),
    Column("test", right=True),
    Column("best", right=True, leaves=7),
    Column("samples/s", right=True, leaves=1),
)


def print_runs(folders: Sequence[Path], picture: Path | None, output: Format) -> None:
    """Print where runs stand, and draw a picture of them if one is asked for.

    Raises:
        InputError: a folder holds no run, or the picture cannot be of that kind.
        BsgrowError: a run cannot be read, or the picture not be written.
    """
    paths = runs_in(folders)
    if picture is not None:
        from bsgrow.reporting.run_plot import require_drawable_runs

        require_drawable_runs(len(paths), picture)
    standings = [read_standing(path) for path in paths]
    if output is Format.JSON:
        print_json({"runs": [as_values(standing) for standing in standings]})
    elif len(standings) == 1:
        _print_rows(rows_of(standings[0]))
        _print_curves(standings[0])
    else:
        out.print(_side_by_side(standings))
        for name in ("training loss", "test accuracy"):
            _print_curve_of_each(standings, name)
    if picture is not None:
        from bsgrow.reporting.run_plot import plot_runs

        plot_runs(standings, picture)


def _print_rows(rows: Mapping[str, str]) -> None:
    width = max(_NUMBER, out.width - _LABEL) if out.is_terminal else _ANY_WIDTH
    for name, value in rows.items():
        lines = wrap(value, width) or [""]
        out.print(plain_text(f"{name:{_LABEL}}", "bold") + plain_text(lines[0]))
        for line in lines[1:]:
            out.print(" " * _LABEL + line)


def _print_curves(standing: Standing) -> None:
    drawn = [curve for curve in curves_of(standing) if curve.points]
    if not drawn:
        return
    out.print(f"\ncurves over {standing.num_total_samples:,} samples, first and last value:")
    for curve in drawn:
        _print_curve(curve.name, curve, standing, limits_of([curve]))


def _print_curve_of_each(standings: Sequence[Standing], name: str) -> None:
    """Print one quantity of all runs, drawn on one scale."""
    curves = [curve for each in standings for curve in curves_of(each) if curve.name == name]
    limits = limits_of(curves)
    out.print(f"\n{name} over samples, first and last value:")
    for standing, label, curve in zip(standings, names_of(standings), curves, strict=True):
        _print_curve(label, curve, standing, limits)


def _print_curve(label: str, curve: Curve, standing: Standing, limits: tuple[float, float]) -> None:
    width = max(1, min(_WIDEST, out.width - _LABEL - 2 * (_NUMBER + 1)))
    levels = levels_for(out.encoding)
    line = sparkline(curve, standing.num_total_samples, width, levels, limits)
    first, last = (number(curve, at) for at in (0, -1))
    out.print(f"{label[-_LABEL + 1 :]:{_LABEL}}{first:>{_NUMBER}} {line} {last}")


def names_of(standings: Sequence[Standing]) -> list[str]:
    """Return short names of runs: what of their paths is not the same for all."""
    parts = [standing.path.absolute().parts for standing in standings]
    shared = _num_shared(parts)
    return [printable(str(Path(*each[shared:]))) for each in parts]


def _num_shared(parts: Sequence[tuple[str, ...]]) -> int:
    """Return how many parts all begin with; the last part of each is its own."""
    most = min(len(each) for each in parts) - 1
    same = (len({each[at] for each in parts}) == 1 for at in range(most))
    return next((at for at, is_same in enumerate(same) if not is_same), most)


def _side_by_side(standings: Sequence[Standing]) -> FittedTable:
    table = FittedTable(_COLUMNS)
    for name, standing in zip(names_of(standings), standings, strict=True):
        table.add_row(name, *_cells(as_values(standing)))
    return table


def _cells(values: Mapping[str, object]) -> Iterable[str]:
    yield str(values["state"])
    yield "" if values["phase"] is None else f"{values['phase']}/{values['num_phases']}"
    yield f"{values['num_updates']}/{values['planned_num_updates'] or '?'}"
    for key, form in _FORMS.items():
        value = values[key]
        yield "" if value is None else format(value, form)


_FORMS = {
    "epoch": ".1f",
    "global_batch_size": "d",
    "lr": ".4g",
    "train_loss": ".4f",
    "test_accuracy": ".2%",
    "best_test_accuracy": ".2%",
    "samples_per_second": ",.0f",
}

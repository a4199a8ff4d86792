"""The tables of `bsgrow bench`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from bsgrow.cli.console import out
from bsgrow.cli.numbers import duration

Row = Mapping[str, Any]
Column = tuple[str, Callable[[Row], str]]


def print_loader_rows(rows: Sequence[Row]) -> None:
    """Print a table for each case."""
    _print(rows, _RATES)


def print_train_rows(rows: Sequence[Row]) -> None:
    """Print rates, update times and memory."""
    _print(rows, (*_RATES, *_TRAINING))


def _print(rows: Sequence[Row], columns: Sequence[Column]) -> None:
    """A system that gave no rate says why, on a dim line."""
    for case in dict.fromkeys(row["case"] for row in rows):
        title = Text(case, style="bold")
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        table.add_column("batch", justify="right")
        table.add_column("system")
        for name, _ in columns:
            table.add_column(name, justify="right")
        mine = [row for row in rows if row["case"] == case]
        for row in mine:
            names = str(row["global_batch_size"]), row["system"]
            failed = row["samples_per_second"] is None
            cells = ["–" if failed else show(row) for _, show in columns]
            table.add_row(*names, *cells, style="dim" if failed else None)
        out.print(table)
        _print_reasons(mine)


def _print_reasons(rows: Sequence[Row]) -> None:
    reasons = dict.fromkeys((row["system"], row["reason"]) for row in rows if "reason" in row)
    for system, reason in reasons:
        out.print(f"{system}: {reason}", style="dim", markup=False)
    out.print()


def _spread(row: Row) -> str:
    return f"{row['min']:,.0f} – {row['max']:,.0f}"


def _update(row: Row) -> str:
    seconds = row["update_seconds"]
    if seconds["estimated"]:
        return f"≈ {duration(seconds['median'])}"
    return f"{duration(seconds['median'])} ({duration(seconds['max'])})"


def _ratio(value: float | None, suffix: str = "") -> str:
    return "–" if value is None else f"{value:.3g}{suffix}"


def _mebibytes(num_bytes: int | None) -> str:
    return "–" if num_bytes is None else f"{num_bytes / 2**20:,.0f} MiB"


_RATES: tuple[Column, ...] = (
    ("samples/s", lambda row: f"{row['samples_per_second']:,.0f}"),
    ("min – max", _spread),
    ("n", lambda row: str(row["n"])),
    ("of the limit", lambda row: _ratio(row["of_limit"])),
    ("bsgrow is", lambda row: _ratio(row["bsgrow_times"], "×")),
)
_TRAINING: tuple[Column, ...] = (
    ("update (max)", _update),
    ("host peak", lambda row: _mebibytes(row["peak_host_bytes"])),
    ("device peak", lambda row: _mebibytes(row["peak_device_bytes"])),
)

"""The tables of `bsgrow bench`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bsgrow.cli.numbers import duration
from bsgrow.cli.table import Column, FittedTable
from bsgrow.cli.terminal import out

Row = Mapping[str, Any]
Shown = tuple[Column, Callable[[Row], str]]


def print_loader_rows(rows: Sequence[Row]) -> None:
    """Print a table for each case."""
    _print(rows, _RATES)


def print_train_rows(rows: Sequence[Row]) -> None:
    """Print rates, update times and memory."""
    _print(rows, (*_RATES, *_TRAINING))


def print_together(found: Mapping[str, Any]) -> None:
    """Print what many processes measured: the all-reduce, rates, and what they waited for."""
    network = found["all_reduce"]
    out.print(
        f"all-reduce over {network['world_size']} processes ({network['transport']}): latency "
        f"{duration(network['latency_seconds'])}, bandwidth "
        f"{network['bandwidth_bytes_per_second'] / 1e9:.3g} GB/s, the gradient has "
        f"{network['gradient_bytes'] / 1e6:,.3g} MB"
    )
    cost = found["interference"]
    if "slowdown" in cost:
        out.print(
            f"processes that compute at the same time take {cost['slowdown']:.3g} times as long as "
            "one alone"
        )
    if "dispersion_seconds" in cost:
        out.print(
            "the time in which one computes an update has a variance of "
            f"{duration(cost['dispersion_seconds'])} times its mean"
        )
    _print(found["rows"], _TOGETHER)


def _print(rows: Sequence[Row], columns: Sequence[Shown]) -> None:
    """A system that gave no rate says why, on a dim line."""
    for case in dict.fromkeys(row["case"] for row in rows):
        names = [Column("batch", right=True), Column("system")]
        table = FittedTable([*names, *(column for column, _ in columns)], title=case)
        mine = [row for row in rows if row["case"] == case]
        for row in mine:
            named = str(row["global_batch_size"]), row["system"]
            failed = row["samples_per_second"] is None
            cells = ["–" if failed else show(row) for _, show in columns]
            table.add_row(*named, *cells, style="dim" if failed else "")
        out.print(table)
        _print_reasons(mine)


def _print_reasons(rows: Sequence[Row]) -> None:
    reasons = dict.fromkeys((row["system"], row["reason"]) for row in rows if "reason" in row)
    for system, reason in reasons:
        out.print(f"{system}: {reason}", style="dim")
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


def _figure(name: str, leaves: int | None = None) -> Column:
    return Column(name, right=True, leaves=leaves)


_RATES: tuple[Shown, ...] = (
    (_figure("samples/s"), lambda row: f"{row['samples_per_second']:,.0f}"),
    (_figure("min – max", 2), _spread),
    (_figure("n", 1), lambda row: str(row["n"])),
    (_figure("of the limit"), lambda row: _ratio(row["of_limit"])),
    (_figure("bsgrow is"), lambda row: _ratio(row["bsgrow_times"], "×")),
)
_TOGETHER: tuple[Shown, ...] = (
    (_figure("processes"), lambda row: str(row["world_size"])),
    *_RATES[:-1],
    (_figure("efficiency"), lambda row: _ratio(row["efficiency"])),
    (_figure("communication"), lambda row: f"{row['communication_share']:.1%}"),
    (_figure("data"), lambda row: f"{row['data_wait_share']:.1%}"),
    (_figure("update (max)", 5), _update),
)
_TRAINING: tuple[Shown, ...] = (
    (_figure("update (max)", 5), _update),
    (_figure("host peak", 3), lambda row: _mebibytes(row["peak_host_bytes"])),
    (_figure("device peak", 4), lambda row: _mebibytes(row["peak_device_bytes"])),
)

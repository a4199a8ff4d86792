"""Samples per second of one device, as measured at some batch sizes."""

import math
import statistics
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from bsgrow.errors import InputError, did_you_mean
from bsgrow.reporting.measurements import is_number, read_measurements
from bsgrow.text.printable import cut, printable, shown

_RATES = 1e-100, 1e100  # so that the seconds of any plan are a finite number
_MAX_SIZE = 2**63
_LISTED = 10
_HINT = (
    "measurements are JSON, as `bsgrow bench train --format json` writes them: "
    '{"rows": [{"case": …, "system": "bsgrow", "global_batch_size": …, '
    '"samples_per_second": …}, …]}'
)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Throughput:
    """Samples per second at the batch sizes that were measured.

    Attributes:
        case: what was measured.
        global_batch_sizes: ascending.
        samples_per_second: the median at each of them.
        hardware: what it was measured on, as the file says, its first entries as text.
    """

    case: str
    global_batch_sizes: tuple[int, ...]
    samples_per_second: tuple[float, ...]
    hardware: Mapping[str, str]

    def at(self, global_batch_size: int) -> float:
        """Return samples per second: linear in log B between rows, that of the nearest outside."""
        sizes, rates = self.global_batch_sizes, self.samples_per_second
        if global_batch_size <= sizes[0]:
            return rates[0]
        if global_batch_size >= sizes[-1]:
            return rates[-1]
        i = bisect_right(sizes, global_batch_size)
        done = math.log(global_batch_size / sizes[i - 1]) / math.log(sizes[i] / sizes[i - 1])
        return (1 - done) * rates[i - 1] + done * rates[i]

    def measures(self, global_batch_size: int) -> bool:
        """Whether a batch size lies within those measured."""
        return self.global_batch_sizes[0] <= global_batch_size <= self.global_batch_sizes[-1]


def read_throughput(path: Path, system: str = "bsgrow", case: str | None = None) -> Throughput:
    """Read measured samples per second, as ``bsgrow bench train --format json`` writes them.

    A file has at most 4 MiB. Rows that several processes measured are left out.

    Args:
        path: the file.
        system: whose rows are taken.
        case: which rows of that system; needed where it was measured in several cases.

    Raises:
        InputError: the file cannot be read, is no such file, or has no such rows.
    """
    table, where = _load(path), printable(path)
    rows = [_checked(where, index, row) for index, row in enumerate(table["rows"])]
    rows = _of_one_device(where, [row for row in rows if not _failed(row)])
    rows = _choose(where, "system", system, rows)
    rows = _choose(where, "case", case or _only_case(where, rows), rows)
    rates: defaultdict[int, list[float]] = defaultdict(list)
    for row in rows:
        rates[row["global_batch_size"]].append(row["samples_per_second"])
    sizes = sorted(rates)
    medians = tuple(statistics.median(rates[size]) for size in sizes)
    return Throughput(rows[0]["case"], tuple(sizes), medians, _hardware(table))


def remarks(
    sizes: Iterable[int], throughput: Throughput, what: str = "a global batch"
) -> list[str]:
    """Return what the prediction takes on trust: batch sizes outside those measured."""
    outside = sorted({size for size in sizes if not throughput.measures(size)})
    if not outside:
        return []
    low, high = throughput.global_batch_sizes[0], throughput.global_batch_sizes[-1]
    return [
        f"no throughput was measured at {what} of {_listed(outside)}: "
        f"taken as at the nearest of {low} to {high}"
    ]


def _listed(sizes: list[int]) -> str:
    """Return all of a few numbers, or the first and the last of many."""
    few = len(sizes) <= 4
    return ", ".join(map(str, sizes)) if few else f"{sizes[0]} to {sizes[-1]}"


def _load(path: Path) -> dict[str, Any]:
    table = read_measurements(path, _HINT)
    if not isinstance(table, dict) or not isinstance(table.get("rows"), list) or not table["rows"]:
        raise InputError(f'{printable(path)}: has no list "rows" of measurements', _HINT)
    return table


def _hardware(table: Mapping[str, Any]) -> Mapping[str, str]:
    hardware = table.get("hardware")
    entries = islice(hardware.items(), _LISTED) if isinstance(hardware, dict) else ()
    return {key: cut(value) if isinstance(value, str) else shown(value) for key, value in entries}


def _checked(where: str, index: int, row: Any) -> Row:
    """Return a row that has all that is needed of it; raises InputError for others."""
    place = f"{where}, rows[{index}]"
    if not isinstance(row, dict):
        raise InputError(f"{place} = {shown(row)}: must be an object", _HINT)
    for key in ("case", "system"):
        if not isinstance(row.get(key), str):
            raise InputError(f"{place}.{key} = {shown(row.get(key))}: must be a string", _HINT)
    size, rate = row.get("global_batch_size"), row.get("samples_per_second")
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= _MAX_SIZE:
        problem = f"global_batch_size = {shown(size)}: must be an integer above 0"
        raise InputError(f"{place}.{problem}", _HINT)
    ranks = row.get("world_size", 1)
    if not isinstance(ranks, int) or isinstance(ranks, bool) or not 1 <= ranks <= _MAX_SIZE:
        raise InputError(f"{place}.world_size = {shown(ranks)}: must be an integer above 0", _HINT)
    if not _failed(row) and not is_number(rate, *_RATES):
        problem = f"samples_per_second = {shown(rate)}: must be a number above 0"
        raise InputError(f"{place}.{problem}", _HINT)
    return row


def _failed(row: Row) -> bool:
    """Whether a row says why there is no rate, of a system that was not measured."""
    return row.get("samples_per_second") is None and isinstance(row.get("reason"), str)


def _of_one_device(where: str, rows: list[Row]) -> list[Row]:
    """Return the rows that one process measured; raises InputError where several measured all."""
    alone = [row for row in rows if row.get("world_size", 1) == 1]
    if rows and not alone:
        raise InputError(
            f"{where}: every row was measured by several processes, and a prediction starts from "
            "one",
            hint="--throughput takes a file that `bsgrow bench train` wrote without torchrun; this "
            "one goes with --all-reduce",
        )
    return alone


def _choose(where: str, key: str, value: str, rows: Iterable[Row]) -> list[Row]:
    """Return the rows with that value of a key; raises InputError where there is none."""
    rows = list(rows)
    chosen = [row for row in rows if row[key] == value]
    if not chosen:
        known = {row[key] for row in rows}
        raise InputError(f"{where}: no row has {key} = {shown(value)}", did_you_mean(value, known))
    return chosen


def _only_case(where: str, rows: Iterable[Row]) -> str:
    cases: list[str] = sorted({row["case"] for row in rows})
    if len(cases) > 1:
        raise InputError(
            f"{where}: measures {len(cases)} cases: {'; '.join(map(cut, cases[:_LISTED]))}"
            + "; …" * (len(cases) > _LISTED),
            hint="choose one of them with --throughput-case",
        )
    return cases[0]

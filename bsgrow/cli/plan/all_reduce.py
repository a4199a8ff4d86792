"""What an all-reduce takes, as a user writes it or as a file has it, and ranks beside it."""

import re
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bsgrow.errors import InputError, did_you_mean
from bsgrow.reporting.all_reduce import (
    AllReduce,
    make_all_reduce,
    read_all_reduce,
    require_allowed,
)
from bsgrow.reporting.interference import Interference, read_interference
from bsgrow.text.printable import cut, printable

_EXAMPLE = "for example --all-reduce latency=20us,bandwidth=50GB/s"
_NUMBER = re.compile(r"([0-9]{1,20}(?:\.[0-9]{0,20})?(?:[eE][+-]?[0-9]{1,3})?)\s*(.{0,10})")
_PREFIXES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_PREFIXES |= {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}
_SECONDS = {"": 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_SECONDS |= {"\u00b5s": 1e-6, "\u03bcs": 1e-6}  # the micro sign, and the Greek letter
_BYTES = {"": 1.0} | {f"{prefix}B": float(factor) for prefix, factor in _PREFIXES.items()}
_RATES = {"": 1.0} | {
    f"{prefix}{unit}": factor * of_unit
    for prefix, factor in _PREFIXES.items()
    for unit, of_unit in (("B/s", 1.0), ("bit/s", 0.125))
}
_KEYS: Mapping[str, tuple[str, Mapping[str, float], str]] = MappingProxyType(
    {
        "latency": ("latency_seconds", _SECONDS, "20us"),
        "bandwidth": ("bandwidth_bytes_per_second", _RATES, "50GB/s or 400Gbit/s"),
        "gradient": ("gradient_bytes", _BYTES, "100MB"),
        "overlap": ("overlap", {"": 1.0}, "0.5"),
    }
)


def all_reduce_of(throughput: Path, given: str | None) -> AllReduce | None:
    """Return the network of a prediction: what is given, else what the measurements say.

    Args:
        throughput: file of measurements, which may have it.
        given: as ``latency=20us,bandwidth=50GB/s``, or a file that has it.

    Raises:
        InputError: neither, or half of it.
    """
    values = read_all_reduce(throughput)
    if given is None:
        known = values.keys() - {"gradient_bytes"}
        return make_all_reduce(values, printable(throughput)) if known else None
    written = f"--all-reduce {cut(given)}"
    if "=" not in given:
        found = read_all_reduce(Path(given))
        if not found:
            raise InputError(f"{written}: no all_reduce is in this file", _EXAMPLE)
        return make_all_reduce({**values, **found}, written)
    return make_all_reduce({**values, **parse_all_reduce(given)}, written)


def interference_of(throughput: Path, given: str | None) -> Interference:
    """Return what ranks cost each other, as the file of the all-reduce says, else the other one.

    Args:
        throughput: file of measurements, which may have it.
        given: what says what an all-reduce takes, which may be a file.

    Raises:
        InputError: one has something else there.
    """
    files = [throughput] if given is None or "=" in given else [throughput, Path(given)]
    found = [read_interference(path) for path in files]
    return Interference(**next(filter(None, reversed(found)), {}))


def parse_all_reduce(text: str) -> dict[str, Any]:
    """Read ``latency=20us,bandwidth=50GB/s``, also with ``gradient=100MB`` and ``overlap=0.5``.

    Returns:
        Values by the keys of ``AllReduce``, in seconds and bytes.

    Raises:
        InputError: it is nothing of this kind.
    """
    values: dict[str, Any] = {}
    for part in text.split(","):
        name, separator, quantity = (word.strip() for word in part.partition("="))
        written = f"--all-reduce {cut(part.strip())}"
        if not separator or name not in _KEYS:
            problem = "no such part" if separator else "not of the form name=value"
            raise InputError(f"{written}: {problem}", _hint(name))
        key, units, example = _KEYS[name]
        if key in values:
            raise InputError(f"{written}: {name} is given twice", "give it once")
        values[key] = _quantity(quantity, units, written, example)
        if key == "gradient_bytes" and isfinite(values[key]):
            values[key] = round(values[key])
        require_allowed(key, values[key], written)
    return values


def _hint(name: str) -> str:
    return did_you_mean(name, _KEYS) if name else _EXAMPLE


def _quantity(text: str, units: Mapping[str, float], written: str, example: str) -> float:
    match = _NUMBER.fullmatch(text)
    if match is None or match[2] not in units:
        raise InputError(f"{written}: must be a number with its unit, such as {example}", _EXAMPLE)
    return float(match[1]) * units[match[2]]

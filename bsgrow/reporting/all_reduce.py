"""What it takes to sum the gradients over all ranks, by an α–β model."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from bsgrow.errors import InputError
from bsgrow.reporting.measurements import is_number, read_object
from bsgrow.text.printable import shown

Algorithm = Literal["ring", "tree"]

_LIMITS: Mapping[str, tuple[float, float, str]] = {
    "latency_seconds": (0, 3600, "a number of seconds from 0 to 3600"),
    "bandwidth_bytes_per_second": (1, 1e15, "a number of bytes per second from 1 to 1e15"),
    "gradient_bytes": (1, 2**50, "a number of bytes from 1 to 2^50"),
    "overlap": (0, 1, "a number from 0 to 1"),
}
_NEEDED = ("latency_seconds", "bandwidth_bytes_per_second")
_EXAMPLE = "for example --all-reduce latency=20us,bandwidth=50GB/s"


class AllReduceTime(NamedTuple):
    """How long an all-reduce takes, and by which algorithm; None where there is one rank."""

    seconds: float
    algorithm: Algorithm | None


@dataclass(frozen=True)
class AllReduce:
    """A network as the α–β model has it: a message of n bytes takes α + n/β.

    All links are alike: a fast one within a machine and a slow one between machines are the slow
    one. Adding is not counted, and buckets of one gradient are one message, as they follow each
    other without a gap.

    Attributes:
        latency_seconds: α, what a message takes however short it is.
        bandwidth_bytes_per_second: β, what a rank sends while it receives as much: the "bus
            bandwidth" of nccl-tests.
        overlap: the part of the last micro-batch's backward that hides communication, 0 to 1; 0
            unless it was measured.
        gradient_bytes: size of the gradient that was measured or given; None follows the model.
    """

    latency_seconds: float
    bandwidth_bytes_per_second: float
    overlap: float = 0.0
    gradient_bytes: int | None = None

    def ring_seconds(self, num_bytes: int, world_size: int) -> float:
        """Return 2 (W − 1) α + 2 (W − 1)/W · n/β: reduce-scatter, then all-gather, in a ring.

        Patarasuk and Yuan 2009, J. Parallel Distrib. Comput. 69(2), which is optimal in bandwidth;
        Thakur, Rabenseifner and Gropp 2005, Int. J. High Perform. Comput. Appl. 19(1), section 4,
        have the all-gather.
        """
        steps = 2 * (world_size - 1)
        each = num_bytes / world_size / self.bandwidth_bytes_per_second
        return steps * (self.latency_seconds + each)

    def tree_seconds(self, num_bytes: int, world_size: int) -> float:
        """Return 2 ⌈log2 W⌉ α + 2 n/β: reduced up and broadcast down two trees, half in each.

        Sanders, Speck and Träff 2009, Parallel Computing 35(12): a rank is a leaf of one tree and
        inside the other, so that both use its whole bandwidth. NCCL's double binary tree; its
        model (src/graph/tuning.cc) has the same two terms.
        """
        if world_size == 1:
            return 0.0
        depth = (world_size - 1).bit_length()
        return 2 * (depth * self.latency_seconds + num_bytes / self.bandwidth_bytes_per_second)

    def time(self, num_bytes: int, world_size: int) -> AllReduceTime:
        """Return how long an all-reduce takes by the faster algorithm: a ring where both are."""
        if world_size == 1:
            return AllReduceTime(0.0, None)
        ring = self.ring_seconds(num_bytes, world_size)
        tree = self.tree_seconds(num_bytes, world_size)
        return AllReduceTime(ring, "ring") if ring <= tree else AllReduceTime(tree, "tree")


def read_all_reduce(path: Path) -> dict[str, Any]:
    """Return what a file says of an all-reduce, in the keys of ``AllReduce``.

    It stands beside the rows of a file of measurements: ``{"all_reduce": {"latency_seconds": …,
    "bandwidth_bytes_per_second": …, "gradient_bytes": …, "overlap": …}, "rows": […]}``. Other keys
    of it are left out; nothing comes of a file without it.

    Raises:
        InputError: the file cannot be read, or a value is not allowed.
    """
    where, written = read_object(path, "all_reduce", _EXAMPLE)
    values = {key: written[key] for key in _LIMITS if written.get(key) is not None}
    for key, value in values.items():
        require_allowed(key, value, f"{where}.{key} = {shown(value)}")
    if "gradient_bytes" in values:
        values["gradient_bytes"] = int(values["gradient_bytes"])
    return values


def require_allowed(key: str, value: Any, written: str) -> None:
    """Raise InputError unless a key of ``AllReduce`` may have a value.

    Args:
        key: the key.
        value: what was read.
        written: where and what the user wrote, for the error.
    """
    low, high, allowed = _LIMITS[key]
    if not is_number(value, low, high) or (key == "gradient_bytes" and value % 1):
        raise InputError(f"{written}: must be {allowed}", _EXAMPLE)


def make_all_reduce(values: Mapping[str, Any], source: str) -> AllReduce:
    """Return a network from checked values.

    Args:
        values: by key.
        source: where they are from, for the error.

    Raises:
        InputError: latency or bandwidth is missing.
    """
    for key in _NEEDED:
        if key not in values:
            name = key.partition("_")[0]
            raise InputError(f"{source}: the {name} of an all-reduce is missing", _EXAMPLE)
    return AllReduce(**values)

"""Which sample stands at a position of the endless stream."""

from dataclasses import dataclass
from operator import index
from typing import Annotated, Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from bsgrow.native.extension import extension
from bsgrow.validation.annotated import checked_class
from bsgrow.validation.kinds import Within

_MAX_SAMPLES = 2**32
_MAX_SEED = 2**64 - 1


class Places(NamedTuple):
    """What stands at some positions of the stream.

    Attributes:
        epochs: int64, of the shape that was asked for.
        samples: int64, of the same; indices of samples, in [0, num_samples).
    """

    epochs: NDArray[np.int64]
    samples: NDArray[np.int64]


@checked_class()
@dataclass(frozen=True, slots=True)
class SampleStream:
    """The endless stream of a training set: position → (epoch, sample).

    Position p lies in epoch ``p // num_samples`` at offset ``p % num_samples``. Each epoch is a
    permutation of all samples of its own, keyed by (seed, epoch), that needs no table: a Feistel
    network walked along its cycle (Black and Rogaway, "Ciphers with arbitrary finite domains",
    CT-RSA 2002); :func:`bsgrow.native.reference.permute` is the same in plain Python. Nothing but
    these numbers decides: not the batch, the number of processes, nor what was read before.

    ``stream[position]`` gives one pair of ints; ``stream[start:stop]``, a range and an array of
    positions give :class:`Places`. Positions run from 0 to 2**64 - 1, through 2**32 epochs.

    Args:
        num_samples: N, 1 to 2**32.
        seed: of the order, 0 to 2**64 - 1.
        shuffle: False takes the samples of each epoch in order.

    Raises:
        InputError: a number is out of range, or none.
        ValueError: a position lies outside the stream.
        TypeError: what is asked for is no position, range or array of integers.
    """

    num_samples: Annotated[int, Within(1, _MAX_SAMPLES)]
    seed: Annotated[int, Within(0, _MAX_SEED)]
    shuffle: bool = True

    # Without an end: Python would look through all of it for one.
    __iter__ = None
    __contains__ = None

    @overload
    def __getitem__(self, positions: int) -> tuple[int, int]: ...

    @overload
    def __getitem__(self, positions: slice | range | NDArray[np.integer[Any]]) -> Places: ...

    def __getitem__(
        self, positions: int | slice | range | NDArray[np.integer[Any]]
    ) -> tuple[int, int] | Places:
        """Return (epoch, sample) of one position, or those of many."""
        if isinstance(positions, np.ndarray) and positions.ndim:
            return self._at(positions)
        if isinstance(positions, slice | range):
            return self._between(*_bounds(positions))
        position = index(positions)
        places = self._between(position, position + 1)
        return int(places.epochs[0]), int(places.samples[0])

    def samples(self, start: int, stop: int) -> NDArray[np.int64]:
        """Return the samples at positions [start, stop), int64, without their epochs."""
        samples = np.empty(max(stop - start, 0), np.int64)
        extension.order(**self._key(), start=start, stop=stop, out=samples)
        return samples

    def _between(self, start: int, stop: int) -> Places:
        samples = self.samples(start, stop)
        return Places(self._epochs(np.arange(start, stop, dtype=np.uint64)), samples)

    def _at(self, positions: NDArray[np.integer[Any]]) -> Places:
        flat = _as_positions(positions).ravel()
        samples = np.empty(len(flat), np.int64)
        extension.order_at(**self._key(), positions=flat, out=samples)
        return Places(*(x.reshape(positions.shape) for x in (self._epochs(flat), samples)))

    def _epochs(self, positions: NDArray[np.uint64]) -> NDArray[np.int64]:
        return (positions // np.uint64(self.num_samples)).astype(np.int64)

    def _key(self) -> dict[str, Any]:
        return {"num_samples": self.num_samples, "seed": self.seed, "shuffle": self.shuffle}


def _bounds(positions: slice | range) -> tuple[int, int]:
    """Return the first position and one past the last."""
    if positions.step not in (None, 1):
        raise ValueError(f"step {positions.step}: a range of positions goes up by 1")
    if positions.stop is None:
        raise ValueError("stop: the stream is endless, a range of it needs an end")
    return index(positions.start or 0), index(positions.stop)


def _as_positions(positions: NDArray[np.integer[Any]]) -> NDArray[np.uint64]:
    if not np.issubdtype(positions.dtype, np.integer):
        raise TypeError(f"positions: expected integers, got an array of {positions.dtype}")
    if positions.size and positions.min() < 0:
        raise ValueError(f"positions: expected 0 or more, got {positions.min()}")
    return np.ascontiguousarray(positions, dtype=np.uint64)

"""Random numbers of a sample's own: the same whatever worker, process or run draws them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import numpy as np

from bsgrow.validation.annotated import checked
from bsgrow.validation.kinds import Within

if TYPE_CHECKING:
    import torch

Word = Annotated[int, Within(0, 2**64 - 1)]


@checked
def sample_rng(seed: Word, epoch: Word, sample: Word) -> np.random.Generator:
    """Return NumPy's generator for one sample in one epoch.

    Philox (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") keyed by the seed,
    its counter begun at (0, 0, sample, epoch): no two samples share a number before 2**128 draws.

    Args:
        seed: 0 to 2**64 - 1.
        epoch: of the stream, 0 to 2**64 - 1.
        sample: index of the sample, 0 to 2**64 - 1.

    Raises:
        InputError: a number is out of range, or none.
    """
    counter = np.array([0, 0, sample, epoch], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=int(seed), counter=counter))


def torch_sample_rng(seed: int, epoch: int, sample: int) -> "torch.Generator":
    """Return torch's generator on the CPU for one sample in one epoch, for what takes one.

    It is seeded with the first number of ``sample_rng``. torch takes 32 bits of a seed there, so
    that some two of very many samples have the same numbers.

    Raises:
        InputError: a number is out of range, or none.
    """
    import torch

    return torch.Generator().manual_seed(_torch_seed(seed, epoch, sample))


@contextmanager
def torch_seeded(seed: int, epoch: int, sample: int) -> Iterator[None]:
    """Draw torch's own random numbers on the CPU for one sample in one epoch, for the context.

    For what takes no generator, as torchvision's transforms; behind it torch goes on as before.

    Raises:
        InputError: a number is out of range, or none.
    """
    import torch

    number = _torch_seed(seed, epoch, sample)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(number)
        yield


def _torch_seed(seed: int, epoch: int, sample: int) -> int:
    return int(sample_rng(seed, epoch, sample).integers(2**63))

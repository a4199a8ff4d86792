"""A small network and the run around it, shared by the tests of training."""

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from bsgrow.models.wide_resnet import wide_resnet


def _network(seed: int = 0, ghost_batch_size: int = 4) -> nn.Module:
    torch.manual_seed(seed)
    return wide_resnet(
        depth=10, width=1, in_channels=1, num_classes=10, ghost_batch_size=ghost_batch_size
    )


def _samples(num_samples: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(num_samples, 1, 8, 8, generator=generator)
    return images, torch.randint(10, (num_samples,), generator=generator)


@pytest.fixture(scope="session")
def network() -> Callable[..., nn.Module]:
    return _network


@pytest.fixture(scope="session")
def samples() -> Callable[..., tuple[Tensor, Tensor]]:
    return _samples


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """A second thread only costs time at these sizes."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(num_threads)

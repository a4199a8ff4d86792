"""Augmentations on a CUDA device: the CPU's samples, and no wait; skipped where there is none."""

import pytest
import torch

from bsgrow.loading import micro_batches_of
from bsgrow.native import Augment
from tests.forbidden_waits import forbidden_to_wait
from tests.loading.augmentations.test_colour_jitter import DATASET
from tests.loading.augmentations.test_mixing import PLAN, loader

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
COLOURS = Augment(brightness=0.6, contrast=0.5, saturation=0.7, hue=0.3)
MIXED = Augment(flip=True, erase=0.5, mixup=0.7, cutmix=1.0)
OPERATIONS = Augment(rand_augment=4, rand_augment_magnitude=15)


def batches(device, augment):
    """Of two rounds: libraries are loaded in the first one."""
    augmented = loader(augment, DATASET, device=torch.device(device))
    list(micro_batches_of(augmented, PLAN))
    return micro_batches_of(augmented, PLAN)


@pytest.mark.parametrize("augment", [COLOURS, MIXED, OPERATIONS], ids=["colours", "mixed", "rand"])
def test_the_cpus_samples_without_waiting(augment):
    on_cuda = batches("cuda", augment)
    with forbidden_to_wait():
        ours = list(on_cuda)
    for one, other in zip(ours, batches("cpu", augment), strict=True):
        assert one.images.is_cuda
        assert one.labels.is_cuda
        torch.testing.assert_close(one.images.cpu(), other.images, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(one.labels.cpu(), other.labels)

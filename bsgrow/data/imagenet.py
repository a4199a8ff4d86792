"""ImageNet (ILSVRC 2012): known well enough to plan with."""

from pathlib import Path

from bsgrow.data.dataset import ArraySplit
from bsgrow.data.spec import DatasetSpec
from bsgrow.errors import BsgrowError


def load_imagenet(path: Path | None, *, download: bool) -> tuple[ArraySplit, ArraySplit]:
    """Refuses: a million JPEGs do not fit the array loader.

    Raises:
        BsgrowError: always.
    """
    raise BsgrowError(
        "data.name = 'imagenet' can be planned but not yet trained: its images are JPEGs, and "
        "what is missing is the loader for encoded images (folders and packed shards)",
        hint="bsgrow plan works with this recipe; to train, choose digits, fashion-mnist, "
        "cifar10 or cifar100",
    )


# Counts: Russakovsky et al., arXiv 1409.0575. Mean and std: the values in common use since
# torchvision's reference training (github.com/pytorch/examples, imagenet/main.py).
IMAGENET = DatasetSpec(
    name="imagenet",
    description="ILSVRC 2012, 1 000 classes (planning only)",
    num_samples=1_281_167,
    num_test_samples=50_000,
    num_classes=1000,
    image_shape=(3, 224, 224),
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
    load=load_imagenet,
)

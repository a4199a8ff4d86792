"""ImageNet (ILSVRC 2012): known well enough to plan with."""

from pathlib import Path

from bsgrow.data.dataset import ArraySplit
from bsgrow.data.spec import DatasetSpec
from bsgrow.errors import InputError


def load_imagenet(path: Path | None, *, download: bool) -> tuple[ArraySplit, ArraySplit]:
    """Refuses: a million JPEGs do not fit the array loader.

    Raises:
        InputError: always.
    """
    raise InputError(
        "data.name = 'imagenet' stands for its size, to plan with; its images are files of yours",
        hint="to train on them: --set data.name=folder --set data.path=FOLDER, with train/ and "
        "val/ in it and a folder a class in each; or data.name=shards after `bsgrow data pack`",
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

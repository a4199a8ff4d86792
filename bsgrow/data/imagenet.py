"""ImageNet (ILSVRC 2012): its figures, to plan with, and to check what is at ``data.path``."""

from bsgrow.data.encoded import PHOTOGRAPH_MEAN, PHOTOGRAPH_STD
from bsgrow.data.spec import DatasetSpec

# Counts: Russakovsky et al., arXiv 1409.0575.
IMAGENET = DatasetSpec(
    name="imagenet",
    description="ILSVRC 2012, at data.path as folder, shards or tars",
    num_samples=1_281_167,
    num_test_samples=50_000,
    num_classes=1000,
    image_shape=(3, 224, 224),
    mean=PHOTOGRAPH_MEAN,
    std=PHOTOGRAPH_STD,
    load=None,
)

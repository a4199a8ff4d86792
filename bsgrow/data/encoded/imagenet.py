"""ImageNet (ILSVRC 2012): its figures, to plan with, and to check what is at ``data.path``."""

from bsgrow.data.encoded.spec import NamedEncodedSpec

# Counts: Russakovsky et al., arXiv 1409.0575.
IMAGENET = NamedEncodedSpec(
    name="imagenet",
    description="ILSVRC 2012, at data.path as folder, shards or tars",
    num_samples=1_281_167,
    num_test_samples=50_000,
    num_classes=1000,
    usual_shape=(3, 224, 224),
)

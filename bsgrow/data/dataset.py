"""What planning, training and the benchmarks ask of a data set, whatever its samples are."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Split(Protocol):
    """The samples that are trained on, or those that are held out."""

    @property
    def labels(self) -> "NDArray[np.int64]":
        """Int64 [N], read-only, each in [0, num_classes)."""

    def __len__(self) -> int:
        """N, the number of samples."""


class Dataset(Protocol):
    """A data set, ready to be streamed: pixels in memory, or images to decode.

    Which of the two it is, `bsgrow.loading.make_loader` alone needs to know.
    """

    @property
    def name(self) -> str:
        """What it is called: ``data.name`` of a recipe, or any other."""

    @property
    def num_samples(self) -> int:
        """N, the length of the training split."""

    @property
    def num_classes(self) -> int:
        """Labels are in [0, num_classes)."""

    @property
    def image_shape(self) -> tuple[int, ...] | None:
        """(C, H, W) of one image, or the shape of another input; None where each has its own."""

    @property
    def mean(self) -> tuple[float, ...]:
        """Per channel, of pixel / 255."""

    @property
    def std(self) -> tuple[float, ...]:
        """Per channel, of pixel / 255, greater than 0."""

    @property
    def train(self) -> Split:
        """The split that the sample stream draws from."""

    @property
    def test(self) -> Split:
        """The held-out split."""

    @property
    def fingerprint(self) -> str:
        """The digest that ties a checkpoint to its data, the same on every machine."""

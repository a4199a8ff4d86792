"""What a model is given of a sample, and what it is to tell of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SampleForm:
    """Shapes and kind of a sample.

    Attributes:
        shape: of its input: (C, H, W) of an image, (T,) of T tokens.
        label_shape: of its label: () of one, (T,) of one for each token, (H, W) for each pixel.
        is_integer: whether inputs are int64, as tokens are; floating point otherwise.
    """

    shape: tuple[int, ...]
    label_shape: tuple[int, ...] = ()
    is_integer: bool = False

    @property
    def is_image(self) -> bool:
        """Whether the input is an image, as the models that are shipped take it."""
        return len(self.shape) == 3 and not self.is_integer

    @property
    def is_labelled_image(self) -> bool:
        """Whether the sample is an image with one label."""
        return self.is_image and not self.label_shape

    def logits_shape(self, num_samples: int, num_classes: int) -> tuple[int, ...]:
        """Return the shape of what a model makes of so many samples."""
        return (num_samples, num_classes, *self.label_shape)

    def __str__(self) -> str:
        """Return it in words."""
        kind = "int64" if self.is_integer else "float32"
        labels = f"labels {list(self.label_shape)}" if self.label_shape else "one label"
        return f"{kind} {list(self.shape)} with {labels}"

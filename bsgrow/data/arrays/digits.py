"""Digits: 1 797 handwritten digits of 8x8 pixels that come with scikit-learn.

Source: "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository (Alpaydin and
Kaynak 1998), its test part, as `sklearn.datasets.load_digits` gives it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from bsgrow.data.arrays import class_names
from bsgrow.data.spec import ArraySpec
from bsgrow.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bsgrow.data.arrays.dataset import ArraySplit

_HELD_OUT_EVERY = 5


def load_digits(path: Path | None, *, download: bool) -> "tuple[ArraySplit, ArraySplit]":
    """Every fifth image, from the first on, is held out: 1 437 to train on, 360 to test.

    Pixels 0..16 become round(255 v / 16), halves up: 0 and 16 become 0 and 255, and no two values
    fall together, so nothing is lost.

    Args:
        path: must be None; the images come with scikit-learn.
        download: not needed.

    Raises:
        InputError: a path was given.
    """
    if path is not None:
        refuse_path(path)
    import numpy as np  # late, as the next: planning needs neither
    from sklearn import datasets  # a second of import that only this data set needs

    from bsgrow.data.arrays.dataset import ArraySplit

    bunch = datasets.load_digits()
    images = scale_to_bytes(bunch.images.astype(np.int64))[:, np.newaxis]
    labels = bunch.target.astype(np.int64)
    held_out = np.arange(len(images)) % _HELD_OUT_EVERY == 0
    return (
        ArraySplit(images[~held_out], labels[~held_out]),
        ArraySplit(images[held_out], labels[held_out]),
    )


def refuse_path(path: Path) -> NoReturn:
    """Raises InputError: there are no files."""
    raise InputError(
        f"data.path = {str(path)!r}: digits comes with scikit-learn and takes no path",
        hint="leave data.path out, or choose another data.name",
    )


def scale_to_bytes(values: "NDArray[np.int64]") -> "NDArray[np.uint8]":
    """Integers in 0..16 to uint8 in 0..255, rounded to the nearest, halves up; any shape."""
    return ((values * 255 + 8) // 16).astype("uint8")


# Mean and std: computed from the training split (tests/data/arrays/test_digits.py does it again).
DIGITS = ArraySpec(
    name="digits",
    description="handwritten digits of 8x8 pixels, embedded in scikit-learn",
    num_samples=1437,
    num_test_samples=360,
    num_classes=10,
    usual_shape=(1, 8, 8),
    mean=(0.30526,),
    std=(0.37616,),
    class_names=class_names.DIGITS,
    load=load_digits,
    check_path=refuse_path,
)

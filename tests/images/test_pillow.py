"""Whatever Pillow raises comes out as one error, with its reason."""

import pytest

from bsgrow.images.image_error import ImageError
from bsgrow.images.pillow import naming_damage


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError("broken data stream"), "its pixels are damaged: broken data stream"),
        (AssertionError(), "its pixels are damaged: AssertionError"),
        (ImageError("rows are missing"), "rows are missing"),
    ],
)
def test_it_is_named_once(error, message):
    with pytest.raises(ImageError) as caught, naming_damage("its pixels are damaged"):
        raise error
    assert str(caught.value) == message

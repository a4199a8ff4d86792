"""JPEGs that lost data but have their end: Pillow fills them with grey and says nothing."""

import io

import pytest
from PIL import Image

from bsgrow.data.packing import PackOptions
from bsgrow.data.packing.transform import prepare
from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg.baseline import to_baseline
from bsgrow.native.decoding import check_as_in_training, is_built
from tests.data.conftest import encode_image

pytestmark = pytest.mark.skipif(not is_built(), reason="Pillow passes over what is tested")

END = b"\xff\xd9"
DAMAGED = encode_image(200, 150)[:-900] + END
DAMAGED_PROGRESSIVE = encode_image(200, 150, progressive=True)[:-900] + END


def test_pillow_says_nothing():
    with Image.open(io.BytesIO(DAMAGED)) as image:
        image.load()
    assert prepare(DAMAGED, PackOptions(), None).content == DAMAGED


@pytest.mark.parametrize("content", [DAMAGED, DAMAGED_PROGRESSIVE])
@pytest.mark.parametrize("options", [{"shortest_side": 20}, {"longest_side": 20}], ids=str)
def test_none_is_reduced(content, options):
    for transcode in (None, to_baseline):
        with pytest.raises(ImageError, match="cannot be decoded: Corrupt JPEG data"):
            prepare(content, PackOptions(**options), transcode, check_as_in_training)


def test_none_is_encoded_again_to_become_baseline():
    with pytest.raises(ImageError, match="cannot be decoded: Corrupt JPEG data"):
        prepare(DAMAGED_PROGRESSIVE, PackOptions(), None, check_as_in_training)
    with pytest.raises(ImageError, match="cannot be transcoded"):
        prepare(DAMAGED_PROGRESSIVE, PackOptions(), to_baseline)


def test_none_is_kept_where_each_image_is_decoded():
    with pytest.raises(ImageError, match="cannot be decoded: Corrupt JPEG data"):
        prepare(DAMAGED, PackOptions(decode=True), None, check_as_in_training)

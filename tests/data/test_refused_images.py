"""What training refuses, `data verify --decode` and `data pack` refuse in the same words."""

from itertools import islice

import pytest

from bsgrow.data.packing import PackOptions, pack
from bsgrow.data.verify import verify
from bsgrow.native.decoding import check_as_in_training
from tests.data.conftest import encode_image, write_images
from tests.images.damaged import missing_pixels
from tests.images.test_refused_kinds import REFUSED

MISSING = dict(islice(missing_pixels().items(), 0, None, 7))
BAD = {name: content for name, (content, _) in REFUSED.items()} | MISSING


@pytest.fixture
def bad_images(tmp_path):
    images = {f"c/{i:03d}.png": content for i, content in enumerate(BAD.values())}
    return write_images(tmp_path / "bad", images | {"c/good.png": encode_image(kind="PNG")})


def in_training():
    """The reason for each, in order."""
    reasons = []
    for content in BAD.values():
        with pytest.raises(ValueError, match=" ") as error:
            check_as_in_training(content)
        reasons.append(str(error.value))
    return reasons


def test_verifying_names_the_same_reasons(bad_images):
    report = verify(bad_images, decode=True, also=check_as_in_training)
    assert [damage.reason for damage in report.damaged] == in_training()
    assert report.num_samples == len(BAD) + 1


@pytest.mark.parametrize("options", [{"decode": True}, {"shortest_side": 4, "decode": True}])
def test_packing_leaves_the_same_out(bad_images, tmp_path, options):
    options = PackOptions(on_error="skip", **options)
    [packed] = pack(bad_images, tmp_path / "out", options, also=check_as_in_training)
    reasons = [error.message.split(": ", 1)[1] for error in packed.left_out]
    assert [reason.removeprefix("cannot be decoded: ") for reason in reasons] == [
        reason.removeprefix("cannot be decoded: ") for reason in in_training()
    ]

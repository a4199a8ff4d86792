"""What tells the shards of one packing from those of another."""

import pytest
from PIL import features

from bsgrow.data.folder.split import ImageFolderSplit
from bsgrow.data.packing import PackOptions
from bsgrow.data.packing.plan import plan_pack
from tests.data.conftest import encode_image, write_images


@pytest.fixture
def pack_id(tmp_path):
    split = ImageFolderSplit(write_images(tmp_path / "in", {"c/0.jpg": encode_image()}))

    def make(*, lossless=True, **options):
        chosen = PackOptions(**options)
        changes = chosen.describe(lossless=lossless)
        return plan_pack(split, ("c",), chosen, changes).pack_id

    return make


@pytest.mark.parametrize("name", ["pil", "jpg", "libjpeg_turbo"])
def test_the_encoder_counts_where_images_are_encoded_again(pack_id, monkeypatch, name):
    given = [{}, {"decode": True}, {"shortest_side": 8}, {"lossless": False}]
    before = [pack_id(**options) for options in given]
    assert before == [pack_id(**options) for options in given]
    version = features.version
    monkeypatch.setattr(features, "version", lambda of: "another" if of == name else version(of))
    after = [pack_id(**options) for options in given]
    same = [one == other for one, other in zip(before, after, strict=True)]
    assert same == [True, True, False, False]


def test_the_quality_counts_where_images_are_encoded_again():
    kept, other = PackOptions(), PackOptions(quality=80)
    assert kept.describe(lossless=True) == other.describe(lossless=True) == ""
    assert kept.describe(lossless=False) != other.describe(lossless=False)

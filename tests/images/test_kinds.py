"""Every kind of file comes out as what it was made of, in training, packed and verified alike."""

import io

import numpy as np
import pytest
from PIL import Image

from bsgrow.data.packing import PackOptions
from bsgrow.data.packing.transform import prepare
from bsgrow.images.reading import check_decodes, shown_levels, shown_size
from bsgrow.native.decoding import check_as_in_training, decode_batch
from tests.images.kind import SHAPE, saved
from tests.images.kinds import KINDS


@pytest.mark.parametrize("name", KINDS)
def test_the_levels_of_a_file_are_those_that_it_was_made_of(name):
    kind = KINDS[name]
    levels = shown_levels(kind.content)
    assert levels.shape == (*SHAPE, 3)
    assert levels.dtype == np.uint8
    assert np.abs(levels - kind.shown).max() <= kind.at_most
    assert shown_size(kind.content) == check_decodes(kind.content) == SHAPE


def test_training_sees_the_same_levels():
    """One output of the size of all of them."""
    side = min(SHAPE)
    contents = [kind.content for kind in KINDS.values()]
    out = np.empty((len(contents), 3, side, side), np.float32)
    windows = np.array([[0, 0, side, side, 0]] * len(contents), np.int32)
    options = {"mean": (0.0,) * 3, "std": (1.0,) * 3, "num_threads": 1}
    assert not any(decode_batch(contents, windows=windows, size=side, out_images=out, **options))
    for name, levels in zip(KINDS, np.moveaxis(out, 1, 3) * 255, strict=True):
        kind = KINDS[name]
        assert np.abs(levels - kind.shown[:side, :side]).max() <= kind.at_most + 1e-3, name
        assert shown_size(kind.content) == SHAPE


@pytest.mark.parametrize("name", list(KINDS)[::3])
def test_packing_reduces_the_same_levels(name):
    kind = KINDS[name]
    plain = saved(np.rint(kind.levels).astype(np.uint8), "PNG")
    packed, expected = reduced(kind.content), reduced(plain)
    assert packed.shape == expected.shape
    assert np.abs(packed - expected).mean() < 2


def reduced(content):
    options = PackOptions(shortest_side=SHAPE[0] - 1, quality=95)
    prepared = prepare(content, options, None, check_as_in_training)
    assert prepared.changed
    with Image.open(io.BytesIO(prepared.content)) as image:
        return np.asarray(image, np.float32)

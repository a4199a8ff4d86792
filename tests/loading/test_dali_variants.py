"""What DALI is given it decodes, within a level, to what the file was made of; and nothing else."""

import numpy as np
import pytest
import torch

from bsgrow.images.dali_formats import dali_decodes
from bsgrow.loading.dali_decoder import DaliDecoder
from bsgrow.loading.dali_pipeline import DaliPipeline
from tests.images.kind import SHAPE
from tests.images.kinds import KINDS
from tests.loading.decoder_chunks import settings
from tests.loading.encoded_stream import needs_dali

PLAIN = {"size": min(SHAPE), "mean": (0.0,) * 3, "std": (1.0,) * 3}
ACCEPTED = [name for name, kind in KINDS.items() if kind.by_dali]


@pytest.mark.parametrize("name", KINDS)
def test_dali_is_given_what_was_compared(name):
    kind = KINDS[name]
    assert dali_decodes(memoryview(kind.content)) == kind.by_dali


@needs_dali
def test_all_kinds_come_out_as_what_they_were_made_of(monkeypatch):
    fed = recorded(monkeypatch)
    contents = [memoryview(kind.content) for kind in KINDS.values()]
    side = min(SHAPE)
    decoder = DaliDecoder(settings(**PLAIN, max_samples=len(contents)))
    out = torch.empty(len(contents), 3, side, side)
    windows = np.array([[0, 0, side, side, 0]] * len(contents), np.int32)
    assert list(decoder.begin(contents, windows, out).result()) == []
    assert decoder.num_built == 1, "DALI refused one that it was given"
    assert {bytes(image) for image in fed} == {KINDS[name].content for name in ACCEPTED}
    for (name, kind), levels in zip(KINDS.items(), out.numpy() * 255, strict=True):
        off = np.abs(np.moveaxis(levels, 0, 2) - kind.shown[:side, :side]).max()
        assert off <= max(kind.at_most, 1.0) + 1e-3, name


def recorded(monkeypatch):
    """The images that DALI is fed."""
    fed, feed = [], DaliPipeline.feed

    def feed_recorded(pipeline, images, windows):
        fed.extend(images)
        return feed(pipeline, images, windows)

    monkeypatch.setattr(DaliPipeline, "feed", feed_recorded)
    return fed

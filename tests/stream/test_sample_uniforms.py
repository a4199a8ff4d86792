"""Random numbers of many samples at once are those of the reference, one by one."""

import numpy as np
import pytest

from bsgrow.native.reference import draw, philox4x32_10
from bsgrow.stream import SampleStream
from bsgrow.stream.sample_uniforms import sample_uniforms


@pytest.mark.parametrize("seed", [0, 7, 2**64 - 5])
def test_they_are_those_of_the_reference(seed):
    places = SampleStream(50, seed)[30:70]  # over the end of an epoch
    pairs = list(zip(places.samples.tolist(), places.epochs.tolist(), strict=True))
    words = [draw(seed, sample, epoch, 4) for sample, epoch in pairs]
    assert np.array_equal(sample_uniforms(seed, places, 4), (np.array(words).T + 0.5) / 2**32)
    key = seed % 2**32, seed >> 32
    words = [philox4x32_10((sample, epoch, 4, 1), key) for sample, epoch in pairs]
    assert np.array_equal(sample_uniforms(seed, places, 4, 1), (np.array(words).T + 0.5) / 2**32)

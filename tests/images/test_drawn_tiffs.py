"""TIFFs drawn at random: depth, channels, layout, compression and byte order together."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.images.reading import shown_levels
from tests.drawn import num_cases
from tests.images.tiff_files import COMPRESS, DEFLATE, LZW, Tiff

BLACK_IS_ZERO, RGB = 1, 2
LAYOUTS = st.one_of(
    st.builds(lambda rows: {"rows_per_strip": rows}, st.integers(1, 40)),
    st.builds(lambda h, w: {"tile": (16 * h, 16 * w)}, st.integers(1, 3), st.integers(1, 3)),
)


@given(
    seed=st.integers(0, 1 << 30),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    bits=st.integers(1, 16),
    is_colour=st.booleans(),
    num_extra=st.integers(0, 2),
    is_planar=st.booleans(),
    layout=LAYOUTS,
    compression=st.sampled_from(sorted(COMPRESS)),
    order=st.sampled_from("<>"),
    is_big=st.booleans(),
    fill_order=st.sampled_from((1, 2)),
    is_predicted=st.booleans(),
)
@settings(max_examples=num_cases(120), deadline=None)
def test_any_tiff_comes_out_as_what_it_was_made_of(
    seed, size, bits, is_colour, num_extra, layout, compression, is_predicted, **options
):
    num_colours = 3 if is_colour else 1
    shape = (*size, num_colours + num_extra)
    samples = np.random.default_rng(seed).integers(0, 1 << bits, shape)
    predictor = 2 if is_predicted and bits in (8, 16) and compression in (LZW, DEFLATE) else 1
    options |= layout | {"compression": compression, "predictor": predictor}
    tiff = Tiff(samples, bits, RGB if is_colour else BLACK_IS_ZERO, **options)
    right = samples[..., :num_colours] * 255 / ((1 << bits) - 1)
    assert np.abs(shown_levels(tiff.encode()) - right).max() <= 0.5 + 1e-9

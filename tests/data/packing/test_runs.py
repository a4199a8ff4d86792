"""Into which runs samples are cut, and how many workers they are for."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.data import verify_samples
from bsgrow.data.folder.split import ImageFolderSplit
from bsgrow.data.packing import PackOptions
from bsgrow.data.packing.plan import plan_pack
from bsgrow.data.packing.preparation import runs_of
from bsgrow.data.packing.useful_workers import num_useful
from bsgrow.data.verify_samples import Part
from bsgrow.processes.worker_pool import PART_BYTES
from tests.data.conftest import encode_image, write_images

LENGTHS = st.sampled_from([-1, 1, 900, 50_000, PART_BYTES - 1, PART_BYTES, 5 * PART_BYTES])


@given(st.lists(LENGTHS, max_size=400), st.integers(0, 50))
def test_runs_to_pack_are_bounded_in_samples_and_bytes(lengths, start):
    source = SimpleNamespace(num_bytes=np.array(lengths, np.int64))
    samples = range(min(start, len(lengths)), len(lengths))
    runs = [*runs_of(3, SimpleNamespace(source=source), samples)]
    assert [sample for _, first, stop in runs for sample in range(first, stop)] == [*samples]
    for split, first, stop in runs:
        assert (split, 0 < stop - first <= 128) == (3, True)
        assert sum(max(0, length) for length in lengths[first : stop - 1]) < PART_BYTES


@given(st.lists(st.integers(0, 3000), max_size=5), st.integers(1, 64))
def test_runs_to_verify_leave_no_worker_without(num_samples, num_workers):
    parts = [Part(None, num) for num in num_samples]
    runs = [*verify_samples.runs_of(parts, num_workers)]
    for number, num in enumerate(num_samples):
        of_part = [range(*run[1:]) for run in runs if run.part == number]
        assert [sample for run in of_part for sample in run] == [*range(num)]
    assert all(0 < stop - start <= 128 for _, start, stop in runs)
    assert len(runs) >= min(sum(num_samples), num_workers)


@pytest.mark.parametrize(
    ("parts", "decode", "expected"),
    [
        ([], False, 1),
        ([Part(None, 4000)], False, 1),
        ([Part(None, 4000), Part(None, 11_000)], False, 3),
        ([Part(None, 10**6)], False, 4),
        ([Part(None, 100, 250 << 20)], False, 2),
        ([Part(None, 100)], True, 4),
        ([Part(None, 2)], True, 2),
    ],
)
def test_workers_that_pay_in_verifying(parts, decode, expected):
    assert verify_samples.num_useful(4, parts, decode) == expected
    assert verify_samples.num_useful(1, parts, decode) == 1


SMALL, LARGE = encode_image(), encode_image() + bytes(400_000)
PROGRESSIVE = encode_image(progressive=True) + bytes(400_000)


@pytest.mark.parametrize(
    ("images", "options", "expected"),
    [
        ([SMALL] * (3 * 16 * 128), {}, 3),
        ([SMALL] * 300, {"decode": True}, 3),  # of 128
        ([SMALL] * 100, {"decode": True}, 1),
        ([LARGE] * 30, {}, 1),  # only copied
        ([LARGE] * 30, {"decode": True}, 4),
        ([LARGE] * 30, {"shortest_side": 8}, 4),
        ([LARGE] * 30, {"restarts": True}, 4),
        ([LARGE] * 6 + [PROGRESSIVE], {}, 3),  # of three images
        ([b"\xff\xd8" + LARGE[300:], b"", *[LARGE] * 10], {}, 1),  # is said when it is packed
    ],
    ids=[
        "small",
        "small, decoded",
        "few",
        "large",
        "decoded",
        "reduced",
        "cut into intervals",
        "one progressive",
        "damaged",
    ],
)
def test_workers_that_pay(tmp_path, images, options, expected):
    named = {f"c/{i:03}.jpg": content for i, content in enumerate(images)}
    split = ImageFolderSplit(write_images(tmp_path / "in", named))
    plan = plan_pack(split, ("c",), PackOptions(**options), "")
    assert num_useful(4, [plan]) == expected
    assert num_useful(1, [plan]) == 1

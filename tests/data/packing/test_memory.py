"""What packing and verifying hold: the names and numbers of an index, and nothing else a sample."""

import tracemalloc
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bsgrow.data.encoded.names import Names
from bsgrow.data.packing import PackOptions, pack
from bsgrow.data.packing.plan import PackPlan, plan_pack
from bsgrow.data.packing.preparation import Packed
from bsgrow.data.packing.shard_writer import write_shard
from bsgrow.data.shards import index_reading, shard_name
from bsgrow.data.shards.layout import RECORD
from bsgrow.data.verify import verify
from tests.data.conftest import encode_image, write_images

NAME = "n00000801/n00000801_%06d.JPEG"
NAME_BYTES = len(NAME % 0) + 8  # and where it ends
FEW, MANY = 3_000, 15_000
IMAGE = encode_image(8, 8)


class OneImage:
    """A split with one image under many names."""

    class_names = ("n00000801",)
    fingerprint = "sha256:0"

    def __init__(self, num_samples: int) -> None:
        self.names = Names.of((NAME % i).encode() for i in range(num_samples))
        self.labels = np.zeros(num_samples, np.int64)
        self.num_bytes = np.full(num_samples, len(IMAGE))

    def __len__(self) -> int:
        return len(self.labels)

    def name(self, sample: int) -> bytes:
        return self.names[sample]


def planned(num_samples: int, **options: int) -> PackPlan:
    return plan_pack(OneImage(num_samples), ("n00000801",), PackOptions(**options), "")


def write(plan: PackPlan, folder: Path) -> None:
    image = Packed(IMAGE, zlib.crc32(IMAGE), 8, 8, False)
    for number, samples in enumerate(plan.shards):
        results = iter([image] * len(samples))
        write_shard(plan, number, folder / shard_name(number), results, lambda outcome: None)


def held(work: Callable[[], object]) -> int:
    """The most bytes that Python and NumPy held at once for it."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def held_a_sample(work: Callable[[int], object]) -> float:
    few, many = (held(partial(work, num_samples)) for num_samples in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def test_planning_holds_nothing_of_a_sample():
    sources = {num_samples: OneImage(num_samples) for num_samples in (FEW, MANY)}

    def plan(num_samples):
        return plan_pack(sources[num_samples], ("n00000801",), PackOptions(), "")

    assert held_a_sample(plan) < 1


def test_writing_a_shard_holds_its_index(tmp_path):
    plans = {num_samples: planned(num_samples) for num_samples in (FEW, MANY)}
    results = 8  # the list of them here
    held_here = held_a_sample(lambda num: write(plans[num], tmp_path))
    assert held_here <= 1.1 * (RECORD.itemsize + NAME_BYTES + results)


def test_verifying_holds_one_index(tmp_path, monkeypatch):
    monkeypatch.setattr(index_reading, "_CHUNK", 100 * RECORD.itemsize)
    for num_samples in (FEW, MANY):
        (tmp_path / str(num_samples)).mkdir()
        plan = planned(num_samples)
        write(plan, tmp_path / str(num_samples))
    held_here = held_a_sample(lambda num: verify(tmp_path / str(num), num_workers=1))
    assert held_here <= 1.1 * (RECORD.itemsize + NAME_BYTES)


def test_verifying_more_shards_holds_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr(index_reading, "_CHUNK", 100 * RECORD.itemsize)
    for num_samples in (FEW, MANY):
        (tmp_path / str(num_samples)).mkdir()
        write(planned(num_samples, shard_bytes=1 << 20), tmp_path / str(num_samples))
    assert held_a_sample(lambda num: verify(tmp_path / str(num), num_workers=1)) < 10


@pytest.mark.parametrize("num_workers", [1, 2])
def test_what_is_wrong_with_an_image_does_not_hold_the_image(tmp_path, num_workers):
    images = {f"c/{i}.jpg": IMAGE[:-200] + bytes([i]) * 1000 for i in range(4)}
    source = write_images(tmp_path / "in", images)
    options = PackOptions(on_error="skip", decode=True)
    [packed] = pack(source, tmp_path / "out", options, num_workers=num_workers)
    found = verify(source, decode=True, num_workers=num_workers).damaged
    assert len(packed.left_out) == len(found) == 4
    for error in (*packed.left_out, *found):
        assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)

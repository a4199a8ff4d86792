"""What the training loop is fed while it is measured."""

from contextlib import closing
from itertools import islice, pairwise

import pytest
import torch

from bsgrow.bench.stretch import Stretch
from bsgrow.bench.timed_loader import (
    StretchOverError,
    TimedLoader,
    bench_updates,
    resident,
    warm_up_sizes,
)
from bsgrow.loading import MicroBatch, by_update
from bsgrow.loading.loader import cuts_of
from bsgrow.stream import Cut, Share

CPU = torch.device("cpu")


def real(cuts):
    for start, stop, weight, is_last in cuts:
        images = torch.full((stop - start, 1), float(start))
        yield MicroBatch(start, stop, images, torch.zeros(stop - start), weight, is_last)


def test_every_size_of_micro_batch_warms_up():
    assert warm_up_sizes(128, 256) == [128]
    assert warm_up_sizes(512, 256) == [256]
    assert warm_up_sizes(640, 256) == [256, 128]


def test_updates_follow_each_other_and_change_no_weight():
    updates = list(islice(bench_updates(640, 256, 0.9), 5))
    assert [update.global_batch_size for update in updates] == [256, 128, 640, 640, 640]
    assert [update.index for update in updates] == [0, 1, 2, 3, 4]
    assert updates[0].start == 0
    assert all(a.stop == b.start for a, b in pairwise(updates))
    assert {(update.lr, update.momentum) for update in updates} == {(0.0, 0.9)}


def test_resident_micro_batches_are_always_the_same_in_the_cut_of_the_real_ones():
    updates = list(islice(bench_updates(640, 256, 0.9), 4))
    cuts = list(cuts_of(updates, Share(), 256))
    kept = []
    for update, micro_batches in resident(real(cuts), updates, 256, 2):
        kept += micro_batches
        assert update == updates[update.index]
        assert kept[-1].stop == update.stop
    assert [Cut(m.start, m.stop, m.weight, m.is_last) for m in kept] == cuts
    by_size = {len(m.images): m.images.data_ptr() for m in kept[:2]}
    assert all(m.images.data_ptr() == by_size[len(m.images)] for m in kept)


def test_what_made_the_resident_micro_batches_is_closed_before_others_are_timed():
    updates = list(islice(bench_updates(640, 256, 0.9), 4))
    stream = real(cuts_of(updates, Share(), 256))
    kept = resident(stream, updates, 256, 2)
    for _ in range(2):  # one micro-batch in each, the first of each size
        next(next(kept).micro_batches)
    assert stream.gi_frame is None, "closed, and what it made ahead let go"


def test_the_clock_starts_after_the_warm_up_at_the_start_of_an_update():
    stretch = Stretch(CPU, 0.0)
    closed = []

    def begin():
        try:
            yield from by_update(bench_updates(640, 256, 0.9), Share(), 256, real)
        finally:
            closed.append(True)

    loader = TimedLoader(begin, len(warm_up_sizes(640, 256)), stretch)
    made = []

    def train():
        with closing(loader.updates(())) as updates:
            for _, micro_batches in updates:
                made.extend((each.start, each.stop) for each in micro_batches)
                stretch.close_update()

    with pytest.raises(StretchOverError):
        train()
    assert made == [(0, 256), (256, 384), (384, 640)]
    assert closed == [True]
    assert stretch.round().num_samples == 256
    assert stretch.round().update_seconds == ()


def test_a_stretch_goes_on_until_an_update_is_whole():
    stretch = Stretch(CPU, 0.05)
    stretch.close_update()  # of the warm-up
    stretch.begin()
    while not stretch.is_over:
        stretch.add(8)
    stretch.end()
    assert stretch.round().seconds >= 0.2, "four times as long, then without"
    assert stretch.round().update_seconds == ()


def test_updates_are_timed_from_one_end_to_the_next():
    stretch = Stretch(CPU, 0.0)
    stretch.begin()
    for _ in range(3):
        stretch.add(4)
        stretch.close_update()
    assert stretch.is_over
    stretch.end()
    done = stretch.round()
    assert done.num_samples == 12
    assert len(done.update_seconds) == 3
    assert 0 < sum(done.update_seconds) <= done.seconds

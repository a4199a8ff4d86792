"""The micro-batches of a plan, as PyTorch's DataLoader is given them."""

from itertools import accumulate, pairwise, product
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.loading.batch_sampler import UpdateCuts, batches, read
from bsgrow.stream import Cut, SampleIndices, SampleStream, Share
from tests.integrations.plain.plans import plan_of

WORLDS = st.integers(1, 9)


@st.composite
def cases(draw):
    num_samples = draw(st.integers(40, 130))
    milestones = sorted(draw(st.sets(st.integers(1, 3), max_size=2)))
    epochs = max(milestones, default=0) + draw(st.integers(1, 2))
    curve = {"name": "MultiStepLR", "milestones": milestones, "gamma": 0.5}
    plan = plan_of(num_samples, epochs, draw(st.integers(1, 10)), curve=curve)
    ghost = draw(st.integers(1, 4))
    return plan, ghost, ghost * draw(st.integers(1, 5)), draw(WORLDS)


@given(cases())
def test_each_sample_counts_once_in_its_update_over_all_ranks(case):
    plan, ghost, size, world = case
    ranks = [UpdateCuts(plan, Share(rank, world, ghost), size) for rank in range(world)]
    for update in plan.updates():
        cuts = [list(cuts.of(update)) for cuts in ranks]
        counted = [cut for each in cuts for cut in each if cut.num_samples]
        positions = [p for cut in counted for p in range(cut.start, cut.stop)]
        assert positions == list(range(update.start, update.stop))
        assert sum(cut.weight for cut in counted) == pytest.approx(1, abs=1e-12)
        for each in cuts:
            assert [cut.closes_update for cut in each] == [False] * (len(each) - 1) + [True]
            assert all(cut.stop - cut.start <= size for cut in each)
            assert all(cut.update == update for cut in each)


@given(cases())
def test_a_rank_without_a_sample_reads_the_first_ones_for_nothing(case):
    plan, ghost, size, world = case
    for update in plan.updates():
        cuts = list(UpdateCuts(plan, Share(world - 1, world, ghost), size).of(update))
        if cuts[0].weight == 0:
            (cut,) = cuts
            assert cut.num_samples == 0
            assert (cut.start, cut.closes_update) == (update.start, True)
            assert 0 < cut.stop - cut.start <= min(size, update.global_batch_size)


@given(cases())
def test_their_number_is_known(case):
    plan, ghost, size, world = case
    cuts = UpdateCuts(plan, Share(world // 2, world, ghost), size)
    num = plan.num_updates
    for first, last in [(0, num), (num // 3, num), (num // 2, num // 2), (0, num // 2)]:
        assert cuts.count(first, last) == len(list(cuts.between(first, last)))


@given(cases())
def test_an_epoch_is_the_updates_that_begin_in_it(case):
    plan, ghost, size, world = case
    cuts = UpdateCuts(plan, Share(0, world, ghost), size)
    epochs = [update.start // plan.num_samples for update in plan.updates()]
    for index, epoch in enumerate(epochs):
        expected = next((i for i, e in enumerate(epochs) if e > epoch), plan.num_updates)
        assert cuts.end_of_epoch(index) == expected


@given(cases())
def test_the_end_of_each_epoch_is_told_once(case):
    plan, ghost, size, world = case
    cuts = UpdateCuts(plan, Share(0, world, ghost), size)
    told = [cut for cut in cuts.between(0, plan.num_updates) if cut.ends_epoch]
    assert all(cut.closes_update for cut in told)
    reached = [cut.update.stop // plan.num_samples for cut in told]
    assert all(before < after for before, after in pairwise(reached[:-1]))
    assert told[-1].update.index == plan.num_updates - 1


@given(cases(), st.integers(0, 9))
def test_however_samples_are_found_they_are_the_same(case, seed):
    plan, ghost, size, world = case
    stream = SampleStream(plan.num_samples, seed)
    cuts = UpdateCuts(plan, Share(world - 1, world, ghost), size)
    for first in (0, plan.num_updates // 2):
        between = list(cuts.between(first, plan.num_updates))
        expected = [list(SampleIndices(stream, cut.start, cut.stop)) for cut in between]
        for with_epochs, by_workers in product((True, False), repeat=2):
            how = {"with_epochs": with_epochs, "by_workers": by_workers}
            found = [list(each) for each in batches(stream, between, **how)]
            assert found == expected
            epochs = [getattr(sample, "epoch", None) for each in found for sample in each]
            if with_epochs:
                assert epochs == [sample.epoch for each in expected for sample in each]
            else:
                assert {*epochs} == {None}


class Asked(SampleStream):
    """Notes how many samples it is asked for at once."""

    __slots__ = ()
    sizes: ClassVar[list[int]] = []

    def samples(self, start, stop):
        self.sizes.append(stop - start)
        return super().samples(start, stop)


@pytest.mark.parametrize(("world", "most_calls", "most_found"), [(1, 30, 1.2), (4, 1000, 1.0)])
def test_integers_are_found_many_at_once_and_few_for_nothing(world, most_calls, most_found):
    Asked.sizes.clear()
    plan = plan_of(2000, 4, 8, curve={"name": "ConstantLR", "factor": 1.0})
    cuts = list(UpdateCuts(plan, Share(0, world), 8).between(0, plan.num_updates))
    found = batches(Asked(2000, 0), cuts, with_epochs=False, by_workers=False)
    num_samples = sum(map(len, found))
    assert len(cuts) == 1000
    assert len(Asked.sizes) <= most_calls
    assert num_samples <= sum(Asked.sizes) <= most_found * num_samples


@given(st.lists(st.integers(0, 3), max_size=9), st.booleans(), st.booleans())
def test_what_is_read_stands_beside_its_cut_and_none_beside_an_empty_one(sizes, epochs, workers):
    stops = [*accumulate(sizes)]
    cuts = [
        Cut(stop - size, stop, 0.5, is_last=True) for size, stop in zip(sizes, stops, strict=True)
    ]

    def reader_of(ahead):
        stream = SampleStream(100, 0, shuffle=False)
        return map(list, batches(stream, ahead, with_epochs=epochs, by_workers=workers))

    expected = [(list(range(cut.start, cut.stop)) or None, cut) for cut in cuts]
    assert list(read(iter(cuts), reader_of)) == expected


@pytest.mark.parametrize("size", [0, -4, 6])
def test_a_size_that_cuts_ghost_batches_is_refused(size):
    with pytest.raises(ValueError, match=f"micro_batch_size = {size}"):
        UpdateCuts(plan_of(), Share(0, 1, 4), size)

"""The loader over PyTorch's DataLoader: every sample in its update, whoever reads it."""

import pickle

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch.utils.data import ConcatDataset, IterableDataset, Subset, TensorDataset

from bsgrow.errors import InputError
from bsgrow.integrations.plain import growing_loader
from bsgrow.integrations.plain.growing_loader import GrowingLoader
from bsgrow.stream import SampleStream, Share, torch_sample_rng
from tests.integrations.plain.plans import Numbered, follow, plan_of


def expected(plan, seed=0, share=None):
    """Return (update, epoch, sample) of all that a rank takes."""
    share, stream = share or Share(), SampleStream(plan.num_samples, seed)
    found = []
    for update in plan.updates():
        places = stream[slice(*share.run(update.start, update.stop))]
        pairs = zip(places.epochs.tolist(), places.samples.tolist(), strict=True)
        found += [(update.index, *pair) for pair in pairs]
    return found


def taken(handed_out):
    """Return the same of what was handed out."""
    return [
        (cut.update.index, epoch, sample)
        for (_, samples, epochs), cut in handed_out
        if cut.num_samples
        for epoch, sample in zip(epochs.tolist(), samples.tolist(), strict=True)
    ]


@pytest.mark.parametrize(
    "workers",
    [
        {},
        {"num_workers": 1, "prefetch_factor": 7},
        {"num_workers": 2, "prefetch_factor": 1},
        {"num_workers": 2, "persistent_workers": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [4, 12])
def test_a_batch_changes_at_the_exact_sample_whatever_the_workers(workers, size):
    plan = plan_of()
    loader = GrowingLoader(Numbered(), plan, micro_batch_size=size, seed=5, **workers)
    assert taken(follow(loader)) == expected(plan, seed=5)


@pytest.mark.parametrize(
    ("wrapped", "keeps_epochs"),
    [
        (lambda own: TensorDataset(own.features, torch.arange(101), torch.full((101,), -1)), False),
        (lambda own: Subset(own, range(101)), False),
        (lambda own: ConcatDataset([Subset(own, range(60)), Subset(own, range(60, 101))]), False),
        (lambda own: Kept(own, range(101)), True),
    ],
    ids=["tensors", "subset", "concatenated", "derived"],
)
def test_data_sets_of_torchs_own_are_read_in_the_same_order(wrapped, keeps_epochs):
    plan = plan_of()
    loader = GrowingLoader(wrapped(Numbered()), plan, micro_batch_size=4, seed=5)
    wanted = [(u, e if keeps_epochs else -1, s) for u, e, s in expected(plan, seed=5)]
    assert taken(follow(loader)) == wanted


class Kept(Subset):
    """One that hands on what it is given."""

    def __getitems__(self, indices):
        return [self.dataset[index] for index in indices]


def test_without_shuffling_samples_come_in_order():
    plan = plan_of()
    loader = GrowingLoader(Numbered(), plan, micro_batch_size=8, shuffle=False)
    samples = [sample for *_, sample in taken(follow(loader))]
    assert samples == [position % 101 for position in range(plan.num_total_samples)]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.integers(1, 6), st.integers(1, 3), st.integers(1, 4))
def test_ranks_share_every_update(world, ghost, in_micro_batch):
    plan = plan_of()
    for rank in range(world):
        place = {"rank": rank, "world_size": world, "ghost_batch_size": ghost}
        loader = GrowingLoader(Numbered(), plan, micro_batch_size=ghost * in_micro_batch, **place)
        assert taken(follow(loader)) == expected(plan, share=Share(rank, world, ghost))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.integers(1, 6), st.integers(1, 3), st.integers(1, 3))
def test_ranks_take_as_many_micro_batches_where_they_are_evened_out(world, ghost, in_micro_batch):
    plan, size, numbers = plan_of(), ghost * in_micro_batch, []
    for rank in range(world):
        place = {"rank": rank, "world_size": world, "ghost_batch_size": ghost, "evens_out": True}
        loader = GrowingLoader(Numbered(), plan, micro_batch_size=size, **place)
        handed_out = list(follow(loader))
        assert taken(handed_out) == expected(plan, share=Share(rank, world, ghost))
        assert sum(cut.closes_update for _, cut in handed_out) == plan.num_updates
        numbers.append([cut.update.index for _, cut in handed_out])
    assert numbers.count(numbers[0]) == world


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.integers(0, 60), st.sampled_from([4, 8, 20]), st.integers(1, 3))
def test_a_run_goes_on_in_the_middle_with_other_micro_batches_and_ranks(stop, size, world):
    plan = plan_of()
    first = GrowingLoader(Numbered(), plan, micro_batch_size=8)
    before = []
    for data, cut in follow(first):
        if cut.update.index == min(stop, plan.num_updates - 1):
            break
        before.append((data, cut))
    state = pickle.loads(pickle.dumps(first.state_dict()))
    after = []
    for rank in range(world):
        place = {"rank": rank, "world_size": world}
        loader = GrowingLoader(Numbered(), plan, micro_batch_size=size, **place)
        loader.load_state_dict(state)
        after += taken(follow(loader))
    assert sorted(taken(before) + after) == sorted(expected(plan))


def test_the_length_is_that_of_what_is_left_of_an_epoch():
    plan = plan_of(epochs=4)
    loader = GrowingLoader(Numbered(), plan, micro_batch_size=4)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = loader.lr_scheduler(optimizer)
    lengths = []
    for epoch in loader.epochs():
        length, given = len(loader), 0
        for _, cut in loader:
            given += 1
            assert cut.update.start // 101 == epoch
            if cut.closes_update:
                optimizer.step()
                scheduler.step()
                lengths.append(len(loader))
        assert given == length
    assert (len(loader), list(loader), loader.is_finished) == (0, [], True)
    assert lengths[-1] == 0


def test_an_epoch_that_is_left_early_goes_on_where_it_was():
    plan = plan_of()
    loader = GrowingLoader(Numbered(), plan, micro_batch_size=8, num_workers=1)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = loader.lr_scheduler(optimizer)
    handed_out = []
    while not loader.is_finished:
        for data, cut in loader:
            handed_out.append((data, cut))
            if cut.closes_update:
                optimizer.step()
                scheduler.step()
                break
    assert taken(handed_out) == expected(plan)


def test_a_state_is_small_whatever_the_data_and_loads_as_weights_do(tmp_path):
    plan = plan_of(10**6, 90, 256)
    loader = GrowingLoader(range(10**6), plan, micro_batch_size=256)
    torch.save(loader.state_dict(), tmp_path / "state.pt")
    loader.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert len(pickle.dumps(loader.state_dict())) < 1024


@pytest.mark.parametrize("changed", [{"seed": 1}, {"shuffle": False}])
def test_a_state_of_another_order_is_refused(changed):
    state = GrowingLoader(Numbered(), plan_of(), micro_batch_size=8, **changed).state_dict()
    loader = GrowingLoader(Numbered(), plan_of(), micro_batch_size=8)
    with pytest.raises(InputError, match=next(iter(changed))):
        loader.load_state_dict(state)


def test_a_state_of_another_plan_is_refused():
    state = GrowingLoader(Numbered(), plan_of(epochs=4), micro_batch_size=8).state_dict()
    with pytest.raises(InputError, match="plan"):
        GrowingLoader(Numbered(), plan_of(), micro_batch_size=8).load_state_dict(state)


class Endless(IterableDataset):
    def __iter__(self):
        return iter([])


@pytest.mark.parametrize(
    ("dataset", "arguments", "message"),
    [
        (Numbered(100), {}, "has 100 samples, the plan is for 101"),
        (Endless(), {}, "is not map-style, with __getitem__"),
        (Numbered(), {"batch_size": 8}, "batch_size: the plan decides"),
        (Numbered(), {"drop_last": True}, "drop_last: the plan decides"),
        (Numbered(), {"in_order": False, "num_workers": 1}, "in_order = False"),
        (Numbered(), {"num_workers": -1}, "num_workers"),
        (Numbered(), {"micro_batch_size": 0}, "micro_batch_size = 0"),
        (Numbered(), {"ghost_batch_size": 3}, "multiple of the ghost batch of 3"),
        (Numbered(), {"seed": -1}, "seed"),
        (Numbered(), {"count": [1.0] * 100}, "shape"),
        (Numbered(), {"count": [-1.0] * 101}, "0 or more"),
        (Numbered(), {"count": [float("nan")] * 101}, "0 or more"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(dataset, arguments, message):
    with pytest.raises(ValueError, match=message):
        GrowingLoader(dataset, plan_of(), **{"micro_batch_size": 8} | arguments)


def test_one_of_rank_and_world_size_alone_is_refused():
    with pytest.raises(InputError, match="rank and world_size go together"):
        GrowingLoader(Numbered(), plan_of(), micro_batch_size=8, rank=1)


def test_processes_that_have_not_met_are_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    loader = GrowingLoader(Numbered(), plan_of(), micro_batch_size=8)
    with pytest.raises(InputError, match="does not know of them yet") as refused:
        len(loader)
    assert "init_process_group" in refused.value.__notes__[0]


def test_workers_are_seeded_alike_at_each_start_and_unlike_on_each_rank(monkeypatch):
    seeds = []

    def recorded(*numbers):
        generator = torch_sample_rng(*numbers)
        seeds.append(generator.initial_seed())
        return generator

    monkeypatch.setattr(growing_loader, "torch_sample_rng", recorded)
    for rank in (0, 1, 0):
        place = {"rank": rank, "world_size": 2}
        next(follow(GrowingLoader(Numbered(), plan_of(), micro_batch_size=4, **place)))
    first, second, again = seeds
    assert first == again != second

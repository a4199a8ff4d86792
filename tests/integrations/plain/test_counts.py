"""Weights by what a loss counts: a mean loss × weight, summed, is the mean over all it counts."""

import numpy as np
import pytest
import torch

from bsgrow.errors import InputError
from bsgrow.integrations.plain.growing_loader import GrowingLoader
from tests.integrations.plain.plans import Numbered, follow, plan_of

LENGTHS = np.random.default_rng(1).integers(0, 9, 101)


class Ragged(Numbered):
    """Sample i has LENGTHS[i] tokens, padded with -1 to 9."""

    def __getitem__(self, index):
        tokens = torch.full((9,), -1.0)
        tokens[: LENGTHS[index]] = torch.arange(LENGTHS[index]) + float(index)
        return tokens, int(index), 0


def count_tokens(data):
    return (data[0] >= 0).sum()


def mean_of(tokens):
    kept = tokens[tokens >= 0]
    return float(kept.mean()) if len(kept) else 0.0


@pytest.mark.parametrize("count", [LENGTHS, list(LENGTHS), torch.tensor(LENGTHS), count_tokens])
@pytest.mark.parametrize("size", [4, 12])
def test_the_weighed_means_of_an_update_are_its_mean(count, size):
    plan = plan_of()
    loader = GrowingLoader(Ragged(), plan, micro_batch_size=size, count=count)
    means, tokens = [0.0] * plan.num_updates, [[] for _ in range(plan.num_updates)]
    for data, cut in follow(loader):
        means[cut.update.index] += mean_of(data[0]) * cut.weight
        tokens[cut.update.index].append(data[0])
    expected = [mean_of(torch.cat(each)) for each in tokens]
    assert means == pytest.approx(expected, rel=1e-6)


def test_ranks_weigh_alike_without_a_word_where_the_counts_are_known():
    plan = plan_of()
    weights = np.zeros(plan.num_updates)
    for rank in range(3):
        place = {"rank": rank, "world_size": 3}
        loader = GrowingLoader(Ragged(), plan, micro_batch_size=4, count=LENGTHS, **place)
        for _, cut in follow(loader):
            weights[cut.update.index] += cut.weight
    assert weights == pytest.approx(1)


def test_gradients_that_are_averaged_over_processes_are_made_up_for():
    plan, weights = plan_of(), 0.0
    for rank in range(3):
        place = {"rank": rank, "world_size": 3, "averages_gradients": True}
        loader = GrowingLoader(Numbered(), plan, micro_batch_size=4, **place)
        weights += sum(cut.weight for _, cut in follow(loader))
    assert weights / 3 == pytest.approx(plan.num_updates)


def test_an_update_that_counts_nothing_has_no_weight():
    loader = GrowingLoader(Numbered(), plan_of(), micro_batch_size=4, count=np.zeros(101))
    assert {cut.weight for _, cut in follow(loader)} == {0.0}


def test_a_function_cannot_count_over_processes_that_do_not_meet():
    place = {"rank": 0, "world_size": 2}
    loader = GrowingLoader(Ragged(), plan_of(), micro_batch_size=4, count=count_tokens, **place)
    with pytest.raises(InputError, match="not initialised"):
        next(follow(loader))


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -1])
def test_what_is_no_count_is_refused(wrong):
    with pytest.raises(InputError, match="count: expected numbers, 0 or more"):
        GrowingLoader(Ragged(), plan_of(), micro_batch_size=4, count=np.full(101, wrong))
    loader = GrowingLoader(Ragged(), plan_of(), micro_batch_size=4, count=lambda _: wrong)
    with pytest.raises(InputError, match="count: returned"):
        next(follow(loader))

"""The sums of an update are all begun before any is waited for, whatever happens meanwhile."""

from contextlib import suppress

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from bsgrow.training import gradient_sum as module
from bsgrow.training.gradient_sum import GradientSum
from bsgrow.training.group.process_group import ALONE, ProcessGroup
from bsgrow.training.step import accumulate
from bsgrow.training.update_sums import UpdateSums

CPU = torch.device("cpu")


class Two(ProcessGroup):
    """One of two processes that are alike, and what it does with the other.

    Attributes:
        done: the numbers of each sum that is begun, and None for each wait.
    """

    world_size = 2

    def __init__(self):
        self.done = []

    def begin_sum(self, tensor):
        self.done.append(tensor.numel())
        tensor.mul_(2)
        return self

    def wait(self):
        self.done.append(None)


class Exhausted(TorchDispatchMode):
    """Lets no operation have memory of its own."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        known = {storage_of(each) for each in tree_leaves((args, kwargs)) if is_tensor(each)}
        if any(storage_of(each) not in known for each in tree_leaves(result) if is_tensor(each)):
            raise torch.OutOfMemoryError(f"no more for {func}")
        return result


def is_tensor(value):
    return isinstance(value, torch.Tensor)


def storage_of(tensor):
    return tensor.untyped_storage().data_ptr()


@pytest.fixture
def small_buckets(monkeypatch):
    monkeypatch.setattr(module, "FIRST_BUCKET_BYTES", 2**12)
    monkeypatch.setattr(module, "BUCKET_BYTES", 2**14)


class Update:
    """An update of a network over a group, in two micro-batches."""

    def __init__(self, network, samples, group):
        self.model, self.group = network(), group
        self.gradient_sum = GradientSum(self.model.parameters(), group)
        self.sums = UpdateSums(self.model, CPU)
        self._parts = [torch.split(part, 8) for part in samples(16)]
        self.model.train()

    def make(self, fails_at=None):
        """Make it, or raise in place of a micro-batch."""
        with self.gradient_sum.of_an_update(self.sums):
            for number, (images, labels) in enumerate(zip(*self._parts, strict=True)):
                if number == fails_at:
                    raise torch.OutOfMemoryError("none left")
                if number == 1:
                    self.gradient_sum.expect_last_backward()
                accumulate(self.model, images, labels, update_size=16, totals=self.sums.totals)

    def found(self):
        """Copies of the gradients, then the other sums."""
        gradients = [parameter.grad for parameter in self.model.parameters()]
        return [each.clone() for each in (*gradients, *self.sums._parts())]


@pytest.mark.parametrize("fails_at", [None, 0, 1])
@pytest.mark.usefixtures("small_buckets")
def test_all_sums_are_begun_in_one_order_before_the_first_is_waited_for(network, samples, fails_at):
    whole, group = Two(), Two()
    Update(network, samples, whole).make()
    update = Update(network, samples, group)
    with suppress(torch.OutOfMemoryError):
        update.make(fails_at)
    num_sums = len(group.done) // 2
    assert num_sums >= 4, "several buckets, and what is not the gradient"
    assert group.done == whole.done
    assert None not in group.done[:num_sums]
    assert group.done[num_sums:] == [None] * num_sums
    assert group.done[num_sums - 1] == sum(each.numel() for each in update.sums._parts())


def test_each_process_has_the_sum_of_all(network, samples):
    alone, together = (Update(network, samples, group) for group in (ALONE, Two()))
    alone.make()
    together.make()
    for one, two in zip(alone.found(), together.found(), strict=True):
        torch.testing.assert_close(two, 2 * one, rtol=1e-6, atol=1e-8)
    together.sums.drop()
    assert not any(each.any() for each in together.sums._parts()), "what was summed is not it"


@pytest.mark.usefixtures("small_buckets")
def test_one_whose_memory_is_exhausted_takes_part_in_every_sum(network, samples):
    whole, group = Two(), Two()
    Update(network, samples, whole).make()
    update = Update(network, samples, group)
    with pytest.raises(torch.OutOfMemoryError), Exhausted():
        update.make()
    assert group.done == whole.done


def test_no_memory_is_there_to_be_had():
    numbers = torch.zeros(4)
    with Exhausted():
        numbers.view(2, 2).add_(1)
        with pytest.raises(torch.OutOfMemoryError):
            numbers + 1


def test_a_process_that_is_alone_copies_nothing(network, samples):
    update = Update(network, samples, ALONE)
    update.sums._numbers.fill_(torch.nan)
    update.make()
    assert not any(each.isnan().any() for each in update.found())

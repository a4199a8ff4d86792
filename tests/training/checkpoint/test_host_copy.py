"""Copies of the state in host memory: as the tensors were, in memory that is used again."""

from typing import Any

import pytest
import torch

from bsgrow.training.checkpoint.host_copy import HostCopy

TENSORS = {
    "planar": torch.arange(24.0).reshape(2, 3, 2, 2),
    "channels last": torch.arange(24.0).reshape(2, 3, 2, 2).to(memory_format=torch.channels_last),
    "a number": torch.tensor(3),
    "empty": torch.zeros(0, 3),
    "bfloat16": torch.arange(5).bfloat16(),
    "a parameter": torch.nn.Parameter(torch.ones(3)),
}


@pytest.mark.parametrize("name", TENSORS)
def test_a_copy_is_laid_out_as_its_tensor(name):
    tensor = TENSORS[name]
    copied = HostCopy().take(tensor)
    assert torch.equal(copied, tensor)
    assert (copied.dtype, copied.stride()) == (tensor.dtype, tensor.stride())
    assert not copied.requires_grad
    assert copied.data_ptr() != tensor.data_ptr() or not tensor.numel()


def test_what_is_around_the_tensors_stays():
    tree = {"a": [TENSORS["planar"], 1.5], 3: (None, {"b": TENSORS["a number"]}), "c": "text"}
    copied = HostCopy().take(tree)
    assert copied["a"][1] == 1.5
    assert copied[3][0] is None
    assert torch.equal(copied[3][1]["b"], TENSORS["a number"])
    assert copied["c"] == "text"


def test_a_copy_stays_as_it_was_and_its_memory_is_used_again():
    copy, tensor = HostCopy(), torch.ones(3)
    first = copy.take({"x": tensor})["x"]
    tensor.zero_()
    assert first.tolist() == [1, 1, 1]
    second = copy.take({"x": tensor})["x"]
    assert second.data_ptr() == first.data_ptr()
    assert second.tolist() == [0, 0, 0]


@pytest.mark.parametrize("other", [torch.ones(4), torch.ones(3).double(), torch.ones(2, 3).T[0]])
def test_another_layout_gets_memory_of_its_own(other):
    copy = HostCopy()
    copy.take([torch.zeros(3)])
    (copied,) = copy.take([other])
    assert torch.equal(copied, other)
    assert copied.dtype == other.dtype


def test_tensors_in_the_same_place_of_two_dicts_do_not_share(network):
    state: dict[str, Any] = {"model": network().state_dict(), "other": network(1).state_dict()}
    copied = HostCopy().take(state)
    for part, tensors in state.items():
        assert all(torch.equal(copied[part][name], tensor) for name, tensor in tensors.items())


def test_the_number_of_threads_stays():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        HostCopy().take([torch.ones(3)])
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)

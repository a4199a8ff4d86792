"""What the processes of torchrun do by torch.distributed."""

import threading

import pytest
import torch
import torch.distributed as dist
from torch.distributed import HashStore

from bsgrow.training.group import torch_process_group
from bsgrow.training.group.lost import first_words
from bsgrow.training.group.process_group import LostProcessError
from bsgrow.training.group.torch_process_group import TorchProcessGroup, joined_group
from tests.training.processes import run_ranks


def sum_numbers(numbers):
    """Return the sums, and whether each reduction was one between hosts."""
    between_hosts, all_reduce = [], dist.all_reduce

    def noting(*arguments, group=None):
        between_hosts.append(group is not None and dist.get_backend(group) == "gloo")
        return all_reduce(*arguments, group=group)

    with joined_group() as group:
        group.open(torch.device("cpu"), 60.0)
        dist.all_reduce = noting
        return group.sum_numbers([each * (group.rank + 1) for each in numbers]), between_hosts


def test_numbers_of_the_host_are_summed_between_hosts():
    assert run_ranks(2, sum_numbers, [0.25, 2**51 - 1]) == [([0.75, 3 * (2**51 - 1)], [True])] * 2


def combine(num_bits):
    with joined_group() as group:
        group.open(torch.device("cpu"), 60.0)
        return group.combine(1 << group.rank * (num_bits - 1), num_bits)


@pytest.mark.parametrize("num_bits", [31, 32, 62, 200])
def test_bits_are_combined_however_many(num_bits):
    assert run_ranks(2, combine, num_bits) == [1 + (1 << num_bits - 1)] * 2


def test_where_the_others_are_lost_in_joining_no_sign_of_life_is_given(monkeypatch):
    def lose(group, value):
        assert beats() - before
        raise LostProcessError("rank 1 does not answer")

    def beats():
        return {each for each in threading.enumerate() if each.name == "bsgrow-heartbeat"}

    before = beats()
    variables = {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(
        torch_process_group, "rendezvous", lambda *_, **__: iter([(HashStore(), 0, 1)])
    )
    monkeypatch.setattr(TorchProcessGroup, "gather", lose)
    with pytest.raises(LostProcessError), joined_group():
        pass
    assert not beats() - before


@pytest.mark.parametrize(
    ("says", "first"),
    [
        (
            "[/src/gloo/transport/tcp/pair.cc:553] Connection closed by peer [127.0.0.1]:12707. "
            "This is typically caused by a remote worker crashing.",
            "Connection closed by peer [127.0.0.1]:12707",
        ),
        (
            "[/src/gloo/transport/tcp/unbound_buffer.cc:82] Timed out waiting 500ms for recv",
            "Timed out waiting 500ms for recv",
        ),
        ("Timed out. 1/2 clients joined.\nframe #0", "Timed out. 1/2 clients joined."),
        ("", "RuntimeError"),
    ],
)
def test_of_an_error_of_gloo_what_happened_is_told(says, first):
    assert first_words(RuntimeError(says)) == first


def test_processes_whose_torchrun_is_gone_do_not_wait_to_join(monkeypatch):
    def refuse():
        raise ConnectionRefusedError("torchrun's store at alpha:1 is gone, and torchrun with it")

    variables = {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch_process_group, "require_agent_store", refuse)
    with (
        pytest.raises(LostProcessError, match=r"cannot join the others: .*is gone"),
        joined_group(),
    ):
        pass

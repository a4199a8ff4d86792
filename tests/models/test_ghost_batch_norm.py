import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from bsgrow.errors import InputError
from bsgrow.models.ghost_batch_norm import GhostBatchNorm2d, RunningStatistics
from bsgrow.stream import Share
from tests.drawn import num_cases

CHANNELS = 3


def images(num_samples: int, size: int = 4) -> Tensor:
    generator = torch.Generator().manual_seed(num_samples)
    shape = (num_samples, CHANNELS, size, size)
    return torch.randn(shape, generator=generator, dtype=torch.float64) * 2 + 1


def layer(ghost_batch_size: int) -> GhostBatchNorm2d:
    norm = GhostBatchNorm2d(CHANNELS, ghost_batch_size).double()
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([0.5, 1.0, 2.0]))
        norm.bias.copy_(torch.tensor([-1.0, 0.0, 1.0]))
    return norm


def torch_layer(norm: GhostBatchNorm2d) -> nn.BatchNorm2d:
    reference = nn.BatchNorm2d(CHANNELS).double()
    reference.load_state_dict(norm.state_dict())
    return reference


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@given(num_samples=st.integers(1, 20), ghost_batch_size=st.integers(1, 8))
@settings(max_examples=num_cases(40))
def test_is_torch_batch_norm_per_group(memory_format, num_samples, ghost_batch_size):
    norm = layer(ghost_batch_size)
    reference = torch_layer(norm)
    x = images(num_samples).contiguous(memory_format=memory_format).requires_grad_()
    expected_x = x.detach().clone().requires_grad_()
    cotangent = images(num_samples).sin()

    (norm(x) * cotangent).sum().backward()
    groups = [reference(group) for group in expected_x.split(ghost_batch_size)]
    (torch.cat(groups) * cotangent).sum().backward()

    assert torch.equal(norm(x).detach(), torch.cat(groups).detach())
    torch.testing.assert_close(x.grad, expected_x.grad, rtol=1e-12, atol=1e-12)
    for ours, theirs in zip(norm.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-12, atol=1e-12)


@given(
    group_counts=st.lists(st.integers(1, 3), min_size=1, max_size=4),
    ghost_batch_size=st.integers(1, 5),
    num_last=st.integers(0, 4),
)
@settings(max_examples=num_cases(40))
def test_cuts_into_whole_groups_change_no_bit(group_counts, ghost_batch_size, num_last):
    sizes = [count * ghost_batch_size for count in group_counts]
    sizes[-1] += min(num_last, ghost_batch_size - 1)
    x = images(sum(sizes))
    whole, cut = layer(ghost_batch_size), layer(ghost_batch_size)

    assert torch.equal(whole(x), torch.cat([cut(part) for part in x.split(sizes)]))
    for name, value in whole.state_dict().items():
        assert torch.equal(value, cut.state_dict()[name]), name


@given(
    num_samples=st.integers(1, 40),
    ghost_batch_size=st.integers(1, 6),
    world_size=st.integers(1, 8),
    num_ghosts=st.integers(1, 3),
)
@settings(max_examples=num_cases(40))
def test_running_statistics_do_not_depend_on_the_cut(
    num_samples, ghost_batch_size, world_size, num_ghosts
):
    """Over ranks and micro-batches, empty shares and short groups included."""
    x, norm = images(num_samples), layer(ghost_batch_size)
    norm(x)
    parts = layer(ghost_batch_size)
    for rank in reversed(range(world_size)):
        share = Share(rank, world_size, ghost_batch_size)
        for cut in share.micro_batches(0, num_samples, num_ghosts * ghost_batch_size):
            parts(x[cut.start : cut.stop])
    for each in (norm, parts):
        assert torch.equal(each.running_mean, torch.zeros(CHANNELS)), "nothing is taken yet"
        RunningStatistics(each).take_update(num_samples)
    for name, value in norm.state_dict().items():
        torch.testing.assert_close(parts.state_dict()[name], value, rtol=1e-12, atol=1e-12)


def test_running_statistics_weigh_the_samples_of_an_update_alike():
    norm, x = layer(4), images(10)
    running = RunningStatistics(norm)
    norm(x)
    running.take_update(10)
    kept = 0.9 ** (10 / 4)
    groups, weights = x.split(4), (0.4, 0.4, 0.2)
    for found, start, name in ((norm.running_mean, 0, "mean"), (norm.running_var, 1, "var")):
        each = [getattr(group, name)((0, 2, 3)) for group in groups]
        update = sum(w * value for w, value in zip(weights, each, strict=True))
        torch.testing.assert_close(
            found, kept * torch.full_like(update, start) + (1 - kept) * update
        )
    assert norm.num_batches_tracked == 3


def test_an_update_of_one_group_is_the_step_of_torch():
    norm, x = layer(8), images(8)
    reference = torch_layer(norm)
    norm(x)
    reference(x)
    RunningStatistics(norm).take_update(8)
    torch.testing.assert_close(norm.running_mean, reference.running_mean)
    torch.testing.assert_close(norm.running_var, reference.running_var)
    assert norm.num_batches_tracked == reference.num_batches_tracked


def test_an_update_that_is_given_up_leaves_no_trace():
    norm = layer(4)
    before = {name: value.clone() for name, value in norm.state_dict().items()}
    running = RunningStatistics(norm)
    norm(images(10))
    running.drop_update()
    running.take_update(10)
    assert all(torch.equal(value, before[name]) for name, value in norm.state_dict().items())


def test_evaluation_is_torch_batch_norm_with_its_state_dict():
    norm = layer(4)
    norm(images(10))
    reference = torch_layer(norm)
    assert torch.equal(norm.eval()(images(7)), reference.eval()(images(7)))
    norm.load_state_dict(reference.state_dict())


def test_a_group_with_one_value_per_channel_is_the_bias():
    norm = layer(4)
    x = images(5, size=1).requires_grad_()
    y = norm(x)
    y.sum().backward()
    assert torch.equal(y[4].flatten(), norm.bias)
    assert torch.equal(x.grad[4], torch.zeros_like(x.grad[4]))
    first_group = layer(4)
    first_group(x[:4])
    assert torch.equal(norm.group_sums, first_group.group_sums)
    torch.testing.assert_close(norm.bias.grad, torch.full((CHANNELS,), 5.0).double())


@pytest.mark.parametrize("num_samples", [8, 9])
def test_autocast_keeps_bfloat16_and_float32_statistics(num_samples):
    norm = layer(4).float()
    x = images(num_samples, size=1).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        y = norm(x)
    assert y.dtype == torch.bfloat16
    assert norm.running_mean.dtype == torch.float32
    expected = layer(4)(x.double())
    torch.testing.assert_close(y.double(), expected, rtol=0.02, atol=0.02)


def test_memory_format_is_kept():
    x = images(10).contiguous(memory_format=torch.channels_last)
    assert layer(4)(x).is_contiguous(memory_format=torch.channels_last)
    assert layer(16)(x).is_contiguous(memory_format=torch.channels_last)


def test_traces_into_one_graph():
    compiled = torch.compile(layer(4), backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(images(10)), layer(4)(images(10)))


@pytest.mark.parametrize("ghost_batch_size", [0, -3])
def test_a_group_of_no_samples_is_refused(ghost_batch_size):
    with pytest.raises(InputError, match=f"ghost_batch_size = {ghost_batch_size} "):
        GhostBatchNorm2d(CHANNELS, ghost_batch_size)

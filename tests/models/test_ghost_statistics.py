"""Running statistics of converted models, in loops that know nothing of them."""

import pytest
import torch
from torch import nn

import bsgrow
from bsgrow.errors import InputError

SIZE = 4


def drawn(num_samples, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(num_samples, 3, generator=generator, dtype=torch.float64) * 2 + 1


def norm_of(**settings):
    """A norm that is converted; its weights have gradients of no size."""
    return bsgrow.convert_batch_norm(nn.BatchNorm1d(3, **settings).double(), SIZE)


def optimizer_of(*modules):
    parameters = [each for module in modules for each in module.parameters()]
    return torch.optim.SGD(parameters or [nn.Parameter(torch.zeros(1))], lr=0.1)


def assert_state(norm, expected):
    state = dict([*norm.named_parameters(), *norm.named_buffers()])
    for name, value in expected.items():
        torch.testing.assert_close(state[name], value)


def state_of(norm):
    return {name: value.clone() for name, value in norm.state_dict().items()}


@pytest.mark.parametrize("momentum", [0.1, 0.5, None])
@pytest.mark.parametrize("affine", [True, False])
def test_a_plain_loop_has_the_statistics_of_torch(momentum, affine):
    """Where a batch is a group."""
    plain = nn.BatchNorm1d(3, momentum=momentum).double()
    norm = norm_of(momentum=momentum, affine=affine)
    optimizer = optimizer_of(norm)
    for seed in range(3):
        norm(drawn(SIZE, seed)).sum()
        optimizer.step()
        plain(drawn(SIZE, seed))
        for name in ("running_mean", "running_var", "num_batches_tracked"):
            torch.testing.assert_close(getattr(norm, name), getattr(plain, name))


@pytest.mark.parametrize("momentum", [0.1, None])
def test_micro_batches_that_are_accumulated_are_one_update(momentum):
    whole, parts, told = (norm_of(momentum=momentum) for _ in range(3))
    statistics = bsgrow.RunningStatistics(told)
    for seed in range(3):
        x = drawn(10, seed)
        whole(x)
        for part in x.split(SIZE):
            parts(part)
            told(part)
        assert seed or torch.equal(parts.running_mean, torch.zeros(3)), "not before the step"
        optimizer_of(whole, parts, told).step()
        statistics.take_update(10)
    assert_state(parts, state_of(whole))
    assert_state(told, state_of(whole))


def test_momentum_none_is_the_mean_of_the_groups():
    norm, x = norm_of(momentum=None), drawn(24)
    for batch in (x[:8], x[8:]):
        norm(batch)
        optimizer_of(norm).step()
    torch.testing.assert_close(norm.running_mean, x.mean(0))
    assert norm.num_batches_tracked == 6


@pytest.mark.parametrize("ends", [nn.Module.eval, nn.Module.state_dict, bsgrow.restore_batch_norm])
def test_what_no_step_has_taken_is_not_forgotten(ends):
    """As where statistics alone are brought up, by forward passes."""
    model, expected = nn.Sequential(norm_of()), norm_of()
    model(drawn(8))
    ends(model)
    expected(drawn(8))
    optimizer_of(expected).step()
    assert_state(model[0], state_of(expected))
    optimizer_of(model).step()
    assert_state(model[0], state_of(expected))


def test_training_evaluation_training():
    norm, other = norm_of(), norm_of()
    for seed in range(3):
        norm.train()
        for each in (norm, other):
            each(drawn(8, seed))
            optimizer_of(each).step()
        before = state_of(norm)
        norm.eval()
        norm(drawn(5))
        optimizer_of(norm).step()
        assert_state(norm, before)
    assert_state(norm, state_of(other))


def test_a_step_without_a_forward_moves_nothing():
    norm = norm_of()
    before = state_of(norm)
    optimizer_of(norm).step()
    assert_state(norm, before)


def test_loading_leaves_no_groups_of_other_weights():
    norm, plain = norm_of(), nn.BatchNorm1d(3).double()
    norm(drawn(8))
    norm.load_state_dict(plain.state_dict())
    optimizer_of(norm).step()
    assert_state(norm, state_of(plain))


def test_an_update_that_the_caller_forgot_is_an_error():
    model = nn.Sequential(norm_of())
    statistics = bsgrow.RunningStatistics(model)
    model(drawn(8))
    optimizer_of(model).step()
    assert torch.equal(model[0].running_mean, torch.zeros(3)), "no longer at the step"
    for ends in (nn.Module.eval, bsgrow.restore_batch_norm):
        with pytest.raises(InputError, match="lack 8 samples") as error:
            ends(model)
        assert "take_update()" in error.value.hint
    statistics.take_update()
    model.eval()
    assert not torch.equal(model[0].running_mean, torch.zeros(3))


def test_a_dropped_update_is_none():
    model = nn.Sequential(norm_of())
    before = state_of(model)
    statistics = bsgrow.RunningStatistics(model)
    model(drawn(8))
    statistics.drop_update()
    model.eval()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_model_without_norms_has_no_updates_to_take():
    model = bsgrow.convert_batch_norm(nn.Linear(3, 3), SIZE)
    bsgrow.RunningStatistics(model).take_update(8)
    assert not bsgrow.RunningStatistics(model).sums


def test_processes_add_up():
    whole, ranks = norm_of(), [norm_of(), norm_of()]
    owners = [bsgrow.RunningStatistics(each) for each in (whole, *ranks)]
    x = drawn(12)
    whole(x)
    ranks[0](x[:4])
    ranks[1](x[4:])
    for sums, others in zip(owners[1].sums, owners[2].sums, strict=True):
        sums += others
    for owner in owners[:2]:
        owner.take_update(12)
    assert_state(ranks[0], state_of(whole))


def test_without_running_statistics_there_is_nothing_to_take():
    norm = norm_of(track_running_stats=False)
    norm(drawn(8))
    optimizer_of(norm).step()
    assert not bsgrow.RunningStatistics(norm).sums
    x = drawn(8)
    plain = nn.BatchNorm1d(3, track_running_stats=False).double().eval()
    assert torch.equal(norm.eval()(x), plain(x))


def test_a_norm_that_is_restored_is_left_alone():
    norm = bsgrow.restore_batch_norm(norm_of())
    optimizer_of(norm).step()
    assert type(norm) is nn.BatchNorm1d


def test_a_compiled_step_takes_its_update():
    norm, eager = norm_of(), norm_of()
    optimizers = [optimizer_of(norm), optimizer_of(eager)]
    compiled = torch.compile(norm, backend="eager", fullgraph=True)
    for each, optimizer in zip((compiled, eager), optimizers, strict=True):
        each(drawn(10)).pow(3).sum().backward()
        optimizer.step()
    assert_state(norm, state_of(eager))


@pytest.mark.parametrize("num_steps", [1.0, 0.5, 3.0])
def test_a_number_of_steps_takes_the_place_of_one_a_ghost_batch(num_steps):
    norm, x = norm_of(momentum=0.1), drawn(12)
    norm(x)
    bsgrow.RunningStatistics(norm).take_update(12, num_steps)
    torch.testing.assert_close(norm.running_mean, x.mean(0) * (1 - 0.9**num_steps))

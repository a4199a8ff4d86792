"""Ghost batch norm by bsgrow's own kernel: float32 on the CPU, in whichever way it is called."""

import pytest
import torch
from torch import nn
from torch.fx.experimental.proxy_tensor import make_fx

import bsgrow
from bsgrow.models import ghost_function, ghost_native

SIZE = 4
SHAPE = (10, 3, 6, 5)


def drawn(shape=SHAPE, seed=0, offset=1.0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator) * 2 + offset


def norm_of(size=SIZE):
    norm = nn.BatchNorm2d(3)
    nn.init.normal_(norm.weight, 1, 0.1, generator=torch.Generator().manual_seed(0))
    return bsgrow.convert_batch_norm(norm, size)


def results(x, function=None, norm=None, of_y=None):
    """Return output, gradients and the sums of the groups."""
    norm = norm or norm_of()
    x = x.detach().requires_grad_()
    y = (norm if function is None else function)(x)
    y.backward(drawn(x.shape, seed=1) if of_y is None else of_y)
    return [y.detach(), x.grad, norm.weight.grad, norm.bias.grad, norm.group_sums]


def assert_same(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def assert_close(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.fixture
def calls(monkeypatch):
    """Where the kernel is called, in order."""
    made = []
    for name in ("forward", "backward"):
        kernel = getattr(ghost_native, name)

        def counted(*arguments, name=name, kernel=kernel):
            made.append(name)
            return kernel(*arguments)

        monkeypatch.setattr(ghost_native, name, counted)
    return made


@pytest.mark.parametrize("size", [1, 4, 16])
def test_one_call_does_all_groups(calls, size):
    results(drawn(), norm=norm_of(size))
    assert calls == ["forward", "backward"]


@pytest.mark.parametrize("size", [4, 16])
def test_a_compiled_graph_calls_it_once_too(calls, size):
    torch._dynamo.reset()
    norm = norm_of(size)
    compiled = torch.compile(norm, backend="aot_eager", fullgraph=True)
    found = results(drawn(), compiled, norm)
    assert calls == ["forward", "backward"]
    assert_same(found, results(drawn(), norm=norm_of(size)))


def of_torch(x, of_y):
    """Return the gradients of weight and bias, group by group, and the mean over the groups."""
    norm = nn.BatchNorm2d(3, momentum=1).to(x.dtype)
    norm.load_state_dict(norm_of().state_dict())
    means = []
    for part, above in zip(x.split(SIZE), of_y.split(SIZE), strict=True):
        norm(part).backward(above)
        means.append(norm.running_mean * len(part))
    return norm.weight.grad, norm.bias.grad, sum(means)


@pytest.mark.parametrize("laid_out", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_it_is_at_least_as_exact_as_torch(laid_out, offset):
    shape = (12, 3, 30, 30)
    x, of_y = (drawn(shape, seed, offset * (not seed)) for seed in (0, 1))
    x, of_y = (each.contiguous(memory_format=laid_out) for each in (x, of_y))
    *_, of_weight, of_bias, sums = results(x, of_y=of_y)
    exact = of_torch(x.double(), of_y.double())
    ours = [of_weight, of_bias, sums[0]]
    for own, theirs, true in zip(ours, of_torch(x, of_y), exact, strict=True):
        assert (own - true).abs().max() <= (theirs - true).abs().max()


@pytest.mark.parametrize("laid_out", [torch.contiguous_format, torch.channels_last])
def test_cuts_into_whole_groups_change_no_bit(laid_out):
    x = drawn((10, 3, 6, 5)).contiguous(memory_format=laid_out)
    whole, cut = norm_of(), norm_of()
    assert torch.equal(whole(x), torch.cat([cut(x[:4]), cut(x[4:])]))
    assert torch.equal(whole.group_sums, cut.group_sums)


ODD = {
    "every other column": lambda x: torch.cat([x, x], 3)[..., ::2],
    "samples last": lambda x: x.permute(1, 2, 3, 0).contiguous().permute(3, 0, 1, 2),
    "a view of negatives": lambda x: torch._neg_view(-x),
}


@pytest.mark.parametrize("kind", ODD)
def test_inputs_and_gradients_that_are_laid_out_otherwise(kind, calls):
    x = ODD[kind](drawn())
    of_y = ODD[kind](drawn(seed=1))
    assert_same(results(x, of_y=of_y), results(x.clone(), of_y=of_y.clone()))
    assert calls == ["forward", "backward"] * 2


def test_a_gradient_of_no_memory_of_its_own():
    of_y = torch.ones(()).expand(SHAPE)
    assert_same(results(drawn(), of_y=of_y), results(drawn(), of_y=of_y.clone()))


def test_what_is_not_asked_for_is_not_given():
    norm, x = norm_of(), drawn()
    norm.requires_grad_(False)
    (found,) = torch.autograd.grad(norm(x.requires_grad_()), x, drawn(seed=1))
    assert_same([found], results(drawn())[1:2])
    norm.weight.requires_grad_()
    (found,) = torch.autograd.grad(norm(x.detach()), norm.weight, drawn(seed=1))
    assert_same([found], results(drawn())[2:3])


def test_without_samples_there_is_nothing_to_do():
    y, of_x, of_weight, of_bias, sums = results(drawn((0, 3, 6, 5)))
    assert y.shape == of_x.shape == (0, 3, 6, 5)
    assert not any(each.any() for each in (of_weight, of_bias, sums))


def test_an_older_build_goes_torchs_way(monkeypatch, calls):
    expected = results(drawn())
    calls.clear()
    monkeypatch.setattr(ghost_native, "_IS_BUILT", False)
    assert_close(results(drawn()), expected)
    assert calls == []


def test_a_trace_sees_operations_of_torch(calls):
    norm = norm_of()
    with torch.no_grad():
        traced = make_fx(norm)(drawn())
        found = traced(drawn(seed=2))
    assert calls == []
    assert any("batch_norm" in str(node.target) for node in traced.graph.nodes)
    torch.testing.assert_close(found, norm(drawn(seed=2)).detach(), rtol=1e-4, atol=1e-5)


def test_weights_elsewhere_are_refused():
    norm = norm_of()
    norm.weight = nn.Parameter(norm.weight.to("meta"))
    with pytest.raises(RuntimeError, match=r"of 3 channels on the CPU: .* on meta"):
        norm(drawn())


def test_sums_of_another_dtype_are_added_to():
    norm, expected = norm_of(), results(drawn())[-1]
    buffers = {name: value.float() for name, value in norm.named_buffers()}
    buffers["num_batches_tracked"] = norm.num_batches_tracked
    sums = buffers["group_sums"] = norm.group_sums.float()
    torch.func.functional_call(norm, buffers, drawn())
    torch.testing.assert_close(sums, expected.float())


def test_kernels_share_what_they_are_asked():
    assert ghost_function.kernels_for(drawn()) is ghost_native
    for other in (drawn().double(), drawn().bfloat16(), drawn().to("meta")):
        assert ghost_function.kernels_for(other) is not ghost_native

"""Ghost batch norm in graphs: as many nodes for any number of groups, and the eager results."""

import copy
import shutil

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import bsgrow
from tests.drawn import num_cases

SHAPES = {
    nn.BatchNorm1d: (3,),
    nn.BatchNorm2d: (3, 4, 4),
    nn.BatchNorm3d: (3, 2, 4, 4),
}
FORMATS = {
    nn.BatchNorm2d: torch.channels_last,
    nn.BatchNorm3d: torch.channels_last_3d,
}


def drawn(shape, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(shape, generator=generator, dtype=torch.float64) * 2 + 1).to(dtype)


def norm_of(kind, size, dtype=torch.float64):
    norm = kind(3).to(dtype)
    nn.init.normal_(norm.weight, 1, 0.1, generator=torch.Generator().manual_seed(0))
    return bsgrow.convert_batch_norm(norm, size)


def results(norm, function, x, seed=1):
    """Return output, gradients and the sums of the groups."""
    norm.zero_grad()
    x = x.detach().clone().requires_grad_()
    y = function(x)
    y.backward(drawn(y.shape, y.dtype, seed))
    gradients = [each.grad for each in (x, *norm.parameters())]
    return [y.detach(), *gradients, norm.group_sums.clone()]


def is_channels_last(x, memory_format):
    return x.is_contiguous(memory_format=memory_format) and not x.is_contiguous()


@pytest.fixture(autouse=True)
def _no_graphs():
    torch._dynamo.reset()


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("laid_out", [False, True])
@given(num_samples=st.integers(1, 20), size=st.integers(1, 8))
@settings(max_examples=num_cases(25))
def test_one_view_is_a_kernel_per_group_to_rounding(kind, laid_out, num_samples, size):
    if laid_out and kind not in FORMATS:
        return
    eager, viewed = norm_of(kind, size), norm_of(kind, size)
    x = drawn((num_samples, *SHAPES[kind]))
    x = x.contiguous(memory_format=FORMATS[kind]) if laid_out else x
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bsgrow.models.ghost_groups._KERNELS", ())
        found = results(viewed, viewed, x)
    for ours, theirs in zip(found, results(eager, eager, x), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("size", [4, 8, 3])
def test_memory_format_is_kept_by_output_and_gradient(kind, size):
    x = drawn((8, *SHAPES[kind])).contiguous(memory_format=FORMATS[kind])
    norm = norm_of(kind, size)
    compiled = torch.compile(copy.deepcopy(norm), backend="eager", fullgraph=True)
    for function in (norm, compiled):
        x = x.detach().requires_grad_()
        y = function(x)
        y.backward(torch.ones_like(y))
        assert is_channels_last(y, FORMATS[kind])
        assert is_channels_last(x.grad, FORMATS[kind])


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("size", [8, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_half_precision_under_autocast(kind, size, dtype):
    x = drawn((16, *SHAPES[kind]), dtype)
    eager, viewed = norm_of(kind, size, torch.float32), norm_of(kind, size, torch.float32)
    compiled = torch.compile(viewed, backend="aot_eager", fullgraph=True)
    with torch.autocast("cpu", torch.bfloat16):
        ours, theirs = results(viewed, compiled, x), results(eager, eager, x)
    assert ours[0].dtype == theirs[0].dtype == dtype
    assert ours[-1].dtype == theirs[-1].dtype == torch.float64
    for each, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(
            each, other, rtol=0.03, atol=0.1 if dtype.itemsize == 2 else 1e-4
        )


@pytest.fixture(params=["kernels", "view"])
def _by(request, monkeypatch):
    if request.param == "view":
        monkeypatch.setattr("bsgrow.models.ghost_groups._has_kernels", lambda x: False)


def num_nodes(size, num_samples=16):
    counts = []

    def counting(graph, _):
        counts.append(len(graph.graph.nodes))
        return graph

    model = nn.Sequential(nn.Conv2d(3, 3, 1), norm_of(nn.BatchNorm2d, size, torch.float32))
    compiled = torch.compile(model, backend=counting, fullgraph=True)
    compiled(drawn((num_samples, 3, 4, 4), torch.float32)).sum().backward()
    (count,) = counts
    return count


@pytest.mark.usefixtures("_by")
def test_a_graph_has_as_many_nodes_for_any_number_of_groups():
    one, two, eight = num_nodes(16), num_nodes(8), num_nodes(2)
    assert one == two == eight
    assert num_nodes(32) == one, "larger than the batch"
    assert one <= num_nodes(5) == num_nodes(3) < 4 * one, "a short group at the end"


@pytest.mark.parametrize("training", [True, False])
def test_an_exported_graph_has_so_too(training):
    counts = set()
    for size in (16, 8, 2):
        norm = norm_of(nn.BatchNorm2d, size, torch.float32).train(training)
        program = torch.export.export(norm, (drawn((16, 3, 4, 4), torch.float32),))
        counts.add(len(program.graph.nodes))
    assert len(counts) == 1


def test_batches_of_other_sizes_share_a_graph_where_asked():
    norm = norm_of(nn.BatchNorm2d, 4)
    compiled = torch.compile(norm, backend="eager", fullgraph=True, dynamic=True)
    for num_samples in (8, 12, 16):
        x = drawn((num_samples, 3, 4, 4))
        torch.testing.assert_close(compiled(x), norm(x))


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler; g++ was not found")
def test_compiled_by_torch_it_is_the_eager_one(monkeypatch, tmp_path):
    from torch._inductor import config

    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    eager, other = norm_of(nn.BatchNorm2d, 4), norm_of(nn.BatchNorm2d, 4)
    with config.patch({"compile_threads": 1, "cpp_cache_precompile_headers": False}):
        found = results(other, torch.compile(other, fullgraph=True), drawn((10, 3, 4, 4)))
    for ours, theirs in zip(found, results(eager, eager, drawn((10, 3, 4, 4))), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)


def test_gradients_of_a_function_call():
    norm = norm_of(nn.BatchNorm2d, 4)
    x = drawn((10, 3, 4, 4))
    buffers = {name: value.clone() for name, value in norm.named_buffers()}

    def loss(parameters, buffers):
        return torch.func.functional_call(norm, (parameters, buffers), x).pow(3).sum()

    found = torch.func.grad(loss)(dict(norm.named_parameters()), buffers)
    norm(x).pow(3).sum().backward()
    torch.testing.assert_close(found["weight"], norm.weight.grad)


@pytest.mark.parametrize("size", [4, 5, 10])
@pytest.mark.parametrize("laid_out", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_two_derivatives_are_those_of_torch(size, laid_out, dtype):
    norm = norm_of(nn.BatchNorm2d, size, dtype)
    x = drawn((10, 3, 4, 4), dtype).contiguous(memory_format=laid_out).requires_grad_()

    def torch_norm(x):
        return torch.cat(
            [
                nn.functional.batch_norm(part, None, None, norm.weight, norm.bias, True, eps=1e-5)
                for part in x.split(size)
            ]
        )

    found = []
    for function in (norm, torch_norm):
        inputs = [x, norm.weight, norm.bias]
        first = torch.autograd.grad(function(x).pow(3).sum(), inputs, create_graph=True)
        second = torch.autograd.grad(sum(each.square().sum() for each in first), inputs[:2])
        found.append([*first, *second])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(
            ours, theirs, rtol=1e-4, atol=1e-4 * theirs.detach().abs().max().item()
        )

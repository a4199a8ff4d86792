"""The gradient of an update, its totals, and that nothing in it waits for the device."""

import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils._python_dispatch import TorchDispatchMode

from bsgrow.models.ghost_batch_norm import GhostBatchNorm2d
from bsgrow.recipe import OptimizerConfig
from bsgrow.schedule.optimizers import OPTIMIZERS
from bsgrow.schedule.plan import Update
from bsgrow.training.optimizers import build_optimizer
from bsgrow.training.step import Totals, accumulate
from bsgrow.training.update import apply
from tests.forbidden_waits import forbidden_to_wait

CPU = torch.device("cpu")


def run_update(model, images, labels, micro_batch_size):
    """Accumulate one update cut into micro-batches, the last as short as it comes."""
    totals = Totals(CPU)
    for part in zip(images.split(micro_batch_size), labels.split(micro_batch_size), strict=True):
        accumulate(model, *part, update_size=len(labels), totals=totals)
    return totals


def small_network(ghost_batch_size):
    torch.manual_seed(0)
    norms = [GhostBatchNorm2d(channels, ghost_batch_size) for channels in (1, 3)]
    layers = [norms[0], nn.Conv2d(1, 3, 3), norms[1], nn.ReLU(), nn.Flatten(), nn.Linear(108, 10)]
    return nn.Sequential(*layers)


def check_split(build, images, labels, micro_batch_size):
    """Compare an update in micro-batches with the mean loss of one big batch, in float64."""
    whole, cut = build().double(), build().double()
    cross_entropy(whole(images.double()), labels).backward()
    run_update(cut, images.double(), labels, micro_batch_size)
    for (name, expected), actual in zip(whole.named_parameters(), cut.parameters(), strict=True):
        torch.testing.assert_close(actual.grad, expected.grad, rtol=1e-9, atol=1e-11, msg=name)
    for norm, other in zip(norms_of(whole), norms_of(cut), strict=True):
        torch.testing.assert_close(other.group_sums, norm.group_sums, rtol=1e-12, atol=1e-12)


def norms_of(model):
    return [each for each in model.modules() if isinstance(each, GhostBatchNorm2d)]


@given(
    update_size=st.integers(1, 40),
    ghost_batch_size=st.integers(1, 8),
    num_groups=st.integers(1, 4),
)
def test_gradient_does_not_depend_on_the_split(samples, update_size, ghost_batch_size, num_groups):
    micro_batch_size = num_groups * ghost_batch_size
    check_split(lambda: small_network(ghost_batch_size), *samples(update_size), micro_batch_size)


@pytest.mark.parametrize("update_size", [8, 19])
def test_gradient_of_a_wide_resnet_does_not_depend_on_the_split(network, samples, update_size):
    check_split(network, *samples(update_size), micro_batch_size=8)


def test_totals_are_sums_over_samples(network, samples):
    images, labels = samples(10)
    model = network()
    with torch.no_grad():
        logits = model(images)
    totals = run_update(network(), images, labels, 4)
    loss_sum, num_correct, num_samples = totals.read()
    assert loss_sum == pytest.approx(cross_entropy(logits, labels, reduction="sum").item())
    assert num_correct == (logits.argmax(1) == labels).sum().item()
    assert num_samples == 10
    assert totals.mean() == (loss_sum / 10, num_correct / 10)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_of_a_mixed_sample_is_that_of_both_its_labels(network, samples, smoothing):
    images, labels = samples(6)
    others, share = labels.flip(0), torch.tensor([0.0, 0.1, 0.3, 0.6, 0.9, 1.0])
    own, other = (torch.eye(10)[each] for each in (labels, others))
    targets = own.lerp(other, share[:, None])
    model, totals = network(), Totals(CPU)
    accumulate(model, images, targets, update_size=6, totals=totals, label_smoothing=smoothing)
    logits = network()(images)
    losses = [
        cross_entropy(logits, each, reduction="none", label_smoothing=smoothing)
        for each in (labels, others)
    ]
    loss_sum, num_correct, num_samples = totals.read()
    expected = ((1 - share) * losses[0] + share * losses[1]).sum()
    assert loss_sum == pytest.approx(expected.item(), rel=1e-5)
    larger = torch.where(share < 0.5, labels, others)
    assert (num_correct, num_samples) == ((logits.argmax(1) == larger).sum().item(), 6)


def test_totals_go_on_from_what_was_read(network, samples):
    images, labels = samples(8)
    first = run_update(network(), images, labels, 8)
    again = Totals(CPU, *first.read())
    assert again.read() == first.read()


def test_autocast_computes_in_bfloat16_and_keeps_float32_gradients(network, samples):
    images, labels = samples(8)
    expected, model = network(), network()
    accumulate(expected, images, labels, update_size=8, totals=Totals(CPU))
    totals = Totals(CPU)
    bfloat16 = torch.bfloat16
    accumulate(model, images, labels, update_size=8, totals=totals, autocast_dtype=bfloat16)
    grads = zip(expected.parameters(), model.parameters(), strict=True)
    pairs = [(exact.grad, rounded.grad) for exact, rounded in grads]
    assert all(rounded.dtype == torch.float32 for _, rounded in pairs)
    exact, rounded = (torch.cat([g.flatten() for g in gs]) for gs in zip(*pairs, strict=True))
    assert not torch.equal(exact, rounded)
    assert torch.cosine_similarity(exact, rounded, dim=0) > 0.9


def test_label_smoothing_is_torchs_over_the_whole_update(network, samples):
    images, labels = samples(11)
    whole, cut = network().double(), network().double()
    logits = whole(images.double())
    expected = cross_entropy(logits, labels, label_smoothing=0.1)
    expected.backward()
    totals = Totals(CPU)
    for part in zip(images.double().split(4), labels.split(4), strict=True):
        accumulate(cut, *part, update_size=11, totals=totals, label_smoothing=0.1)
    assert totals.mean().loss == pytest.approx(expected.item(), rel=1e-12)
    for theirs, ours in zip(whole.parameters(), cut.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("shape", [(7,), (3, 5)])
def test_of_many_targets_a_sample_counts_their_mean_however_it_is_cut(shape):
    """Logits [n, C, ...] with labels [n, ...]: tokens [T], pixels [H, W]."""
    torch.manual_seed(0)
    logits = torch.randn(11, 4, *shape, dtype=torch.float64)
    labels = torch.randint(4, (11, *shape))
    whole, cut = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    expected = cross_entropy(whole, labels)
    expected.backward()
    totals, parts = Totals(CPU), zip(cut.split(4), labels.split(4), strict=True)
    for part in parts:
        accumulate(nn.Identity(), *part, update_size=11, totals=totals)
    torch.testing.assert_close(cut.grad, whole.grad, rtol=1e-12, atol=1e-14)
    right = (logits.argmax(1) == labels).double().mean().item()
    assert totals.mean() == pytest.approx((expected.item(), right), rel=1e-12)
    assert totals.num_samples == 11


def test_label_smoothing_spreads_its_share_over_all_classes(samples):
    """Section 7 of arXiv 1512.00567: q'(k) = (1 - s) [k = y] + s / K."""
    logits, labels = torch.randn(5, 10, dtype=torch.float64), samples(5)[1]
    target = 0.7 * torch.nn.functional.one_hot(labels, 10).double() + 0.3 / 10
    totals = Totals(CPU)
    inputs = logits.clone().requires_grad_()
    accumulate(nn.Identity(), inputs, labels, update_size=5, totals=totals, label_smoothing=0.3)
    expected = -(target * logits.log_softmax(1)).sum()
    assert totals.read()[0] == pytest.approx(expected.item(), rel=1e-12)


class ForbidWaiting(TorchDispatchMode):
    """Fail on the operations that read a tensor's values on the host."""

    WAITING = ("_local_scalar_dense", "is_nonzero", "equal", "nonzero", "masked_select", "unique")

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        if name in self.WAITING:
            raise AssertionError(f"{name} waits for the device")
        return func(*args, **(kwargs or {}))


# For the loss of an update of another optimizer the host waits anyway.
FUSED = sorted(name for name in OPTIMIZERS if OPTIMIZERS[name].is_fused)


@pytest.mark.parametrize("name", FUSED)
def test_an_update_reads_nothing_from_the_device(network, samples, name):
    model, (images, labels) = network(), samples(8)
    optimizer = build_optimizer(OptimizerConfig(name=name), model.parameters(), lr=0.1)
    totals = Totals(CPU)
    with ForbidWaiting():
        for index in range(2):
            accumulate(model, images, labels, update_size=8, totals=totals)
            apply(optimizer, Update(index, 8 * index, 8 * index + 8, lr=0.1, momentum=0.9))
        with pytest.raises(AssertionError, match="waits"):
            images.sum().item()


def test_an_update_needs_no_values(network, samples):
    """On the meta device a tensor has no values, so that nothing can wait for one."""
    model = network().to("meta")
    images, labels = (tensor.to("meta") for tensor in samples(8))
    optimizer = torch.optim.SGD(model.parameters(), momentum=0.5)  # fused has no meta kernel
    totals = Totals(torch.device("meta"))
    accumulate(model, images, labels, update_size=8, totals=totals)
    apply(optimizer, Update(0, 0, 8, lr=0.1, momentum=0.9))
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        totals.read()


def test_waiting_is_allowed_again_whatever_happens(monkeypatch):
    """With torch's part made up: the first change of mode warns, and the mode stays."""
    mode = []

    def set_mode(wanted):
        mode.append(wanted)
        warnings.warn("Synchronization debug mode is a prototype feature", stacklevel=1)

    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", set_mode)
    with pytest.raises(ZeroDivisionError), forbidden_to_wait():
        mode.append(1 / 0)
    assert mode == ["error", "default"]


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", FUSED)
def test_an_update_on_cuda_does_not_synchronise(network, samples, name):
    cuda = torch.device("cuda")
    model = network().to(cuda, memory_format=torch.channels_last)
    images, labels = (tensor.to(cuda) for tensor in samples(8))
    optimizer = build_optimizer(OptimizerConfig(name=name), model.parameters(), lr=0.1)
    totals = Totals(cuda)
    with forbidden_to_wait():
        for index in range(3):
            accumulate(
                model,
                images,
                labels,
                update_size=8,
                totals=totals,
                autocast_dtype=torch.bfloat16,
            )
            apply(optimizer, Update(index, 8 * index, 8 * index + 8, lr=0.1, momentum=0.9))
    assert totals.num_samples == 24

"""Blocks computed again in the backward pass: the same bits, in less memory."""

import copy
from contextlib import nullcontext

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import bsgrow
from bsgrow.data.sample_form import SampleForm
from bsgrow.errors import InputError
from bsgrow.models import MODELS, build_model
from bsgrow.models.ghost_batch_norm import GhostBatchNorm, RunningStatistics
from bsgrow.models.gradient_checkpointing import checkpoint_gradients
from bsgrow.models.inception_resnet_v2 import Blocks
from bsgrow.models.recomputing import Block
from bsgrow.models.resnet import ResNet
from bsgrow.models.wide_resnet import WideResNet
from bsgrow.user_code.errors import UserCodeError

CHANNELS, GHOST, NUM_SAMPLES = 3, 4, 10  # so that the last group is short
BFLOAT16 = torch.autocast("cpu", torch.bfloat16)


def resnet():
    return ResNet(((16, 2, 1), (16, 2, 2)), CHANNELS, 5, GHOST)


def wide_resnet():
    return WideResNet(1, 1, CHANNELS, 5, GHOST)


def inception():
    """Its stem, its joined branches and its residual blocks."""
    make = Blocks(GHOST)
    stem = make.conv(CHANNELS, 192, 3, 2, padding=0)
    blocks = [make.mixed_5b(), make.block35(), make.block35()]
    return nn.Sequential(stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(320, 5))


def both(build):
    """The same model twice, of which the second recomputes."""
    torch.manual_seed(0)
    kept = build()
    recomputed = copy.deepcopy(kept)
    checkpoint_gradients(recomputed, "it")
    return kept, recomputed


def images():
    return torch.randn(NUM_SAMPLES, CHANNELS, 12, 12, generator=torch.Generator().manual_seed(1))


def updated(model, computing=None, memory_format=torch.contiguous_format):
    """Return gradients and state after an update of two micro-batches."""
    model.to(memory_format=memory_format)
    statistics = RunningStatistics(model)
    for part in images().to(memory_format=memory_format).split(GHOST * 2):
        with computing or nullcontext():
            loss = model(part).square().sum()
        loss.backward()
    statistics.take_update(NUM_SAMPLES)
    return [*(each.grad for each in model.parameters()), *model.state_dict().values()]


def assert_same_bits(kept, recomputed):
    for ours, theirs in zip(recomputed, kept, strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize(
    ("build", "computing", "memory_format"),
    [
        (resnet, None, torch.contiguous_format),
        (wide_resnet, None, torch.contiguous_format),
        (inception, None, torch.contiguous_format),
        (wide_resnet, BFLOAT16, torch.channels_last),
    ],
    ids=["resnet", "wide_resnet", "inception", "bfloat16 in channels_last"],
)
def test_gradients_and_running_statistics_are_the_same_to_the_bit(build, computing, memory_format):
    kept, recomputed = both(build)
    assert_same_bits(*(updated(each, computing, memory_format) for each in (kept, recomputed)))


def test_ordinary_batch_norm_over_the_whole_batch_counts_once():
    """As by ``run.batch_norm = "batch"``: one group, by torch's kernel in float64."""
    kept, recomputed = (bsgrow.convert_batch_norm(each.double(), 999) for each in both(resnet))
    x = images().double()
    for each in (kept, recomputed):
        each(x).square().sum().backward()
    assert_same_bits(*([n.group_sums for n in norms(each)] for each in (kept, recomputed)))


def norms(model):
    return [each for each in model.modules() if isinstance(each, GhostBatchNorm)]


def bytes_kept(model):
    """Return the bytes that a forward pass keeps for the backward pass, weights left out."""
    own = {each.untyped_storage().data_ptr() for each in model.parameters()}
    storages = {}

    def keep(tensor):
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        logits = model(images())
    assert logits.requires_grad
    return sum(each.nbytes() for where, each in storages.items() if where not in own)


@pytest.mark.parametrize("build", [resnet, wide_resnet, inception])
def test_less_is_kept_for_the_backward_pass(build):
    kept, recomputed = map(bytes_kept, both(build))
    assert recomputed < 0.7 * kept


def test_each_gradient_is_complete_once():
    """What is summed over processes is begun as soon as it is there."""
    _, model = both(wide_resnet)
    seen = []
    for each in model.parameters():
        each.register_post_accumulate_grad_hook(seen.append)
    model(images()).sum().backward()
    assert len(seen) == len({*map(id, seen)}) == len([*model.parameters()])


def is_recomputed(module):
    return isinstance(module, Block) and module.is_recomputed


@pytest.mark.parametrize("reentrant", [False, True])
def test_converted_norms_count_once_under_checkpoints_of_torch(reentrant):
    """Whoever calls them: a loop of one's own, timm, transformers."""
    counted = []
    for recomputes in (False, True):
        norm = bsgrow.convert_batch_norm(nn.BatchNorm2d(CHANNELS), GHOST)
        x = images().requires_grad_()
        y = checkpoint(norm, x, use_reentrant=reentrant) if recomputes else norm(x)
        y.square().sum().backward()
        torch.optim.SGD(norm.parameters(), 0.1).step()
        counted.append([*norm.state_dict().values()])
    assert_same_bits(*counted)


NUM_BLOCKS = {
    "inception_resnet_v2": 6 + 3 + 40,  # of the stem and the end, joined branches, residual
    "resnet50": 3 + 4 + 6 + 3,
    "wide_resnet": 3,
}


@pytest.mark.parametrize("name", [name for name, spec in MODELS.items() if spec.has_blocks])
def test_blocks_are_computed_again_once_and_not_once_more_inside(name):
    arguments = {"depth": 10, "width": 1} if name == "wide_resnet" else {}
    given = {"in_channels": 1, "num_classes": 2, "ghost_batch_size": 2}
    with torch.device("meta"):
        model = build_model(name, arguments, gradient_checkpointing=True, **given)
    blocks = [name for name, each in model.named_modules() if is_recomputed(each)]
    assert len(blocks) == NUM_BLOCKS[name]
    assert not [name for name in blocks for other in blocks if name.startswith(f"{other}.")]


OWN = """
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

class Net(nn.Module):
    def __init__(self, num_classes, kind):
        super().__init__()
        norm = nn.BatchNorm1d(8)
        self.inner = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.Dropout(0.5), norm)
        self.head, self.kind, self.on = nn.Linear(8, num_classes), kind, False
        self.register_buffer("seen", torch.zeros(()))
    def block(self, images):
        if self.kind == "counts": self.seen += 1
        return self.inner(images)
    def forward(self, images):
        y = checkpoint(self.block, images, use_reentrant=False) if self.on else self.block(images)
        return self.head(y)

class Timm(Net):
    def set_grad_checkpointing(self, enable=True):
        assert self.kind != "refuses", "not supported"
        if self.kind == "raises": self.nothing()
        self.on = enable

class Transformers(Net):
    def gradient_checkpointing_enable(self, gradient_checkpointing_kwargs=None):
        self.on = not gradient_checkpointing_kwargs["use_reentrant"]

def without(num_classes, kind): return Net(num_classes, kind)
def timm(num_classes, kind): return Timm(num_classes, kind)
def transformers(num_classes, kind): return Transformers(num_classes, kind)
"""


def own(name, kind="", recomputes=True):
    torch.manual_seed(0)
    given = {"in_channels": CHANNELS, "num_classes": 5, "ghost_batch_size": GHOST}
    form = SampleForm((CHANNELS, 2, 2))
    return build_model(
        f"mine:{name}", {"kind": kind}, form=form, gradient_checkpointing=recomputes, **given
    )


@pytest.mark.parametrize("name", ["timm", "transformers"])
def test_a_model_of_ones_own_recomputes_by_its_method_dropout_too(user_module, name):
    user_module(OWN)
    found = []
    for recomputes in (False, True):
        model = own(name, recomputes=recomputes)
        assert model.on == recomputes
        torch.manual_seed(1)
        model(images()[..., :2, :2]).square().sum().backward()
        state = [each.group_sums for each in norms(model)]
        found.append([*(each.grad for each in model.parameters()), *state, torch.rand(())])
    assert_same_bits(*found)


@pytest.mark.parametrize(
    ("name", "kind", "error", "said"),
    [
        ("without", "", InputError, "has no method set_grad_checkpointing or"),
        ("timm", "refuses", InputError, "refuses it: not supported"),
        ("timm", "raises", UserCodeError, "raised AttributeError"),
        ("timm", "counts", InputError, "counts twice in its buffer 'seen'"),
    ],
)
def test_a_model_that_cannot_is_refused(user_module, name, kind, error, said):
    user_module(OWN)
    with pytest.raises(error, match=rf"^model\.gradient_checkpointing = true: .*{said}"):
        own(name, kind)
    assert own(name, kind, recomputes=False)

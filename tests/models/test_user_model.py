"""A model of the user's own function: what it is given, and what it must return."""

import re

import pytest
import torch

from bsgrow.data.sample_form import SampleForm
from bsgrow.errors import BsgrowError, InputError
from bsgrow.models import build_model
from bsgrow.user_code.errors import UserCodeError

MODELS = """
import torch
from torch import nn

def flat(outputs, inputs=12):
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, outputs))

def plain(num_classes, in_channels): return flat(num_classes, 4 * in_channels)
def any(**rest): return flat(rest.pop("num_classes"), **rest)
def fixed(outputs): return flat(outputs)
def nothing(): ...
def function(): return lambda images: images
def frozen(num_classes): return flat(num_classes).requires_grad_(False)
def detached(num_classes): return Net(num_classes, "detached")
def meta(num_classes): return flat(num_classes).to("meta")
def double(num_classes): return flat(num_classes).double()
instance = flat(5)
def lazy(num_classes):
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(num_classes))

class Tokens(nn.Module):
    def __init__(self, num_classes, kind):
        super().__init__()
        self.logits, self.kind = nn.Embedding(9, num_classes), kind
    def forward(self, tokens):
        logits = self.logits(tokens)
        return {"right": logits.movedim(-1, 1), "last": logits, "few": logits[..., 0]}[self.kind]
def tokens(num_classes): return Tokens(num_classes, "right")
def last(num_classes): return Tokens(num_classes, "last")
def few(num_classes): return Tokens(num_classes, "few")
def pixels(num_classes, in_channels): return nn.Conv2d(in_channels, num_classes, 1)

class Net(nn.Module):
    def __init__(self, num_classes, kind=""):
        super().__init__()
        self.inner, self.kind = flat(num_classes), kind
        self.register_buffer("seen", torch.zeros(()))
    def forward(self, images):
        self.seen += self.training
        logits = self.inner(images)
        if self.kind == "pair" and self.training: return logits, logits
        if self.kind == "detached": return logits.detach()
        if self.kind == "sum": return logits.sum()
        if self.kind == "one": return logits[:1]
        if self.kind == "labels": return logits.argmax(1)
        if self.kind == "raises": return self.helper()
        return logits
    def helper(self): raise RuntimeError("no way")
"""
SHAPE = (3, 2, 2)
GIVEN = {"in_channels": 3, "num_classes": 5, "ghost_batch_size": 4}


@pytest.fixture(autouse=True)
def _mine(user_module):
    user_module(MODELS)


def build(name, **arguments):
    return build_model(f"mine:{name}", arguments, form=SampleForm(SHAPE), **GIVEN)


@pytest.mark.parametrize("name", ["plain", "any", "lazy", "Net"])
def test_classes_and_channels_are_given_where_they_are_taken(name):
    model = build(name)
    assert model(torch.zeros(7, *SHAPE)).shape == (7, 5)
    assert model.training


@pytest.mark.parametrize(
    ("name", "arguments", "form", "shape"),
    [
        ("tokens", {}, SampleForm((4,), (4,), True), (7, 5, 4)),
        ("pixels", {}, SampleForm(SHAPE, (2, 2)), (7, 5, 2, 2)),
        ("any", {"inputs": 3}, SampleForm((3,)), (7, 5)),
    ],
)
def test_a_model_may_take_other_inputs_and_make_logits_for_many_targets(
    name, arguments, form, shape
):
    model = build_model(f"mine:{name}", arguments, form=form, **GIVEN)
    dtype = torch.int64 if form.is_integer else torch.float32
    assert model(torch.zeros(7, *form.shape, dtype=dtype)).shape == shape


@pytest.mark.parametrize(
    ("name", "said", "hint"),
    [
        ("last", r"made \[2, 4, 5\] of int64 \[2, 4\] in training, .* \[2, 5, 4\]", "movedim"),
        ("few", r"made \[2, 4\] of int64", "a logit for each class at each place"),
        ("plain", "missing a required argument: 'in_channels'", "beside name: in_channels"),
        ("any", "raised RuntimeError", "its inputs are int64"),
    ],
)
def test_a_model_that_is_not_for_tokens_is_refused(name, said, hint):
    with pytest.raises(BsgrowError, match=said) as caught:
        build_model(f"mine:{name}", {}, form=SampleForm((4,), (4,), True), **GIVEN)
    assert hint in caught.value.hint


def test_arguments_of_the_recipe_come_first():
    assert build("fixed", outputs=5)(torch.zeros(1, *SHAPE)).shape == (1, 5)
    with pytest.raises(InputError, match=r"made \[2, 7\] of images \[2, 3, 2, 2\] in training"):
        build("plain", num_classes=7)


def test_to_try_a_model_leaves_its_buffers_as_they_were():
    assert build("Net").seen == 0


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("nothing", {}, "returned None, where a torch.nn.Module is needed"),
        ("function", {}, "returned an object of builtins.function"),
        ("frozen", {}, "the model has no parameter to train"),
        ("detached", {}, "what it makes of images [2, 3, 2, 2] in training has no gradient"),
        ("meta", {}, "the model has parameters on the meta device, which hold no values"),
        ("instance", {}, "is a model, where what builds one is needed"),
        ("fixed", {"outputs": 4}, "made [2, 4] of images"),
        ("Net", {"kind": "pair"}, "made an object of builtins.tuple of images [2, 3, 2, 2] in tr"),
        ("Net", {"kind": "sum"}, "made [] of images"),
        ("Net", {"kind": "one"}, "made [1, 5] of images"),
        ("Net", {"kind": "labels"}, "made a tensor of int64 of images"),
    ],
)
def test_what_is_no_model_of_images_to_logits_is_refused(name, arguments, message):
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        build(name, **arguments)
    assert caught.value.message.startswith(f"model.name = 'mine:{name}': ")
    assert caught.value.hint


def test_a_model_that_fails_shows_the_traceback_of_its_own():
    with pytest.raises(UserCodeError, match=r"given images \[2, 3, 2, 2\] in training") as caught:
        build("Net", kind="raises")
    assert "in forward" in caught.value.message.splitlines()[2]
    assert caught.value.message.endswith("RuntimeError: no way")


def test_a_model_of_another_dtype_that_fails_is_told_which_is_needed():
    with pytest.raises(UserCodeError, match="must have the same dtype") as caught:
        build("double")
    assert caught.value.hint.startswith("it has parameters of float64, and inputs are float32")


NORMS = """
from torch import nn
class Other(nn.BatchNorm2d):
    def forward(self, images): return super().forward(images) + 1
def norms(num_classes, kind="BatchNorm2d"):
    norm = Other(4) if kind == "Other" else nn.LazyBatchNorm2d() if "Lazy" in kind else None
    norm = norm or getattr(nn, kind)(4)
    return nn.Sequential(nn.Conv2d(3, 4, 1), norm, nn.Flatten(), nn.Linear(16, num_classes))
"""


@pytest.mark.parametrize("kind", ["BatchNorm2d", "SyncBatchNorm", "LazyBatchNorm2d"])
def test_batch_norms_become_ghost_ones(user_module, kind):
    user_module(NORMS, "norms")
    model = build_model("norms:norms", {"kind": kind}, form=SampleForm(SHAPE), **GIVEN)
    assert model[1].ghost_batch_size == GIVEN["ghost_batch_size"]
    assert model[1].running_mean.tolist() == [0] * 4, "to try it has moved no statistic"
    assert not model[1].group_sums.any()
    assert model.eval()[1].running_var.tolist() == [1] * 4


def test_a_batch_norm_that_cannot_become_one_is_refused_by_its_name(user_module):
    user_module(NORMS, "norms")
    with pytest.raises(InputError, match=r"model\.name = 'norms:norms': 1, a Other, cannot"):
        build_model("norms:norms", {"kind": "Other"}, form=SampleForm(SHAPE), **GIVEN)

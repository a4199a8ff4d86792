"""Weights from elsewhere: what fits is taken to the bit, and what does not is listed by name."""

import pytest
import torch
from torch import nn

from bsgrow.errors import InputError
from bsgrow.models import build_model
from bsgrow.models.conversion import restore_batch_norm
from bsgrow.models.weights import fit_weights

NET = {"width": 2, "hidden": 4}


def net(num_classes=3, seed=0, **arguments):
    torch.manual_seed(seed)
    given = {"in_channels": 1, "num_classes": num_classes, "ghost_batch_size": 4}
    return build_model("convnet", NET | arguments, **given)


def named(how):
    return {how(name): each for name, each in net(seed=1).state_dict().items()}


@pytest.mark.parametrize(
    "how",
    [
        str,
        "module.{}".format,
        "_orig_mod.{}".format,
        "module._orig_mod.{}".format,
        "_orig_mod.module.{}".format,
        lambda name: name.replace("features.", "features._orig_mod."),
    ],
)
def test_names_of_wrappers_are_understood(how):
    fitted = fit_weights(net(), named(how), 3)
    assert fitted.new_head == ""
    for name, tensor in net(seed=1).state_dict().items():
        assert torch.equal(fitted.state[name], tensor)


def test_a_plain_batch_norm_has_the_same_names():
    plain = restore_batch_norm(net(seed=1))
    assert any(type(each) is nn.BatchNorm2d for each in plain.modules())
    assert fit_weights(net(), plain.state_dict(), 3).new_head == ""


def test_a_file_without_counters_of_batches_fits():
    old = {n: t for n, t in named(str).items() if not n.endswith("num_batches_tracked")}
    assert len(old) < len(named(str))
    assert fit_weights(net(), old, 3).state.keys() == net().state_dict().keys()


@pytest.mark.parametrize("missing", [True, False])
def test_a_head_for_other_classes_is_new_and_said(missing):
    model = net(num_classes=5)
    weights = {n: t for n, t in named(str).items() if not (missing and n.startswith("classifier"))}
    fitted = fit_weights(model, weights, 5)
    reason = "the file has none" if missing else "the file has it for 3 classes"
    assert fitted.new_head == f"classifier: {reason}"
    for name, tensor in fitted.state.items():
        source = model.state_dict() if name.startswith("classifier") else weights
        assert torch.equal(tensor, source[name])


def without(name):
    return lambda weights: weights.pop(name)


def put(name, tensor):
    return lambda weights: weights.update({name: tensor})


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (without("hidden.bias"), "missing in it, 1: hidden.bias"),
        (without("classifier.bias"), "missing in it, 1: classifier.bias"),
        (put("fc.weight", torch.ones(1)), "not in the model, 1: fc.weight"),
        (put("hidden.bias", torch.ones(5)),
         "of another shape or kind, 1: hidden.bias [5] in place of [4]"),
        (put("hidden.bias", torch.ones(4, dtype=torch.int64)), "hidden.bias torch.int64 in place"),
        (put("hidden.bias", torch.full((4,), torch.nan)), "not finite, 1: hidden.bias"),
        (put("classifier.weight", torch.ones(3, 9)), "classifier.weight [3, 9] in place of [3, 4]"),
        (put("classifier.weight", torch.ones(7, 4)), "classifier.weight [7, 4] in place of [3, 4]"),
        (put("x\033[31m", torch.ones(1)), r"not in the model, 1: 'x\x1b[31m'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_listed(change, line):
    weights = named(str)
    change(weights)
    with pytest.raises(InputError) as caught:
        fit_weights(net(), weights, 3)
    assert line in caught.value.message
    assert len(caught.value.message.splitlines()) == 2


def test_another_architecture_is_listed_both_ways():
    with pytest.raises(InputError) as caught:
        fit_weights(net(), {f"layer{i}.weight": torch.ones(1) for i in range(40)}, 3)
    assert "not in the model, 40: layer0.weight, layer1.weight" in caught.value.message
    assert "and 10 more" in caught.value.message
    assert f"missing in it, {len(net().state_dict()) - 4}: " in caught.value.message
    assert "another architecture" in caught.value.hint


def test_names_that_would_be_one_are_not_made_one():
    weights = named(str) | {"hidden._orig_mod.bias": torch.ones(4)}
    with pytest.raises(InputError, match=r"not in the model, 1: hidden\._orig_mod\.bias"):
        fit_weights(net(), weights, 3)


def test_half_precision_is_taken_as_what_the_model_has():
    model = net()
    model.load_state_dict(
        fit_weights(
            model, {n: t.half() if t.is_floating_point() else t for n, t in named(str).items()}, 3
        ).state
    )
    assert model.hidden.weight.dtype == torch.float32
    assert torch.equal(model.hidden.weight, net(seed=1).hidden.weight.half().float())

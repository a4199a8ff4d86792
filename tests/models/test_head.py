import pytest
import torch
from torch import nn

from bsgrow.errors import InputError
from bsgrow.models import build_model
from bsgrow.models.head import head_of, require_head

GIVEN = {"in_channels": 3, "num_classes": 7, "ghost_batch_size": 2}


@pytest.mark.parametrize(
    ("name", "arguments", "head"),
    [
        ("convnet", {"width": 2, "hidden": 7}, "classifier"),
        ("wide_resnet", {"depth": 10, "width": 1}, "classifier"),
        ("resnet50", {}, "fc"),
        ("inception_resnet_v2", {}, "classif"),
    ],
)
def test_the_head_of_our_models(name, arguments, head):
    with torch.device("meta"):
        model = build_model(name, arguments, **GIVEN)
    assert head_of(model, 7).name == head


class OfTimm(nn.Module):
    """Tells its classifier, which is not the last layer."""

    def __init__(self):
        super().__init__()
        self.classifier = nn.Linear(4, 7)
        self.aux = nn.Linear(4, 7)

    def get_classifier(self):
        return self.classifier


class Headless(OfTimm):
    def get_classifier(self):
        return nn.Identity()


def tied():
    model = nn.ModuleDict({"embedding": nn.Embedding(7, 4), "lm_head": nn.Linear(4, 7)})
    model["lm_head"].weight = model["embedding"].weight
    return model


@pytest.mark.parametrize(
    ("model", "head"),
    [
        (nn.Sequential(nn.Conv2d(3, 7, 1), nn.Conv2d(7, 7, 1), nn.Flatten()), "1"),
        (nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(3, 7))), "0"),
        (nn.Sequential(nn.Linear(3, 7), nn.Embedding(7, 4)), "0"),
        (OfTimm(), "classifier"),
        (Headless(), "aux"),
        (tied(), "lm_head"),
        (nn.Sequential(nn.Linear(7, 3), nn.Embedding(7, 4)), None),
    ],
)
def test_the_head_of_a_model_of_the_user(model, head):
    found = head_of(model, 7)
    assert (found and found.name) == head


def test_no_head_is_told():
    with pytest.raises(InputError, match=r"optimizer\.head_lr_scale = 10: no layer of the model"):
        require_head(nn.Linear(7, 3), 7, "optimizer.head_lr_scale = 10")

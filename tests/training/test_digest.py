import hashlib

import pytest
import torch
from torch import nn

from bsgrow.training.digest import weights_sha256


def test_the_digest_of_a_known_model():
    model = nn.Linear(2, 1)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1.0, 2.0]]))
        model.bias.fill_(3.0)
    content = b"bias torch.float32 (1,)\n\x00\x00\x40\x40"
    content += b"weight torch.float32 (1, 2)\n\x00\x00\x80\x3f\x00\x00\x00\x40"
    assert weights_sha256(model) == hashlib.sha256(content).hexdigest()


def test_layout_and_definition_order_do_not_count(network):
    model = network()
    digest = weights_sha256(model)
    assert weights_sha256(model.to(memory_format=torch.channels_last)) == digest
    assert weights_sha256(network()) == digest
    backwards = nn.ModuleDict({"b": nn.Linear(1, 1), "a": nn.Linear(1, 1)})
    forwards = nn.ModuleDict({"a": backwards["a"], "b": backwards["b"]})
    assert weights_sha256(backwards) == weights_sha256(forwards)


@pytest.mark.parametrize("name", ["stem.weight", "norm.running_var", "norm.num_batches_tracked"])
def test_every_parameter_and_buffer_counts(network, name):
    model = network()
    digest = weights_sha256(model)
    with torch.no_grad():
        model.state_dict()[name].view(-1)[:1] += 1
    assert weights_sha256(model) != digest


def test_dtype_and_shape_count():
    digests = set()
    for value in (torch.zeros(4), torch.zeros(2, 2), torch.zeros(8).bfloat16(), torch.zeros(())):
        module = nn.Module()
        module.register_buffer("value", value)
        digests.add(weights_sha256(module))
    assert len(digests) == 4

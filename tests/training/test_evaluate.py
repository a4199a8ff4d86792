import pytest
import torch
from torch.nn.functional import cross_entropy

from bsgrow.training.evaluate import evaluate


def batches(images, labels, size):
    return zip(images.split(size), labels.split(size), strict=True)


def test_means_are_over_all_samples(network, samples):
    model, (images, labels) = network(), samples(11)
    model(images)
    loss, accuracy = evaluate(model, batches(images, labels, 4)).mean()
    model.eval()
    logits = model(images)
    assert loss == pytest.approx(cross_entropy(logits, labels).item(), rel=1e-5)
    assert accuracy == (logits.argmax(1) == labels).sum().item() / 11


def test_the_model_is_left_as_it_came(network, samples):
    model = network()
    model.blocks[0].eval()
    modes = [module.training for module in model.modules()]
    state = {name: value.clone() for name, value in model.state_dict().items()}
    evaluate(model, batches(*samples(8), 4))
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


def test_the_mode_is_restored_after_a_failure(network):
    model = network()
    with pytest.raises(RuntimeError):
        evaluate(model, [(torch.randn(2, 5, 8, 8), torch.zeros(2).long())])
    assert all(module.training for module in model.modules())


def test_nothing_waits_before_the_end(network, samples):
    totals = evaluate(network().to("meta"), [tuple(t.to("meta") for t in samples(4))])
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        totals.mean()


def test_no_graph_is_kept(network, samples):
    model, outputs = network(), []
    model.register_forward_hook(lambda *args: outputs.append(args[-1]))
    evaluate(model, batches(*samples(8), 4))
    assert [output.requires_grad for output in outputs] == [False, False]

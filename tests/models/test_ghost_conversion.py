"""Any model's batch norms, converted and restored."""

import copy
import io
import pickle

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

import bsgrow
from bsgrow.errors import InputError
from bsgrow.models import GhostBatchNorm2d
from bsgrow.models.ghost_batch_norm import GhostBatchNorm
from bsgrow.models.norm_then import AFTER_NORM

KINDS = [
    (nn.BatchNorm1d, (10, 3)),
    (nn.BatchNorm1d, (10, 3, 5)),
    (nn.BatchNorm2d, (10, 3, 4, 4)),
    (nn.BatchNorm3d, (10, 3, 2, 4, 4)),
    (nn.SyncBatchNorm, (10, 3, 4, 4)),
    (nn.SyncBatchNorm, (10, 3)),
]
IDS = [f"{kind.__name__}-{len(shape)}d" for kind, shape in KINDS]
PLAIN = {nn.SyncBatchNorm: nn.BatchNorm2d}  # a SyncBatchNorm trains on a GPU alone


def drawn(shape, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(shape, generator=generator, dtype=torch.float64) * 2 + 1).to(dtype)


def reference_of(kind, shape, **settings):
    if kind is nn.SyncBatchNorm:
        kind = nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d
    return kind(shape[1], **settings).double()


def network(kind=nn.BatchNorm2d):
    torch.manual_seed(0)
    inner = nn.Sequential(nn.Conv2d(4, 4, 1), kind(4), nn.ReLU())
    return nn.Sequential(nn.Conv2d(3, 4, 3), kind(4), inner, nn.Flatten(), nn.Linear(64, 2))


def train_step(model, optimizer, *batches):
    optimizer.zero_grad()
    for batch in batches:
        model(batch).square().mean().backward()
    optimizer.step()


@pytest.mark.parametrize(("kind", "shape"), KINDS, ids=IDS)
@pytest.mark.parametrize("size", [1, 3, 4, 5, 10, 64])
@pytest.mark.parametrize("affine", [True, False])
def test_each_group_is_normalised_as_torch_does(kind, shape, size, affine):
    norm = bsgrow.convert_batch_norm(kind(3, affine=affine).double(), size)
    x, other = drawn(shape).requires_grad_(), drawn(shape).requires_grad_()
    y = norm(x)
    y.backward(drawn(shape, seed=1))
    reference = reference_of(kind, shape, affine=affine)
    if affine:
        reference.load_state_dict(norm.state_dict())
    single = [group for group in other.split(size) if group[:, 0].numel() == 1]
    groups = [
        group * 0 if group[:, 0].numel() == 1 else reference(group) for group in other.split(size)
    ]
    expected = torch.cat(groups)
    expected.backward(drawn(shape, seed=1))
    torch.testing.assert_close(y, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(x.grad, other.grad, rtol=1e-10, atol=1e-12)
    if affine and not single:
        torch.testing.assert_close(norm.weight.grad, reference.weight.grad)
        torch.testing.assert_close(norm.bias.grad, reference.bias.grad)


@pytest.mark.parametrize(("kind", "shape"), KINDS, ids=IDS)
def test_evaluation_is_that_of_torch(kind, shape):
    norm = bsgrow.convert_batch_norm(kind(3).double(), 4)
    reference = reference_of(kind, shape)
    norm(drawn(shape))
    norm.eval()
    reference.load_state_dict(norm.state_dict())
    assert not torch.equal(norm.running_mean, torch.zeros(3))
    assert torch.equal(norm(drawn(shape, seed=2)), reference.eval()(drawn(shape, seed=2)))


@pytest.mark.parametrize("kind", [nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"affine": False},
        {"track_running_stats": False},
        {"momentum": None, "eps": 1e-3},
        {"dtype": torch.bfloat16},
        {"device": "meta"},
    ],
    ids=str,
)
@pytest.mark.parametrize("training", [True, False])
def test_all_but_the_groups_stays(kind, settings, training):
    norm = kind(5, **settings).train(training)
    norm.hook = norm.register_forward_hook(lambda *_: None)
    kept, held = dict(vars(norm)), {**dict(norm.named_parameters()), **dict(norm.named_buffers())}
    assert bsgrow.convert_batch_norm(norm, 4) is norm
    assert isinstance(norm, GhostBatchNorm)
    assert isinstance(norm, kind)
    assert "ghost_batch_size=4" in repr(norm)
    for name, value in held.items():
        assert getattr(norm, name) is value, name
    assert bsgrow.restore_batch_norm(norm) is norm
    assert type(norm) is kind
    assert dict(vars(norm)) == kept
    assert norm.training == training


def test_names_and_values_go_both_ways():
    plain, ghost = network(), bsgrow.convert_batch_norm(network(), 4)
    assert list(plain.state_dict()) == list(ghost.state_dict())
    train_step(ghost, torch.optim.SGD(ghost.parameters(), lr=0.1), drawn((8, 3, 6, 6)).float())
    plain.load_state_dict(ghost.state_dict(), strict=True)
    ghost.load_state_dict(plain.state_dict(), strict=True)
    x = drawn((5, 3, 6, 6), torch.float32)
    expected = plain.eval()(x)
    assert torch.equal(ghost.eval()(x), expected)
    assert torch.equal(bsgrow.restore_batch_norm(ghost)(x), expected)
    assert [type(each) for each in ghost.modules()] == [type(each) for each in plain.modules()]


def test_a_shared_norm_stays_shared():
    norm = nn.BatchNorm1d(3)
    model = bsgrow.convert_batch_norm(nn.Sequential(norm, nn.Sequential(norm)), 4)
    assert model[0] is model[1][0] is norm


def test_converted_twice_has_the_new_size_and_is_still_what_it_was():
    model = bsgrow.convert_batch_norm(bsgrow.convert_batch_norm(network(), 4), 2)
    assert model[1].ghost_batch_size == model[2][1].ghost_batch_size == 2
    assert type(bsgrow.restore_batch_norm(model)[1]) is nn.BatchNorm2d
    assert bsgrow.restore_batch_norm(model) is model


def test_a_model_of_ours_is_restored_for_export():
    assert type(bsgrow.restore_batch_norm(GhostBatchNorm2d(3, 4))) is nn.BatchNorm2d


def test_a_class_with_torchs_forward_is_converted_and_restored():
    class Wide(nn.BatchNorm2d):
        pass

    norm = bsgrow.convert_batch_norm(Wide(3), 4)
    assert isinstance(norm, GhostBatchNorm2d)
    assert type(bsgrow.restore_batch_norm(norm)) is Wide


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_goes_on_by_itself(copied):
    model = bsgrow.convert_batch_norm(network(), 4)
    other = copied(model)
    x = drawn((8, 3, 6, 6), torch.float32)
    for each in (model, other):
        train_step(each, torch.optim.SGD(each.parameters(), lr=0.1), x)
    assert not torch.equal(other[1].running_mean, torch.zeros(4))
    for name, value in model.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name


def test_casts_keep_the_sums_exact():
    model = bsgrow.convert_batch_norm(network(), 4).bfloat16()
    assert model[1].weight.dtype == torch.bfloat16
    assert model[1].group_sums.dtype == torch.float64
    assert model(drawn((8, 3, 6, 6), torch.bfloat16)).dtype == torch.bfloat16


def test_a_model_without_memory_gets_empty_sums():
    with torch.device("meta"):
        model = bsgrow.convert_batch_norm(network(), 4)
    model.to_empty(device="cpu").load_state_dict(network().state_dict())
    assert torch.equal(model[1].group_sums, torch.zeros(3, 4, dtype=torch.float64))


class Own(nn.BatchNorm2d):
    def forward(self, x):
        return super().forward(x).relu()


def patched():
    norm = nn.BatchNorm2d(3)
    norm.forward = lambda x: x
    return norm


REFUSED = {
    "channels": nn.LazyBatchNorm2d,
    "parametrization": lambda: weight_norm(nn.BatchNorm2d(3), dim=None),
    "its forward is not that of BatchNorm2d": lambda: Own(3),
    "forward is not": patched,
    "TorchScript": lambda: torch.jit.trace(nn.BatchNorm2d(3).eval(), torch.ones(1, 3, 2, 2)),
}


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_converted_is_refused_and_left_alone(why):
    model = nn.Sequential(nn.BatchNorm2d(3), REFUSED[why]())
    with pytest.raises(InputError, match=why) as error:
        bsgrow.convert_batch_norm(model, 4)
    assert error.value.hint
    assert type(model[0]) is nn.BatchNorm2d


@pytest.mark.parametrize("size", [0, -1, True, False, 4.0, "4", None, torch.tensor(4)], ids=repr)
def test_what_is_no_number_of_samples_is_refused(size):
    with pytest.raises(
        InputError, match=r"ghost_batch_size = .*: must be a whole number, 1 or more"
    ):
        bsgrow.convert_batch_norm(network(), size)


def test_numbers_of_numpy_are_numbers():
    assert bsgrow.convert_batch_norm(nn.BatchNorm2d(3), np.int64(4)).ghost_batch_size == 4


@pytest.mark.parametrize(
    "turn", [lambda m: bsgrow.convert_batch_norm(m, 4), bsgrow.restore_batch_norm]
)
def test_what_is_no_model_is_refused(turn):
    with pytest.raises(InputError, match="model = 'resnet50': must be a Module"):
        turn("resnet50")


class NormAct(nn.BatchNorm2d):
    """As timm's BatchNormAct2d is: the norm, and what goes on in place."""

    def __init__(self, num_features):
        super().__init__(num_features)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.act(super().forward(x))


class Derived(NormAct):
    pass


@pytest.mark.parametrize("kind", [NormAct, Derived])
def test_a_norm_that_goes_on_in_a_known_way_is_converted_exactly(kind, monkeypatch):
    monkeypatch.setitem(AFTER_NORM, f"{__name__}.NormAct", lambda norm, y: norm.act(y))
    model, expected = nn.Sequential(kind(3)), kind(3)
    bsgrow.convert_batch_norm(model, 8)
    x, y = (drawn((8, 3, 4, 4), torch.float32).requires_grad_() for _ in range(2))
    for norm, each in ((model, x), (expected, y)):
        out = norm(each)
        (out * out).sum().backward()
        assert out.min() == 0
    torch.testing.assert_close(x.grad, y.grad)
    torch.optim.SGD(model.parameters(), lr=0.0).step()
    other = pickle.loads(pickle.dumps(model))
    for each in (model, other, bsgrow.restore_batch_norm(model)):
        torch.testing.assert_close(each.eval()(x), expected.eval()(x))
    assert type(model[0]) is kind


def test_a_whole_model_is_saved_and_loaded():
    file = io.BytesIO()
    torch.save(bsgrow.convert_batch_norm(network(), 4), file)
    file.seek(0)
    assert torch.load(file, weights_only=False)[1].ghost_batch_size == 4

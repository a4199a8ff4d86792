"""Whatever a checkpoint holds that the run itself would not: refused, and nothing is changed."""

import tempfile
import zipfile
from collections import OrderedDict
from copy import deepcopy
from pathlib import Path

import pytest
import torch

from bsgrow.errors import InputError
from bsgrow.training.checkpoint.folder import checkpoint_path
from tests.training.checkpoint.checkpoint_files import (
    ADAM,
    MOMENTUM,
    SmallRun,
    follow,
    places,
    plan_of,
    read_state,
    write_manifest,
    write_state,
)

CONFIGS = {"momentum": MOMENTUM, "adam": ADAM}


def state_of(config):
    """The state in a checkpoint of such a run."""
    with tempfile.TemporaryDirectory() as folder:
        return read_state(SmallRun(config).advance(3).save(Path(folder)))


STATES = {name: state_of(config) for name, config in CONFIGS.items()}
RUNS = {name: SmallRun(config, seed=1).advance(1) for name, config in CONFIGS.items()}
TENSORS = [(n, at) for n, s in STATES.items() for at in places(s, {torch.Tensor})]
DICTS = [(n, at) for n, s in STATES.items() for at in places(s, {dict, OrderedDict})]
KEYS = [(n, (*at, key)) for n, at in DICTS for key in follow(STATES[n], at)]
NUMBERS = [(n, at) for n, s in STATES.items() for at in places(s, {int, float})]


def refused(folder, name, change, match=None):
    """Check that a checkpoint is refused in a sentence after a change, and nothing else happens."""
    state, run, path = deepcopy(STATES[name]), RUNS[name], checkpoint_path(folder, 3)
    change(state)
    write_state(path, state)
    files, before = contents(folder), run.state()
    with pytest.raises(InputError, match=match) as caught:
        run.load(path)
    message = caught.value.message
    assert message.startswith(str(path))
    assert message.isprintable()
    assert len(message) < 1000
    assert caught.value.hint
    assert run.state() == before
    assert contents(folder) == files


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def replaced(at, make):
    def change(state):
        inside = follow(state, at[:-1])
        inside[at[-1]] = make(inside[at[-1]])

    return change


def overlapping(tensor):
    return torch.zeros(tensor.numel() + 1).as_strided(tensor.shape, [1] * tensor.dim())


WRONG = {
    "one element": lambda t: torch.zeros(1),
    "another dimension": lambda t: t[None],
    "one row more": lambda t: torch.cat([t[None], t[None]]),
    "float64": lambda t: t.to(torch.float64),
    "bfloat16": lambda t: t.to(torch.bfloat16),
    "complex": lambda t: t.to(torch.complex64),
    "sparse": lambda t: t.to_sparse(),
    "quantized": lambda t: torch.quantize_per_tensor(t.float(), 0.1, 0, torch.qint8),
    "nested": lambda t: torch.nested.nested_tensor([t.reshape(-1)]),
    "meta": lambda t: t.to("meta"),
    "expanded": lambda t: torch.zeros((), dtype=t.dtype).expand(2, *t.shape)[0].expand(t.shape),
    "overlapping": overlapping,
    "within a larger storage": lambda t: torch.stack([t, t])[1],
    "with gradients": lambda t: t.float().requires_grad_(),
    "a parameter": lambda t: torch.nn.Parameter(t.float()),
    "negated lazily": lambda t: torch._neg_view(t.float()),
    "none": lambda t: None,
    "text": lambda t: "x",
    "a number": lambda t: 3,
    "a list": lambda t: [t],
    "a dict": lambda t: {"x": t},
}


@pytest.mark.filterwarnings("ignore:.*nested tensors")
@pytest.mark.filterwarnings("ignore:.*quantiz")
@pytest.mark.parametrize("wrong", WRONG)
def test_no_tensor_of_another_kind_is_taken(tmp_path, wrong):
    for name, at in TENSORS:
        is_scalar = follow(STATES[name], at).dim() == 0
        if not (is_scalar and wrong in ("expanded", "overlapping")):  # which then are plain ones
            refused(tmp_path, name, replaced(at, WRONG[wrong]))


def test_every_tensor_of_the_optimizer_replaced(tmp_path):
    def change(state):
        for remembered in state["optimizer"]["state"].values():
            for key in remembered:
                remembered[key] = torch.zeros(1)

    match = r"does not fit the optimizer: its parameter 0: .* is float32 of shape \[1\], the run's"
    for name in CONFIGS:
        refused(tmp_path, name, change, match)


def test_no_key_may_be_missing(tmp_path):
    for name, at in KEYS:
        refused(tmp_path, name, lambda state, at=at: follow(state, at[:-1]).pop(at[-1]))


@pytest.mark.parametrize("value", [torch.zeros(2), 1, None], ids=str)
@pytest.mark.parametrize("key", ["belongs nowhere", 99, "\x1b[31m"])
def test_no_key_may_be_added(tmp_path, key, value):
    for name, at in DICTS:
        refused(tmp_path, name, lambda state, at=at: follow(state, at).update({key: value}))


@pytest.mark.parametrize(
    "value", [2**62, 2**200, -1, 1.5, float("nan"), float("inf"), "x", None, (), [1], b"x"], ids=str
)
def test_no_number_may_be_another(tmp_path, value):
    for name, at in NUMBERS:
        if not (at[-1] in ("loss_sum", "num_correct", "elapsed_seconds") and value == 1.5):
            refused(tmp_path, name, replaced(at, lambda _: value))


def test_a_bool_is_no_number(tmp_path):
    for name, at in NUMBERS:
        refused(tmp_path, name, replaced(at, bool))


@pytest.mark.parametrize("key", ["seed", "recipe_fingerprint", "data_fingerprint"])
@pytest.mark.parametrize(
    "value",
    [torch.zeros(3), [torch.zeros(3)], "x" * 10**5, "\x1b[31m", 10**400, None, {}],
    ids=type,
)
def test_odd_identities_are_refused(tmp_path, key, value):
    match = "is of another run|is not a bsgrow checkpoint"
    refused(tmp_path, "adam", replaced(("identity", key), lambda _: value), match)


def test_the_same_state_at_another_place_is_refused(tmp_path):
    path = checkpoint_path(tmp_path, 4)
    write_state(path, STATES["adam"])
    with pytest.raises(InputError, match="has update_index = 3, its name says 4"):
        RUNS["adam"].load(path)


@pytest.mark.parametrize("num_updates", [21, 2**62, 10**200])
def test_an_update_behind_the_end_is_refused(tmp_path, num_updates):
    path = checkpoint_path(tmp_path, num_updates)
    write_state(path, STATES["adam"])
    with pytest.raises(InputError, match=r"does not fit the plan: it is of update \d+, of 20"):
        RUNS["adam"].load(path)


def test_a_diverged_run_may_go_on(tmp_path):
    """Its loss is not finite, nor are its weights; the next evaluation says so."""

    def with_loss(state):
        state["position"]["extra"]["loss_sum"] = float("nan")

    refused(tmp_path, "momentum", with_loss, "impossible loss_sum: nan, though its weights")
    state = deepcopy(STATES["momentum"])
    with_loss(state)
    state["model"]["0.weight"].fill_(float("nan"))
    write_state(path := checkpoint_path(tmp_path, 3), state)
    assert SmallRun(MOMENTUM).load(path).num_updates == 3


def test_momentum_that_begins_later_is_remembered_from_then_on(tmp_path):
    """What an optimizer remembers depends on the momenta that the plan had so far."""
    for momentum in (0.0, 0.8):
        plan = plan_of(momentum=momentum)
        run = SmallRun(MOMENTUM, plan).advance(2)
        path = run.save(tmp_path / str(momentum))
        assert SmallRun(MOMENTUM, plan, seed=1).load(path).state() == run.state()
        other = SmallRun(MOMENTUM, plan_of(momentum=0.8 - momentum))
        with pytest.raises(InputError, match="does not fit the optimizer"):
            other.load(path)


def test_nothing_is_remembered_before_the_first_update(tmp_path):
    run = SmallRun(ADAM)
    path = run.save(tmp_path)
    assert SmallRun(ADAM, seed=1).load(path).state() == run.state()


@pytest.mark.parametrize("value", [0.0, 2.0, 4.0, -3.0, 2.0**62, float("nan"), float("inf")])
def test_a_step_is_the_number_of_updates(tmp_path, value):
    at = ("optimizer", "state", 1, "step")
    match = "does not fit the optimizer: its parameter 1 is at step"
    refused(tmp_path, "adam", replaced(at, lambda _: torch.tensor(value)), match)


def test_a_storage_that_no_tensor_uses_is_refused(tmp_path):
    write_state(path := checkpoint_path(tmp_path, 3), STATES["adam"])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/data/99", bytes(8))
    write_manifest(path)
    with pytest.raises(InputError, match="has storages that no tensor is in: 1"):
        RUNS["adam"].load(path)


def test_steps_are_counted_as_far_as_float32_goes(tmp_path):
    far = 2**24 + 2
    plan = plan_of(num_updates=far + 1)
    run = SmallRun(ADAM, plan).advance(1)
    run.num_updates = far
    for remembered in run.optimizer.state.values():
        remembered["step"].fill_(2.0**24)
    assert SmallRun(ADAM, plan).load(run.save(tmp_path)).num_updates == far


def test_tensors_that_share_bytes_do_not_after_loading(tmp_path):
    """Adam counts each parameter's steps by itself."""
    state = deepcopy(STATES["adam"])
    remembered = state["optimizer"]["state"]
    for each in remembered.values():
        each["step"] = remembered[0]["step"]
    write_state(path := checkpoint_path(tmp_path, 3), state)
    run = SmallRun(ADAM).load(path).advance(1)
    assert {each["step"].item() for each in run.optimizer.state.values()} == {4.0}

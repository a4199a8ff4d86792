"""In float16 the loss is scaled: an update that overflows is made again, and loses no sample."""

import pytest
import torch

from bsgrow.errors import InputError
from bsgrow.training import DivergedRunError, RunDirectory, read_events
from bsgrow.training.decisions import EndedElsewhereError
from bsgrow.training.device import precision_of, use_device
from bsgrow.training.events.failures import RunLeft
from bsgrow.training.events.made_again import LossScaleHalved
from bsgrow.training.loop import train_job
from bsgrow.training.loss_scale import (
    FIRST_SCALE,
    GROWTH_UPDATES,
    GradientOverflowError,
    LossScale,
)
from bsgrow.training.step import summed_loss
from tests.training.linear_layers import states_on_ranks, use_linear_layers

CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)
FLOAT16 = (
    "run.precision=float16",
    "run.micro_batch_size=32",
    "run.checkpoint_every_seconds=1e6",
)


@pytest.mark.parametrize(
    ("name", "on_cpu", "on_cuda"),
    [
        ("auto", (None, None), (torch.bfloat16, None)),
        ("float32", (None, "ieee"), (None, "ieee")),
        ("tf32", None, (None, "tf32")),
        ("bfloat16", (torch.bfloat16, None), (torch.bfloat16, None)),
        ("float16", (torch.float16, None), (torch.float16, None)),
    ],
)
def test_each_precision_on_each_device(monkeypatch, name, on_cpu, on_cuda):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    if on_cpu is None:
        with pytest.raises(InputError, match=r'run\.precision = "tf32": cpu has no'):
            precision_of(CPU, name)
    for device, expected in ((CPU, on_cpu), (CUDA, on_cuda)):
        if expected is not None:
            precision = precision_of(device, name)
            assert (precision.autocast_dtype, precision.float32_products) == expected


@pytest.fixture
def products():
    """What multiplies float32 on CUDA; set back afterwards, for which there is no delattr."""
    backends = torch.backends
    users = backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn
    before = [user.fp32_precision for user in users]
    yield lambda: {user.fp32_precision for user in users}
    for user, precision in zip(users, before, strict=True):
        user.fp32_precision = precision


@pytest.mark.parametrize("name", ["ieee", "tf32"])
def test_cuda_multiplies_as_it_is_told(monkeypatch, products, name):
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: None)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)
    use_device(CUDA, name)
    assert products() == {name}


def test_a_gradient_is_divided_by_the_scale_and_one_that_overflows_is_refused():
    scale, gradients = LossScale(True, 4.0), [torch.tensor([8.0, 0.0]), torch.tensor(2.0)]
    scale.unscale(gradients, 1)
    assert [each.tolist() for each in gradients] == [[2.0, 0.0], 0.5]
    for wrong in ("inf", "nan"):
        with pytest.raises(GradientOverflowError, match=r"update 7 overflows .* scale of 4(\n|$)"):
            scale.unscale([torch.tensor([0.0, float(wrong)])], 7)


def test_the_scale_falls_at_once_and_rises_after_many_updates():
    scale = LossScale.for_dtype(torch.float16)
    scale.halve()
    for _ in range(GROWTH_UPDATES - 1):
        scale.count()
    assert (scale.value, scale.num_good) == (FIRST_SCALE / 2, GROWTH_UPDATES - 1)
    assert LossScale.for_dtype(torch.float16).restored(scale.as_extra()) == scale
    scale.count()
    assert (scale.value, scale.num_good, scale.num_overflows) == (FIRST_SCALE, 0, 1)


def test_nothing_is_scaled_or_kept_in_other_precisions():
    scale = LossScale.for_dtype(torch.bfloat16)
    gradient = torch.tensor(float("inf"))
    scale.unscale([gradient], 1)
    scale.count()
    assert (scale, scale.as_extra()) == (LossScale(), {})


@pytest.fixture(autouse=True)
def one_layer(monkeypatch):
    """A convolution in float16 takes the CPU a second."""
    use_linear_layers(monkeypatch)


def train(folder, world_size, overflows=lambda state: False):
    """Train in float16 on ranks, the last of which overflows where it is told to."""
    ranks, jobs, states = states_on_ranks(world_size, 4, *FLOAT16)
    last = states[-1]

    def forward(model, images, *arguments):
        loss, logits = summed_loss(model, images, *arguments)
        if overflows(last):
            loss.register_hook(lambda gradient: gradient * float("inf"))
        return loss, logits

    last.forward = forward
    folder.mkdir()

    def part(rank):
        directory = RunDirectory(folder, rank)
        return train_job(jobs[rank], states[rank], directory, on_event=lambda event: None)

    return ranks.run(part), states


@pytest.mark.parametrize("world_size", [1, 3])
def test_the_update_is_made_again_with_half_the_scale(tmp_path, world_size):
    def overflows(state):
        return state.num_updates == 2 and state.loss_scale.value > FIRST_SCALE / 4

    finished, states = train(tmp_path / "run", world_size, overflows)
    _, others = train(tmp_path / "whole", world_size)
    for rank, (end, state, other) in enumerate(zip(finished, states, others, strict=True)):
        assert (end.num_updates, end.consumed_samples, end.num_overflows) == (4, 384, 2)
        events = read_events(RunDirectory(tmp_path / "run", rank).events)
        halved = [each for each in events if isinstance(each, LossScaleHalved)]
        assert halved == [LossScaleHalved(2, FIRST_SCALE / 2), LossScaleHalved(2, FIRST_SCALE / 4)]
        for ours, theirs in zip(state.model.parameters(), other.model.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("world_size", [1, 3])
def test_a_gradient_that_overflows_unscaled_ends_the_run(tmp_path, world_size):
    ended, states = train(tmp_path / "run", world_size, lambda state: state.num_updates == 1)
    assert all(isinstance(each, GradientOverflowError | EndedElsewhereError) for each in ended)
    assert isinstance(ended[0], DivergedRunError)
    assert "update 2 overflows float16, at a loss scale of 1" in ended[0].message
    assert [state.num_updates for state in states] == [1] * world_size
    left = read_events(RunDirectory(tmp_path / "run").events)[-1]
    assert left == RunLeft(1, "diverged", str(ended[0]))

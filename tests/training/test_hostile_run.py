"""A run whose newest checkpoint is odd: resuming ends in a sentence, and changes no file."""

import shutil

import pytest
import torch

from bsgrow.errors import InputError
from bsgrow.recipe import load_recipe
from bsgrow.training import RunDirectory, carry_out
from tests.training.checkpoint.checkpoint_files import read_state, write_state

SHORT = ["schedule.epochs=0.2", "schedule.curve.milestones=[0.1]", "run.device=cpu"]
OPTIMIZERS = {"sgd": [], "adam": ["optimizer.name=adam", "optimizer.momentum=0"]}


def run(out, optimizer, *, resume):
    recipe = load_recipe("digits", [*SHORT, *OPTIMIZERS[optimizer]])
    directory = RunDirectory(out)
    return carry_out(
        recipe, directory, resume=resume, on_event=lambda _: None, should_stop=lambda: False
    )


@pytest.fixture(scope="module", params=OPTIMIZERS)
def ended(request, tmp_path_factory):
    """A run that is to be resumed from the checkpoint after its last update."""
    out = tmp_path_factory.mktemp(request.param) / "run"
    run(out, request.param, resume=False)
    (out / "summary.json").unlink()
    return out, request.param


def one_element(state):
    for remembered in state["optimizer"]["state"].values():
        for key in remembered:
            remembered[key] = torch.zeros(1)


def far(state):
    state["position"]["update_index"] = 2**62


def large_identity(state):
    state["identity"]["seed"] = torch.zeros(3)


def one_more(state):
    state["model"]["more"] = torch.zeros(3)


@pytest.mark.parametrize("change", [one_element, far, large_identity, one_more])
def test_it_ends_in_a_sentence(ended, tmp_path, change):
    source, optimizer = ended
    shutil.copytree(source, out := tmp_path / "run")
    path = max((out / "checkpoints").glob("*.pt"))
    state = read_state(path)
    change(state)
    write_state(path, state)
    before = {each: each.read_bytes() for each in out.rglob("*") if each.is_file()}
    with pytest.raises(InputError) as caught:
        run(out, optimizer, resume=True)
    assert caught.value.exit_code == 2
    assert caught.value.message.startswith(f"{path} ")
    assert caught.value.hint
    assert {each: each.read_bytes() for each in out.rglob("*") if each.is_file()} == before


def test_it_goes_on_from_what_was_written(ended, tmp_path):
    source, optimizer = ended
    shutil.copytree(source, out := tmp_path / "run")
    path = max((out / "checkpoints").glob("*.pt"))
    write_state(path, read_state(path))
    assert run(out, optimizer, resume=True).num_updates == int(path.stem.partition("-")[2])

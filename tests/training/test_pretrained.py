"""``model.weights``: files of weights that a run begins with, and those that are none."""

import logging
import pickle
import shutil
import struct

import pytest
import torch
from safetensors.torch import save_file

from bsgrow.errors import InputError
from bsgrow.models import build_model
from bsgrow.recipe import ModelConfig, changed_keys, load_recipe, recipe_fingerprint, resolve
from bsgrow.training import RunDirectory, carry_out
from bsgrow.training.pretrained import begin_with
from tests.trained.runs import FORMAT_1, MICRO

NET = {"width": 2, "hidden": 4}
SETTINGS = (*MICRO, "model={name='convnet',width=2,hidden=4}")


def net(num_classes=10, seed=0):
    torch.manual_seed(seed)
    return build_model("convnet", NET, in_channels=1, num_classes=num_classes, ghost_batch_size=16)


def begun(path, **changed):
    model = net(seed=7)
    begin_with(model, ModelConfig(name="convnet", weights=str(path), **changed), 10, says=True)
    return model


@pytest.mark.parametrize("kind", ["safetensors", "torch", "legacy", "model", "state_dict"])
def test_weights_are_those_of_the_file(tmp_path, kind):
    weights, path = net().state_dict(), tmp_path / f"a.{kind}"
    if kind == "safetensors":
        save_file({name: each.contiguous() for name, each in weights.items()}, path)
    else:
        held = {kind: weights, "epoch": 3} if kind in ("model", "state_dict") else weights
        torch.save(held, path, _use_new_zipfile_serialization=kind != "legacy")
    for name, tensor in begun(path).state_dict().items():
        assert torch.equal(tensor, weights[name])


def test_a_checkpoint_of_a_run_is_such_a_file():
    path = FORMAT_1 / "checkpoints/update-000000479.pt"
    with pytest.raises(InputError, match=r"hidden\.weight \[10, .*in place of \[4, ") as caught:
        begun(path)
    assert "missing" not in caught.value.message


class Evil:
    def __reduce__(self):
        return (open, ("executed", "w"))


def a_header(length, text):
    return struct.pack("<Q", length) + text


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"no weights at all", "holds no weights: "),
        (pickle.dumps({"a": 1}), "holds no weights: "),
        (pickle.dumps(Evil()), "holds no weights: "),
        (a_header(5, b"{}"), "its safetensors header is damaged"),
        (a_header(2**60, b"{}"), "its safetensors header is damaged"),
        (a_header(2, b"{}"), "holds no weights: it has no tensor"),
        (b"PK\x03\x04 half an archive", "holds no weights: "),
    ],
)
def test_a_file_without_weights_is_refused_and_nothing_in_it_run(
    tmp_path, monkeypatch, content, problem
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.pt"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        begun(path)
    assert caught.value.message.startswith(f"model.weights = '{path}': ")
    assert problem in caught.value.message
    assert "weights_only=False" not in caught.value.message
    assert caught.value.hint
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("held", [[torch.ones(2)], {"a": 3}, {}, {1: torch.ones(1)}, torch.ones(3)])
def test_what_torch_saved_and_is_no_state_dict_is_refused(tmp_path, held):
    torch.save(held, tmp_path / "a.pt")
    with pytest.raises(InputError, match="holds no weights"):
        begun(tmp_path / "a.pt")


def test_a_folder_and_a_file_that_is_not_there_are_told(tmp_path):
    with pytest.raises(InputError, match="is a folder") as caught:
        begun(FORMAT_1)
    assert "update-000000479.pt" in caught.value.hint
    with pytest.raises(InputError, match="cannot be read: No such file"):
        begun(tmp_path / "none.pt")


def test_another_file_than_the_recipe_says_is_refused(tmp_path):
    torch.save(net().state_dict(), tmp_path / "a.pt")
    with pytest.raises(InputError, match="is another file than the recipe was made with"):
        begun(tmp_path / "a.pt", weights_digest="sha256:0")


def carried_out(folder, recipe, *, resume=False):
    return carry_out(
        *(recipe, RunDirectory(folder)),
        resume=resume,
        on_event=lambda event: None,
        should_stop=lambda: False,
    )


def test_a_run_begins_with_them_goes_on_without_and_not_with_others(tmp_path, caplog):
    weights, run = tmp_path / "a.pt", tmp_path / "run"
    torch.save(net(num_classes=3).state_dict(), weights)
    recipe = load_recipe("digits", [*SETTINGS, f"model.weights={weights}"])
    with caplog.at_level(logging.WARNING):
        carried_out(run, recipe)
    assert "classifier: the file has it for 3 classes; it is made new, for 10" in caplog.text
    weights.unlink()
    (run / "summary.json").unlink()
    kept = load_recipe(str(run / "recipe.toml"))
    assert kept.model.weights_digest.startswith("sha256:")
    assert carried_out(run, kept, resume=True).num_updates > 0
    torch.save(net(num_classes=3, seed=1).state_dict(), weights)
    other = load_recipe(str(run / "recipe.toml"), [f"model.weights={weights}"])
    with pytest.raises(InputError, match=r"model\.weights_digest"):
        carried_out(run, other, resume=True)


def test_the_identity_is_the_content_and_not_the_path(tmp_path):
    recipe = resolve(load_recipe("digits"), 1)
    torch.save(net().state_dict(), tmp_path / "a.pt")
    shutil.copy(tmp_path / "a.pt", tmp_path / "b.pt")
    a, b = (
        resolve(load_recipe("digits", [f"model.weights={tmp_path / name}"]), 1)
        for name in ("a.pt", "b.pt")
    )
    assert recipe_fingerprint(a) == recipe_fingerprint(b) != recipe_fingerprint(recipe)
    assert {*changed_keys(recipe, a)} == {"model.weights_digest"}

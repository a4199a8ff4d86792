"""Models as files: what others read of them, and that they compute the same."""

import json

import numpy as np
import pytest
import torch

import bsgrow
from bsgrow.errors import BsgrowError, InputError
from bsgrow.trained import exporting
from bsgrow.trained.exporting import export
from bsgrow.trained.opened import open_run
from bsgrow.trained.samples import test_inputs as inputs_of
from tests.trained.runs import FORMAT_1


@pytest.fixture(scope="module")
def run():
    return open_run(FORMAT_1)


@pytest.mark.parametrize("target", ["safetensors", "torch"])
def test_weights_by_name_are_read_back_to_the_bit(run, tmp_path, target):
    path = export(run, target, tmp_path / f"model{exporting.SUFFIXES[target]}").path
    read = bsgrow.load_model(path)
    assert not read.training
    for name, value in run.model.state_dict().items():
        assert torch.equal(read.state_dict()[name], value)


def test_safetensors_has_the_names_and_what_is_needed_to_use_them(run, tmp_path):
    from safetensors import safe_open

    path = export(run, "safetensors", tmp_path / "model.safetensors").path
    with safe_open(path, "pt") as file:
        assert {*file.keys()} == {*run.model.state_dict()}
        told = {key: json.loads(value) for key, value in file.metadata().items() if key != "format"}
    beside = json.loads((tmp_path / "model.safetensors.json").read_text())
    assert told.pop("description") == beside
    assert beside["class_names"] == [*"0123456789"]
    assert (beside["mean"], beside["std"], beside["image_size"]) == ([0.30526], [0.37616], 8)
    assert beside["num_updates"] == 120


def test_torchs_file_is_a_plain_state_dict(run, tmp_path):
    path = export(run, "torch", tmp_path / "model.pth").path
    assert torch.load(path, weights_only=True).keys() == run.model.state_dict().keys()


@pytest.mark.parametrize("samples", [1, 3])
def test_onnxruntime_computes_the_same_for_any_number_of_samples(onnx, run, samples):
    import onnxruntime

    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    inputs = inputs_of(run, samples)
    (logits,) = session.run(None, {"inputs": inputs.numpy()})
    own = run.model(inputs).detach().numpy()
    np.testing.assert_allclose(logits, own, rtol=0, atol=1e-4 * abs(own).max())
    told = session.get_modelmeta().custom_metadata_map
    assert json.loads(told["class_names"]) == [*"0123456789"]


@pytest.fixture(scope="module")
def onnx(run, tmp_path_factory):
    exported = export(run, "onnx", tmp_path_factory.mktemp("onnx") / "model.onnx")
    assert exported.difference <= 1e-4 * exported.largest
    return exported.path


def test_pt2_is_compared_and_takes_any_number_of_samples(run, tmp_path):
    exported = export(run, "pt2", tmp_path / "model.pt2")
    assert exported.difference <= 1e-5
    program = torch.export.load(exported.path).module()
    assert program(torch.zeros(5, 1, 8, 8)).shape == (5, 10)


def test_what_computes_something_else_is_not_written(run, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "pt2_bytes", lambda *args: b"")
    monkeypatch.setattr(exporting, "pt2_function", lambda content: lambda x: run.model(x) + 0.1)
    with pytest.raises(BsgrowError, match=r"logits are up to 0\.1 off"):
        export(run, "pt2", tmp_path / "model.pt2")
    assert [*tmp_path.iterdir()] == []


def test_a_model_that_cannot_be_traced_is_an_error_that_says_so(run, tmp_path, monkeypatch):
    def fail(*args):
        raise RuntimeError("data-dependent\nmore")

    monkeypatch.setattr(exporting, "pt2_bytes", fail)
    with pytest.raises(BsgrowError, match="torch cannot export convnet: data-dependent") as caught:
        export(run, "pt2", tmp_path / "model.pt2")
    assert "--to safetensors" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("m.safetensors", b"x" * 100, "is no model of bsgrow"),
        ("m.pth", b"x", "m.pth.json is not beside it"),
        ("m.bin", b"x", "neither a checkpoint"),
    ],
)
def test_other_files_are_refused(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said):
        bsgrow.load_model(tmp_path / name)


def test_a_damaged_file_of_torch_is_refused(run, tmp_path):
    path = export(run, "torch", tmp_path / "model.pth").path
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match="is no model of bsgrow"):
        bsgrow.load_model(path)


@pytest.mark.parametrize("name", ["model.pt", "model.weights", "model"])
def test_an_ending_of_its_own_or_of_nobodys_is_taken(run, tmp_path, name):
    assert export(run, "torch", tmp_path / name).path.exists()


def test_a_folder_that_is_not_there_is_refused(run, tmp_path):
    with pytest.raises(InputError, match="there is no folder"):
        export(run, "torch", tmp_path / "no" / "model.pth")

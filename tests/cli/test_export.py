"""`bsgrow export`: what it prints and writes, and what it refuses."""

import pytest

import bsgrow as library
from tests.trained.runs import FORMAT_1


def test_it_writes_the_model_and_says_which(bsgrow, tmp_path):
    done = bsgrow("export", FORMAT_1, "--to", "safetensors", "--out", "model.safetensors")
    assert done.code == 0
    assert done.row("model") == "convnet, 10 classes"
    assert done.row("checkpoint") == "after 120 updates, test accuracy 66.11%"
    assert done.row("file") == "model.safetensors"
    assert not library.load_model(tmp_path / "model.safetensors").training


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere",), "nowhere holds no run: recipe.toml is not there"),
        ((FORMAT_1, "--checkpoint", "7"), "has no checkpoint after 7 updates"),
        ((FORMAT_1, "--checkpoint", "x"), "checkpoint x: is none of best, last and a number"),
        ((FORMAT_1, "--out", "no/model.pth"), "--out no/model.pth: there is no folder no"),
        ((FORMAT_1, "--out", "model.ONNX"), "--out model.ONNX: .ONNX is the ending of onnx, and"),
    ],
)
def test_what_it_refuses(bsgrow, words, said):
    done = bsgrow("export", *words, "--to", "torch")
    assert done.code == 2
    assert said in done.error
    assert done.hint


def test_the_same_model_gives_the_same_bytes(bsgrow, tmp_path):
    for name in ("a", "b"):
        bsgrow("export", FORMAT_1, "--to", "safetensors", "--out", f"{name}.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()

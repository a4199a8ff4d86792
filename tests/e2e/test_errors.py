"""What a user can get wrong: one clear message, an exit code, no traceback."""

import pytest

from tests.e2e.conftest import TINY

WRONG = [
    (["plan", "cifar10-gro"], "no recipe is called 'cifar10-gro'", 'did you mean "cifar10-grow"?'),
    (["plan", "missing.toml"], "cannot read the recipe missing.toml", "bsgrow recipes"),
    (["plan", "--set", "growth.max_batchsize=1"], "there is no such key", "max_batch_size"),
    (["plan", "--set", "growth.max_batch_size=8"], "below the first batch, 16", "first batch is"),
    (["plan", "--set", "schedule.curve.milestones=[16,99]"], "the milestone 99", "epochs"),
    (["plan", "digits", "--format=json", "--lr=1e307"], "schedule.lr = 1e+307", "lr_scale"),
    (["plan", "--format", "megatron", "--sketch"], "--sketch: is for", "leave --sketch out"),
    (["plan", "--every", "update"], "--every update: is for --format csv", "add --format csv"),
    (["compare", "--seeds", "-1"], "run.seed = -1: must be", "Seed of the initial weights"),
    (["train", "--set", "data.name=imagenet"], "imagenet", "hint:"),
    (["train", "--set", "model.name=resnet"], "model.name = 'resnet'", 'did you mean "resnet50"?'),
    (["train", "--set", "model.dept=16"], "model.dept = 16", 'did you mean "depth"?'),
    (["train", "--set", "model.depth=11"], "model.depth = 11", "depth = 10"),
    (["train", "--set", "augment.pad=8"], "pad", ""),
    (["train", "--set", "augment.cutout=9"], "augment.cutout = 9: the images", "at most 8 pixels"),
    (["train", "--set", "run.world_size=8"], "run.world_size = 8", "leave run.world_size out"),
    (["train", "--set", "run.device=cuda:9"], "device = 'cuda:9'", "hint:"),
    (["train", "--set", "data.name=cifar10", "--set", "data.path=none"], "none", "hint:"),
    (["train", "--resume"], "no run is below runs/", "--out"),
    (["train", "--resume", "--out", "none"], "holds no run to resume", "--out"),
    (["compare", "--arms", "decay,grwo"], "--arms grwo: no such arm", "grow"),
    (["compare", "--seeds", "a,b"], "--seeds a,b", "--seeds 0,1,2"),
    (["data", "fetch", "cifar"], "data.name = 'cifar'", "cifar10"),
]


@pytest.mark.parametrize(("words", "message", "hint"), WRONG, ids=lambda value: str(value)[:60])
def test_wrong_input(bsgrow, words, message, hint, tmp_path):
    result = bsgrow(*words)
    assert result.code in (1, 2), result.err
    assert message in result.err
    assert hint in result.err
    assert "Traceback" not in result.err
    assert result.out == ""
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_an_output_directory_that_holds_another_run(bsgrow):
    bsgrow("train", "--out", "run", settings=TINY)
    result = bsgrow("train", "--out", "run", settings=TINY)
    assert result.code == 2
    assert "run holds another run" in result.err
    assert "hint: go on with it: bsgrow train --resume --out run" in result.err


def test_a_place_that_cannot_be_written(bsgrow):
    result = bsgrow("train", "--out", "/dev/null/run", settings=TINY)
    assert result.code == 1
    assert "cannot make /dev/null/run" in result.err
    assert "Traceback" not in result.err


def test_an_unknown_option(bsgrow):
    result = bsgrow("train", "--fast")
    assert result.code == 2
    assert "--fast" in result.err

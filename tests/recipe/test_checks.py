"""What a recipe alone can say is checked when it is read, in the words that training would use."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bsgrow.errors import InputError
from bsgrow.models import MODELS
from bsgrow.recipe import load_recipe
from bsgrow.validation.arguments import keyword_names

INCEPTION = "model={name='inception_resnet_v2'}"
FOLDER = ["data={name='folder', path='somewhere'}", "augment={}"]


@pytest.mark.parametrize(
    ("overrides", "message", "hint"),
    [
        (["model.name=widd_resnet"], "model.name = 'widd_resnet': no such model",
         'did you mean "wide_resnet"?'),
        (["model={name=3}"], "model.name = 3: must be a valid string", "An architecture"),
        (["model={depth=10}"], "model.name: is missing", "An architecture"),
        (["model.depth=11"], "model.depth = 11 is not a depth", "the nearest is depth = 10"),
        (["model.depth=-2"], "model.depth = -2 is not a depth", "the nearest is depth = 10"),
        (["model.depth=100000006"], "model.depth = 100000006: must be less than or", "layers"),
        (["model.depth=ten"], "model.depth = 'ten': must be a valid integer", "6n + 4"),
        (["model.depth=10.0"], "model.depth = 10.0: must be a valid integer", "6n + 4"),
        (["model.depth=true"], "model.depth = True: must be a valid integer", "6n + 4"),
        (["model={name='wide_resnet', width=1}"], "model.depth: is missing", "6n + 4"),
        (["model.width=0"], "model.width = 0 is not a widening factor", "width = 1 is the plain"),
        (["model.width=1000000"], "model.width = 1000000: must be less than or", "widening"),
        (["model.widht=2"], "model.widht = 2: wide_resnet has no such argument",
         'did you mean "width"?'),
        (["model.in_channels=3"], "model.in_channels = 3: wide_resnet has no such",
         "one of depth, freeze, gradient_checkpointing, name, weights"),
        (["model={name='resnet50', zero_init_residual=1}"],
         "model.zero_init_residual = 1: must be a valid boolean", "starts with a weight of 0"),
        (["model={name='inception_resnet_v2', depth=3}"], "model.depth = 3: inception", "one of"),
        ([INCEPTION], "takes images of 75×75 pixels or more, and these are 8×8", "another model"),
        ([INCEPTION, *FOLDER, "images.size=74"], "these are 74×74", "set images.size = 75"),
        (["augment.pad=8"], "augment.pad = 8: the images of digits are 8×8 pixels", "at most 7"),
        (["augment.cutout=9"], "augment.cutout = 9: the images of digits are 8×8", "at most 8"),
        (["augment.hue=0.1"], "augment.hue = 0.1: the images of digits have 1", "leave both"),
        (["run.device=tpu"], "run.device = 'tpu' is not a device", '"auto" takes the first'),
        (["run.device=cuda:-1"], "run.device = 'cuda:-1' is not a device", '"auto" takes'),
        (["run.device=cuda:" + 5000 * "9"], "run.device = 'cuda:999", '"auto" takes'),
        (["run.device="], "run.device = '' is not a device", '"auto" takes'),
        (["run.num_threads=1025"], "run.num_threads = 1025: must be less than or equal to 1024",
         "CPU threads"),
        (["run.num_threads=0"], "run.num_threads = 0: must be greater than 0", "CPU threads"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_what_needs_neither_device_nor_data_is_refused(overrides, message, hint):
    with pytest.raises(InputError) as caught:
        load_recipe("digits", overrides)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "overrides",
    [
        ["augment.pad=7", "augment.cutout=8"],
        [INCEPTION, *FOLDER, "images.size=75"],
        ["model={name='resnet50'}"],
        ["run.device=cuda:99"],  # whether it is there, only the machine can say
        ["run.num_threads=1024"],
        ["data={name='mine', num_samples=1000}", "augment.pad=100", INCEPTION],  # of unknown size
    ],
    ids=str,
)
def test_what_only_device_or_data_can_contradict_is_read(overrides):
    load_recipe("digits", overrides)


def test_a_recipe_may_ask_for_as_many_threads_as_the_native_modules_start():
    header = (Path(__file__).parents[2] / "csrc/bindings/positions.h").read_text()
    (limit,) = re.findall(r"kMaxThreads = (\d+)", header)
    assert load_recipe("digits", [f"run.num_threads={limit}"]).run.num_threads == int(limit)


@pytest.mark.parametrize("name", MODELS)
def test_each_model_takes_what_is_declared_of_it(name):
    given = {"in_channels", "num_classes", "ghost_batch_size"}
    declared = inspect.signature(MODELS[name].check).parameters
    build = MODELS[name].load()
    assert keyword_names(build) - given == set(declared)
    built = inspect.signature(build).parameters
    assert {key: built[key].default for key in declared} == {
        key: parameter.default for key, parameter in declared.items()
    }


def test_recipes_are_planned_without_torch():
    code = "import sys, bsgrow.cli.plan.command, bsgrow.models; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)

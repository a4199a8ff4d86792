"""Arrays that a function of the user returns, or that a file holds, are trained on alike."""

import sys

import numpy as np
import pytest

from bsgrow import compare
from bsgrow.errors import InputError
from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.training import RunDirectory, carry_out
from bsgrow.training.divergence import DivergedRunError
from bsgrow.user_code.loading import load_function

LOAD = """
import numpy as np
calls = []
def load(num=64, path=None):
    calls.append(path)
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (num + 16, 8, 8), np.uint8), np.arange(num + 16) % 4
    return (images[:num], labels[:num]), (images[num:], labels[num:])
"""
SHORT = [
    "schedule.epochs=1",
    "schedule.curve={name='ConstantLR', factor=1.0}",
    "run.device=cpu",
]
MINE = [*SHORT, "data.name=mine:load"]


def run(folder, overrides, **how):
    recipe = load_recipe("digits", overrides)
    how = {"resume": False, "on_event": lambda event: None, "should_stop": lambda: False} | how
    return carry_out(recipe, RunDirectory(folder), **how)


def test_a_function_and_a_file_of_what_it_returns_give_the_same_weights(user_module, tmp_path):
    user_module(LOAD)
    load = load_function("mine:load", "data.name")
    calls = sys.modules["mine"].calls
    (images, labels), (test_images, test_labels) = load()
    arrays = {"images": images, "labels": labels}
    np.savez(tmp_path / "a.npz", test_images=test_images, test_labels=test_labels, **arrays)
    calls.clear()
    first = run(tmp_path / "one", MINE)
    assert calls == [None], "it is called once"
    second = run(tmp_path / "two", [*SHORT, "data={name='npz', path='a.npz'}"])
    assert first.weights_sha256 == second.weights_sha256
    assert run(tmp_path / "one", MINE, resume=True) == first


def test_arguments_and_a_path_are_given(user_module, tmp_path):
    user_module(LOAD)
    finished = run(tmp_path / "run", [*MINE, "data.num=32", "data.path=some where"])
    assert sys.modules["mine"].calls == ["some where"]
    assert finished.consumed_samples == 32


def test_a_plan_runs_no_code():
    with pytest.raises(InputError, match="how many samples it returns") as caught:
        plan_recipe(load_recipe("digits", ["data.name=nowhere:load"]))
    assert "data.num_samples" in caught.value.hint
    settings = ["data.name=nowhere:load", "data.num_samples=640", "data.more=3"]
    assert plan_recipe(load_recipe("digits", settings)).num_samples == 640


def test_another_number_than_the_recipe_says_is_refused(user_module, tmp_path):
    user_module(LOAD)
    with pytest.raises(InputError, match="there are 64 training images in mine:load"):
        run(tmp_path / "run", [*MINE, "data.num_samples=65"])


def test_crops_that_do_not_fit_the_images(user_module, tmp_path):
    user_module(LOAD)
    with pytest.raises(InputError, match=r"augment\.pad = 8: the images of mine:load are 8×8"):
        run(tmp_path / "run", [*MINE, "augment.pad=8"])


def test_keys_of_encoded_images_have_no_effect():
    with pytest.raises(InputError, match=r"images = .* has no effect with data\.name = 'mine:l"):
        load_recipe("digits", ["data.name=mine:load", "images.size=32"])


def test_other_data_takes_no_arguments():
    with pytest.raises(InputError, match=r"data\.pth = 'x': there is no such key") as caught:
        load_recipe("digits", ["data.pth=x"])
    assert caught.value.hint == 'did you mean "path"?'


def test_comparing_from_python_calls_it_once(user_module, tmp_path):
    user_module(LOAD)
    recipe = load_recipe("digits", [*MINE, "growth.max_batch_size=16"])
    arms = compare(recipe, arms=("decay",), seeds=(0, 1), out=tmp_path / "out")
    assert [arm.name for arm in arms] == ["decay"]
    assert sys.modules["mine"].calls == [None]


TEXT = """
import numpy as np
from torch import nn

class Text:
    num_classes = 7
    def __init__(self, num, bad=None):
        self.num, self.bad = num, bad
    def __len__(self):
        return self.num
    def __getitem__(self, index):
        tokens = (np.arange(5) + index) % 7
        if self.bad is None:
            return tokens[:-1], tokens[1:]
        return np.full(4, np.nan if index == self.bad else 0.5), tokens[1:]

def text(bad=None): return Text(64, bad), Text(16, bad)
class Model(nn.Module):
    def __init__(self, num_classes, of_floats=False):
        super().__init__()
        self.logits = nn.Linear(1, num_classes) if of_floats else nn.Embedding(7, num_classes)
    def forward(self, inputs):
        if inputs.is_floating_point(): inputs = inputs.unsqueeze(-1)
        return self.logits(inputs).movedim(-1, 1)
"""
READ = [
    *(*SHORT, "data={name='mine:text'}", "model={name='mine:Model'}", "augment={}"),
    *("optimizer={name='adamw', momentum=0.0}", "schedule.tokens_per_sample=4", "schedule.lr=0.1"),
]


def test_a_model_of_sequences_learns_and_its_tokens_are_counted(user_module, tmp_path):
    user_module(TEXT)
    events = []
    finished = run(tmp_path / "run", [*READ, "schedule.epochs=8"], on_event=events.append)
    assert finished.test_loss < 1.0  # log 7 = 1.9 knows nothing
    assert finished.test_accuracy > 0.9
    counted = [each for each in events if hasattr(each, "consumed_tokens")]
    assert [each.consumed_tokens for each in counted] == [4 * e.consumed_samples for e in counted]
    assert finished.consumed_tokens == 8 * 64 * 4
    assert run(tmp_path / "run", [*READ, "schedule.epochs=8"], resume=True) == finished


def test_a_sequence_that_is_no_number_is_named(user_module, tmp_path):
    user_module(TEXT)
    with pytest.raises(DivergedRunError, match=": that of sample 5 at position"):
        run(tmp_path / "run", [*READ, "data.bad=5", "model.of_floats=true"])

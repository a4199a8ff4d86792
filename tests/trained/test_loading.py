"""The model of a run: from which checkpoint, and what is said where there is none."""

import json
import shutil

import pytest
import torch

import bsgrow
from bsgrow.errors import InputError
from bsgrow.recipe import load_recipe, make_planned
from bsgrow.trained.description import describe
from bsgrow.trained.evaluating import evaluate_run
from bsgrow.trained.opened import open_run
from bsgrow.training import RunDirectory, carry_out
from bsgrow.training.evaluate import evaluate
from bsgrow.training.job import prepare
from bsgrow.training.state import State
from tests.trained.runs import FORMAT_1, copy_of_format_1, trained

BEST, LAST = 120, 479  # of the run of format 1, at whose end the learning rate is too high


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("micro") / "run")


def accuracy(model):
    """On the test split of digits, as the run itself evaluates."""
    recipe = load_recipe(str(FORMAT_1 / "recipe.toml"))
    job = prepare(recipe, make_planned(recipe).plan)
    return evaluate(model, job.loader.evaluation()).mean()


@pytest.mark.parametrize(
    ("which", "updates"), [("best", BEST), ("last", LAST), (BEST, BEST), (str(LAST), LAST)]
)
def test_a_run_of_the_version_before_gives_its_models_with_the_accuracy_that_they_had(
    which, updates
):
    model = bsgrow.load_model(FORMAT_1, which)
    manifest = json.loads((FORMAT_1 / f"checkpoints/update-{updates:09d}.json").read_text())
    tested = accuracy(model)
    assert (tested.loss, tested.accuracy) == pytest.approx(
        (manifest["test_loss"], manifest["test_accuracy"]), rel=1e-6
    )


def test_a_run_of_the_version_before_is_finished_and_goes_on(tmp_path):
    old = copy_of_format_1(tmp_path)
    summary = json.loads((old / "summary.json").read_text())
    (old / "summary.json").unlink()
    recipe = load_recipe(str(old / "recipe.toml"))
    again = carry_out(
        *(recipe, RunDirectory(old)),
        resume=True,
        on_event=lambda event: None,
        should_stop=lambda: False,
    )
    assert again.weights_sha256 == summary["weights_sha256"]


def test_its_batch_norms_are_torchs_and_it_is_in_evaluation_mode(run):
    model = bsgrow.load_model(run)
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert {type(norm) for norm in norms} == {torch.nn.BatchNorm2d}
    assert not any(module.training for module in model.modules())
    images = torch.zeros(3, 1, 8, 8)
    assert torch.equal(model(images[:1])[0], model(images)[2])


def test_a_checkpoint_names_its_run(run):
    (path,) = (run / "checkpoints").glob("*.pt")
    one, other = bsgrow.load_model(path), bsgrow.load_model(run, "last")
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])


@pytest.fixture(scope="module")
def averaging(tmp_path_factory):
    settings = ("optimizer.ema_decay=0.7", "run.batch_norm=batch")
    return trained(tmp_path_factory.mktemp("averaging") / "run", *settings)


@pytest.mark.parametrize(
    ("weights", "key"), [(None, "averaged"), ("averaged", "averaged"), ("trained", "model")]
)
def test_a_run_that_averages_gives_these_weights_or_the_trained_ones(averaging, weights, key):
    model = bsgrow.load_model(averaging, "last", weights)
    (path,) = (averaging / "checkpoints").glob("*.pt")
    saved = torch.load(path, weights_only=True)
    assert not torch.equal(saved["averaged"]["classifier.bias"], saved["model"]["classifier.bias"])
    for name, value in model.state_dict().items():
        assert torch.equal(value, saved[key][name])


def test_averaged_weights_give_what_the_run_was_judged_by(averaging):
    summary = json.loads((averaging / "summary.json").read_text())
    opened = open_run(averaging)
    found = evaluate_run(opened, opened.recipe)
    assert (found.loss, found.accuracy) == pytest.approx(
        (summary["test_loss"], summary["test_accuracy"])
    )
    assert (opened.tested.loss, opened.weights) == (summary["test_loss"], "averaged")


def test_an_export_says_which_weights_it_has(averaging, run):
    said = [open_run(averaging), open_run(averaging, weights="trained"), open_run(run)]
    told = [{k: describe(each)[k] for k in ("weights", "test_accuracy")} for each in said]
    assert [each["weights"] for each in told] == ["averaged", "trained", "trained"]
    assert [each["test_accuracy"] is None for each in told] == [False, True, False]


def test_a_run_begins_with_the_averaged_weights_of_another(averaging):
    (path,) = (averaging / "checkpoints").glob("*.pt")
    recipe = load_recipe(str(averaging / "recipe.toml"), [f"model.weights={path}"])
    state = State.initial(prepare(recipe, make_planned(recipe).plan))
    for model in (state.model, state.averaged_model):
        for name, value in bsgrow.load_model(path).state_dict().items():
            assert torch.equal(value, model.state_dict()[name])


def test_a_run_without_averaged_weights_says_so(run):
    with pytest.raises(InputError, match="has no averaged weights") as caught:
        bsgrow.load_model(run, weights="averaged")
    assert "optimizer.ema_decay" in caught.value.hint


def test_a_run_says_its_format_and_what_its_model_is_given(run):
    record = json.loads((run / "run.json").read_text())
    assert record["format_version"] == 2
    assert (record["shape"], record["num_classes"]) == ([1, 8, 8], 10)
    assert record["class_names"] == [*"0123456789"]


def _damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _replace_record(**values):
    def change(run):
        record = json.loads((run / "run.json").read_text()) | values
        (run / "run.json").write_text(json.dumps(record))

    return change


@pytest.mark.parametrize(
    ("change", "which", "said"),
    [
        (lambda run: (run / "recipe.toml").unlink(), "best", r"holds no run: recipe\.toml"),
        (lambda run: shutil.rmtree(run), "best", r"holds no run"),
        (lambda run: shutil.rmtree(run / "checkpoints"), "last", r"has no checkpoint"),
        (lambda run: None, 7, r"has no checkpoint after 7 updates"),
        (lambda run: None, "newest", r"checkpoint newest: is none of best, last and a number"),
        (
            lambda run: [_damage(p) for p in (run / "checkpoints").glob("*.pt")],
            "last",
            r"is not a whole checkpoint",
        ),
        (_replace_record(format_version=3), "best", r"of format 3, this bsgrow reads up to 2"),
        (_replace_record(shape=[]), "best", r"run\.json is damaged"),
        (_replace_record(num_classes=7, class_names=None), "best", r"does not fit the model"),
    ],
)
def test_what_is_wrong_is_said(run, tmp_path, change, which, said):
    copy = shutil.copytree(run, tmp_path / "copy")
    change(copy)
    with pytest.raises(InputError, match=said) as caught:
        bsgrow.load_model(copy, which)
    assert caught.value.hint


def test_weights_that_are_not_finite_are_refused(run, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "bsgrow.trained.opened.read_weights",
        lambda path, model, which, hint: {
            name: torch.full_like(value, torch.nan) if value.is_floating_point() else value
            for name, value in model.state_dict().items()
        },
    )
    with pytest.raises(InputError, match="training diverged") as caught:
        bsgrow.load_model(run)
    assert "train anew" in caught.value.hint


def test_without_an_evaluation_there_is_no_best(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "copy")
    for path in (copy / "checkpoints").glob("*.json"):
        known = json.loads(path.read_text())
        path.write_text(json.dumps({"size": known["size"], "sha256": known["sha256"]}))
    with pytest.raises(InputError, match="no best checkpoint") as caught:
        bsgrow.load_model(copy)
    assert "--checkpoint last" in caught.value.hint


def test_a_model_of_ones_own(user_module, tmp_path):
    user_module(
        """
        from torch import nn

        def net(num_classes):
            return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(),
                                 nn.Linear(72, num_classes))
        """
    )
    own = trained(tmp_path / "own", model="model={name='mine:net'}")
    model = bsgrow.load_model(own)
    assert type(model[1]) is torch.nn.BatchNorm2d
    assert model(torch.zeros(1, 1, 8, 8)).shape == (1, 10)

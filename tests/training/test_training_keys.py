"""What a key changes of training is exact under accumulation and resume, whichever it is."""

import pytest
import torch

from bsgrow.errors import InputError
from bsgrow.recipe import load_recipe
from bsgrow.training import InterruptedRunError, RunDirectory, carry_out
from bsgrow.training.events.parameters import ParametersGrouped

TINY = [
    'model={name="convnet",width=2,hidden=8}',
    "schedule.epochs=0.5",
    "schedule.global_batch_size=48",
    "schedule.curve.milestones=[0.2, 0.3]",
    "growth.max_batch_size=140",
    "run.ghost_batch_size=16",
    "run.device=cpu",
    "run.checkpoint_every_seconds=0",
]
GROUPS = ['model.freeze=["features.0","features.1"]', "optimizer.head_lr_scale=4"]
GROUPS += ['optimizer.decay_exempt=["bias","norm"]']
OF_ADAM = ["optimizer.momentum=0.0", "schedule.lr=0.01"]
SQRT = ["growth.rule=sqrt", "optimizer.weight_decay=0.1"]  # constants move
KEYS = {
    "groups": GROUPS,
    "averaged": ["optimizer.ema_decay=0.7", 'model.freeze=["features.0"]'],
    "nadam": ["optimizer.name=nadam", *OF_ADAM, *GROUPS, *SQRT],
    "adamw": ["optimizer.name=adamw", *OF_ADAM, *GROUPS, *SQRT],
    "lars": ["optimizer.name=lars", "schedule.lr=5.0"],
    "lamb": ["optimizer.name=lamb", *OF_ADAM, *GROUPS, *SQRT],
    "muon": ["optimizer.name=muon", "schedule.lr=0.01", *GROUPS, *SQRT],
}


def run(folder, settings, *, size=64, resume=False, stop=lambda: False, on_event=lambda event: 0):
    recipe = load_recipe("digits", [*TINY, *settings, f"run.micro_batch_size={size}"])
    return carry_out(
        recipe, RunDirectory(folder), resume=resume, on_event=on_event, should_stop=stop
    )


def saved(folder):
    """The newest checkpoint: all tensors by their place, and the groups."""
    path = max(folder.glob("checkpoints/*.pt"))
    content = torch.load(path, weights_only=True)
    del content["position"]["elapsed_seconds"]
    return content


def require_same(one, two, **tolerance):
    assert type(one) is type(two)
    if isinstance(one, dict):
        assert one.keys() == two.keys()
        for key in one:
            require_same(one[key], two[key], **tolerance)
    elif isinstance(one, list | tuple):
        assert len(one) == len(two)
        for each in zip(one, two, strict=True):
            require_same(*each, **tolerance)
    elif isinstance(one, torch.Tensor):
        torch.testing.assert_close(one, two, **tolerance)
    elif not tolerance.get("rtol"):
        assert one == two


@pytest.fixture(scope="module", params=KEYS)
def never_stopped(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("never") / "run"
    settings = KEYS[request.param]
    return settings, run(folder, settings), saved(folder)


def test_a_run_that_is_stopped_and_resumed_is_the_same_to_the_bit(never_stopped, tmp_path):
    settings, finished, expected = never_stopped
    calls = iter([False, False, True])
    with pytest.raises(InterruptedRunError):
        run(tmp_path / "run", settings, stop=lambda: next(calls))
    resumed = run(tmp_path / "run", settings, resume=True)
    assert resumed.weights_sha256 == finished.weights_sha256
    assert (resumed.test_accuracy, resumed.test_loss) == (
        finished.test_accuracy,
        finished.test_loss,
    )
    require_same(saved(tmp_path / "run"), expected, rtol=0, atol=0)


def test_a_run_in_smaller_micro_batches_is_the_same_to_rounding(never_stopped, tmp_path):
    settings, finished, expected = never_stopped
    accumulated = run(tmp_path / "run", settings, size=16)
    assert accumulated.test_loss == pytest.approx(finished.test_loss, rel=2e-2)
    for part in expected.keys() - {"format_version", "identity", "position"}:
        require_same(saved(tmp_path / "run")[part], expected[part], rtol=1e-2, atol=1e-3)


def test_what_is_grouped_is_told_and_what_is_frozen_stays(tmp_path):
    events = []
    run(tmp_path / "run", [*GROUPS, "optimizer.weight_decay=0.1"], on_event=events.append)
    (told,) = [event for event in events if isinstance(event, ParametersGrouped)]
    assert (told.head, told.head_lr_scale, told.num_updates) == ("classifier", 4.0, 0)
    assert (told.num_frozen, told.num_frozen_norms) == (2 * 9 + 2 + 2, 1)
    assert told.num_without_decay == 4 + 4 + 8 + 10  # the second norm, two biases
    model = saved(tmp_path / "run")["model"]
    assert model["features.1.weight"].tolist() == [1.0, 1.0]
    assert model["features.1.running_mean"].tolist() == [0.0, 0.0]
    assert model["features.5.running_mean"].any()


def test_by_default_nothing_of_it_is_told(tmp_path):
    events = []
    run(tmp_path / "run", [], on_event=events.append)
    assert not [event for event in events if isinstance(event, ParametersGrouped)]
    (group,) = saved(tmp_path / "run")["optimizer"]["param_groups"]
    assert "lr_scale" not in group


def test_a_pattern_of_nothing_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match=r"model\.freeze = 'feature': matches") as caught:
        run(tmp_path / "run", ['model.freeze=["feature"]'])
    assert "features" in caught.value.hint
    assert not (tmp_path / "run").exists()


RESIDUAL = ['model={name="wide_resnet",depth=10,width=1}', "schedule.epochs=0.1"]
RESIDUAL += ["schedule.curve.milestones=[0.04, 0.07]"]
RECOMPUTES = "model.gradient_checkpointing=true"


def test_a_run_whose_blocks_are_computed_again_is_the_same_to_the_bit(tmp_path):
    for name, added in (("kept", []), ("recomputed", [RECOMPUTES])):
        run(tmp_path / name, [*RESIDUAL, *added], size=16)
    require_same(saved(tmp_path / "recomputed"), saved(tmp_path / "kept"), rtol=0, atol=0)


def test_a_model_without_blocks_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match="gradient_checkpointing = true: convnet has no blocks"):
        run(tmp_path / "run", [RECOMPUTES])
    assert not (tmp_path / "run").exists()

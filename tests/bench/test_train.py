"""Training measured: the real loop, on the data of the recipe or on synthetic pixels."""

import pytest
import torch

from bsgrow.bench import training_runs as runs_module
from bsgrow.bench.measure import Pace
from bsgrow.bench.memory import PeakMemory
from bsgrow.bench.plain import PlainLoop
from bsgrow.bench.train import bench_train
from bsgrow.bench.training_job import describe, is_synthetic, measurable_job, synthetic_dataset
from bsgrow.bench.training_runs import sizes_compiled
from bsgrow.data import DATASETS
from bsgrow.errors import InputError
from bsgrow.recipe import load_recipe
from bsgrow.training import state as state_module
from bsgrow.training.state import State
from bsgrow.training.step import summed_loss

PACE = Pace(num_rounds=2, seconds_per_round=0.0)


def ignore(message):
    pass


def no_peaks(system, recipe, batch_sizes, seconds):
    """In place of a process for each system."""
    return {}


def digits(*settings):
    return measurable_job(
        load_recipe("digits", ["run.device=cpu", "run.micro_batch_size=32", *settings])
    )


def test_three_ways_for_each_batch_size():
    asked = []

    def peaks_of(system, recipe, batch_sizes, seconds):
        asked.append(system)
        return {size: PeakMemory(size, None) for size in batch_sizes}

    rows = bench_train(digits(), (32, 80), Pace(2, 1.0), ignore, peaks_of)
    assert asked == ["limit", "bsgrow", "torch"]
    assert [(row["global_batch_size"], row["system"]) for row in rows] == [
        (size, name) for size in (32, 80) for name in ("limit", "bsgrow", "torch")
    ]
    for row in rows:
        assert row["samples_per_second"] > 0
        assert row["of_limit"] > 0
        assert row["update_seconds"]["n"] >= 1
        assert not row["update_seconds"]["estimated"]
        assert 0 < row["update_seconds"]["median"] <= row["update_seconds"]["max"]
        assert row["peak_host_bytes"] == row["global_batch_size"]
        assert row["peak_device_bytes"] is None
        assert row["compiled"] == (digits().compiles and row["system"] != "torch")
    assert {row["case"] for row in rows} == {describe(digits())}


def test_our_step_is_compiled_before_it_is_measured_and_the_plain_one_is_not(monkeypatch):
    made = []

    def pretend(job, model, sizes):
        made.append((model, set(sizes)))
        return summed_loss

    monkeypatch.setattr(state_module, "compiled_forward", pretend)
    said = []
    job = digits("run.device='cpu'", "run.compile=true")
    rows = bench_train(job, (32, 80), PACE, said.append, no_peaks)
    assert "compiling the step for micro-batches of 16 and 32" in said
    assert [sizes for _, sizes in made] == [{16, 32}], "one model, once"
    assert {row["system"]: row["compiled"] for row in rows} == {
        "limit": True,
        "bsgrow": True,
        "torch": False,
    }


@pytest.mark.parametrize(
    ("batch_sizes", "sizes"),
    [
        ([32], {32}),
        ([80], {32, 16}),
        ([32 * 99 + 1], {32}),
        ([32 * 200 + 31, 40], {32, 8}),
        ([5], {5}),
        ([5, 64], {5, 32}),
    ],
)
def test_what_training_would_not_compile_is_not_compiled(batch_sizes, sizes):
    assert sizes_compiled(batch_sizes, 32) == sizes


def test_an_update_too_long_for_its_round_is_cut_and_its_time_estimated():
    rows = bench_train(digits(), (100_000,), PACE, ignore, no_peaks)
    for row in rows:
        seconds = row["update_seconds"]
        assert seconds["estimated"]
        assert seconds["median"] == pytest.approx(100_000 / row["samples_per_second"])
        assert (seconds["max"], seconds["n"]) == (None, 0)


def test_a_plain_loop_that_cannot_be_made_is_a_row_with_a_reason(monkeypatch):
    def broken(job, size):
        raise AttributeError("no such thing")

    monkeypatch.setattr(runs_module, "PlainLoop", broken)
    rows = bench_train(digits(), (32,), PACE, ignore, no_peaks)
    assert rows[2]["reason"] == "AttributeError: no such thing"
    assert rows[2]["update_seconds"] is None
    assert rows[1]["samples_per_second"] > 0


def test_measuring_changes_no_weight(monkeypatch):
    states = []
    initial = State.initial

    def remember(job):
        states.append(initial(job))
        return states[-1]

    monkeypatch.setattr(State, "initial", remember)
    job = digits("run.device='cpu'")
    bench_train(job, (48,), PACE, ignore, no_peaks)
    before = [dict(initial(job).model.named_parameters())] * len(states)
    assert len(states) == 2, "ours and the plain one"
    for state, parameters in zip(states, before, strict=True):
        for name, parameter in state.model.named_parameters():
            assert torch.equal(parameter, parameters[name]), name
            assert parameter.grad is None


def test_the_plain_loop_accumulates_equal_parts():
    job = digits("run.device='cpu'")
    plain = PlainLoop(job, 80)
    done = plain.run(0.0)
    assert done.num_samples == 26, "80 in 3 parts; the round ends within the update"
    assert PlainLoop(job, 16).run(0.0).num_samples == 16


def test_a_data_set_that_is_not_here_is_replaced_by_pixels_of_its_shape(monkeypatch, tmp_path):
    monkeypatch.setenv("BSGROW_DATA_DIR", str(tmp_path))
    job = measurable_job(load_recipe("cifar10-grow", ["run.device='cpu'"]))
    if not is_synthetic(job):  # a copy lies in one of the usual places
        return
    assert describe(job) == (
        "train cifar10 (synthetic pixels): wide_resnet depth 16 width 4, sgd, float32 on cpu, "
        "micro-batches of 256"
    )
    assert job.dataset.image_shape == (3, 32, 32)


def test_synthetic_pixels_fit_the_memory_of_a_laptop():
    dataset = synthetic_dataset(DATASETS["imagenet"])
    assert dataset.image_shape == DATASETS["imagenet"].usual_shape
    assert dataset.train.images.nbytes <= 2**28
    assert dataset.num_classes == 1000


def test_what_the_plain_loop_has_not_is_not_measured():
    with pytest.raises(InputError, match=r"augment\.mixup and augment\.cutmix: ") as caught:
        measurable_job(load_recipe("digits", ["augment.mixup=0.2", "augment.cutmix=1"]))
    assert "--set augment.mixup=0 --set augment.cutmix=0" in caught.value.hint

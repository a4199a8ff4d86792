"""A run that is stopped anywhere and resumed is the run that was never stopped."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.errors import BsgrowError, InputError
from bsgrow.recipe import changed_keys, load_recipe
from bsgrow.training import InterruptedRunError, RunDirectory, carry_out, read_events
from bsgrow.training.events.events import CheckpointSkipped, Evaluated, Progress, RunFinished
from tests.drawn import num_cases
from tests.peak_memory import IS_KNOWN

ROOT = Path(__file__).parent.parent.parent

SHORT = [
    "schedule.epochs=1",
    "schedule.global_batch_size=48",
    "schedule.curve.milestones=[0.3, 0.6]",
    "growth.max_batch_size=140",
    "run.micro_batch_size=64",
    "run.device=cpu",
    "run.evaluate_every_epochs=0.25",
    "run.checkpoint_every_seconds=0",
]


class StopAfter:
    def __init__(self, num_updates):
        self.left = num_updates

    def __call__(self):
        self.left -= 1
        return self.left == 0


def run(folder, *overrides, resume=False, stop=lambda: False, on_event=lambda event: None):
    recipe = load_recipe("digits", [*SHORT, *overrides])
    return carry_out(
        recipe, RunDirectory(folder), resume=resume, on_event=on_event, should_stop=stop
    )


@pytest.fixture(scope="module")
def never_stopped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("never") / "run"
    return run(folder), read_events(folder / "events.jsonl")


def evaluations(events):
    """What was measured, without the clock."""
    found = [event for event in events if isinstance(event, Evaluated)]
    return [(e.num_updates, e.train_loss, e.test_loss, e.test_accuracy) for e in found]


@settings(max_examples=num_cases(6))
@given(stops=st.lists(st.integers(1, 9), min_size=1, max_size=3))
def test_resume_gives_the_same_weights_and_events(never_stopped, tmp_path_factory, stops):
    folder = tmp_path_factory.mktemp("stopped") / "run"
    resume = False
    for num_updates in stops:
        try:
            run(folder, resume=resume, stop=StopAfter(num_updates))
        except InterruptedRunError:
            resume = True
        else:
            break
    finished = run(folder, resume=True)
    assert finished.weights_sha256 == never_stopped[0].weights_sha256
    assert finished.num_updates == never_stopped[0].num_updates
    assert evaluations(read_events(folder / "events.jsonl")) == evaluations(never_stopped[1])


def test_what_a_run_directory_holds(never_stopped):
    finished, _ = never_stopped
    folder = RunDirectory(Path(finished.out))
    plan = json.loads(folder.plan.read_text())
    assert plan["num_updates"] == finished.num_updates
    resolved = load_recipe(folder.find_recipe())
    assert changed_keys(resolved, load_recipe("digits", SHORT)) == {}
    assert (resolved.run.ghost_batch_size, resolved.run.micro_batch_size) == (16, 64)
    assert resolved.run.num_threads == 1
    assert folder.read_summary() == finished
    assert len(list(folder.checkpoints.glob("*.pt"))) == 2


def test_exactly_epochs_times_num_samples_are_consumed(never_stopped):
    finished, events = never_stopped
    assert finished.consumed_samples == 1437
    assert isinstance(events[-1], RunFinished)
    progress = [event for event in events if isinstance(event, Progress)]
    assert all(event.epoch == event.consumed_samples / 1437 for event in progress)


def test_the_micro_batch_changes_rounding_alone(never_stopped, tmp_path):
    finished = run(tmp_path / "run", "run.micro_batch_size=16")
    assert finished.test_loss == pytest.approx(never_stopped[0].test_loss, rel=0.02)


def test_the_seed_changes_the_run(never_stopped, tmp_path):
    finished = run(tmp_path / "run", "run.seed=1")
    assert finished.weights_sha256 != never_stopped[0].weights_sha256


@pytest.mark.parametrize(
    "optimizer",
    [
        "optimizer={name='sgd'}",
        "optimizer={name='sgd', momentum=0.9, nesterov=true}",
        "optimizer={name='adam', weight_decay=1e-4}",
    ],
)
def test_every_optimizer_trains(tmp_path, optimizer):
    lr = "schedule.lr=0.01" if "adam" in optimizer else "schedule.lr=0.1"
    losses = []
    run(
        tmp_path / "run",
        optimizer,
        lr,
        on_event=lambda e: losses.append(e.train_loss) if isinstance(e, Evaluated) else None,
    )
    assert losses[-1] < 0.8 * losses[0]


def test_label_smoothing_is_of_training_alone(tmp_path):
    """With weights that stay where they are, only what is measured may differ."""
    still = "schedule.lr=1e-12"
    run(tmp_path / "plain", still)
    run(tmp_path / "smooth", still, "loss.label_smoothing=0.2")
    plain, smooth = (
        evaluations(read_events(tmp_path / name / "events.jsonl")) for name in ("plain", "smooth")
    )
    for (_, train, *tested), (_, smooth_train, *smooth_tested) in zip(plain, smooth, strict=True):
        assert smooth_tested == pytest.approx(tested, rel=1e-6)
        assert abs(smooth_train - train) > 1e-3 * train


def test_a_run_from_before_a_key_came_goes_on(never_stopped, tmp_path):
    with pytest.raises(InterruptedRunError):
        run(tmp_path / "run", stop=StopAfter(3))
    recipe = tmp_path / "run" / "recipe.toml"
    new = "[loss]\nlabel_smoothing = 0.0\n"
    assert new in recipe.read_text()
    recipe.write_text(recipe.read_text().replace(new, ""))
    finished = run(tmp_path / "run", resume=True)
    assert finished.weights_sha256 == never_stopped[0].weights_sha256
    with pytest.raises(InputError, match=r"loss\.label_smoothing was 0\.0, is 0\.1"):
        run(tmp_path / "run", "loss.label_smoothing=0.1", resume=True)


def test_images_too_small_for_the_model_are_refused_at_once(tmp_path):
    with pytest.raises(InputError, match="takes images of 75×75 pixels or more, and these are 8×8"):
        run(tmp_path / "run", "model={name='inception_resnet_v2'}")
    assert not (tmp_path / "run").exists()


def test_a_finished_run_is_not_made_again(never_stopped):
    finished, _ = never_stopped
    again = run(Path(finished.out), resume=True, on_event=lambda event: pytest.fail("no events"))
    assert again == finished


def test_another_run_in_the_directory(never_stopped):
    with pytest.raises(InputError, match="holds another run"):
        run(Path(never_stopped[0].out))


def test_a_recipe_changed_between_start_and_resume(tmp_path):
    with pytest.raises(InterruptedRunError):
        run(tmp_path / "run", stop=StopAfter(2))
    with pytest.raises(InputError, match=r"schedule\.lr was 0\.1, is 0\.2"):
        run(tmp_path / "run", "schedule.lr=0.2", resume=True)
    assert run(tmp_path / "run", resume=True).num_updates > 2


def test_resuming_nothing(tmp_path):
    with pytest.raises(InputError, match="holds no run to resume"):
        run(tmp_path / "none", resume=True)


def test_a_directory_with_other_files(tmp_path):
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty"):
        run(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_a_damaged_checkpoint_is_skipped_for_the_one_before(never_stopped, tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(InterruptedRunError):
        run(folder, stop=StopAfter(5))
    newest = max((folder / "checkpoints").glob("*.pt"))
    newest.write_bytes(newest.read_bytes()[:-100])
    finished = run(folder, resume=True)
    skipped = [e for e in read_events(folder / "events.jsonl") if isinstance(e, CheckpointSkipped)]
    assert [event.path for event in skipped] == [str(newest)]
    assert finished.weights_sha256 == never_stopped[0].weights_sha256


def test_when_every_checkpoint_is_damaged_nothing_is_thrown_away(tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(InterruptedRunError):
        run(folder, stop=StopAfter(5))
    for path in (folder / "checkpoints").glob("*.pt"):
        path.write_bytes(path.read_bytes()[:-100])
    before = (folder / "events.jsonl").read_bytes()
    with pytest.raises(BsgrowError, match="no checkpoint of the run is whole"):
        run(folder, resume=True)
    assert (folder / "events.jsonl").read_bytes() == before


def test_a_run_killed_in_its_first_checkpoint_begins_again(never_stopped, tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(InterruptedRunError):
        run(folder, "run.checkpoint_every_seconds=1000", stop=StopAfter(1))
    for manifest in (folder / "checkpoints").glob("*.json"):
        manifest.unlink()
    assert run(folder, resume=True).weights_sha256 == never_stopped[0].weights_sha256


def test_what_a_killed_start_leaves_does_not_lock_the_directory(never_stopped, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "recipe.toml.0123456789abcdef.tmp").write_text("[da")
    (folder / ".lock").touch()
    assert run(folder).weights_sha256 == never_stopped[0].weights_sha256


@pytest.mark.parametrize("damage", [b"", b"{", b"null", b"\xff\xfe"])
def test_a_damaged_summary_is_made_again(never_stopped, tmp_path, damage):
    folder = tmp_path / "run"
    shutil.copytree(never_stopped[0].out, folder)
    (folder / "summary.json").write_bytes(damage)
    finished = run(folder, resume=True)
    assert finished.weights_sha256 == never_stopped[0].weights_sha256
    assert finished.test_accuracy == never_stopped[0].test_accuracy


def test_a_file_in_the_place_of_the_directory(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file"):
        run(tmp_path / "file")


def test_two_processes_do_not_train_in_one_directory(tmp_path):
    with pytest.raises(InterruptedRunError):
        run(tmp_path / "run", stop=StopAfter(1))
    directory = RunDirectory(tmp_path / "run")
    with directory.locked(), pytest.raises(InputError, match="another process"):
        run(tmp_path / "run", resume=True)


MEMORY = """
import numpy as np, torch
from bsgrow.data import ArraySplit, ArrayDataset
from bsgrow.loading import ArrayLoader, LoaderSettings, micro_batches_of
from bsgrow.models import build_model
from bsgrow.native import Augment
from bsgrow.schedule import Update
from bsgrow.training.step import Totals, accumulate
from tests.peak_memory import peak_kilobytes

torch.set_num_threads(1)
split = ArraySplit(np.zeros((20_000, 1, 8, 8), np.uint8), np.zeros(20_000, np.int64))
dataset = ArrayDataset("zeros", split, split, 10, (0.5,), (0.5,), "sha256:0")
model = build_model("wide_resnet", {"depth": 10, "width": 1},
                    in_channels=1, num_classes=10, ghost_batch_size=128)
settings = LoaderSettings(128, torch.device("cpu"), augment=Augment(pad=1))
loader = ArrayLoader(dataset, settings)

def peak_after(*sizes):
    start = 0
    for index, size in enumerate(sizes):
        for batch in micro_batches_of(loader, [Update(index, start, start + size, 0.1, 0.9)]):
            accumulate(model, batch.images, batch.labels, update_size=size,
                       totals=Totals(torch.device("cpu")))
        start += size
    return peak_kilobytes()

print(peak_after(*[128] * 10), peak_after(6_000))
"""


@pytest.mark.skipif(not IS_KNOWN, reason="no such figure on this system")
def test_memory_does_not_grow_with_the_batch():
    output = subprocess.run(
        [sys.executable, "-c", MEMORY], cwd=ROOT, check=True, capture_output=True, text=True
    )
    small, large = map(int, output.stdout.split())
    assert large - small < 8 * 1024, "kilobytes; a micro-batch of 6 000 takes 330 MB more"

"""A run on a disk that is full, for a while or to its end: what goes on, and what is said."""

from contextlib import ExitStack

import pytest

from bsgrow.errors import BsgrowError
from bsgrow.recipe import load_recipe
from bsgrow.training import InterruptedRunError, RunDirectory, carry_out, read_events
from bsgrow.training.events.events import CheckpointFailed, CheckpointSaved, LogFailed
from tests.full_disk import files_at_most

SHORT = [
    "schedule.epochs=1",
    "schedule.global_batch_size=48",
    "schedule.curve.milestones=[0.3, 0.6]",
    "growth.max_batch_size=140",
    "model.depth=10",
    "run.device=cpu",
    "run.evaluate_every_epochs=0.5",
    "run.checkpoint_every_seconds=0",
]
NO_CHECKPOINT = 50_000  # bytes: a checkpoint has more, all else less


def run(folder, *, resume=False, on_event=lambda event: None, stop=lambda: False):
    recipe, directory = load_recipe("digits", SHORT), RunDirectory(folder)
    return carry_out(recipe, directory, resume=resume, on_event=on_event, should_stop=stop)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("whole") / "run"


@pytest.fixture(scope="module")
def whole(folder):
    return run(folder)


@pytest.fixture(scope="module")
def no_event(whole, folder):
    """Bytes: the recipe fits and what else a run begins with, its events do not."""
    begins = [path for path in folder.iterdir() if path.suffix in {".toml", ".json"}]
    num_bytes = 100 + max(path.stat().st_size for path in begins)  # paths differ in length
    assert (folder / "events.jsonl").stat().st_size > 2 * num_bytes
    return num_bytes


@pytest.fixture(params=["no checkpoint fits", "no event fits"])
def num_bytes(request, no_event):
    return NO_CHECKPOINT if request.param == "no checkpoint fits" else no_event


def of_kind(kind, events):
    return [event for event in events if isinstance(event, kind)]


def test_full_for_a_while(tmp_path, whole, num_bytes, no_event):
    told = []
    with ExitStack() as full:
        full.enter_context(files_at_most(num_bytes))

        def on_event(event):
            told.append(event)
            is_full = num_bytes == NO_CHECKPOINT or of_kind(LogFailed, told)
            if is_full and len(of_kind(CheckpointFailed, told)) >= 6:
                full.close()

        finished = run(tmp_path / "run", on_event=on_event)
    assert finished.weights_sha256 == whole.weights_sha256
    assert finished.num_checkpoints_failed == len(of_kind(CheckpointFailed, told)) >= 6
    assert "File too large" in of_kind(CheckpointFailed, told)[0].reason
    events = read_events(tmp_path / "run" / "events.jsonl")
    assert of_kind(CheckpointFailed, events) == of_kind(CheckpointFailed, told)
    assert of_kind(CheckpointSaved, events)[-1].num_updates == finished.num_updates
    assert len(of_kind(LogFailed, events)) == (num_bytes == no_event)


def test_full_to_the_end_and_then_gone_on_with(tmp_path, whole, num_bytes, no_event):
    told = []
    with files_at_most(num_bytes), pytest.raises(BsgrowError, match="File too large") as caught:
        run(tmp_path / "run", on_event=told.append)
    assert caught.value.exit_code == 1
    assert f"update-{whole.num_updates:09d}.pt" in caught.value.message or num_bytes == no_event
    assert len(of_kind(CheckpointFailed, told)) == whole.num_updates
    assert run(tmp_path / "run", resume=True).weights_sha256 == whole.weights_sha256


def test_the_last_good_one_stays_and_is_gone_on_from(tmp_path, whole):
    told, folder = [], tmp_path / "run"
    left = iter(range(4, -1, -1))
    with pytest.raises(InterruptedRunError):
        run(folder, stop=lambda: next(left) == 0)
    good = sorted((folder / "checkpoints").iterdir())
    with files_at_most(NO_CHECKPOINT), pytest.raises(BsgrowError, match="File too large"):
        run(folder, resume=True, on_event=told.append)
    assert sorted((folder / "checkpoints").iterdir()) == good
    finished = run(folder, resume=True)
    assert finished.weights_sha256 == whole.weights_sha256
    assert finished.num_checkpoints_failed == 0, "those updates were made again"


def test_a_stop_whose_checkpoint_cannot_be_written_says_so(tmp_path):
    with files_at_most(NO_CHECKPOINT), pytest.raises(BsgrowError, match="File too large") as caught:
        run(tmp_path / "run", stop=lambda: True)
    assert caught.value.exit_code == 1

"""Training on encoded images: resumed to the bit, bad files included, and told of at the end."""

from itertools import count

import pytest

from bsgrow.data import SampleError
from bsgrow.data.packing import PackOptions, pack
from bsgrow.errors import BsgrowError, InputError
from bsgrow.loading import EncodedLoader, UpdateBatches, decoder_choice, encoded_loader
from bsgrow.recipe import load_recipe
from bsgrow.training import (
    InterruptedRunError,
    RunDirectory,
    carry_out,
    read_events,
)
from bsgrow.training.checkpoint import checkpointing
from bsgrow.training.events.events import (
    CheckpointFailed,
    CheckpointSaved,
    Evaluated,
    SampleSkipped,
)
from tests.photo_folder import write_photographs
from tests.training.small_encoded import make_recipe

NUM_TRAIN = 48
BAD_FILES = ["train/china/0003.jpg", "train/flower/0023.jpg", "val/china/0001.jpg"]


def run(path, out, *, resume=False, stop_after=0, **data):
    left = iter(range(stop_after - 1, -1, -1))
    return carry_out(
        make_recipe(path, **data),
        RunDirectory(out),
        resume=resume,
        on_event=lambda event: None,
        should_stop=lambda: next(left, 1) == 0,
    )


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write_photographs(tmp_path_factory.mktemp("photos"), NUM_TRAIN // 2, num_test=4)


@pytest.fixture(scope="module")
def with_bad_files(tmp_path_factory):
    root = write_photographs(tmp_path_factory.mktemp("bad"), NUM_TRAIN // 2, num_test=4)
    for name in BAD_FILES:
        path = root / name
        path.write_bytes(path.read_bytes()[:400])
    return root


@pytest.mark.parametrize("stop_after", [1, 4, 7])
def test_resume_gives_the_same_weights(photos, tmp_path, stop_after):
    whole = run(photos, tmp_path / "whole")
    with pytest.raises(InterruptedRunError):
        run(photos, tmp_path / "cut", stop_after=stop_after)
    resumed = run(photos, tmp_path / "cut", resume=True)
    assert resumed.weights_sha256 == whole.weights_sha256
    assert resumed.num_skipped == whole.num_skipped == 0
    assert evaluations(tmp_path / "cut") == evaluations(tmp_path / "whole")


def evaluations(folder):
    events = read_events(folder / "events.jsonl")
    return [(e.test_loss, e.train_loss) for e in events if isinstance(e, Evaluated)]


@pytest.mark.parametrize("decoder", ["auto", "native"])
def test_a_resumed_run_keeps_the_decoder_that_it_began_with(photos, tmp_path, monkeypatch, decoder):
    """What is installed, which ``auto`` goes by, may have changed in between."""
    monkeypatch.setattr(decoder_choice.decoding, "is_built", lambda: True)
    with pytest.raises(InterruptedRunError):
        run(photos, tmp_path, stop_after=2, decoder=decoder)
    assert load_recipe(str(tmp_path / "recipe.toml")).data.decoder == "native"
    monkeypatch.setattr(decoder_choice.decoding, "is_built", lambda: False)
    monkeypatch.setattr(decoder_choice, "is_dali_installed", lambda: True)
    made = []

    def make_decoder(name, settings):
        made.append(name)
        return decoder_choice.make_decoder(name, settings)

    monkeypatch.setattr(encoded_loader, "make_decoder", make_decoder)
    run(photos, tmp_path, resume=True)
    assert made == ["native", "native"], "in training and in evaluation"


def test_resume_with_bad_files(with_bad_files, tmp_path):
    whole = run(with_bad_files, tmp_path / "whole", on_error="skip")
    assert whole.num_skipped == 2 * 3, "two training files, three epochs"
    assert whole.num_test_skipped == 1, "whatever the number of evaluations"
    with pytest.raises(InterruptedRunError):
        run(with_bad_files, tmp_path / "cut", on_error="skip", stop_after=6)
    resumed = run(with_bad_files, tmp_path / "cut", resume=True, on_error="skip")
    assert resumed.weights_sha256 == whole.weights_sha256
    assert (resumed.num_skipped, resumed.num_test_skipped) == (6, 1)
    for folder in ("whole", "cut"):
        measured = read_events(tmp_path / folder / "events.jsonl")
        assert [e.num_test_skipped for e in measured if isinstance(e, Evaluated)] == [1, 1, 1]
        assert bad_files(tmp_path / folder, with_bad_files) == BAD_FILES, "each once"


def bad_files(folder, root):
    events = read_events(folder / "events.jsonl")
    skipped = [event.where for event in events if isinstance(event, SampleSkipped)]
    return sorted(where.removeprefix(f"{root}/") for where in skipped)


@pytest.mark.parametrize("stop_after", [1, 3])
def test_a_bad_file_is_named_once_however_often_a_run_is_resumed(
    with_bad_files, tmp_path, stop_after
):
    for resume in (False, True):
        with pytest.raises(InterruptedRunError):
            run(
                with_bad_files,
                tmp_path,
                resume=resume,
                on_error="skip",
                stop_after=stop_after,
                checkpoint_every=1000,
            )
    run(with_bad_files, tmp_path, resume=True, on_error="skip")
    assert bad_files(tmp_path, with_bad_files) == BAD_FILES


def test_each_bad_file_is_an_event_once(with_bad_files, tmp_path):
    run(with_bad_files, tmp_path / "run", on_error="skip")
    events = read_events(tmp_path / "run" / "events.jsonl")
    skipped = [event for event in events if isinstance(event, SampleSkipped)]
    assert bad_files(tmp_path / "run", with_bad_files) == BAD_FILES
    assert all("header" in event.reason for event in skipped)


def test_what_is_skipped_counts_before_the_model_is_evaluated(with_bad_files, tmp_path):
    """A run may be left half-way through an evaluation."""
    recipe = make_recipe(with_bad_files, on_error="skip")
    often = recipe.run.model_copy(update={"evaluate_every_epochs": 1e-3})
    seen = []
    carry_out(
        recipe.model_copy(update={"run": often}),
        RunDirectory(tmp_path),
        resume=False,
        on_event=seen.append,
        should_stop=lambda: False,
    )
    train = [e for e in seen if isinstance(e, SampleSkipped) and "/train/" in e.where]
    assert len(train) == 2
    for skipped in train:
        of_its_update = [e for e in seen if getattr(e, "num_updates", -1) == skipped.num_updates]
        kinds = [type(e) for e in of_its_update]
        assert kinds.index(SampleSkipped) < kinds.index(Evaluated)


def test_a_run_that_a_bad_file_ended_goes_on_without_it(with_bad_files, tmp_path):
    with pytest.raises(SampleError, match=r"\.jpg: "):
        run(with_bad_files, tmp_path / "run")
    resumed = run(with_bad_files, tmp_path / "run", resume=True, on_error="skip")
    whole = run(with_bad_files, tmp_path / "whole", on_error="skip")
    assert resumed.weights_sha256 == whole.weights_sha256


def test_a_size_that_is_not_that_of_the_folder(photos, tmp_path):
    with pytest.raises(InputError, match=r"data\.num_samples = 90: there are 48 training images"):
        run(photos, tmp_path / "run", num_samples=90)


def test_other_files_are_another_run(photos, with_bad_files, tmp_path):
    with pytest.raises(InterruptedRunError):
        run(photos, tmp_path / "run", stop_after=3)
    with pytest.raises(InputError, match="data"):
        run(with_bad_files, tmp_path / "run", resume=True, on_error="skip")


def failing(items, numbers, num_before):
    """Raise in place of the item that comes after so many."""
    for each in items:
        if next(numbers) == num_before:
            raise SampleError("a.jpg", "is bad")
        yield each


def fail_in_an_update(monkeypatch, num_before):
    """Let the loader raise in place of the micro-batch that would come after so many."""
    whole = EncodedLoader.updates

    def updates(loader, planned):
        numbers = count()
        for update, micro_batches in whole(loader, planned):
            yield UpdateBatches(update, failing(micro_batches, numbers, num_before))

    monkeypatch.setattr(EncodedLoader, "updates", updates)


def fail_in_evaluation(monkeypatch):
    whole = EncodedLoader.evaluation
    monkeypatch.setattr(
        EncodedLoader, "evaluation", lambda *args: failing(whole(*args), count(), 0)
    )


def checkpoints(folder):
    events = read_events(folder / "events.jsonl")
    return [event.num_updates for event in events if isinstance(event, CheckpointSaved)]


# Updates of 12 samples in two micro-batches, then of 24 in three, then of 40 in five.
@pytest.mark.parametrize(("num_micro_batches", "num_updates"), [(0, 0), (3, 1), (4, 2), (10, 4)])
def test_a_bad_sample_costs_no_finished_update(
    photos, tmp_path, monkeypatch, num_micro_batches, num_updates
):
    whole = run(photos, tmp_path / "whole", checkpoint_every=1000)
    with monkeypatch.context() as patch:
        fail_in_an_update(patch, num_micro_batches)
        with pytest.raises(SampleError, match=r"a\.jpg: is bad"):
            run(photos, tmp_path / "cut", checkpoint_every=1000)
    assert checkpoints(tmp_path / "cut") == [num_updates]
    resumed = run(photos, tmp_path / "cut", resume=True, checkpoint_every=1000, on_error="skip")
    assert resumed.weights_sha256 == whole.weights_sha256
    assert evaluations(tmp_path / "cut") == evaluations(tmp_path / "whole")


def test_a_bad_held_out_sample_costs_no_update_and_no_evaluation(photos, tmp_path, monkeypatch):
    whole = run(photos, tmp_path / "whole", checkpoint_every=1000)
    with monkeypatch.context() as patch:
        fail_in_evaluation(patch)
        with pytest.raises(SampleError, match=r"a\.jpg: is bad"):
            run(photos, tmp_path / "cut", checkpoint_every=1000)
    assert checkpoints(tmp_path / "cut") == [4], "the first epoch"
    resumed = run(photos, tmp_path / "cut", resume=True, checkpoint_every=1000, on_error="skip")
    assert resumed.weights_sha256 == whole.weights_sha256
    assert evaluations(tmp_path / "cut") == evaluations(tmp_path / "whole")


def test_a_full_disk_does_not_hide_the_bad_sample(photos, tmp_path, monkeypatch):
    def refuse(*arguments, **named):
        raise BsgrowError("no space")

    fail_in_an_update(monkeypatch, 3)
    monkeypatch.setattr(checkpointing, "write_checkpoint", refuse)
    with pytest.raises(SampleError, match=r"a\.jpg: is bad"):
        run(photos, tmp_path / "cut", checkpoint_every=1000)
    events = read_events(tmp_path / "cut" / "events.jsonl")
    assert [e.reason for e in events if isinstance(e, CheckpointFailed)] == ["no space"]


def test_a_single_folder_goes_on_as_shards_and_no_other_part_is_held_out(photos, tmp_path):
    single, out = photos / "train", tmp_path / "run"
    whole = run(single, tmp_path / "whole", test_fraction=0.1)
    with pytest.raises(InterruptedRunError):
        run(single, out, stop_after=2, test_fraction=0.1)
    with pytest.raises(InputError, match=r"data\.test_fraction was 0\.1, is 0\.05"):
        run(single, out, resume=True, test_fraction=0.05)
    pack(single, tmp_path / "packed", PackOptions())
    shards = {"name": "shards", "test_fraction": 0.1}
    finished = run(tmp_path / "packed", out, resume=True, **shards)
    assert finished.weights_sha256 == whole.weights_sha256
    assert finished.test_loss == whole.test_loss

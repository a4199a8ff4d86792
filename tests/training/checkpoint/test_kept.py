"""Which checkpoints of a run stay: the newest, and the best, from which it goes on as well."""

import pytest

from bsgrow.errors import InputError
from bsgrow.recipe import load_recipe
from bsgrow.training import RunDirectory, carry_out, read_events
from bsgrow.training.checkpoint.folder import num_updates_of
from bsgrow.training.events.events import Evaluated

SHORT = [  # with a learning rate that rises too high, so that the end is not the best
    "schedule.epochs=1",
    "schedule.global_batch_size=48",
    "schedule.curve={name='LinearLR',start_factor=0.02,end_factor=1.0,total_iters=1}",
    "schedule.lr=3",
    "growth.mode=decay",
    "model.depth=10",
    "run.device=cpu",
    "run.evaluate_every_epochs=0.1",
    "run.checkpoint_every_seconds=0",
]


def run(folder, keep, *settings, resume=False):
    recipe = load_recipe("digits", [*SHORT, f"run.keep={keep}", *settings])
    return carry_out(
        recipe,
        RunDirectory(folder),
        resume=resume,
        on_event=lambda event: None,
        should_stop=lambda: False,
    )


def kept(folder):
    return sorted(map(num_updates_of, (folder / "checkpoints").glob("*.pt")))


def best_of(folder):
    events = [e for e in read_events(folder / "events.jsonl") if isinstance(e, Evaluated)]
    return min(events, key=lambda e: (-e.test_accuracy, e.test_loss, e.num_updates)).num_updates


@pytest.mark.parametrize("keep", [1, 3])
def test_the_newest_and_the_best_stay_and_may_change_in_number(tmp_path, keep):
    folder = tmp_path / "run"
    finished = run(folder, keep)
    newest = range(finished.num_updates - keep + 1, finished.num_updates + 1)
    assert best_of(folder) not in newest
    assert kept(folder) == sorted({*newest, best_of(folder)})
    for path in (folder / "checkpoints").glob("*"):
        if f"{best_of(folder):09d}" not in path.name:
            path.unlink()
    (folder / "summary.json").unlink()
    again = run(folder, 2, resume=True)
    assert again.weights_sha256 == finished.weights_sha256
    assert kept(folder) == sorted({again.num_updates - 1, again.num_updates, best_of(folder)})


def test_one_at_least_is_kept(tmp_path):
    with pytest.raises(InputError, match=r"run\.keep"):
        run(tmp_path / "run", 0)


def test_without_keep_best_the_newest_alone_stay(tmp_path):
    every = "run.checkpoint_every_seconds=60"
    finished = run(tmp_path / "run", 2, "run.keep_best=false", every)
    assert kept(tmp_path / "run") == [finished.num_updates]  # none was written at an evaluation

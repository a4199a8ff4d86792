"""Encoded images on several ranks: samples, faults and their places are those of one."""

import pytest

from bsgrow.data import SampleError
from bsgrow.recipe import plan_recipe
from bsgrow.stream import SampleStream
from bsgrow.training import RunDirectory, read_events
from bsgrow.training.decisions import EndedElsewhereError
from bsgrow.training.events.events import CheckpointSaved, Evaluated, SampleSkipped
from bsgrow.training.job import prepare
from bsgrow.training.loop import train_job
from bsgrow.training.state import State
from tests.photo_folder import write_photographs
from tests.training.ranks import Ranks
from tests.training.small_encoded import make_recipe

NUM_TRAIN = 48
WORLD_SIZE = 3
BAD = (3, 4, 31)  # of the training samples, in the order of their paths


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    root = write_photographs(tmp_path_factory.mktemp("bad"), NUM_TRAIN // 2, num_test=4)
    paths = sorted((root / "train").rglob("*.jpg"))
    for index in BAD:
        paths[index].write_bytes(paths[index].read_bytes()[:400])
    return root


def train(photos, out, on_error, world_size=WORLD_SIZE):
    """Return what each rank returned or raised."""
    recipe = make_recipe(photos, on_error=on_error)
    ranks, plan = Ranks(world_size), plan_recipe(recipe)
    jobs = [prepare(recipe, plan, group=group) for group in ranks.groups]
    states = [State.initial(job) for job in jobs]
    out.mkdir()

    def train_rank(rank):
        return train_job(
            jobs[rank],
            states[rank],
            RunDirectory(out, rank),
            on_event=lambda event: None,
            should_stop=lambda: False,
        )

    return ranks.run(train_rank)


def events_of(out, kind):
    return [event for event in read_events(RunDirectory(out).events) if isinstance(event, kind)]


def test_what_is_skipped_is_that_of_one_rank(photos, tmp_path):
    (alone,) = train(photos, tmp_path / "alone", "skip", 1)
    ranks = train(photos, tmp_path / "many", "skip")
    assert {finished.num_skipped for finished in ranks} == {alone.num_skipped}
    assert alone.num_skipped == 3 * len(BAD), "in each of three epochs"
    assert {finished.weights_sha256 for finished in ranks} == {ranks[0].weights_sha256}
    # Of the first epochs: where a ReLU turns, rounding grows with each update.
    losses = [
        [event.train_loss for event in events_of(tmp_path / name, Evaluated)][:2]
        for name in ("alone", "many")
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    told = [
        sorted(event.where for event in events_of(tmp_path / name, SampleSkipped))
        for name in ("alone", "many")
    ]
    assert told[0] == told[1]
    assert len(told[0]) == len(BAD)


def test_a_bad_sample_ends_all_at_its_update_and_is_named_by_its_rank(photos, tmp_path):
    recipe = make_recipe(photos)
    samples = SampleStream(NUM_TRAIN, recipe.run.seed)[:NUM_TRAIN].samples.tolist()
    first = min(map(samples.index, BAD))
    plan = plan_recipe(recipe)
    update = next(each for each in plan.updates() if each.start <= first < each.stop)
    (alone,) = train(photos, tmp_path / "alone", "raise", 1)
    ranks = train(photos, tmp_path / "many", "raise")
    named = [error.where for error in ranks if isinstance(error, SampleError)]
    assert alone.where in named
    assert all(isinstance(error, SampleError | EndedElsewhereError) for error in ranks)
    assert len(named) < WORLD_SIZE
    for name in ("alone", "many"):
        saved = events_of(tmp_path / name, CheckpointSaved)
        assert saved[-1].num_updates == update.index


@pytest.mark.parametrize("world_size", [1, WORLD_SIZE])
def test_a_bad_held_out_sample_is_told_where_no_other_is_bad(tmp_path, world_size):
    root = write_photographs(tmp_path / "photos", NUM_TRAIN // 2, num_test=4)
    path = sorted((root / "val").rglob("*.jpg"))[-1]
    path.write_bytes(path.read_bytes()[:400])
    ranks = train(root, tmp_path / "out", "skip", world_size)
    assert {finished.num_test_skipped for finished in ranks} == {1}
    assert [event.where for event in events_of(tmp_path / "out", SampleSkipped)] == [str(path)]

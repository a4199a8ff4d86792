"""Round trips, refusals and damage of checkpoints; the kills are in test_kill.py."""

import dataclasses
import json
import os
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.errors import InputError
from bsgrow.schedule.plan import Update
from bsgrow.training.averaged import Averaged
from bsgrow.training.checkpoint import checkpoint
from bsgrow.training.checkpoint.checkpoint import load_checkpoint, save_checkpoint
from bsgrow.training.checkpoint.folder import Newest, newest_whole_checkpoint
from bsgrow.training.digest import weights_sha256
from bsgrow.training.optimizers import build_optimizer
from bsgrow.training.step import Totals, accumulate
from bsgrow.training.update import apply
from tests.training.checkpoint.checkpoint_files import (
    ADAM,
    IDENTITY,
    MOMENTUM,
    NESTEROV,
    PLAIN,
    PLAN,
    SmallRun,
    plan_of,
    position,
)


def train(model, optimizer, samples, first, stop):
    for index in range(first, stop):
        images, labels = samples(8, seed=index)
        accumulate(model, images, labels, update_size=8, totals=Totals(torch.device("cpu")))
        apply(optimizer, Update(index, 8 * index, 8 * index + 8, lr=0.05, momentum=0.8))


@pytest.fixture
def run(network):
    model = network()
    return model, build_optimizer(MOMENTUM, model.parameters(), lr=0.1)


@pytest.mark.parametrize("config", [PLAIN, NESTEROV, ADAM])
def test_a_resumed_run_has_the_same_bits(tmp_path, network, samples, config):
    model = network()
    optimizer = build_optimizer(config, model.parameters(), lr=0.1)
    train(model, optimizer, samples, 0, 3)
    path = save_checkpoint(tmp_path, IDENTITY, position(), model, optimizer)
    train(model, optimizer, samples, 3, 6)

    resumed = network(seed=1)
    optimizer = build_optimizer(config, resumed.parameters(), lr=0.1)
    assert load_checkpoint(path, IDENTITY, PLAN, resumed, optimizer) == position()
    train(resumed, optimizer, samples, 3, 6)
    assert weights_sha256(resumed) == weights_sha256(model)


@pytest.mark.parametrize("config", [NESTEROV, ADAM])
@pytest.mark.parametrize("from_channels_last", [False, True])
def test_memory_format_may_change(tmp_path, network, samples, config, from_channels_last):
    """A run on CUDA (channels_last) goes on on the CPU (planar), and the other way round."""
    formats = [torch.contiguous_format, torch.channels_last]
    before, after = reversed(formats) if from_channels_last else formats
    model = network().to(memory_format=before)
    optimizer = build_optimizer(config, model.parameters(), lr=0.1)
    train(model, optimizer, samples, 0, 3)
    path = save_checkpoint(tmp_path, IDENTITY, position(), model, optimizer)
    train(model, optimizer, samples, 3, 4)

    resumed = network(seed=1).to(memory_format=after)
    optimizer = build_optimizer(config, resumed.parameters(), lr=0.1)
    load_checkpoint(path, IDENTITY, PLAN, resumed, optimizer)
    train(resumed, optimizer, samples, 3, 4)
    pairs = zip(resumed.parameters(), model.parameters(), strict=True)
    assert all(torch.allclose(ours, theirs, rtol=1e-3, atol=1e-4) for ours, theirs in pairs)


def test_large_numbers_survive(tmp_path):
    plan = plan_of(num_updates=10, global_batch_size=2**60, momentum=0.0)
    run = SmallRun(PLAIN, plan).advance(9)
    far = replace(position(9), cursor=plan.update(9).start, extra=position(0).extra)
    identity = replace(IDENTITY, seed=2**64 - 1)
    path = save_checkpoint(tmp_path, identity, far, run.model, run.optimizer)
    loaded = load_checkpoint(path, identity, plan, run.model, run.optimizer)
    assert loaded.cursor == far.cursor > 2**63


@pytest.mark.parametrize("name", ["seed", "recipe_fingerprint", "data_fingerprint"])
def test_another_run_is_refused_and_named(tmp_path, run, name):
    path = save_checkpoint(tmp_path, IDENTITY, position(), *run)
    digest = weights_sha256(run[0])
    with torch.no_grad():
        run[0].stem.weight.zero_()
    changed = weights_sha256(run[0])
    other = replace(IDENTITY, **{name: 8 if name == "seed" else "sha256:other"})
    with pytest.raises(InputError, match=rf"{path} is of another run: its {name} is") as caught:
        load_checkpoint(path, other, PLAN, *run)
    assert caught.value.hint
    assert weights_sha256(run[0]) == changed != digest


def test_another_format_version_is_refused(tmp_path, run, monkeypatch):
    monkeypatch.setattr(checkpoint, "FORMAT_VERSION", 2)
    path = save_checkpoint(tmp_path, IDENTITY, position(), *run)
    monkeypatch.undo()
    with pytest.raises(InputError, match="format_version = 2, this bsgrow reads 1"):
        load_checkpoint(path, IDENTITY, PLAN, *run)


def test_weights_of_another_shape_are_refused(tmp_path, run):
    path = save_checkpoint(tmp_path, IDENTITY, position(), *run)
    model = torch.nn.Linear(1, 1)
    with pytest.raises(InputError, match=f"{path} does not fit the model: bias is missing"):
        load_checkpoint(
            path, IDENTITY, PLAN, model, build_optimizer(PLAIN, model.parameters(), lr=0.1)
        )


def averaged_linear(outputs=2):
    model = torch.nn.Linear(1, outputs)
    return Averaged(model, 0.5, 1).module


def test_averaged_weights_come_back(tmp_path):
    run, saved, read = SmallRun().advance(3), averaged_linear(), averaged_linear()
    path = save_checkpoint(tmp_path, IDENTITY, position(), run.model, run.optimizer, saved)
    load_checkpoint(path, IDENTITY, PLAN, run.model, run.optimizer, read)
    assert weights_sha256(read) == weights_sha256(saved)


@pytest.mark.parametrize(
    ("written", "ours", "said"),
    [
        (False, True, "lacks averaged"),
        (True, False, "holds 'averaged', which belongs nowhere"),
        (True, True, r"does not fit the averaged model: bias is float32 of shape \[3\], the run's"),
    ],
)
def test_averaged_weights_belong_to_a_run_that_keeps_them(tmp_path, run, written, ours, said):
    saved, read = averaged_linear(outputs=3) if written else None, averaged_linear()
    path = save_checkpoint(tmp_path, IDENTITY, position(), *run, saved)
    digest = weights_sha256(read)
    with pytest.raises(InputError, match=f"{path} {said}"):
        load_checkpoint(path, IDENTITY, PLAN, *run, read if ours else None)
    assert weights_sha256(read) == digest


def test_code_in_a_checkpoint_is_not_run(tmp_path, run, monkeypatch):
    class Harmful:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "harm"),)

    def asdict(part):
        return Harmful() if part is IDENTITY else dataclasses.asdict(part)

    monkeypatch.setattr(checkpoint, "asdict", asdict)
    path = save_checkpoint(tmp_path, IDENTITY, position(), *run)
    with pytest.raises(InputError, match="is not a bsgrow checkpoint"):
        load_checkpoint(path, IDENTITY, PLAN, *run)
    assert not (tmp_path / "harm").exists()


def test_the_newest_two_are_kept_and_the_rest_cleaned_up(tmp_path, run):
    (tmp_path / "update-000000001.pt.0123456789abcdef.tmp").write_bytes(b"left by a kill")
    (tmp_path / "update-000000000.pt").write_bytes(b"no manifest")
    (tmp_path / "notes.txt").write_bytes(b"not ours")
    (tmp_path / "update-1.tmp").write_bytes(b"not ours")
    paths = [save_checkpoint(tmp_path, IDENTITY, position(i), *run) for i in (2, 10, 9, 11)]
    kept = {p.name for p in tmp_path.iterdir()}
    assert kept == {"notes.txt", "update-1.tmp"} | {
        f"{p.stem}{end}" for p in paths[2:] for end in (".pt", ".json")
    }
    assert newest_whole_checkpoint(tmp_path) == Newest(paths[3], ())


def test_saving_a_whole_one_again_changes_nothing(tmp_path, run):
    path = save_checkpoint(tmp_path, IDENTITY, position(), *run)
    before = path.stat()
    assert save_checkpoint(tmp_path, IDENTITY, position(), *run) == path
    assert path.stat().st_ino == before.st_ino


def test_a_damaged_one_is_written_again(tmp_path, run):
    path = save_checkpoint(tmp_path, IDENTITY, position(), *run)
    path.write_bytes(b"damaged")
    save_checkpoint(tmp_path, IDENTITY, position(), *run)
    assert newest_whole_checkpoint(tmp_path) == Newest(path, ())


def test_no_folder_and_an_empty_one_have_none(tmp_path):
    assert newest_whole_checkpoint(tmp_path) == Newest(None, ())
    assert newest_whole_checkpoint(tmp_path / "none") == Newest(None, ())


@pytest.fixture(scope="module")
def saved(tmp_path_factory, network):
    """A folder of two checkpoints, and the bytes of the files of the newer one."""
    folder, model = tmp_path_factory.mktemp("checkpoints"), network()
    optimizer = build_optimizer(MOMENTUM, model.parameters(), lr=0.1)
    older, newer = (
        save_checkpoint(folder, IDENTITY, position(i), model, optimizer) for i in (1, 2)
    )
    return older, {path: path.read_bytes() for path in (newer, newer.with_suffix(".json"))}


def check_skipped(older, files, damaged, content):
    newer = next(iter(files))
    damaged.write_bytes(content)
    try:
        path, skipped = newest_whole_checkpoint(older.parent)
    finally:
        damaged.write_bytes(files[damaged])
    assert path == older
    assert [skip.path for skip in skipped] == [newer]
    assert skipped[0].reason
    assert newest_whole_checkpoint(older.parent) == Newest(newer, ())


@given(where=st.floats(0, 1, exclude_max=True), of_manifest=st.booleans())
def test_a_truncated_one_is_skipped(saved, where, of_manifest):
    older, files = saved
    damaged, content = list(files.items())[of_manifest]
    check_skipped(older, files, damaged, content[: int(where * len(content))])


@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_is_found(saved, where, bit):
    older, files = saved
    damaged, content = next(iter(files.items()))
    flipped = bytearray(content)
    flipped[int(where * len(content))] ^= 1 << bit
    check_skipped(older, files, damaged, flipped)


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"\xff\xfe", b'{"size": 1}'])
def test_a_damaged_manifest_is_found(saved, content):
    older, files = saved
    check_skipped(older, files, list(files)[1], content)


@pytest.mark.parametrize("suffix", [".pt", ".json"])
def test_a_missing_file_is_found(tmp_path, run, suffix):
    older, newer = (save_checkpoint(tmp_path, IDENTITY, position(i), *run) for i in (1, 2))
    newer.with_suffix(suffix).unlink()
    path, skipped = newest_whole_checkpoint(tmp_path)
    assert (path, [skip.path for skip in skipped]) == (older, [newer])
    with pytest.raises(InputError, match="is not a whole checkpoint"):
        load_checkpoint(newer, IDENTITY, PLAN, *run)


def test_the_manifest_is_what_other_tools_check(tmp_path, run):
    path = save_checkpoint(tmp_path, IDENTITY, position(), *run)
    manifest = json.loads(path.with_suffix(".json").read_bytes())
    assert manifest["size"] == path.stat().st_size
    assert len(manifest["sha256"]) == 64

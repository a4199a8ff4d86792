"""What stands in a folder of checkpoints that nobody's run wrote: named, within bounds."""

import json
import os

import pytest

from bsgrow.errors import InputError
from bsgrow.training.checkpoint import folder as checkpoint_folder
from bsgrow.training.checkpoint.checkpoint import newest_checkpoint
from bsgrow.training.checkpoint.folder import Newest, newest_whole_checkpoint
from bsgrow.training.checkpoint.keeping import keep_newest
from tests.training.checkpoint.checkpoint_files import SmallRun, write_manifest

NEWER = "update-000000003"


@pytest.fixture
def run(tmp_path):
    """A run and its checkpoint after two updates."""
    run = SmallRun().advance(2)
    return run, run.save(tmp_path)


def linked(path):
    path.symlink_to(path.with_name("update-000000002" + path.suffix))


IN_PLACE = {
    "a pipe": os.mkfifo,
    "a folder": os.mkdir,
    "a link": linked,
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("kind", IN_PLACE)
@pytest.mark.parametrize("suffix", [".pt", ".json"])
def test_only_regular_files_are_read(tmp_path, run, kind, suffix):
    _, path = run
    odd = tmp_path / f"{NEWER}{suffix}"
    IN_PLACE[kind](odd)
    other = tmp_path / f"{NEWER}{'.json' if suffix == '.pt' else '.pt'}"
    other.write_bytes(b"{}")
    newest = newest_whole_checkpoint(tmp_path)
    assert newest.path == path
    (skipped,) = newest.skipped
    assert "cannot be read: " in skipped.reason
    keep_newest(tmp_path, path)
    assert not other.exists()
    assert odd.is_dir() if kind == "a folder" else not os.path.lexists(odd)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 2000,
        b'{"a":' * 700,
        b" " * 10**6,
        b'{"size": ' + b"9" * 4000 + b', "sha256": ""}',
        b'{"size": 1' + b"0" * 4300 + b', "sha256": ""}',
        b'{"size": NaN, "sha256": ""}',
        b'{"size": 1e400, "sha256": ""}',
        b'{"size": 2, "sha256": []}',
        b'{"size": [2], "sha256": "x"}',
        b'{"size": 2, "sha256": "x", "more": 1}',
        b'"\xff"',
        b'{"size": 2, "sha256": "x", "test_loss": 0.5}',
        b'{"size": 2, "sha256": "x", "test_loss": NaN, "test_accuracy": 0.5}',
        b'{"size": 2, "sha256": "x", "test_loss": 0.5, "test_accuracy": 1.5}',
        b'{"size": 2, "sha256": "x", "test_loss": "x", "test_accuracy": 1.0}',
    ],
)
def test_an_odd_manifest_is_of_no_whole_file(tmp_path, run, content):
    (tmp_path / f"{NEWER}.pt").write_bytes(b"{}")
    (tmp_path / f"{NEWER}.json").write_bytes(content)
    newest = newest_whole_checkpoint(tmp_path)
    assert newest.path == run[1]
    assert "manifest" in newest.skipped[0].reason or "its 2 bytes" in newest.skipped[0].reason


def test_one_larger_than_any_of_the_run_is_refused_before_it_is_read(tmp_path, run, monkeypatch):
    """A file of 8 TiB takes no room where it is all holes, and hours to hash."""
    run, _ = run
    path = tmp_path / f"{NEWER}.pt"
    path.touch()
    os.truncate(path, 2**43)
    path.with_suffix(".json").write_text(json.dumps({"size": 2**43, "sha256": "x"}))
    monkeypatch.setattr("bsgrow.training.checkpoint.folder._sha256", None)
    with pytest.raises(InputError, match=f"has {2**43} bytes, and no checkpoint of this run more"):
        newest_checkpoint(tmp_path, run.plan, run.model, run.optimizer)
    with pytest.raises(InputError, match=f"has {2**43} bytes, and no checkpoint of this run more"):
        run.load(path)


def test_one_of_another_size_than_its_manifest_says_is_not_hashed(tmp_path, run, monkeypatch):
    path = tmp_path / f"{NEWER}.pt"
    path.touch()
    os.truncate(path, 2**43)
    path.with_suffix(".json").write_text(json.dumps({"size": 1, "sha256": "x"}))
    hashed = checkpoint_folder._sha256
    sizes = []

    def counted(stream):
        sizes.append(os.fstat(stream.fileno()).st_size)
        return hashed(stream)

    monkeypatch.setattr(checkpoint_folder, "_sha256", counted)
    newest = newest_whole_checkpoint(tmp_path)
    assert newest.path == run[1]
    assert newest.skipped[0].reason == f"its {2**43} bytes are not those that were written"
    assert sizes == [run[1].stat().st_size]


@pytest.mark.parametrize(
    "name",
    ["update-5", "update-0000000005", "update-٠٠٠٠٠٠٠٠٩", "update--00000001", "update-9e9999999"],
)
def test_other_names_are_nobodys(tmp_path, run, name):
    for suffix in (".pt", ".json"):
        (tmp_path / f"{name}{suffix}").write_bytes(b"{}")
    assert newest_whole_checkpoint(tmp_path) == Newest(run[1], ())
    keep_newest(tmp_path, run[1])
    assert (tmp_path / f"{name}.pt").exists()


def test_a_name_of_many_digits_is_one_of_an_update_behind_the_end(tmp_path, run):
    run, older = run
    path = tmp_path / f"update-{'9' * 200}.pt"
    path.write_bytes(older.read_bytes())
    write_manifest(path)
    assert newest_whole_checkpoint(tmp_path).path == path
    with pytest.raises(InputError, match="does not fit the plan: it is of update 999"):
        run.load(path)


def test_the_hint_says_how_to_go_on_without_it(tmp_path, run):
    run, older = run
    path = tmp_path / f"{NEWER}.pt"
    path.write_bytes(older.read_bytes())
    write_manifest(path)
    with pytest.raises(InputError) as caught:
        run.load(path)
    command = caught.value.hint.partition("after: ")[2].partition(";")[0]
    assert os.system(command) == 0
    assert newest_whole_checkpoint(tmp_path) == Newest(older, ())

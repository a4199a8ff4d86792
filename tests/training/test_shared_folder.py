"""A folder that not all processes of a run see ends all of them, with one sentence."""

import pytest

from bsgrow.errors import InputError
from bsgrow.training import shared_folder
from bsgrow.training.decisions import EndedElsewhereError
from bsgrow.training.group.process_group import ALONE
from bsgrow.training.shared_folder import require_shared
from tests.training.ranks import Ranks


def looked_for(folders):
    """Return what each rank makes of a folder; theirs are given."""
    ranks = Ranks(len(folders))
    return ranks.run(lambda rank: require_shared(ranks.groups[rank], folders[rank]))


def test_one_folder_is_seen_by_all_and_left_as_it_was(tmp_path):
    assert looked_for([tmp_path] * 3) == [None] * 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("is_there", [True, False])
def test_another_folder_of_the_same_name_is_refused_on_all(tmp_path, monkeypatch, is_there):
    monkeypatch.setattr(shared_folder, "SECONDS_TO_BE_SEEN", 0.0)
    first, other = tmp_path / "first", tmp_path / "other"
    first.mkdir()
    if is_there:
        other.mkdir()
    errors = looked_for([first, first, other])
    assert all(isinstance(error, InputError) for error in errors)
    (message,) = {error.message for error in errors}
    assert message.startswith("rank 2 on ")
    assert f"wrote into {first}: {other} is another folder there, or none" in message
    assert list(first.iterdir()) == []


def test_what_is_seen_late_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(shared_folder.time, "sleep", lambda seconds: (tmp_path / "x").touch())
    assert shared_folder._is_seen(tmp_path / "x")


def test_a_folder_that_rank_0_cannot_write_ends_all(tmp_path):
    first, second = looked_for([tmp_path / "no"] * 2)
    assert "cannot write" in first.message
    assert isinstance(second, EndedElsewhereError)


def test_a_process_that_is_alone_writes_nothing(tmp_path):
    require_shared(ALONE, tmp_path / "no")

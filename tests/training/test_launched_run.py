"""A run knows who has started its processes, and is found by them."""

import pytest

from bsgrow.processes.parent import name_of_parent
from bsgrow.recipe import load_recipe
from bsgrow.training import RunDirectory
from bsgrow.training.unfinished import run_launched_by


def begun(path, launchers=None):
    run = RunDirectory(path)
    run.make()
    if launchers is not None:
        run.write_launchers(launchers)
    run.create(load_recipe("digits"))
    return run


def test_one_launcher_in_common_is_enough(tmp_path):
    """Machines come and go."""
    begun(tmp_path / "other", ["c:3:1"])
    begun(tmp_path / "alone")
    run = begun(tmp_path / "deep" / "own", ["a:1:1", "b:2:1"])
    assert run_launched_by(["b:2:1", "d:4:1"], tmp_path) == run
    assert run_launched_by(["d:4:1"], tmp_path) is None
    assert run_launched_by([], tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[", b'"a"', b"[1]", b"\xff", b"null"])
def test_what_is_no_list_of_them_says_nothing(tmp_path, content):
    run = begun(tmp_path / "run", ["a"])
    run.launchers.write_bytes(content)
    assert not run.is_launched_by(["a"])


def test_a_link_says_nothing(tmp_path):
    run = begun(tmp_path / "run", ["a"])
    run.launchers.rename(tmp_path / "elsewhere")
    run.launchers.symlink_to(tmp_path / "elsewhere")
    assert not run.is_launched_by(["a"])


def test_a_run_may_begin_where_one_was_killed_that_knew_its_launcher(tmp_path):
    run = RunDirectory(tmp_path / "run")
    run.make()
    run.write_launchers(["a"])
    run.require_new()


def test_a_parent_has_a_name_of_its_own():
    host, pid, begun_at = name_of_parent().rsplit(":", 2)
    assert host
    assert int(pid) > 0
    assert begun_at.isdecimal()

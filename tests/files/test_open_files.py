"""How many files are held open, and what is read of one."""

import os
import resource

import pytest

from bsgrow.files.open_files import OpenFiles, _most_open, read_at


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(1024, 256), (256, 64), (2, 1), (10**6, 256), (resource.RLIM_INFINITY, 256)],
)
def test_no_more_files_are_held_open_than_the_process_may_have(limit, expected, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (limit, limit))
    assert _most_open() == expected


def test_a_part_that_the_system_gives_in_pieces_is_read_whole(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"content")
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda file, num_bytes, at: pread(file, min(num_bytes, 2), at))
    with (tmp_path / "file").open("rb") as file:
        assert read_at(file.fileno(), 5, 1) == b"onten"
        assert read_at(file.fileno(), 9, 4) == b"ent"
    assert OpenFiles([str(tmp_path / "file")]).read(0, 0, 3) == b"con"

import pytest
import typer

from bsgrow.cli.data.verify import verify_data
from bsgrow.cli.options import Format
from tests.data.tar_files import member


def test_what_to_do_is_told_once_on_stderr(tmp_path, capsys):
    for split in ("train", "val"):
        (tmp_path / split).mkdir()
        (tmp_path / split / "a.tar").write_bytes(member(b"a.jpg", b"x"))
    with pytest.raises(typer.Exit) as ended:
        verify_data(tmp_path, output=Format.TABLE)
    assert ended.value.exit_code == 1
    written = capsys.readouterr()
    assert written.out.endswith("0 samples, 0 B, 2 damaged\n")
    assert written.err.splitlines() == [
        "hint: replace the tar with a fresh copy; if nothing is missing, end it there: "
        f"`truncate --size=2048 {tmp_path}/{split}/a.tar`"
        for split in ("train", "val")
    ]

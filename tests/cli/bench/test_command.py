"""What is wrong with the options of `bsgrow bench`, said before anything is measured."""

import pytest
from typer.testing import CliRunner

from bsgrow.cli.app import app
from bsgrow.errors import InputError

WRONG = [
    (["loader", "--batch-sizes", "0"], "--batch-sizes 0", "--batch-sizes 128"),
    (["loader", "--systems", "dally"], "--systems: 'dally' is not known", "dali"),
    (["loader", "--shape", "32"], "--shape 32", "3x32x32"),
    (["loader", "--shape", "3x4x4"], "--pad 4: the images are 4x4 pixels", "at most 3"),
    (["loader", "--path", "."], "--path .: is for JPEG files", "--data jpeg"),
    (
        ["loader", "--data", "jpeg", "--path", "nowhere"],
        "--path nowhere: there is no such folder",
        "one folder",
    ),
    (["loader", "--device", "tpu"], "'tpu' is not a device", "auto"),
    (["train", "nonesuch"], "nonesuch", "bsgrow recipes"),
    (["train", "--batch-sizes", "x"], "--batch-sizes x", "--batch-sizes 128"),
    (["train", "--set", "run.device=tpu"], "'tpu' is not a device", "auto"),
    (["train", "--set", "data.path=nowhere"], "nowhere", ""),
]


@pytest.mark.parametrize(("words", "message", "hint"), WRONG, ids=lambda value: str(value)[:30])
def test_what_is_wrong_is_said(words, message, hint):
    result = CliRunner().invoke(app, ["bench", *words])
    assert isinstance(result.exception, InputError), result.output
    assert message in result.exception.message
    assert hint in (result.exception.hint or "")
    assert result.stdout == ""

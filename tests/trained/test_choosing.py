"""Which checkpoint is meant, and what to do where a run has none."""

from pathlib import Path

import pytest

from bsgrow.errors import InputError
from bsgrow.trained.choosing import find_checkpoint, others
from bsgrow.training import RunDirectory
from bsgrow.training.events.as_json import to_json
from bsgrow.training.events.failures import RunLeft


@pytest.mark.parametrize(
    ("why", "hint"),
    [("diverged", "it diverged: train anew, in another folder"), ("stopped", "--resume --out")],
)
def test_a_run_without_a_checkpoint_says_how_to_come_by_one(tmp_path, why, hint):
    directory = RunDirectory(tmp_path)
    directory.checkpoints.mkdir()
    directory.events.write_text(to_json(RunLeft(1, why, "the loss is nan")) + "\n")
    with pytest.raises(InputError, match="has no checkpoint") as caught:
        find_checkpoint(directory, "best")
    assert hint in caught.value.__notes__[0]


def test_the_checkpoint_that_is_damaged_is_not_proposed():
    first, second = (Path(f"update-00000000{number}.pt") for number in (1, 2))
    assert others([first, second], unfit=second) == "take one that is there: --checkpoint 1"
    assert others([first], unfit=first).startswith("there is no other checkpoint")

"""What `bsgrow train` says of a run as it begins, and leaves on stdout of one that has diverged."""

import pytest

from bsgrow.cli.format import Format
from bsgrow.cli.train import train
from bsgrow.training import DivergedRunError

ONE_UPDATE = [
    "schedule.epochs=0.001",
    "schedule.curve={name='ConstantLR', factor=1.0}",
    "run.device=cpu",
]


@pytest.mark.parametrize("output", list(Format))
def test_a_run_that_diverged_has_no_figures(tmp_path, capsys, output):
    for resume in (False, True):
        with pytest.raises(DivergedRunError, match="the test loss is nan after update 1") as caught:
            train(
                "digits",
                overrides=[*ONE_UPDATE, "schedule.lr=1e38"],
                out_dir=tmp_path / "run",
                resume=resume,
                output=output,
            )
        rows = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
        told = [["diverged", caught.value.message], ["run", str(tmp_path / "run")]]
        assert rows == (told if output is Format.TABLE else [])


def test_a_run_says_how_large_a_micro_batch_may_be(bsgrow):
    """Most updates may be smaller, as those of a dozen photographs are."""
    length = "--epochs 0.1 --set schedule.curve={name='ConstantLR',factor=1.0}"
    done = bsgrow(
        "train", "digits", *length.split(), "--set", "run.num_threads=1", "--out", "short"
    )
    assert done.code == 0
    assert "micro-batches of at most 256\n" in done.err

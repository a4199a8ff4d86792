"""What a run says on stderr of what it goes on without."""

import json
from dataclasses import replace

import pytest

from bsgrow.cli.live import display
from bsgrow.training.events.events import CheckpointFailed, Evaluated, LogFailed

SHORT = ["--epochs", "0.1", "--set", "schedule.curve={name='ConstantLR',factor=1.0}"]
TOLD = {
    "note: no checkpoint after update 7, training goes on: 'cannot write a\\x1b.pt: no space'": (
        CheckpointFailed(7, "a\x1b.pt", "cannot write a\x1b.pt: no space", 8)
    ),
    "note: what happens waits in memory, training goes on: cannot write e.jsonl: no space": (
        LogFailed(7, "e.jsonl", "no space")
    ),
}


@pytest.mark.parametrize("text", TOLD)
@pytest.mark.parametrize("lines", [True, False])
def test_what_could_not_be_written_is_said_at_once(capsys, text, lines):
    with display(lines=lines) as show:
        show(TOLD[text])
        assert " ".join(capsys.readouterr().err.split()) == text


def test_an_evaluation_says_how_many_tokens_were_consumed_where_they_are_counted(capsys):
    evaluated = Evaluated(3, 24, 0.5, 1.0, 2.0, 0.25, 7.0, consumed_tokens=1536)
    with display(lines=True) as show:
        show(evaluated)
        show(replace(evaluated, consumed_tokens=None))
    counted, plain = capsys.readouterr().err.splitlines()
    assert counted.replace("1,536 tokens  ", "") == plain != counted


def test_the_summary_says_how_many_could_not_be_written(bsgrow, tmp_path):
    tokens = ("--set", "schedule.tokens_per_sample=100")
    done = bsgrow("train", "digits", *SHORT, *tokens, "--device", "cpu", "--out", "run")
    assert done.row("tokens") == "14,400"
    assert not [line for line in done.out.splitlines() if line.startswith("checkpoints")]
    summary = tmp_path / "run" / "summary.json"
    summary.write_text(json.dumps({**json.loads(summary.read_text()), "num_checkpoints_failed": 3}))
    again = bsgrow("train", "--resume", "--out", "run", "--device", "cpu")
    assert again.row("checkpoints") == "3 could not be written on the way; the last one was"

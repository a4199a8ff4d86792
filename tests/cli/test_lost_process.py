"""Who says that a process is lost, as no other may be left to say it."""

import pytest
import typer

from bsgrow.cli import running
from bsgrow.cli.running import carry_out_stoppable
from bsgrow.cli.stopping import StopRequest
from bsgrow.recipe import load_recipe
from bsgrow.text.command import resume_command
from bsgrow.training import RunDirectory
from bsgrow.training.group.process_group import LostProcessError, ProcessGroup

DIED = "rank 0 of 3 does not answer"


def lose(folder, rank, lost, monkeypatch, *, is_stopped):
    """Carry out a run in which some ranks are lost; one that torchrun then stops, if so told."""
    run, group, recipe = RunDirectory(folder, rank), ProcessGroup(), load_recipe("digits")
    run.make()
    run.create(recipe)
    group.rank, group.world_size = rank, 3

    def carry_out(*args, should_stop, **kwargs):
        should_stop.received = 15 if is_stopped else None
        raise LostProcessError(DIED, ranks=lost)

    monkeypatch.setattr(running, "carry_out", carry_out)
    with StopRequest() as stop:
        carry_out_stoppable(
            *(recipe, run, False, stop), go_on=resume_command(run.path), group=group
        )


WHO_SAYS_IT = [(1, (0,), True), (2, (0,), False), (2, (0, 1), True), (0, (2,), True)]


@pytest.mark.parametrize(("rank", "lost", "says"), [*WHO_SAYS_IT, (0, (), True), (1, (), False)])
def test_the_first_that_is_left_says_how_to_go_on(tmp_path, monkeypatch, capsys, rank, lost, says):
    with pytest.raises(typer.Exit) as ended:
        lose(tmp_path / "run", rank, lost, monkeypatch, is_stopped=True)
    assert ended.value.exit_code == 143
    err = " ".join(capsys.readouterr().err.split())
    assert (f"error: stopped, as others have: {DIED}" in err) is says
    assert ("go on from the last checkpoint with: bsgrow train --resume" in err) is says


@pytest.mark.parametrize(("rank", "lost", "says"), [*WHO_SAYS_IT, (0, (), True), (1, (), True)])
def test_one_that_knows_of_no_other_says_it_itself(tmp_path, monkeypatch, rank, lost, says):
    with pytest.raises(LostProcessError) as error:
        lose(tmp_path / "run", rank, lost, monkeypatch, is_stopped=False)
    assert error.value.is_said is not says

"""How a run ends that does not finish: who says it, and how it goes on."""

from bsgrow.cli.console import note, print_error, print_hint
from bsgrow.cli.stopping import StopRequest
from bsgrow.errors import BsgrowError
from bsgrow.files.atomic import IF_FULL
from bsgrow.loading.faults import SKIP_HINT
from bsgrow.text.command import Command
from bsgrow.training import InterruptedRunError, RunDirectory
from bsgrow.training.group.process_group import LostProcessError, ProcessGroup
from bsgrow.training.planned_world_size import (
    OtherWorldSizeError,
    PhaseEndedError,
    start_with,
)


class RunEnding:
    """Says what has ended a run, once among its processes, with the command that goes on with it.

    Args:
        directory: of the run.
        go_on: the command that goes on with the run, once it has begun.
        stop: whether the processes were asked to stop.
        group: of the run.
    """

    def __init__(
        self, directory: RunDirectory, go_on: Command, stop: StopRequest, group: ProcessGroup
    ) -> None:
        self._directory, self._go_on, self._stop, self._group = directory, go_on, stop, group

    def say(self, error: BsgrowError) -> None:
        """Say an error that all processes have, on rank 0."""
        if self._group.rank == 0:
            print_error(self._with_command(error))

    def is_said(self, error: KeyboardInterrupt | BsgrowError) -> bool:
        """Say that the run was stopped, or return that this is another error, yet to be said."""
        match error:
            case KeyboardInterrupt():
                self.say(InterruptedRunError("stopped at once"))
            case InterruptedRunError():
                self.say(error)
                self._stop.end(self._group)
            case PhaseEndedError():
                self._say_phase_ended(error)
                self._stop.end(self._group, error.exit_code)
            case LostProcessError():
                return self._is_lost_in_a_stop(error)
            case _:
                self._with_command(error)
                return False
        return True

    def _say_phase_ended(self, ended: PhaseEndedError) -> None:
        if self._group.rank == 0:
            note(ended.message)
            print_hint(self._with_command(ended).hint or "")

    def _is_lost_in_a_stop(self, lost: LostProcessError) -> bool:
        is_first, is_stopped = self._group.rank == lost.first_left, self._stop()
        if not is_stopped:
            lost.is_said = bool(lost.ranks) and not is_first
            self._with_command(lost)
        elif is_first:
            stopped = InterruptedRunError(f"stopped, as others have: {lost.message}")
            print_error(self._with_command(stopped))
        return is_stopped

    def _with_command(self, error: BsgrowError) -> BsgrowError:
        """Return an error with the whole command in its hint, where that goes on with the run."""
        if self._directory.is_begun():
            error.hint = _hint_of(error, self._go_on)
        return error


def _hint_of(error: BsgrowError, go_on: Command) -> str | None:
    if isinstance(error, InterruptedRunError):
        from_last = "" if error.hint else "from the last checkpoint "
        return f"go on {from_last}with: {go_on}"
    if isinstance(error, PhaseEndedError | OtherWorldSizeError):
        return f"go on with: {start_with(error.world_size, go_on)}"
    if error.hint == IF_FULL:
        return f"{IF_FULL}, then go on with: {go_on}"
    if error.hint == SKIP_HINT:
        skipping = go_on.with_overrides("--set", "data.on_error=skip")
        return f"restore the file and go on with: {go_on}; or without the file: {skipping}"
    return error.hint

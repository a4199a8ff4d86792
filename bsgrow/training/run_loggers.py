"""The loggers of a run: what its recipe names, on rank 0, fed by its events."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bsgrow.loggers.background import BackgroundLogger
from bsgrow.loggers.logger import Ended, LoggedRun
from bsgrow.loggers.registry import MakeLogger, load_logger
from bsgrow.recipe import Recipe
from bsgrow.recipe.identity import flat_recipe
from bsgrow.training.emergency import InterruptedRunError
from bsgrow.training.events.events import Evaluated, Event, Progress, RunStarted
from bsgrow.training.events.failures import LoggerFailed
from bsgrow.training.job import Job
from bsgrow.training.logged_metrics import metrics_of
from bsgrow.training.planned_world_size import PhaseEndedError

Show = Callable[[Event], None]

_SECONDS_AT_THE_END = 60.0
_SECONDS_WHEN_LEFT = 10.0  # a signal leaves less: then the process ends while they write


def load_loggers(recipe: Recipe, rank: int) -> dict[str, MakeLogger]:
    """Return what makes the loggers that a recipe names; none on other ranks than 0.

    Raises:
        InputError: one is not installed, or has something else that it needs to be set up first.
        UserCodeError: the module of one of the user raised an error.
    """
    names = (recipe.run.loggers or ()) if rank == 0 else ()
    return {name: load_logger(name) for name in names}


@contextmanager
def logging_to(makers: dict[str, MakeLogger], job: Job, path: Path, show: Show) -> Iterator[Show]:
    """Yield what shows an event and gives it to the loggers; what fails is shown once.

    Args:
        makers: from ``load_loggers``.
        job: what is trained.
        path: of the run.
        show: shows an event.
    """
    if not makers:
        yield show
        return
    loggers = _Loggers(makers, job, path, show)
    try:
        yield loggers
    except BaseException as error:
        is_asked = isinstance(error, InterruptedRunError | PhaseEndedError | KeyboardInterrupt)
        loggers.close("stopped" if is_asked else "failed", _SECONDS_WHEN_LEFT)
        raise
    loggers.close("finished", _SECONDS_AT_THE_END)


class _Loggers:
    """Gives each event that has numbers to all loggers, which it makes as the run starts."""

    def __init__(self, makers: dict[str, MakeLogger], job: Job, path: Path, show: Show) -> None:
        self._makers, self._job, self._path, self._show = makers, job, path.absolute(), show
        self._loggers: list[BackgroundLogger] = []
        self._num_updates = 0

    def __call__(self, event: Event) -> None:
        self._show(event)
        if isinstance(event, RunStarted):
            self._start(event.first_update)
            return
        self._num_updates = event.num_updates
        if isinstance(event, Progress | Evaluated):
            metrics = metrics_of(event, self._job.plan.num_samples)
            for logger in self._loggers:
                logger.log(metrics, event.consumed_samples)
        self._tell_failed()

    def _start(self, first_update: int) -> None:
        plan, recipe = self._job.plan, flat_recipe(self._job.recipe)
        is_over = first_update == plan.num_updates
        first = plan.num_total_samples if is_over else plan.update(first_update).start
        run = LoggedRun(self._path, recipe, first, {})
        self._num_updates = first_update
        self._loggers = [BackgroundLogger(name, make, run) for name, make in self._makers.items()]

    def close(self, ended: Ended, seconds: float) -> None:
        for logger in self._loggers:
            logger.close(ended, seconds)
        self._tell_failed()

    def _tell_failed(self) -> None:
        for logger in self._loggers:
            if (reason := logger.take_failure()) is not None:
                self._show(LoggerFailed(self._num_updates, logger.name, reason))

"""A run as Python starts it; as `bsgrow train` does, without its display and its signals."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from bsgrow.recipe import Recipe, given_recipe
from bsgrow.training.decisions import Decisions
from bsgrow.training.events.events import Event, RunFinished
from bsgrow.training.group.process_group import ProcessGroup, from_rank_0
from bsgrow.training.group.torch_process_group import joined_group
from bsgrow.training.run import carry_out
from bsgrow.training.run_directory import RunDirectory, new_directory
from bsgrow.validation.annotated import checked


def _ignored(event: Event) -> None:
    """Do nothing with an event."""


@checked
def train(
    recipe: Recipe | str | Path = "digits",
    *,
    out: str | Path | None = None,
    resume: bool = False,
    overrides: Iterable[str] = (),
    on_event: Callable[[Event], None] = _ignored,
    should_stop: Callable[[], bool] = lambda: False,
) -> RunFinished:
    """Carry out a recipe and return what the run ended with; as `bsgrow train` does.

    Started by torchrun, the processes do so together. Ctrl-C ends it at once: the run goes on from
    its last checkpoint.

    Args:
        recipe: a shipped name, a path to a TOML file, or what ``bsgrow.load_recipe`` returned.
        out: where the run is kept; a new directory under ``runs/`` where absent.
        resume: go on with the run in ``out``; one that is finished is not made again.
        overrides: ``key=value`` with a dotted key, of a recipe that is read.
        on_event: called with each event, as ``events.jsonl`` has it.
        should_stop: asked once an update; True writes a checkpoint and raises InterruptedRunError.

    Raises:
        InputError: the recipe, the data or the directory do not do.
        BsgrowError: as ``bsgrow.training.carry_out``.
    """
    with joined_group() as group:
        decisions = Decisions(group)
        loaded = decisions.together(partial(given_recipe, recipe, overrides))
        choose = partial(_directory, recipe, out, group)
        path = from_rank_0(group, decisions.together(choose))
        return carry_out(
            loaded,
            RunDirectory(Path(path), rank=group.rank),
            resume=resume,
            on_event=on_event,
            should_stop=should_stop,
            group=group,
        )


def _directory(recipe: Recipe | str | Path, out: str | Path | None, group: ProcessGroup) -> str:
    if out is not None or group.rank != 0:
        return str(out)
    return str(new_directory("run" if isinstance(recipe, Recipe) else str(recipe)))

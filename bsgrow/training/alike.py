"""Whether the processes of a run were started alike."""

from collections.abc import Mapping
from typing import Any

from bsgrow.errors import InputError
from bsgrow.processes.versions import versions
from bsgrow.recipe.identity import flat_recipe
from bsgrow.training.group.process_group import ProcessGroup
from bsgrow.training.job import Job
from bsgrow.training.user_code import code_of

OWN_KEYS = frozenset(
    {"data.path", "model.weights", "run.device", "run.num_threads", "run.num_workers"}
)
"""Keys of a recipe that may differ from one machine to another."""


def require_alike(job: Job) -> None:
    """Check that all processes have the same recipe, data and versions.

    Raises:
        InputError: one differs; on all of them alike, it names the rank and the key.
    """
    require_same(job.group, traits(job))


def traits(job: Job) -> dict[str, Any]:
    """Return what must be the same on all processes of a run, of what JSON has."""
    recipe = {k: v for k, v in flat_recipe(job.recipe).items() if k not in OWN_KEYS}
    installed = {f"version of {name}": value for name, value in versions().items()}
    return {
        **recipe,
        "data fingerprint": job.dataset.fingerprint,
        "device": job.device.type,
        **{f"code of {key}": code for key, code in code_of(job.recipe).items()},
        **installed,
    }


def require_same(group: ProcessGroup, ours: Mapping[str, Any]) -> None:
    """Check that all processes have the same values; raises InputError as ``require_alike``."""
    first, *others = group.gather(dict(ours))
    for rank, theirs in enumerate(others, start=1):
        for key in sorted(first.keys() | theirs.keys()):
            if first.get(key) != theirs.get(key):
                raise InputError(
                    f"rank {rank} differs from rank 0: its {key} is {theirs.get(key)!r}, that of "
                    f"rank 0 {first.get(key)!r}",
                    hint="start all processes with the same recipe and data, in the same "
                    "environment",
                )

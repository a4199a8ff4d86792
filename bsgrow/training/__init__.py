"""Carries out a plan: one micro-batch, one update, the loop, and what it leaves on the disk.

What needs torch is imported when it is first asked for.
"""

from typing import TYPE_CHECKING

from bsgrow.files.atomic import write_json
from bsgrow.lazy import importing

if TYPE_CHECKING:
    from bsgrow.training.divergence import DivergedRunError
    from bsgrow.training.emergency import InterruptedRunError
    from bsgrow.training.events.as_json import to_dict
    from bsgrow.training.events.events import Event, RunFinished, RunStarted
    from bsgrow.training.events.log import events_in, read_events
    from bsgrow.training.run import carry_out
    from bsgrow.training.run_directory import RunDirectory
    from bsgrow.training.unfinished import newest_unfinished_run

__all__ = [
    "DivergedRunError",
    "Event",
    "InterruptedRunError",
    "RunDirectory",
    "RunFinished",
    "RunStarted",
    "carry_out",
    "events_in",
    "newest_unfinished_run",
    "read_events",
    "to_dict",
    "write_json",
]

__getattr__, __dir__ = importing(
    __name__,
    {
        "divergence": "DivergedRunError",
        "events.log": "events_in read_events",
        "events.as_json": "to_dict",
        "events.events": "Event RunFinished RunStarted",
        "emergency": "InterruptedRunError",
        "run": "carry_out",
        "run_directory": "RunDirectory",
        "unfinished": "newest_unfinished_run",
    },
)

"""Which process does not answer, and what it did last."""

import re

from bsgrow.training.group.heartbeat import Heartbeat, Sign, answer_to
from bsgrow.training.group.process_group import LostProcessError, ranks_named

WAITING = "waiting for the others"
"""How the sign of life of a process begins that has come to a common step."""

_HINT = "look at that process and its machine, then go on from the last checkpoint with --resume"
_PLACE_IN_GLOO = re.compile(r"^\[\S+\.cc:\d+\] ")


def lost_process(
    heartbeat: Heartbeat, rank: int, world_size: int, error: RuntimeError
) -> LostProcessError:
    """Return the error of a process whose common step has failed; takes some seconds.

    Args:
        heartbeat: of this process.
        rank: of this process.
        world_size: number of processes.
        error: what was said in the step.
    """
    try:
        missing = _missing_ranks(heartbeat)
    except RuntimeError:
        return LostProcessError(
            f"rank {rank} reaches none of the others, nor the store of the launcher: "
            f"{first_words(error)}",
            hint=_HINT,
        )
    if not missing:
        return LostProcessError(f"the others cannot be reached: {first_words(error)}", hint=_HINT)
    last = "; ".join(f"what rank {other} did last: {sign.doing}" for other, sign in missing.items())
    return LostProcessError(
        f"{ranks_named(missing)} of {world_size} does not answer; {last} ({first_words(error)})",
        hint=_HINT,
        ranks=missing,
    )


def first_words(error: Exception) -> str:
    """Return what an error says first; of one of Gloo's, without the line of its source."""
    line = (str(error) or type(error).__name__).splitlines()[0]
    words = _PLACE_IN_GLOO.sub("", line)
    return line if words == line else words.partition(". ")[0]


def _missing_ranks(heartbeat: Heartbeat) -> dict[int, Sign]:
    """Return who does not answer; raises RuntimeError where the store does not either.

    One that is cut off says nothing, as long as the connection to it counts as there.
    """
    return answer_to(lambda: heartbeat.silent_ranks() or _late_ranks(heartbeat))


def _late_ranks(heartbeat: Heartbeat) -> dict[int, Sign]:
    """Return the ranks that live and do something else than wait."""
    signs = heartbeat.signs().items()
    return {rank: sign for rank, sign in signs if not sign.doing.startswith(WAITING)}

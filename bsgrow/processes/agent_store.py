"""torchrun's own store, which is there before the processes that it starts."""

import os
import socket
import time

from bsgrow.processes.launched import is_by_torchrun

_SECONDS = 3.0
_PAUSE = 0.2


def require_agent_store(seconds: float = _SECONDS) -> None:
    """Raise where nobody listens any more where torchrun has kept its store.

    So processes end that it had just started when it died, and was no more their parent when they
    asked to be stopped with it. Who waits for another reason, as a network, is left to wait.

    Args:
        seconds: for which one is refused before that is believed.

    Raises:
        ConnectionRefusedError: it is gone.
    """
    if not is_by_torchrun() or os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return
    place = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    deadline = time.monotonic() + seconds
    while _is_refused(place):
        if time.monotonic() > deadline:
            raise ConnectionRefusedError(
                f"torchrun's store at {place[0]}:{place[1]} is gone, and torchrun with it"
            )
        time.sleep(_PAUSE)


def _is_refused(place: tuple[str, int]) -> bool:
    try:
        socket.create_connection(place, timeout=1).close()
    except ConnectionRefusedError:
        return True
    except (OSError, UnicodeError):  # not known: rendezvous will tell
        return False
    return False

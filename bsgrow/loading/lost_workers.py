"""Worker processes of PyTorch's DataLoader that are gone, told as what a user can act on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from bsgrow.errors import BsgrowError
from bsgrow.text.printable import shown

_LOST = re.compile(r"DataLoader worker \(pid")
_SIGNAL = re.compile(r"is killed by signal: ([^.]*)")
_EXIT_CODE = re.compile(r"exit code (\d+)")
_NO_SHARED_MEMORY = re.compile(r"unable to (allocate|mmap|resize|open|write).*</torch_")
_FEWER = "run.num_workers = 0 reads without workers"


@contextmanager
def telling_lost_workers(name: str) -> Iterator[None]:
    """Turn the loss of a worker into a BsgrowError that says how it ended.

    torch raises it from its handler of SIGCHLD too, wherever this process is at the time.

    Args:
        name: of the data that workers read, ``data.name`` in a recipe.
    """
    try:
        yield
    except RuntimeError as error:
        if (found := _how_it_ended(error)) is None:
            raise
        how, hint = found
        raise BsgrowError(f"a worker that reads data.name = {shown(name)} {how}", hint) from error


def _how_it_ended(error: BaseException) -> tuple[str, str] | None:
    """Return what became of a worker, and what to do; None where the error is another one."""
    said = f"{error} {error.__cause__ or ''}"  # the code is at times in the cause alone
    if _NO_SHARED_MEMORY.search(said) or "Bus error" in said:
        return "found no room in shared memory", f"make /dev/shm larger; {_FEWER}"
    if not _LOST.match(str(error)):
        return None
    if signal := _SIGNAL.search(said):
        hint = f"the system kills what takes too much memory; {_FEWER}"
        return f"was killed by a signal: {signal[1]}", hint
    code = _EXIT_CODE.search(said)
    how = f"ended with exit code {code[1]}" if code else "ended before its work was done"
    return how, f"{_FEWER}, where its error is shown"

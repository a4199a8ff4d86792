"""What an error of the system says of: the sample that was to be read, or the whole process."""

import errno

from bsgrow.data.encoded import SampleError
from bsgrow.errors import BsgrowError

_OF_THE_PROCESS = {
    errno.EMFILE: "the process may have no more files open: raise the limit with `ulimit -n 4096`",
    errno.ENFILE: "the machine has too many files open: close programs, or raise fs.file-max",
    errno.ENOMEM: "the machine is out of memory: close programs, or lower run.micro_batch_size",
}
"""Errors that say nothing about the file, and what to do: another sample would meet them too."""


def unreadable(where: str, error: OSError) -> BsgrowError:
    """The error for a sample that cannot be read.

    Args:
        where: its file, and the byte offset where that says more.
        error: what the system said.

    Returns:
        A SampleError; a BsgrowError, which no other sample can stand in for, where the process or
        the machine has run out of something.
    """
    reason = f"cannot be read: {error.strerror or error}"
    if hint := _OF_THE_PROCESS.get(error.errno or 0):
        return BsgrowError(f"{where}: {reason}", hint)
    return SampleError(where, reason)

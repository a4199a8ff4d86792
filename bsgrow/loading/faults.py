"""Samples that cannot be used: whether that ends the run, and which sample stands in.

The stand-in of a sample is the next one in the split's index order, from the last to the first,
that can be used. It depends on the files and the index alone: not on batch, threads, ranks or
what was read before. Crop and flip stay those of the sample that it stands in for, as if its file
were a copy of the other.
"""

from collections.abc import Callable
from typing import Literal, TypeVar

from bsgrow.data import EncodedSplit, SampleError
from bsgrow.errors import BsgrowError
from bsgrow.text.command import setting

OnError = Literal["raise", "skip"]
"""``raise`` ends the run at the first bad sample; ``skip`` takes its stand-in and counts it."""

MAX_TRIES = 100
"""Samples in a row that may be bad: more is a disk that is gone rather than some bad files."""

SKIP_HINT = (  # a folder is told by its names and lengths: a file of another length is another run
    "restore the file, or leave it in its place and go on without it: "
    + setting("data.on_error", "skip")
)
"""The hint where a bad sample ends a run."""

Result = TypeVar("Result")


def first_usable(
    split: EncodedSplit,
    sample: int,
    use: Callable[[int], Result],
    faults: list[SampleError],
    on_error: OnError,
) -> Result:
    """Use a sample, or under ``skip`` its stand-in.

    Args:
        split: where the sample is.
        sample: its index.
        use: what is done with an index; raises SampleError where it cannot be.
        faults: what was wrong with the samples left out is appended.
        on_error: what to do about a bad one.

    Returns:
        What ``use`` returned.

    Raises:
        SampleError: a bad sample under ``raise``.
        BsgrowError: too many bad ones in a row.
    """
    for step in range(min(MAX_TRIES, len(split))):
        candidate = (sample + step) % len(split)
        try:
            return use(candidate)
        except SampleError as error:
            if on_error == "raise":
                error.hint = error.hint or SKIP_HINT
                raise
            faults.append(error)
    raise _none_usable(split, sample, faults[-1])


def _none_usable(split: EncodedSplit, sample: int, last: SampleError) -> BsgrowError:
    num_tries = min(MAX_TRIES, len(split))
    return BsgrowError(
        f"{split.locate(sample)}: neither this sample nor the {num_tries - 1} after it can be "
        f"used; the last one, {last.message}",
        hint='check the disk, and that data.path holds images; data.on_error = "skip" is for '
        "single bad files",
    )

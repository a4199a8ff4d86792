"""How many processes packing gains from."""

from collections.abc import Sequence
from itertools import chain, islice

import numpy as np

from bsgrow.data.encoded.dataset import SampleError
from bsgrow.data.packing.plan import PackPlan, SourceSplit
from bsgrow.data.packing.preparation import runs_of
from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg.header import is_jpeg, read_jpeg_header

_SMALL_BYTES = 1 << 14
"""Up to here a file costs more by being a file than by its bytes, which one process has to write
and has to be sent before."""

_NUM_PROBES = 64
_RUNS_TO_COPY = 16
"""Of small files: some 100 milliseconds of work, of which a process takes some to be started."""


def num_useful(num_workers: int, plans: Sequence[PackPlan]) -> int:
    """As many as asked for, but none that would be done before it has begun.

    One where large files are only copied. Whether progressive JPEGs are among them, which take
    work, is told by 64 files of each split.
    """
    if any(map(_has_work, plans)):
        runs_each = 1
    elif all(map(_is_of_small_files, plans)):
        runs_each = _RUNS_TO_COPY
    else:
        return 1
    runs = chain.from_iterable(
        runs_of(split, plan, samples) for split, plan in enumerate(plans) for samples in plan.shards
    )
    num_runs = sum(1 for _ in islice(runs, num_workers * runs_each))
    return max(1, num_runs // runs_each)


def _is_of_small_files(plan: PackPlan) -> bool:
    return bool(np.sum(plan.source.num_bytes) <= _SMALL_BYTES * len(plan.source))


def _has_work(plan: PackPlan) -> bool:
    source, options = plan.source, plan.options
    if options.decode or options.resizes or options.restarts:
        return True
    if not len(source):
        return False
    step = -(-len(source) // _NUM_PROBES)
    return any(_is_progressive(source, sample) for sample in range(0, len(source), step))


def _is_progressive(source: SourceSplit, sample: int) -> bool:
    try:
        content = source.read(sample)
        return is_jpeg(content) and read_jpeg_header(content).is_progressive
    except (SampleError, ImageError):  # said when it is packed
        return False

"""How many processes packing gains from."""

from collections.abc import Sequence
from itertools import chain, islice

import numpy as np

from bsgrow.data.encoded import SampleError
from bsgrow.data.packing.plan import PackPlan, SourceSplit
from bsgrow.data.packing.preparation import runs_of
from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg_header import is_jpeg, read_jpeg_header

_SMALL_BYTES = 1 << 14
"""Up to here a file costs more by being a file than by its bytes, which one process has to write
and has to be sent before."""

_NUM_PROBES = 64


def num_useful(num_workers: int, plans: Sequence[PackPlan]) -> int:
    """As many as asked for, but no more than runs; one where large files are only copied.

    Whether progressive JPEGs are among them, which take work, is told by 64 files of each split.
    """
    if not any(map(_is_worth_sharing, plans)):
        return 1
    runs = chain.from_iterable(
        runs_of(split, plan, samples) for split, plan in enumerate(plans) for samples in plan.shards
    )
    return max(1, sum(1 for _ in islice(runs, num_workers)))


def _is_worth_sharing(plan: PackPlan) -> bool:
    source, options = plan.source, plan.options
    if not len(source):
        return False
    if options.decode or options.resizes or np.mean(source.num_bytes) <= _SMALL_BYTES:
        return True
    step = -(-len(source) // _NUM_PROBES)
    return any(_is_progressive(source, sample) for sample in range(0, len(source), step))


def _is_progressive(source: SourceSplit, sample: int) -> bool:
    try:
        content = source.read(sample)
        return is_jpeg(content) and read_jpeg_header(content).is_progressive
    except (SampleError, ImageError):  # said when it is packed
        return False

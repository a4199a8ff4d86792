"""Packing a data set: its splits one after the other, their shards one after the other."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from bsgrow.data.encoded.dataset import SampleError
from bsgrow.data.packing.destination import check_apart, check_free
from bsgrow.data.packing.options import PackOptions
from bsgrow.data.packing.plan import PackPlan, plan_pack
from bsgrow.data.packing.preparation import Packed, Preparation, Run, runs_of, size_of
from bsgrow.data.packing.shard_writer import Outcome, write_shard
from bsgrow.data.packing.source import open_source
from bsgrow.data.packing.transform import DecodeCheck, ToBaseline, unchecked
from bsgrow.data.packing.useful_workers import num_useful
from bsgrow.data.shards import is_whole, open_header, shard_name
from bsgrow.data.shards.layout import Header
from bsgrow.files.atomic import naming
from bsgrow.files.lock import locked
from bsgrow.images.pillow import quiet_pillow
from bsgrow.processes.worker_pool import MapInOrder, num_cores, started_workers


@dataclass
class PackedSplit:
    """What became of one split.

    Args:
        folder: that its shards are in.
        num_shards: how many there are.
        num_kept: how many of them an earlier, interrupted packing had finished, nothing left out.
        num_samples: in all of them.
        num_bytes: of all of them.
        left_out: why each file that was left out could not be used.
    """

    folder: Path
    num_shards: int
    num_kept: int = 0
    num_samples: int = 0
    num_bytes: int = 0
    left_out: list[SampleError] = field(default_factory=list)

    @property
    def num_left_out(self) -> int:
        """How many files were left out."""
        return len(self.left_out)


Progress = Callable[[int, int], None]
"""Told how many samples are done, and of how many, over all splits."""


def pack(
    source: Path,
    dest: Path,
    options: PackOptions,
    *,
    num_workers: int | None = None,
    to_baseline: ToBaseline | None = None,
    also: DecodeCheck = unchecked,
    on_progress: Progress = lambda done, total: None,
) -> list[PackedSplit]:
    """Writes the images of a data set, or of one split of it, as shards.

    The same source and options give the same bytes, with any number of workers, and also when it
    was killed and run again; where images are encoded again, with the same Pillow and libjpeg.
    What an earlier packing left out is tried again, and its shard written anew.

    Args:
        source: an image folder or WebDataset tars: a data set with ``train/`` and ``val/`` or
            ``test/``, or one split.
        dest: where the shards go, in folders of the same names.
        options: what is done to the images.
        num_workers: processes, on Linux; one a core where None. Fewer where more do not pay.
        to_baseline: makes progressive JPEGs baseline without loss; None: they are encoded again.
            With `options.restarts` it cuts JPEGs into restart intervals too.
        also: decodes each JPEG that is encoded again, and with `options.decode` each image, to find
            damage that Pillow passes over.
        on_progress: told of each sample.

    Raises:
        InputError: the source is none, the destination holds something else, or another process
            packs into it.
        ValueError: restart intervals are asked for without `to_baseline`.
        SampleError: a file cannot be used, and `options.on_error` is ``"raise"``.
        BsgrowError: the destination cannot be written.
    """
    if options.restarts and to_baseline is None:
        raise ValueError("options.restarts: to_baseline is what cuts JPEGs, and is not given")
    check_apart(source, dest)
    changes = options.describe(lossless=to_baseline is not None)
    splits = open_source(source)
    plans = [plan_pack(split.source, split.class_names, options, changes) for split in splits]
    folders = [dest / split.folder for split in splits]
    count = _Counter(sum(len(split.source) for split in splits), on_progress)
    work = Preparation(plans, to_baseline, also)
    workers = num_useful(num_workers or num_cores(), plans)
    # The workers first: they are not to hold the lock, should this process be killed.
    with (
        quiet_pillow(),
        started_workers(work, workers, size_of) as run,
        _held(dest, plans, folders),
    ):
        return [
            _pack_split(number, plan, folder, run, count)
            for number, (plan, folder) in enumerate(zip(plans, folders, strict=True))
        ]


@contextmanager
def _held(dest: Path, plans: Sequence[PackPlan], folders: Sequence[Path]) -> Iterator[None]:
    """Makes the destination, keeps other processes out, and checks that it is free."""
    _make(dest)
    with locked(dest, "packing", "DEST"):
        for plan, folder in zip(plans, folders, strict=True):
            check_free(plan, folder, dest)
        yield


def _make(folder: Path) -> None:
    with naming(folder, "make"):
        folder.mkdir(parents=True, exist_ok=True)


class _Counter:
    """Samples done, over all splits."""

    def __init__(self, total: int, on_progress: Progress) -> None:
        self._done, self._total, self._on_progress = 0, total, on_progress

    def add(self, num_samples: int) -> None:
        self._done += num_samples
        self._on_progress(self._done, self._total)


def _pack_split(
    split: int,
    plan: PackPlan,
    folder: Path,
    run: MapInOrder[Run, Packed | SampleError],
    count: _Counter,
) -> PackedSplit:
    packed = PackedSplit(folder, len(plan.shards))
    _make(folder)

    def on_sample(outcome: Outcome) -> None:
        packed.left_out.extend([outcome] if outcome else [])
        count.add(1)

    paths = [folder / shard_name(number) for number in range(len(plan.shards))]
    missing = list(_missing(plan, paths, count))
    packed.num_kept = len(paths) - len(missing)
    # All at once: workers go on while a shard is brought to the disk.
    runs = (runs_of(split, plan, plan.shards[number]) for number in missing)
    results = run(chain.from_iterable(runs))
    for number in missing:
        of_shard = islice(results, len(plan.shards[number]))
        write_shard(plan, number, paths[number], of_shard, on_sample)
    for path in paths:
        _add_up(packed, open_header(path))
    return packed


def _missing(plan: PackPlan, paths: Sequence[Path], count: _Counter) -> Iterator[int]:
    """Yield which shards are to be written; the samples of those that are whole are done."""
    for number, (path, samples) in enumerate(zip(paths, plan.shards, strict=True)):
        if is_whole(path, plan.pack_id, number):
            count.add(len(samples))
        else:
            yield number


def _add_up(packed: PackedSplit, header: Header) -> None:
    packed.num_samples += header.num_samples
    packed.num_bytes += header.file_bytes

"""Where shards are written: apart from their source, and nowhere over something else."""

from pathlib import Path

from bsgrow.data.packing.plan import PackPlan
from bsgrow.data.shards import ShardError, open_header, shard_name, shard_paths
from bsgrow.errors import InputError
from bsgrow.text.printable import printable


def check_apart(source: Path, dest: Path) -> None:
    """Refuses a destination inside the source, which would be read as a part of it, or in a file.

    Raises:
        InputError: it is.
    """
    inner, outer = dest.resolve(), source.resolve()
    if inner.is_relative_to(outer):
        raise InputError(
            f"DEST {printable(dest)} lies in SOURCE {printable(source)}",
            hint="choose a folder outside of it",
        )
    nearest = next(path for path in (inner, *inner.parents) if path.exists())
    if not nearest.is_dir():
        raise InputError(
            f"DEST {printable(dest)}: {printable(nearest)} is not a folder",
            hint="choose a folder, or a path at which one can be made",
        )


def check_free(plan: PackPlan, folder: Path, dest: Path) -> None:
    """Refuses a folder with shards that are not of this plan; those of an interrupted run are.

    Raises:
        InputError: there is one, or the folder is a file, or a link in `dest`.
        BsgrowError: the folder or a shard cannot be read.
    """
    if folder != dest and folder.is_symlink():
        raise InputError(
            f"{printable(folder)}: a symbolic link",
            hint="choose another DEST, or link DEST itself and put the folder in its place",
        )
    if not folder.is_dir():
        if folder.exists():
            raise InputError(f"{printable(folder)} is not a folder", hint="choose another DEST")
        return
    expected = {shard_name(number) for number in range(len(plan.shards))}
    for path in shard_paths(folder):
        if path.name not in expected or not _is_of(plan, path):
            raise InputError(
                f"{printable(path)} is a shard of another source or of other options",
                hint="choose another DEST, or remove the shards that are there; they fit no more "
                "as soon as a file of the source is added, removed, or replaced by a longer or "
                "shorter one, or Pillow is another version where images are encoded again",
            )


def _is_of(plan: PackPlan, path: Path) -> bool:
    try:
        return open_header(path).pack_id == plan.pack_id
    except ShardError:  # damaged; it is of this place by its name, and will be written again
        return True

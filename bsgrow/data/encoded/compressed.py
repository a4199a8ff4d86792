"""Compressed tars, by their names and by how they begin; and what unpacks them."""

from typing import NamedTuple

from bsgrow.text import command


class Compression(NamedTuple):
    """A way to compress a tar.

    Args:
        name: for people.
        magic: how its files begin.
        suffix: what its own tools put behind a name.
        short: endings that stand for ``.tar`` and the suffix.
        command: unpacks a file that is named so, and removes it.
    """

    name: str
    magic: bytes
    suffix: str
    short: tuple[str, ...]
    command: str


COMPRESSIONS = (
    Compression("gzip", b"\x1f\x8b", ".gz", (".tgz", ".taz"), "gunzip"),
    Compression("zstd", b"\x28\xb5\x2f\xfd", ".zst", (".tzst",), "unzstd --rm"),
    Compression("bzip2", b"BZh", ".bz2", (".tbz", ".tbz2", ".tb2"), "bunzip2"),
    Compression("xz", b"\xfd7zXZ\0", ".xz", (".txz",), "unxz"),
    Compression("lzip", b"LZIP", ".lz", (".tlz",), "lzip -d"),
    Compression("lz4", b"\x04\x22\x4d\x18", ".lz4", (), "unlz4 --rm"),
    Compression("compress", b"\x1f\x9d", ".Z", (".tZ",), "uncompress"),
)


def by_magic(start: bytes) -> Compression | None:
    """By what a file is compressed that begins so; None: by nothing known."""
    return next((way for way in COMPRESSIONS if start.startswith(way.magic)), None)


def by_name(name: str) -> tuple[Compression, str] | None:
    """By what a tar of this name is compressed, and its name once unpacked; None: it is none."""
    lowered = name.lower()
    for way in COMPRESSIONS:
        for ending in (f".tar{way.suffix}", *way.short):
            if lowered.endswith(ending.lower()):
                return way, name[: -len(ending)] + ".tar"
    return None


def quoted(path: str) -> str:
    """A path for a command that can be pasted; FILE where it cannot be printed."""
    return command.quoted(command.argument(path)) if path.isprintable() else "FILE"

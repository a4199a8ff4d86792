"""The bytes of a shard's header and index; README.md beside this file is the specification."""

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.encoded.names import Names

MAGIC = b"\x89bsgrow\n"
VERSION = 1
ALIGNMENT = 64
MAX_INDEX_BYTES = 1 << 30  # some ten million images; more would not be read at once

HEADER = struct.Struct("<8sIIQQ32sIIIIQQQQ")
CHECKED_FROM = 16  # the checksum covers what follows it

RECORD = np.dtype(
    [
        ("offset", "<u8"),
        ("length", "<u4"),
        ("checksum", "<u4"),
        ("label", "<u4"),
        ("height", "<u4"),
        ("width", "<u4"),
        ("name_end", "<u4"),
        ("source_bytes", "<u4"),
        ("changed", "<u4"),
    ]
)


@dataclass(frozen=True)
class Header:
    """The first 112 bytes of a shard, without magic, version and checksum."""

    index_bytes: int
    file_bytes: int
    pack_id: bytes
    shard: int
    num_shards: int
    num_samples: int
    num_classes: int
    class_bytes: int
    name_bytes: int
    change_bytes: int
    left_out_bytes: int

    @property
    def expected_index_bytes(self) -> int:
        """What `index_bytes` must be, given the other lengths."""
        texts = self.class_bytes + self.name_bytes + self.change_bytes + self.left_out_bytes
        return HEADER.size + RECORD.itemsize * self.num_samples + texts


@dataclass(frozen=True, eq=False)
class Index:
    """All that a shard says of its images.

    Args:
        pack_id: 32 bytes that all shards of the split share.
        shard: its number.
        num_shards: of the split.
        records: [n] of `RECORD`.
        class_names: of the split.
        names: of the n samples.
        changes: what was done to the pixels where a record says so.
        left_out: names of the source files that could not be used.
    """

    pack_id: bytes
    shard: int
    num_shards: int
    records: NDArray[np.void]
    class_names: tuple[bytes, ...]
    names: Names
    changes: str
    left_out: tuple[bytes, ...]


def align(offset: int) -> int:
    """The next multiple of `ALIGNMENT`, or `offset` itself."""
    return -(-offset // ALIGNMENT) * ALIGNMENT


def encode(index: Index, file_bytes: int) -> tuple[bytes | memoryview, ...]:
    """Header and index, to be written one after the other at the start of a file.

    Args:
        index: as it is to be; its records and names are not copied.
        file_bytes: of the whole file.
    """
    texts = (
        b"".join(name + b"\0" for name in index.class_names),
        index.names.joined,
        index.changes.encode(),
        b"".join(name + b"\0" for name in index.left_out),
    )
    body = (index.records.view(np.uint8).data, *texts)
    fields = (index.shard, index.num_shards, len(index.records), len(index.class_names))
    index_bytes = HEADER.size + sum(map(len, body))
    known = (index_bytes, file_bytes, index.pack_id, *fields, *map(len, texts))
    checksum = zlib.crc32(HEADER.pack(MAGIC, VERSION, 0, *known)[CHECKED_FROM:])
    for part in body:
        checksum = zlib.crc32(part, checksum)
    return HEADER.pack(MAGIC, VERSION, checksum, *known), *body

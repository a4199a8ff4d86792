"""Shards for tests, packed of a few files, and a writer that breaks what is asked for."""

import struct
import zlib
from pathlib import Path

import numpy as np

from bsgrow.data.encoded.names import Names
from bsgrow.data.shards import shard_name
from bsgrow.data.shards.layout import HEADER, RECORD, Index, align, encode

PACK_ID = bytes(range(32))


def images_of(num_samples: int, seed: int = 0) -> list[bytes]:
    rng = np.random.default_rng(seed)
    return [rng.bytes(int(n)) for n in rng.integers(1, 300, num_samples)]


def shard_bytes(images: list[bytes], *, shard: int = 0, num_shards: int = 1, **changes) -> bytes:
    """A whole shard of three classes; `changes` replace fields of its index."""
    names = Names.of(f"c{i % 3}/{i}.jpg".encode() for i in range(len(images)))
    records = np.zeros(len(images), RECORD)
    fields = {
        "pack_id": PACK_ID,
        "class_names": (b"c0", b"c1", b"c2"),
        "names": names,
        "changes": "",
        "left_out": (b"c0/bad.jpg",),
    }
    index = Index(shard=shard, num_shards=num_shards, records=records, **(fields | changes))
    position = align(len(b"".join(encode(index, 0))))
    for i, image in enumerate(images):
        start = align(position)
        name_end = int(names.ends[i])
        records[i] = (start, len(image), zlib.crc32(image), i % 3, 12, 16, name_end, len(image), 0)
        position = start + len(image)
    content = bytearray(position if images else len(b"".join(encode(index, 0))))
    for record, image in zip(records, images, strict=True):
        content[int(record["offset"]) : int(record["offset"]) + len(image)] = image
    head = b"".join(encode(index, len(content)))
    content[: len(head)] = head
    return bytes(content)


def write_shards(folder: Path, *parts: list[bytes], **changes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, images in enumerate(parts):
        content = shard_bytes(images, shard=number, num_shards=len(parts), **changes)
        (folder / shard_name(number)).write_bytes(content)
    return folder


def with_field(content: bytes, offset: int, value: int, size: int = 4) -> bytes:
    """A shard with a number in its header or index replaced, and its checksum made right again."""
    changed = bytearray(content)
    changed[offset : offset + size] = value.to_bytes(size, "little")
    return with_right_checksum(changed)


def with_right_checksum(content: bytes | bytearray) -> bytes:
    """The same with the checksum that its header and index would need."""
    changed = bytearray(content)
    if len(changed) >= HEADER.size:
        index_bytes = struct.unpack_from("<Q", changed, 16)[0]
        changed[12:16] = zlib.crc32(changed[16 : max(16, min(index_bytes, len(changed)))]).to_bytes(
            4, "little"
        )
    return bytes(changed)

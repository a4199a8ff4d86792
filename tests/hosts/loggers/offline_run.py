"""What a file of W&B's offline mode holds: records in the format of LevelDB's logs."""

import json
import struct

from wandb.proto import wandb_internal_pb2

_BLOCK, _FILE_HEADER, _HEADER = 32768, 7, struct.Struct("<IHB")
_FULL, _LAST = 1, 4


def rows_in(path):
    """Yield what was given to each call of log."""
    for data in _records(path.read_bytes()):
        record = wandb_internal_pb2.Record.FromString(data)
        items = record.history.item
        if items:
            yield {
                each.key or ".".join(each.nested_key): json.loads(each.value_json) for each in items
            }


def _records(content):
    place, parts = _FILE_HEADER, []
    while place + _HEADER.size <= len(content):
        left = _BLOCK - place % _BLOCK
        if left < _HEADER.size:
            place += left
            continue
        _, length, kind = _HEADER.unpack_from(content, place)
        place += _HEADER.size + length
        parts.append(content[place - length : place])
        if kind in (_FULL, _LAST):
            yield b"".join(parts)
            parts = []

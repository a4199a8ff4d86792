"""What a long name or pax records of a tar say of the member that follows them."""

from collections.abc import Iterator


class MalformedRecordsError(ValueError):
    """Pax records that are not ``length key=value``, or not of the values that they take."""


class Overrides:
    """Name and size of the next member, where its header is not to be believed.

    Attributes:
        name: None: that of the header.
        size: in bytes; None: that of the header.
        is_sparse: whether its content has holes that are not stored.
        is_pending: whether something was said, and the member is still to come.
    """

    def __init__(self) -> None:
        self.name: bytes | None = None
        self.size: int | None = None
        self.is_sparse = False
        self.is_pending = False

    def take(self, records: bytes) -> None:
        """Reads pax records; an empty value takes an earlier one back.

        Raises:
            MalformedRecordsError: they are not well formed.
        """
        for key, value in split_records(records):
            if key == b"path" or key == b"GNU.sparse.name":
                self.name = _name(value)
            elif key == b"size":
                self.size = _size(value)
            self.is_sparse = self.is_sparse or key.startswith(b"GNU.sparse.")


def of_every_member(records: bytes) -> bytes | None:
    """The first key of global pax records that would change where members are, or their names.

    Raises:
        MalformedRecordsError: they are not well formed.
    """
    keys = (key for key, value in split_records(records) if value)
    return next((k for k in keys if k in (b"path", b"size") or k.startswith(b"GNU.sparse.")), None)


def split_records(records: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of pax records.

    Raises:
        MalformedRecordsError: they are not well formed.
    """
    start = 0
    while start < len(records):
        length = records[start : start + 8].partition(b" ")[0]
        if not (length.isdigit() and len(length) < 8 and int(length) <= len(records) - start):
            raise MalformedRecordsError
        stop = start + int(length)
        record = records[start + len(length) + 1 : stop]
        key, equals, value = record.removesuffix(b"\n").partition(b"=")
        if not (equals and record.endswith(b"\n")):
            raise MalformedRecordsError
        yield key, value
        start = stop


def _name(value: bytes) -> bytes | None:
    """No file's name holds a zero byte, and none that a shard could keep."""
    if b"\0" in value:
        raise MalformedRecordsError
    return value or None


def _size(value: bytes) -> int | None:
    if not value:
        return None
    if not (value.isdigit() and len(value) < 19):
        raise MalformedRecordsError
    return int(value)

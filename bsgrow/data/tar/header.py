"""What one header of a tar says: pure, from its 512 bytes."""

import zlib

BLOCK = 512

FILES = frozenset(b"0\x007")
FOLDER = ord("5")
UNNAMED = frozenset(b"5DV")  # folders, lists of folders, the label of a volume: no samples' parts
WITHOUT_CONTENT = frozenset(b"123456")  # links, devices, folders, pipes, whatever their size says
LONG_NAME, LONG_LINK, PAX_GLOBAL, SPARSE = b"LKgS"
PAX = frozenset(b"xX")  # X: Solaris wrote them before POSIX had them
METADATA = frozenset(b"LKgxX")

_OTHERS = {
    ord("1"): "a hard link",
    ord("2"): "a symbolic link",
    ord("3"): "a device",
    ord("4"): "a device",
    ord("6"): "a pipe",
    ord("M"): "the rest of a file from another volume",
}
_CHECKSUM = slice(148, 156)
_ADLER_MODULUS = 65521


def describe(kind: int) -> str:
    """What a member is that is no file, in words."""
    return _OTHERS.get(kind, f"a member of the type {chr(kind)!r}")


def is_intact(header: bytes) -> bool:
    """Whether the checksum is that of the header, its own eight bytes taken as spaces.

    Tars of before POSIX have the sum of signed bytes. The sum itself takes Python 3 µs; the low
    half of Adler-32 (RFC 1950) is one more than it, modulo 65521, for a tenth of that.
    """
    field = header[_CHECKSUM]
    stored = number(field)
    if stored is None:
        return False
    others = stored - 8 * 32
    if (others + sum(field) + 1 - zlib.adler32(header) % 65536) % _ADLER_MODULUS == 0:
        return True
    rest = header[: _CHECKSUM.start] + header[_CHECKSUM.stop :]
    return others == sum(byte - 256 if byte > 127 else byte for byte in rest)


def member_name(header: bytes) -> bytes:
    """The name of a ustar header, its prefix included; GNU's and older ones have none."""
    name = header[:100].split(b"\0", 1)[0]
    if header[257:263] == b"ustar\0" and (prefix := header[345:500].split(b"\0", 1)[0]):
        return prefix + b"/" + name
    return name


def member_size(header: bytes) -> int | None:
    """The size of a member in bytes, below 0 where it says so; None: it is not a number."""
    return number(header[124:136])


def number(field: bytes) -> int | None:
    """Octal digits, or GNU's base 256 where the first bit is set; None: neither."""
    if field[0] & 0x80:
        bits = 8 * len(field) - 1
        value = int.from_bytes(field, "big") % (1 << bits)
        return value - (1 << bits) if field[0] & 0x40 else value
    digits = field.split(b"\0", 1)[0].strip()
    try:
        return int(digits or b"0", 8) if digits.isdigit() or not digits else None
    except ValueError:  # an 8 or a 9
        return None

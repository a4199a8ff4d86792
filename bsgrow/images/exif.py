"""The EXIF of image files: in a chunk of PNG or WebP, or in an older text chunk of PNG."""

import zlib
from collections.abc import Iterator

from bsgrow.images.encoded import Encoded

PREFIX = b"Exif\0\0"
"""What EXIF begins with in a JPEG, and now and then elsewhere; a TIFF follows."""

_PNG_SIGNATURE_BYTES = 8
_RIFF_HEADER_BYTES = 12
_MAX_TEXT = (
    1 << 20
)  # of decompressed text: EXIF of a JPEG has 64 kB at most, and its tags come first
_PROFILES = (b"raw profile type exif", b"raw profile type app1")  # as ImageMagick writes them
_TIFF_STARTS = (b"II", b"MM")


def png_exif(png: Encoded) -> bytes | None:
    """The EXIF of a PNG: its first ``eXIf`` chunk, else the first text chunk that holds some.

    The text chunks are zTXt, tEXt and iTXt, with the keyword "Raw profile type exif" or "... APP1".
    """
    from_text = None
    for name, body in _png_chunks(memoryview(png)):
        if name == b"eXIf":
            return _without_prefix(bytes(body))
        if name in _TEXTS and from_text is None:
            from_text = _profile(_TEXTS[name](bytes(body)))
    return from_text


def webp_exif(webp: Encoded) -> bytes | None:
    """The first ``EXIF`` chunk of a WebP, with or without the prefix of a JPEG's."""
    content, at = memoryview(webp), _RIFF_HEADER_BYTES
    while at + 8 <= len(content):
        length = int.from_bytes(content[at + 4 : at + 8], "little")
        if bytes(content[at : at + 4]) == b"EXIF":
            return _without_prefix(bytes(content[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    return None


def _without_prefix(exif: bytes) -> bytes:
    return exif.removeprefix(PREFIX)


def _png_chunks(png: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at, name = _PNG_SIGNATURE_BYTES, b""
    while at + 8 <= len(png) and name != b"IEND":
        length, name = int.from_bytes(png[at : at + 4]), bytes(png[at + 4 : at + 8])
        yield name, png[at + 8 : at + 8 + length]
        at += 12 + length


def _profile(text: tuple[bytes, bytes] | None) -> bytes | None:
    """The EXIF in a text, which is a name, a number of bytes, and hexadecimal digits."""
    if text is None or text[0].lower() not in _PROFILES:
        return None
    parts = text[1].split(maxsplit=2)
    digits = b"".join(parts[2].split()) if len(parts) == 3 else b""
    try:
        exif = _without_prefix(bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii")))
    except ValueError:
        return None
    return exif if exif.startswith(_TIFF_STARTS) else None


def _plain_text(body: bytes) -> tuple[bytes, bytes]:
    keyword, _, text = body.partition(b"\0")
    return keyword, text


def _compressed_text(body: bytes) -> tuple[bytes, bytes] | None:
    keyword, _, rest = body.partition(b"\0")
    return _inflated(keyword, rest[1:])  # behind the method, of which there is one


def _international_text(body: bytes) -> tuple[bytes, bytes] | None:
    keyword, _, rest = body.partition(b"\0")
    text = rest[2:].split(b"\0", 2)[-1]  # behind flag, method, language and translated keyword
    return _inflated(keyword, text) if rest[:1] == b"\1" else (keyword, text)


def _inflated(keyword: bytes, data: bytes) -> tuple[bytes, bytes] | None:
    if keyword.lower() not in _PROFILES:
        return None
    try:
        return keyword, zlib.decompressobj().decompress(data, _MAX_TEXT)
    except zlib.error:
        return None


_TEXTS = {b"tEXt": _plain_text, b"zTXt": _compressed_text, b"iTXt": _international_text}

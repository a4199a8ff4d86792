"""Which images are kept from DALI: one that it refuses costs it the chunk and the pipeline."""

import hashlib

# Of the formats that nvImageCodec parses, but for PGM and PPM: of those with another highest level
# than 255 or 65535 it takes the levels as they are, and they come out too dark.
_SIGNATURES = (
    b"\xff\xd8\xff",  # JPEG
    b"\x89PNG\r\n\x1a\n",
    b"BM",
    b"RIFF",  # WebP
    b"II*\0",  # TIFF
    b"MM\0*",
    b"\0\0\0\x0cjP  ",  # JPEG 2000
    b"\xff\x4f\xff\x51",
)


class DaliFormats:
    """Tells by the first bytes whether DALI knows a format, and keeps in mind what it refused."""

    def __init__(self) -> None:
        self._refused: set[tuple[int, bytes]] = set()
        self._lengths: set[int] = set()

    def accept(self, image: memoryview) -> bool:
        """Whether DALI may be given an image."""
        if not bytes(image[:8]).startswith(_SIGNATURES):
            return False
        return len(image) not in self._lengths or _key(image) not in self._refused

    def refuse(self, image: memoryview) -> None:
        """Keep in mind, by its content, that DALI refused an image."""
        self._lengths.add(len(image))  # nearly every image is told by it, without being hashed
        self._refused.add(_key(image))


def _key(image: memoryview) -> tuple[int, bytes]:
    return len(image), hashlib.blake2b(image, digest_size=16).digest()

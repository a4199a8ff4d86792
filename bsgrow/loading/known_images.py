"""Images that are known by their content."""

import hashlib


class KnownImages:
    """A set of images; to ask for one that is not in it costs next to nothing."""

    def __init__(self) -> None:
        self._digests: set[bytes] = set()
        self._lengths: set[int] = set()

    def add(self, image: memoryview) -> None:
        """Know an image from now on."""
        self._lengths.add(len(image))  # nearly every image is told by it, without being hashed
        self._digests.add(_digest(image))

    def __contains__(self, image: memoryview) -> bool:
        return len(image) in self._lengths and _digest(image) in self._digests


def _digest(image: memoryview) -> bytes:
    return hashlib.blake2b(image, digest_size=16).digest()

"""Scans of a JPEG: by their headers, whether they bring all of it."""

from typing import Final

from bsgrow.images.encoded import Encoded

_START_OF_SCAN: Final = b"\xff\xda"
_NEVER: Final = 255
_Coefficients = dict[int, bytearray]  # of each component: the lowest bit that was brought of each


def are_all_brought(jpeg: Encoded, num_components: int) -> bool:
    """Tell whether each coefficient of each component is there to its last bit.

    Decoders make different things of a JPEG that leaves some out. One with a single scan is told by
    its header; of others all is looked through for scans.

    Args:
        jpeg: with nothing but fill bytes between the segments of its header.
        num_components: as its header says.
    """
    lowest: _Coefficients = {}
    at = _first_scan(jpeg)
    _read_scan(jpeg, at, lowest)
    if _is_complete(lowest, num_components):
        return True
    whole = bytes(jpeg)
    while (at := whole.find(_START_OF_SCAN, at + 2)) > 0:
        _read_scan(whole, at, lowest)
    return _is_complete(lowest, num_components)


def _first_scan(jpeg: Encoded) -> int:
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at + 1] != _START_OF_SCAN[1]:
        is_fill = jpeg[at + 1] == 0xFF
        at += 1 if is_fill else 2 + int.from_bytes(jpeg[at + 2 : at + 4])
    return at


def _read_scan(jpeg: Encoded, at: int, lowest: _Coefficients) -> None:
    """Note what a scan brings: of its components the coefficients first to last, down to a bit."""
    parts = bytes(jpeg[at + 4 : at + 16])
    num = 2 * parts[0] if parts else 0
    if len(parts) < num + 4:
        return
    first, last, bits = parts[num + 1 : num + 4]
    for component in parts[1 : num + 1 : 2]:
        brought = lowest.setdefault(component, bytearray([_NEVER] * 64))
        brought[first : last + 1] = bytes([bits & 15]) * len(brought[first : last + 1])


def _is_complete(lowest: _Coefficients, num_components: int) -> bool:
    return len(lowest) == num_components and not any(map(any, lowest.values()))

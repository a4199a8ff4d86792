"""What a user writes behind the options of `bsgrow bench`, checked."""

from typing import Any

from bsgrow.errors import InputError
from bsgrow.text.printable import cut
from bsgrow.validation.registry import Registry

_MAX = 2**31 - 1  # what the kernels of torch index a batch with
_SIZES = "--batch-sizes 128,1024,8192"


def batch_size_list(text: str) -> list[int]:
    """Return global batch sizes, each once, in the order given.

    Raises:
        InputError: one is no number from 1 on.
    """
    words = text.split(",")
    return list(dict.fromkeys(_whole(word, "--batch-sizes", text, _SIZES) for word in words))


def image_shape(text: str) -> tuple[int, int, int]:
    """Return (C, H, W) of what is written CxHxW.

    Raises:
        InputError: it is not three numbers from 1 on.
    """
    words = text.lower().replace("×", "x").split("x")
    sizes = [_whole(word, "--shape", text, "--shape 3x32x32") for word in words]
    if len(sizes) != 3:
        raise InputError(
            f"--shape {cut(text)}: must be channels x height x width", hint="--shape 3x32x32"
        )
    return sizes[0], sizes[1], sizes[2]


def system_list(text: str, known: Registry[Any]) -> list[str]:
    """Return names of systems, each once, in the order given.

    Raises:
        InputError: one is not known.
    """
    names = list(dict.fromkeys(word.strip() for word in text.split(",")))
    for name in names:
        known.find(name, "--systems", f"{cut(name)!r} is not known")
    return names


def _whole(word: str, option: str, text: str, hint: str) -> int:
    word = word.strip()
    if not (word.isascii() and word.isdecimal() and len(word) <= 10 and 1 <= int(word) <= _MAX):
        raise InputError(
            f"{option} {cut(text)}: {cut(word)!r} is not a whole number from 1 to {_MAX}", hint
        )
    return int(word)

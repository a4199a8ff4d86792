"""Random damage to a file: bits, bytes, numbers at the edges of their range, runs, lengths."""

import random
from collections.abc import Callable

_EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**63, 2**64 - 1)


def flip_bits(rng: random.Random, content: bytearray) -> None:
    for _ in range(rng.randint(1, 8)):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def set_number(rng: random.Random, content: bytearray) -> None:
    size = rng.choice((1, 2, 4, 8))
    value = rng.choice(_EDGES) if rng.random() < 0.7 else rng.randrange(len(content) + 64)
    place = rng.randrange(max(1, len(content) - size)) // size * size
    content[place : place + size] = (value % 256**size).to_bytes(size, "little")


def add_to_number(rng: random.Random, content: bytearray) -> None:
    size = rng.choice((4, 8))
    place = rng.randrange(max(1, len(content) - size)) // 4 * 4
    value = int.from_bytes(content[place : place + size], "little") + rng.randint(-70, 70)
    content[place : place + size] = (value % 256**size).to_bytes(size, "little")


def cut(rng: random.Random, content: bytearray) -> None:
    del content[rng.randrange(1, len(content) + 1) :]


def extend(rng: random.Random, content: bytearray) -> None:
    content += rng.randbytes(rng.randint(1, 600))


def copy_run(rng: random.Random, content: bytearray) -> None:
    source, length = rng.randrange(len(content)), rng.randint(1, 64)
    place = rng.randrange(len(content))
    run = content[source : source + length]
    content[place : place + len(run)] = run


def overwrite(rng: random.Random, content: bytearray) -> None:
    place, length = rng.randrange(len(content)), rng.randint(1, 64)
    length = min(length, len(content) - place)
    content[place : place + length] = rng.choice((bytes(length), b"\xff" * length))


KINDS: tuple[Callable[[random.Random, bytearray], None], ...] = (
    flip_bits,
    set_number,
    add_to_number,
    cut,
    extend,
    copy_run,
    overwrite,
)


def mutate(rng: random.Random, whole: bytes, head: int) -> bytearray:
    """One to four kinds of damage, half of it within the first `head` bytes."""
    content = bytearray(whole)
    for _ in range(rng.randint(1, 4)):
        kind = rng.choice(KINDS)
        if rng.random() < 0.5 and kind not in (cut, extend) and len(content) > head:
            front = content[:head]
            kind(rng, front)
            content[:head] = front
        elif content:
            kind(rng, content)
    return content

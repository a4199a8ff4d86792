"""Ways to break a file: at random, and where its headers say how long things are."""

import struct
from collections.abc import Callable, Sequence
from random import Random

Mutation = Callable[[Random, bytearray, Sequence[bytes]], None]

INTERESTING = (0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF)


def flip_bits(random: Random, content: bytearray, _: Sequence[bytes]) -> None:
    for _bit in range(random.randint(1, 16)):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)


def set_bytes(random: Random, content: bytearray, _: Sequence[bytes]) -> None:
    for _byte in range(random.randint(1, 8)):
        content[random.randrange(len(content))] = random.choice(INTERESTING)


def truncate(random: Random, content: bytearray, _: Sequence[bytes]) -> None:
    del content[random.randrange(len(content)) :]


def remove(random: Random, content: bytearray, _: Sequence[bytes]) -> None:
    start = random.randrange(len(content))
    del content[start : start + random.randint(1, 200)]


def splice(random: Random, content: bytearray, corpus: Sequence[bytes]) -> None:
    """Goes on with the rest of another file, or of itself from elsewhere."""
    other = random.choice(corpus)
    content[random.randrange(len(content)) :] = other[random.randrange(len(other)) :]


def repeat(random: Random, content: bytearray, _: Sequence[bytes]) -> None:
    start = random.randrange(len(content))
    part = content[start : start + random.randint(1, 400)]
    content[start:start] = part * random.randint(1, 20)


def edit_header(random: Random, content: bytearray, _: Sequence[bytes]) -> None:
    """Changes bytes in the first kilobyte, where sizes, tables and offsets are."""
    for _byte in range(random.randint(1, 6)):
        at = random.randrange(min(len(content), 1024))
        content[at] = random.choice((*INTERESTING, random.randrange(256)))


def edit_lengths(random: Random, content: bytearray, _: Sequence[bytes]) -> None:
    """Changes the 16 bits behind a marker, or those of a side of the image."""
    markers = [i for i in range(len(content) - 9) if content[i] == 0xFF and content[i + 1] >= 0xC0]
    if markers:
        at = random.choice(markers[:12]) + random.choice((2, 5, 7))
        length = random.choice((0, 1, 2, 8, 17, 0x7FFF, 0xFFDC, 0xFFFF, random.randrange(1 << 16)))
        struct.pack_into(">H", content, at, length)


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    set_bytes,
    truncate,
    remove,
    splice,
    repeat,
    edit_header,
    edit_lengths,
)


def mutate(random: Random, corpus: Sequence[bytes]) -> bytes:
    """One file of the corpus, broken in one to four ways."""
    content = bytearray(random.choice(corpus))
    for _ in range(random.randint(1, 4)):
        if content:
            random.choice(MUTATIONS)(random, content, corpus)
    return bytes(content)

"""The samples of one WebDataset tar: members with the same key, one after the other.

The key is the path up to the first dot of its last part, and the extension what follows, whatever
its case: webdataset's ``base_plus_ext`` (github.com/webdataset/webdataset, tariterators.py). So
``IMG_2020.01.02.jpg`` has the extension ``01.02.jpg``, and is no image. webdataset passes over
what that leaves without a part, and links; here each is an error, or is counted and told.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from bsgrow.data.encoded.tally import Tally
from bsgrow.data.tar.index import Member, TarReader
from bsgrow.errors import InputError
from bsgrow.text.printable import printable

IMAGE_EXTENSIONS = (b"jpg", b"jpeg", b"png", b"webp")
LABEL_EXTENSION = b"cls"
_MOST_LABEL_BYTES = 32
_MOST_CLASSES = 1 << 20
_MOST_PARTS = 1 << 10  # images and labels of one key, where one of each is right

_KEY_AND_EXTENSION = re.compile(rb"((?:.*/|)[^./]+)\.([^/]*)", re.DOTALL)
_ONE_OF_EACH = (
    "a sample is key.jpg (or .jpeg, .png, .webp) beside key.cls, one after the other, as "
    "`tar --sort=name -cf` puts them"
)


class Sample(NamedTuple):
    """One sample: its image, not read, and its label."""

    image: Member
    label: int


Part: TypeAlias = tuple[bytes, bytes, Member]
"""A key, an extension in lower case, and the member that has them."""


class SampleReader:
    """Finds samples, and keeps account of what is in none: in memory that no tar makes grow.

    Attributes:
        no_part: members that belong to no sample, such as a README.
        beside: images and labels with longer extensions beside those of their sample, such as
            ``key.mask.png``.
    """

    def __init__(self) -> None:
        in_none, not_its_own = "in no sample of its tars", "beside a sample, and not read"
        self.no_part = Tally(f"a member {in_none}", f"members {in_none}")
        self.beside = Tally(f"an image or label {not_its_own}", f"images and labels {not_its_own}")

    def read(self, tar: TarReader, start: int) -> tuple[Sample | None, int | None]:
        """The members of one key, and where those of the next one begin.

        Args:
            tar: read through a window.
            start: where a member begins whose key is another one than that before it.

        Returns:
            The sample that they are, or None; and None in place of a position at the tar's end.

        Raises:
            InputError: a sample has no image or no label, or more than one, or too many parts.
            DamagedError: as `TarReader.members`.
        """
        parts: list[Part] = []
        others, first = Tally("", ""), None
        for part in self._parts(tar, start):
            if part[0] != (first := first or part)[0]:
                return self._sample(tar, parts, others), tar.member_start
            if not _matters(part[1]):
                others.add(part[2].name)
            elif len(parts) == _MOST_PARTS:
                raise _too_many(tar, part)
            else:
                parts.append(part)
        return self._sample(tar, parts, others), None

    def _parts(self, tar: TarReader, start: int) -> Iterator[Part]:
        for member in tar.members(start):
            if match := _KEY_AND_EXTENSION.fullmatch(member.name):
                yield match[1], match[2].lower(), member
            else:
                self.no_part.add(member.name)

    def _sample(self, tar: TarReader, parts: list[Part], others: Tally) -> Sample | None:
        images = [member for _, extension, member in parts if extension in IMAGE_EXTENSIONS]
        labels = [member for _, extension, member in parts if extension == LABEL_EXTENSION]
        if len(parts) > len(images) + len(labels):
            self._check_dotted(tar, parts, not images, not labels)
        if not images and not labels:
            self.no_part.add(others.first, others.count)
            return None
        if len(images) != 1 or len(labels) != 1:
            raise _not_one_of_each(tar, images, labels)
        if images[0].other or labels[0].other:
            raise _not_a_file(tar, images[0] if images[0].other else labels[0])
        return Sample(images[0], _label(tar, labels[0]))

    def _check_dotted(
        self, tar: TarReader, parts: list[Part], no_image: bool, no_label: bool
    ) -> None:
        """Refuses parts that dots in their names took out of their samples; counts the others."""
        stems: dict[bytes, set[bool]] = {}
        for part in parts:
            stem, dot, last = part[1].rpartition(b".")
            if dot:
                is_label = last == LABEL_EXTENSION
                kinds = stems.setdefault(stem, set())
                kinds.add(is_label)
                if len(kinds) == 2 or (no_label if is_label else no_image):
                    raise _dotted(tar, part)
                self.beside.add(part[2].name)


def _matters(extension: bytes) -> bool:
    """Whether a part is an image or a label, be it that of its key or a further one."""
    last = extension.rpartition(b".")[2]
    return last == LABEL_EXTENSION or last in IMAGE_EXTENSIONS


def _too_many(tar: TarReader, part: Part) -> InputError:
    key, _, member = part
    error = tar.damaged(
        member.offset - 512,
        f"more than {_MOST_PARTS} images and labels have the key {printable(key)}, which makes "
        "them one sample",
    )
    return InputError(error.message, hint=_ONE_OF_EACH)


def _dotted(tar: TarReader, part: Part) -> InputError:
    key, extension, member = part
    error = tar.damaged(
        member.offset - 512,
        f"{printable(member.name)} is in no sample: a key ends at the first dot, so that its key "
        f"is {printable(key)} and its extension {printable(extension)}",
    )
    return InputError(
        error.message,
        hint=f"pack it again without dots in its key, as {printable(_without_dots(member, key))}",
    )


def _without_dots(member: Member, key: bytes) -> bytes:
    """A name with one dot; ``a.jpg.cls`` is meant to be the label of ``a.jpg``, or its like."""
    stem, _, last = member.name[len(key) + 1 :].rpartition(b".")
    if stem.lower() in IMAGE_EXTENSIONS:
        return key + b"." + last
    return key + b"_" + stem.replace(b".", b"_") + b"." + last


def _not_one_of_each(tar: TarReader, images: list[Member], labels: list[Member]) -> InputError:
    first, *others = images + labels
    beside = ", ".join(printable(member.name) for member in others[:5])
    error = tar.damaged(
        first.offset - 512,
        f"{printable(first.name)} belongs to a sample with {len(images)} images and "
        f"{len(labels)} labels{f', beside {beside}' * bool(beside)}; one of each is needed",
    )
    return InputError(error.message, hint=_ONE_OF_EACH)


def _not_a_file(tar: TarReader, member: Member) -> InputError:
    error = tar.damaged(
        member.offset - 512, f"{printable(member.name)} is {member.other}, and holds no content"
    )
    return InputError(
        error.message,
        hint="pack the files again with `tar --dereference --hard-dereference -cf`, which puts "
        "contents in place of links",
    )


def _label(tar: TarReader, member: Member) -> int:
    if member.num_bytes <= _MOST_LABEL_BYTES:
        text = tar.read(member.offset, member.num_bytes, "a label").strip()
        if text.isdigit() and int(text) < _MOST_CLASSES:
            return int(text)
    error = tar.damaged(member.offset, f"{printable(member.name)} is not a label")
    raise InputError(error.message, hint=f"a .cls is a number from 0 to {_MOST_CLASSES - 1}")

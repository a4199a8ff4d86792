"""The index says of every tar what Python alone says of it, errors included; and its bounds."""

import io
import tarfile
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsgrow.data.encoded.dataset import DamagedError
from bsgrow.data.tar.columns import TarIndex
from bsgrow.data.tar.samples import SampleReader
from bsgrow.errors import InputError
from bsgrow.native.extension import extension
from tests.data.tar_files import (
    FORMATS,
    by_index,
    by_python_alone,
    make_tar,
    member,
    pax,
    pax_records,
    read_by,
)
from tests.drawn import num_cases

STEMS = ["a", "b", "c", "dir/a", "dir.x/b", "k" * 120, ""]
EXTENSIONS = [
    "jpg",
    "cls",
    "PNG",
    "json",
    "txt",
    "seg.png",
    "1.cls",
    "meta.json",
    "jpg.cls",
    "tar/",
    "",
]
CONTENTS = [b"1", b"7\n", b"", b"x", b" 12 ", b"y" * 1500, b"9" * 33]
KINDS = [*[b"0"] * 12, b"\0", b"7", b"5", b"1", b"2", b"D", b"V", b"M", b"S", b"Z"]
RECORDS = [
    {"path": b"a.jpg"},
    {"path": b""},
    {"mtime": b"1.5"},
    {"size": b"1"},
    {"size": b""},
    {"size": b"-1"},
    {"GNU.sparse.major": b"1"},
    {"path": b"\xff.cls", "comment": b"=" * 600},
]


@st.composite
def parts(draw):
    """A member, with or without what goes before it; or a sample, as most are."""
    stem = draw(st.sampled_from(STEMS))
    if draw(st.integers(0, 2)):
        pair = [f"{stem}.jpg", f"{stem}.cls"]
        names = draw(st.permutations([*pair, *draw(st.sampled_from([[], [f"{stem}.json"]]))]))
        label = draw(st.sampled_from([b"2", *CONTENTS]))
        contents = {pair[1]: label}
        return b"".join(member(name.encode(), contents.get(name, b"x")) for name in names)
    name = f"{stem}.{draw(st.sampled_from(EXTENSIONS))}".encode()
    body = member(name[:100], draw(st.sampled_from(CONTENTS)), kind=draw(st.sampled_from(KINDS)))
    records = draw(st.sampled_from(RECORDS))
    before = {
        "": b"",
        "x": pax(**records),
        "g": member(b"g", pax_records(records), kind=b"g"),
        "L": member(b"L", name + b"\0", kind=b"L"),
        "K": member(b"K", b"somewhere\0", kind=b"K"),
    }
    return (
        b"".join(before[key] for key in draw(st.sampled_from(["", "x", "g", "L", "KL", "Lx"])))
        + body
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=num_cases(150))
@given(st.lists(parts(), max_size=8), st.data())
def test_every_tar_is_read_as_by_python_alone(tmp_path, drawn, data):
    content = bytearray(b"".join(drawn) + bytes(1024))
    if data.draw(st.integers(0, 3)) == 0:
        for _ in range(data.draw(st.integers(1, 3))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.integers(0, 3)) == 0:
        del content[data.draw(st.integers(0, len(content))) :]
    path = tmp_path / "t.tar"
    path.write_bytes(content)
    assert read_by(by_index, path) == read_by(by_python_alone, path)


@pytest.mark.parametrize("kind", FORMATS)
def test_thousands_of_samples_go_through_many_runs(tmp_path, kind):
    members = []
    for i in range(3000):
        members += [(f"{i}.jpg", b"x" * (i % 700)), (f"{i}.cls", b"%d" % i)]
        if i == 1500:
            members += [("README", b""), *((f"folder/{k}", b"") for k in range(5000))]
    path = make_tar(tmp_path / "t.tar", members, FORMATS[kind])
    assert read_by(by_index, path) == read_by(by_python_alone, path)
    assert len(by_index(path, SampleReader())) == 3000


def test_what_webdataset_writes_is_found_by_the_fast_way_alone(tmp_path, monkeypatch):
    """Its members each have a record of a broken time, and samples more than two parts."""
    path = tmp_path / "t.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for i in range(20):
            for extension, content in (("cls", b"3"), ("jpg", b"xyz"), ("json", b"{}")):
                info = tarfile.TarInfo(f"{i:04d}.{extension}")
                info.size, info.mtime = len(content), 1700000000.25
                tar.addfile(info, io.BytesIO(content))
    reads = []
    slow = SampleReader.read
    monkeypatch.setattr(SampleReader, "read", lambda *given: reads.append(given) or slow(*given))
    assert [label for *_, label in by_index(path, SampleReader())] == [3] * 20
    assert len(reads) == 1  # of the end


def test_a_key_of_more_images_than_any_sample_has(tmp_path):
    parts = b"".join(member(b"a.%d.jpg" % i) for i in range(1025))
    path = tmp_path / "t.tar"
    path.write_bytes(member(b"0.jpg", b"1") + member(b"0.cls", b"1") + parts + bytes(1024))
    assert read_by(by_index, path) == read_by(by_python_alone, path)
    with pytest.raises(InputError, match=r"at byte \d+: more than 1024 images and labels"):
        TarIndex([path], SampleReader())


def peak(path):
    tracemalloc.start()
    try:
        TarIndex([path], SampleReader())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_members_in_no_sample_take_no_memory(tmp_path):
    few, many = tmp_path / "few.tar", tmp_path / "many.tar"
    for path, num in ((few, 500), (many, 4_000)):
        members = member(b"folder/", kind=b"5") + member(b"README") + member(b"x.json")
        path.write_bytes(members * num + bytes(1024))
    peak(few)  # what is made at the first call
    assert peak(many) < peak(few) + 10_000


def test_a_sample_takes_40_bytes_and_its_name(tmp_path):
    members = [(f"{i:05d}.{kind}", b"1") for i in range(5_000) for kind in ("jpg", "cls")]
    path = make_tar(tmp_path / "t.tar", members, tarfile.USTAR_FORMAT)
    index = TarIndex([path], SampleReader())
    arrays = (index.tars, index.offsets, index.lengths, index.labels, index.names.ends)
    assert sum(array.nbytes for array in arrays) == 40 * 5_000
    assert len(index.names.joined) == 9 * 5_000
    assert peak(path) < 3 * 49 * 5_000
    assert not any(array.flags.writeable for array in arrays[1:])


def test_a_run_ends_so_that_the_reader_can_be_stopped(tmp_path):
    path = tmp_path / "t.tar"
    path.write_bytes(member(b"folder/", kind=b"5") * 5_000 + bytes(1024))
    with path.open("rb") as tar:
        *_, position, is_odd = extension.index_tar(
            descriptor=tar.fileno(), file_bytes=path.stat().st_size, position=0
        )
    assert 0 < position < path.stat().st_size - 1024
    assert not is_odd


def test_an_endless_tar_of_zeros_is_not_read(tmp_path):
    path = tmp_path / "t.tar"
    path.write_bytes(member(b"a.jpg", b"1") + member(b"a.cls", b"1"))
    with path.open("r+b") as tar:
        tar.truncate(1 << 40)
    with pytest.raises(DamagedError, match=r"at byte 2048: \d+ zeros up to the end"):
        TarIndex([path], SampleReader())


@pytest.mark.parametrize(
    ("kind", "follows"),
    [(b"L", b""), (b"K", b""), (b"x", member(b"a/", kind=b"5"))],
    ids=["names of one member", "links of one member", "records of many"],
)
def test_metadata_without_end_is_not_read(tmp_path, kind, follows):
    """Of holes, most of it: a tar of terabytes takes no room."""
    path = tmp_path / "t.tar"
    size = 1 << 20
    header = member(b"m", kind=kind, size=b"%011o\0" % size)
    with path.open("wb") as tar:
        for _ in range(1030):
            begin = b"%d c=" % size if kind == b"x" else b"name"
            tar.write(header + begin)
            tar.seek(size - len(begin) - 1, io.SEEK_CUR)
            tar.write(b"\n" + follows)
        tar.write(bytes(1024))
    with pytest.raises(DamagedError, match="above 1 GiB in all"):
        by_index(path, SampleReader())


@pytest.mark.parametrize("name", ["descriptor", "file_bytes", "position"])
def test_arguments_are_checked(name):
    given = {"descriptor": 0, "file_bytes": 0, "position": 0, name: -1}
    with pytest.raises(ValueError, match=name):
        extension.index_tar(**given)

import io
import os
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsgrow.data.encoded import DamagedError
from bsgrow.data.tar_index import TarReader
from tests.data.tar_files import FORMATS, make_tar


def listed(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return list(TarReader(descriptor, str(path)).members())
    finally:
        os.close(descriptor)


def contents(path):
    whole = path.read_bytes()
    return [(m.name.decode(), whole[m.offset : m.offset + m.num_bytes]) for m in listed(path)]


NAMES = ["a.jpg", "dir/b.cls", "ü" * 70 + ".jpg", "x" * 90 + "/" + "y" * 90 + ".png"]
LONG = ["long/" * 60 + "c.jpg", "z" * 300 + ".cls"]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 5000])
def test_what_tarfile_writes_is_found(tmp_path, kind, size):
    names = NAMES[:2] + NAMES[3:] if kind == "ustar" else NAMES + LONG
    members = [(name, bytes([i]) * size) for i, name in enumerate(names)]
    path = make_tar(tmp_path / "t.tar", members, FORMATS[kind], encoding="utf-8")
    assert contents(path) == members


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
            .map(lambda name: name.strip("/"))
            .filter(bool),
            st.binary(max_size=1100),
        ),
        max_size=6,
    ),
    st.sampled_from(["gnu", "pax"]),
)
def test_any_names(tmp_path, members, kind):
    path = make_tar(tmp_path / "t.tar", members, FORMATS[kind], encoding="utf-8")
    assert contents(path) == members


def test_folders_links_and_devices_are_passed_over(tmp_path):
    path = tmp_path / "t.tar"
    with tarfile.open(path, "w") as tar:
        for name, kind in (
            ("folder", tarfile.DIRTYPE),
            ("link.jpg", tarfile.SYMTYPE),
            ("hard.jpg", tarfile.LNKTYPE),
            ("pipe.jpg", tarfile.FIFOTYPE),
            ("folder of old/", tarfile.AREGTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "target" * 30
            tar.addfile(info)
        info = tarfile.TarInfo("a.jpg")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
    assert contents(path) == [("a.jpg", b"abc")]


def test_global_pax_headers_are_passed_over(tmp_path):
    path = make_tar(tmp_path / "t.tar", [("a.jpg", b"abc")], pax_headers={"comment": "x" * 600})
    assert contents(path) == [("a.jpg", b"abc")]


def test_sizes_in_base_256(tmp_path):
    path = make_tar(tmp_path / "t.tar", [("a.jpg", b"abc")], tarfile.USTAR_FORMAT)
    whole = bytearray(path.read_bytes())
    whole[124:136] = b"\x80" + (3).to_bytes(11, "big")
    whole[148:156] = b"        "
    whole[148:156] = b"%06o\0 " % sum(whole[:512])
    path.write_bytes(whole)
    assert contents(path) == [("a.jpg", b"abc")]


def test_a_tar_cut_short_anywhere_is_noticed(tmp_path):
    members = [("a.jpg", b"x" * 700), ("l" * 150, b"y"), ("b.cls", b"1")]
    path = make_tar(tmp_path / "t.tar", members, tarfile.GNU_FORMAT)
    whole = path.read_bytes()
    end = len(whole.rstrip(b"\0")) // 512 * 512 + 512  # where the zero blocks begin
    for length in [*range(0, end, 37), end - 1, end, end + 511]:
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedError, match=rf"t.tar at byte {length}: the file ends"):
            listed(path)
    path.write_bytes(whole[: end + 512])
    assert len(listed(path)) == 3


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        (0, b"c", "checksum is wrong"),
        (124, b"9", "checksum is wrong"),
        (156, b"S", "checksum is wrong"),
    ],
)
def test_a_damaged_header(tmp_path, place, value, problem):
    path = make_tar(tmp_path / "t.tar", [("a.jpg", b"x"), ("b.jpg", b"y")], tarfile.USTAR_FORMAT)
    whole = bytearray(path.read_bytes())
    whole[1024 + place : 1025 + place] = value
    path.write_bytes(whole)
    with pytest.raises(DamagedError, match=f"at byte 1024: .*{problem}"):
        listed(path)


def with_header(tmp_path, *, kind=b"0", size=b"00000000001\0", content=b""):
    header = bytearray(512)
    header[:5], header[124:136], header[156:157] = b"a.jpg", size, kind
    header[257:265] = b"ustar\x0000"
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    path = tmp_path / "t.tar"
    path.write_bytes(bytes(header) + content + bytes(2048))
    return path


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"size": b"77777777777\0"}, "the file ends"),
        ({"size": b"\x80" + b"\xff" * 11}, "the file ends"),
        ({"size": b"not a size\0\0"}, "the size of a member is not a number"),
        ({"kind": b"S"}, "a sparse file, which is not supported"),
        ({"kind": b"x", "size": b"00000000004\0", "content": b"0 =\n"}, "pax records"),
        ({"kind": b"x", "size": b"00000000004\0", "content": b"99 a"}, "pax records"),
        ({"kind": b"x", "size": b"00000000012\0", "content": b"10 size=-1\n"}, "pax records"),
    ],
    ids=str,
)
def test_headers_that_lie(tmp_path, fields, problem):
    with pytest.raises(DamagedError, match=problem):
        listed(with_header(tmp_path, **fields))


def test_metadata_of_more_than_a_megabyte(tmp_path):
    path = with_header(tmp_path, kind=b"L", size=b"00010000000\0")
    with path.open("r+b") as stream:
        stream.truncate(1 << 22)
    with pytest.raises(DamagedError, match="bytes of metadata are above 1 MiB"):
        listed(path)

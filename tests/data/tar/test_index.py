import io
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsgrow.data.encoded.dataset import DamagedError
from tests.data.tar_files import (
    FORMATS,
    block,
    contents,
    listed,
    make_tar,
    member,
    pax,
    pax_records,
)
from tests.drawn import num_cases

NAMES = ["a.jpg", "dir/b.cls", "ü" * 70 + ".jpg", "x" * 90 + "/" + "y" * 90 + ".png"]
LONG = ["long/" * 60 + "c.jpg", "z" * 300 + ".cls"]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 5000])
def test_what_tarfile_writes_is_found(tmp_path, kind, size):
    names = NAMES[:2] + NAMES[3:] if kind == "ustar" else NAMES + LONG
    members = [(name, bytes([i]) * size) for i, name in enumerate(names)]
    path = make_tar(tmp_path / "t.tar", members, FORMATS[kind], encoding="utf-8")
    assert contents(path) == members


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=num_cases(50))
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


def test_folders_are_passed_over_and_the_rest_says_what_it_is(tmp_path):
    path = tmp_path / "t.tar"
    with tarfile.open(path, "w") as tar:
        for name, kind in (
            ("folder", tarfile.DIRTYPE),
            ("link.jpg", tarfile.SYMTYPE),
            ("hard.jpg", tarfile.LNKTYPE),
            ("pipe.jpg", tarfile.FIFOTYPE),
            ("disk.jpg", tarfile.BLKTYPE),
            ("tty.jpg", tarfile.CHRTYPE),
            ("folder of old/", tarfile.AREGTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "target" * 30
            tar.addfile(info)
        info = tarfile.TarInfo("a.jpg")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
    assert contents(path) == [("a.jpg", b"abc")]
    assert [(m.name.decode(), m.other) for m in listed(path)[:-1]] == [
        ("link.jpg", "a symbolic link"),
        ("hard.jpg", "a hard link"),
        ("pipe.jpg", "a pipe"),
        ("disk.jpg", "a device"),
        ("tty.jpg", "a device"),
    ]


def written(tmp_path, *parts):
    path = tmp_path / "t.tar"
    path.write_bytes(b"".join(parts) + bytes(1024))
    return path


def test_a_link_with_a_size_has_no_content(tmp_path):
    link = member(b"b.jpg", kind=b"1", size=b"00000000777\0")
    path = written(tmp_path, member(b"a.jpg", b"abc"), link, member(b"c.jpg", b"d"))
    assert contents(path) == [("a.jpg", b"abc"), ("c.jpg", b"d")]


@pytest.mark.parametrize("kind", [b"M", b"A", b"N"])
def test_members_of_other_types_are_named(tmp_path, kind):
    path = written(tmp_path, member(b"b.jpg", b"xyz" * 300, kind=kind), member(b"a.jpg", b"abc"))
    assert contents(path) == [("a.jpg", b"abc")]
    assert "another volume" in listed(path)[0].other or kind.decode() in listed(path)[0].other


@pytest.mark.parametrize("kind", [b"D", b"V"])
def test_lists_of_folders_and_labels_of_volumes_are_passed_over(tmp_path, kind):
    path = written(tmp_path, member(b"b.jpg", b"xyz", kind=kind), member(b"a.jpg", b"abc"))
    assert [m.name for m in listed(path)] == [b"a.jpg"]


@pytest.mark.parametrize("kind", [b"0", b"\0", b"7"])
@pytest.mark.parametrize("magic", [b"", b"ustar\x0000", b"ustar  \0"], ids=["v7", "ustar", "gnu"])
@pytest.mark.parametrize("name", [b"a.jpg", b"\xff\xfe.jpg", b"\xe9t\xe9 1.jpg"], ids=ascii)
@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
def test_headers_of_all_ages(tmp_path, kind, magic, name, signed):
    first = member(name, b"abc", kind=kind, magic=magic, signed=signed)
    path = written(tmp_path, first, member(b"b.cls", b"1"))
    assert [(m.name, m.num_bytes) for m in listed(path)] == [(name, 3), (b"b.cls", 1)]


@pytest.mark.parametrize("name", [b"/a.jpg", b"../a.jpg", b"./a.jpg", b"a//b.jpg"])
def test_names_are_kept_as_they_are(tmp_path, name):
    assert listed(written(tmp_path, member(name, b"abc"))) == [(name, 512, 3, "")]


def test_what_records_say_goes_before_the_header(tmp_path):
    long = b"x" * 300 + b".jpg"
    parts = (
        member(b"././@LongLink", b"target" * 40 + b"\0", kind=b"K"),
        member(b"././@LongLink", long + b"\0", kind=b"L"),
        member(b"short.jpg", b"abc"),
        pax(path=b"n\xc3\xa4me.jpg", size=b"5"),
        member(b"name.jpg", size=b"77777777777\0") + block(b"abcde"),
        member(b"PaxHeader", pax_records({"path": b"solaris.jpg"}), kind=b"X"),
        member(b"name.jpg", b"ab"),
        pax(path=b"", size=b"", comment=b"nothing"),
        member(b"as it is.jpg", b"a"),
    )
    expected = [(long.decode(), b"abc"), ("näme.jpg", b"abcde"), ("solaris.jpg", b"ab")]
    assert contents(written(tmp_path, *parts)) == [*expected, ("as it is.jpg", b"a")]


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ([member(b"h.jpg", b"abc", kind=b"S")], "byte 0: h.jpg is a sparse file"),
        ([pax(**{"GNU.sparse.major": b"0"}), member(b"h.jpg")], "byte 1024: h.jpg is a sparse"),
        (
            [
                pax(**{"GNU.sparse.major": b"1", "GNU.sparse.name": b"dir/h.jpg"}),
                member(b"dir/GNUSparseFile.1/h.jpg", b"abc"),
            ],
            "byte 1024: dir/h.jpg is a sparse file",
        ),
        ([member(b"h", pax_records({"size": b"3"}), kind=b"g")], "all members the same size"),
        ([member(b"h", pax_records({"path": b"a"}), kind=b"g")], "all members the same path"),
        ([member(b"h", b"18 GNU.sparse.\xff=1\n", kind=b"g")], r"the same 'GNU.sparse.\\udcff'"),
        ([member(b"h", b"5 x\n", kind=b"g")], "pax records that are not"),
        ([pax(path=b"a\0.jpg"), member(b"h.jpg")], "pax records that are not"),
        ([pax(path=b"a.jpg")], "byte 1024: zeros in place of the member"),
        ([member(b"././@LongLink", b"a" * 200, kind=b"L")], "byte 1024: zeros in place of the"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_would_be_read_wrongly_is_refused(tmp_path, parts, problem):
    path = written(tmp_path, *parts)
    with pytest.raises(DamagedError, match=problem):
        listed(path)


def test_global_pax_headers_are_passed_over(tmp_path):
    path = make_tar(tmp_path / "t.tar", [("a.jpg", b"abc")], pax_headers={"comment": "x" * 600})
    assert contents(path) == [("a.jpg", b"abc")]


def test_sizes_in_base_256(tmp_path):
    first = member(b"a.jpg", size=b"\x80" + (3).to_bytes(11, "big")) + block(b"abc")
    assert contents(written(tmp_path, first)) == [("a.jpg", b"abc")]


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
    return written(tmp_path, member(b"a.jpg", kind=kind, size=size), content, bytes(1024))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"size": b"77777777777\0"}, "the file ends"),
        ({"size": b"\x80" + b"\xff" * 11}, "the file ends"),
        ({"size": b"\xff" * 11 + b"\xfd"}, "at byte 124: the size of a member is below 0"),
        ({"size": b"-0000000001\0"}, "at byte 124: the size of a member is not a number"),
        ({"size": b"00000000008\0"}, "the size of a member is not a number"),
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

"""Keys, extensions, and what belongs to a sample: as webdataset has it, but nothing lost."""

import io
import re
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsgrow.data.tar.samples import SampleReader
from bsgrow.errors import InputError
from tests.data.tar_files import by_index, by_python_alone, make_tar, member, read_by
from tests.drawn import num_cases

# webdataset 1.0, tariterators.py, base_plus_ext
WEBDATASET = re.compile(r"^((?:.*/|)[^.]+)[.]([^/]*)$", re.DOTALL)


def samples(path):
    assert read_by(by_index, path) == read_by(by_python_alone, path)
    found = SampleReader()
    return [(name.decode(), label) for name, _, _, label in by_index(path, found)], found


def refused(path):
    with pytest.raises(InputError) as caught:
        samples(path)
    assert f"{path} at byte" in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    "key",
    [
        "0001",
        "a b",
        "ü",
        "日本",
        "./a",
        "dir/a",
        "v1.0/a",
        "../a",
        "/abs/a",
        "a.b/c.d/e",
        "-",
        "a\nb",
    ],
)
@pytest.mark.parametrize("extension", ["jpg", "JPG", "jpeg", "Png", "webp"])
def test_keys_of_all_kinds(tmp_path, key, extension):
    members = [(f"{key}.{extension}", b"x"), (f"{key}.cls", b"4")]
    found, reader = samples(make_tar(tmp_path / "t.tar", members))
    assert found == [(f"{key}.{extension}", 4)]
    assert reader.no_part.count == reader.beside.count == 0


def test_a_name_that_is_no_text(tmp_path):
    parts = member(b"\xff\xfe.jpg", b"x"), member(b"\xff\xfe.cls", b"1")
    (tmp_path / "t.tar").write_bytes(b"".join(parts) + bytes(1024))
    assert by_index(tmp_path / "t.tar", SampleReader()) == [(b"\xff\xfe.jpg", 512, 1, 1)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=num_cases(200))
@given(st.text(st.sampled_from("a./ é"), min_size=1, max_size=8))
def test_the_rule_is_webdatasets(tmp_path, stem):
    names = [f"{stem}.jpg", f"{stem}.cls"]
    path = tmp_path / "t.tar"
    path.write_bytes(b"".join(member(name.encode(), b"1") for name in names) + bytes(1024))
    last = stem.rpartition("/")[2]
    if last.startswith(".") or not last:  # an empty key: hidden, or an extension alone
        found, reader = samples(path)
        assert (found, reader.no_part.count) == ([], 2)
        return
    key, extension = WEBDATASET.match(names[0]).groups()
    if extension == "jpg":
        assert samples(path)[0] == [(names[0], 1)]
        assert key == stem
    else:
        assert f"its key is {key} and its extension {extension}" in refused(path).message


@pytest.mark.parametrize(
    ("name", "key", "extension", "better"),
    [
        ("IMG_2020.01.02", "IMG_2020", "01.02.jpg", "IMG_2020_01_02.jpg"),
        ("b v1.0", "b v1", "0.jpg", "b v1_0.jpg"),
        ("c.d", "c", "d.jpg", "c_d.jpg"),
        ("dir.x/c.d", "dir.x/c", "d.jpg", "dir.x/c_d.jpg"),
    ],
)
def test_dots_in_a_key(tmp_path, name, key, extension, better):
    members = [("0.jpg", b"x"), ("0.cls", b"1"), (f"{name}.jpg", b"x"), (f"{name}.cls", b"1")]
    error = refused(make_tar(tmp_path / "t.tar", members))
    assert f"at byte 2048: {name}.jpg is in no sample" in error.message
    assert error.message.endswith(f"its key is {key} and its extension {extension}")
    assert error.hint.endswith(f"as {better}")
    found, _ = samples(make_tar(tmp_path / "u.tar", [(better, b"x"), (f"{better[:-4]}.cls", b"1")]))
    assert found == [(better, 1)]


def test_a_label_that_is_called_after_its_image(tmp_path):
    error = refused(make_tar(tmp_path / "t.tar", [("a.JPG", b"x"), ("a.JPG.cls", b"1")]))
    assert "a.JPG.cls is in no sample" in error.message
    assert error.hint.endswith("as a.cls")


@pytest.mark.parametrize(
    ("names", "named"),
    [
        (["a.1.jpg", "a.1.cls", "a.2.jpg", "a.2.cls"], "a.1.jpg"),  # two samples with one key
        (["a.jpg", "a.cls", "a.1.jpg", "a.1.cls"], "a.1.cls"),  # a sample inside another
        (["a.1.cls", "a.1.png", "a.jpg", "a.cls"], "a.1.png"),
        (["a.1.jpg", "a.cls"], "a.1.jpg"),  # an image that is not that of its key
        (["a.jpg", "a.1.cls"], "a.1.cls"),
        (["a.mask.png"], "a.mask.png"),
        (["a.json", "a.1.jpg"], "a.1.jpg"),
    ],
    ids=str,
)
def test_samples_that_collide_or_lack_a_part_by_their_dots(tmp_path, names, named):
    error = refused(make_tar(tmp_path / "t.tar", [(name, b"1") for name in names]))
    assert f": {named} is in no sample: a key ends at the first dot" in error.message


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a.jpg"], "a.jpg belongs to a sample with 1 images and 0 labels;"),
        (["a.cls"], "a.cls belongs to a sample with 0 images and 1 labels;"),
        (["a.gif", "a.cls"], "a.cls belongs to a sample with 0 images and 1 labels;"),
        (
            ["a.jpg", "a.png", "a.cls"],
            "a.jpg belongs .* 2 images and 1 labels, beside a.png, a.cls",
        ),
        (["a.jpg", "a.JPG", "a.cls"], "2 images and 1 labels, beside a.JPG, a.cls;"),
        (["a.jpg", "a.cls", "a.CLS"], "1 images and 2 labels"),
        (["a.jpg", "a.cls", "a.jpg", "a.cls"], "2 images and 2 labels"),
        (["a.jpg", "b.jpg", "a.cls", "b.cls"], "a.jpg belongs to a sample with 1 images and 0"),
        (["./a.jpg", "a.cls"], "./a.jpg belongs to a sample with 1 images and 0 labels"),
        (["a.jpg", "a.mask.png"], "a.jpg belongs to a sample with 1 images and 0 labels"),
    ],
    ids=str,
)
def test_a_sample_without_its_image_or_label(tmp_path, names, message):
    error = refused(make_tar(tmp_path / "t.tar", [(name, b"1") for name in names]))
    assert re.search(message, error.message)
    assert "one after the other" in error.hint


@pytest.mark.parametrize("text", [b"cat", b"-1", b"", b"9" * 33, b"1048576", b"1.0", b"0 1", b"\0"])
def test_labels_that_are_none(tmp_path, text):
    error = refused(make_tar(tmp_path / "t.tar", [("a.jpg", b"x"), ("a.cls", text)]))
    assert error.message.endswith("a.cls is not a label")


@pytest.mark.parametrize("text", [b"3", b"3\n", b" 3 ", b"003", b"\t3\r\n"])
def test_labels(tmp_path, text):
    found, _ = samples(make_tar(tmp_path / "t.tar", [("a.jpg", b"x"), ("a.cls", text)]))
    assert found == [("a.jpg", 3)]


def test_what_stands_beside_a_sample_is_no_matter_or_counted(tmp_path):
    names = ["a.json", "a.jpg", "a.seg.png", "a.cls", "a.txt", "a.depth.webp", "a.jpg.txt"]
    found, reader = samples(make_tar(tmp_path / "t.tar", [(name, b"1") for name in names]))
    assert found == [("a.jpg", 1)]
    assert (
        str(reader.beside) == "2 images and labels beside a sample, and not read, such as a.seg.png"
    )
    assert reader.no_part.count == 0


@pytest.mark.parametrize(
    "name", ["README", "._a.jpg", "dir/._a.jpg", ".jpg", "dir/.jpg", "x.json", "dir/LICENSE"]
)
def test_what_is_in_no_sample_is_counted(tmp_path, name):
    names = ["a.jpg", "a.cls", name, "b.jpg", "b.cls"]
    found, reader = samples(make_tar(tmp_path / "t.tar", [(name, b"1") for name in names]))
    assert [image for image, _ in found] == ["a.jpg", "b.jpg"]
    assert str(reader.no_part) == f"a member in no sample of its tars, {name}"


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.FIFOTYPE, "a pipe"),
        (tarfile.BLKTYPE, "a device"),
    ],
)
@pytest.mark.parametrize("name", ["b.jpg", "b.cls"])
def test_links_and_devices_are_refused_by_name(tmp_path, kind, what, name):
    path = tmp_path / "t.tar"
    with tarfile.open(path, "w") as tar:
        for part in ("a.jpg", "a.cls", "b.jpg", "b.cls"):
            info = tarfile.TarInfo(part)
            info.size = 1
            if part == name:
                info.type, info.linkname, info.size = kind, "a" + name[1:], 0
            tar.addfile(info, io.BytesIO(b"1"))
    error = refused(path)
    assert f"{name} is {what}" in error.message
    assert "--hard-dereference" in error.hint


def test_links_that_are_no_part_of_a_sample_are_no_matter(tmp_path):
    path = make_tar(tmp_path / "t.tar", [("a.jpg", b"x"), ("a.cls", b"1")])
    with tarfile.open(path, "a") as tar:
        info = tarfile.TarInfo("a.json")
        info.type, info.linkname = tarfile.SYMTYPE, "b.json"
        tar.addfile(info)
    assert samples(path)[0] == [("a.jpg", 1)]

"""torchvision's order on drawn trees, written down again as in its make_dataset."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.data.folder.listing import EXTENSIONS, class_names, image_paths, scan
from bsgrow.errors import InputError

PARTS = ["a", "a-b", "a.b", "a b", "B", "é", "\U0001d49c", "\udcff", "10", "9"]
FILES = ["1.jpg", "10.JPG", "2.JpEg", "x.png", "x.txt", "jpg", ".jpg", "é.webp", "a\nb.tiff"]


def torchvision_paths(folder):
    found = []
    for root, _, names in sorted(os.walk(folder, followlinks=True)):
        found += [
            os.path.relpath(f"{root}/{name}", folder)
            for name in sorted(names)
            if name.lower().endswith(EXTENSIONS)
        ]
    return found


def paths(found):
    return [below + name for below, names in found for name in names]


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from(PARTS), max_size=3), st.sampled_from(FILES)),
        max_size=12,
    )
)
def test_the_order_is_torchvisions(tmp_path_factory, files):
    folder = tmp_path_factory.mktemp("class")
    for parts, name in files:
        touch(folder.joinpath(*parts, name))
    assert paths(image_paths(folder)) == torchvision_paths(folder)


def test_sub_folders_come_in_the_order_of_their_paths(tmp_path):
    for name in ("a/b/1.jpg", "a-b/1.jpg", "a/1.jpg", "z.jpg"):
        touch(tmp_path / name)
    assert paths(image_paths(tmp_path)) == ["z.jpg", "a/1.jpg", "a-b/1.jpg", "a/b/1.jpg"]


def test_classes_are_folders_and_links_to_folders(tmp_path):
    for name in ("b", "A", "a"):
        (tmp_path / name).mkdir()
    (tmp_path / "0-link").symlink_to(tmp_path / "b")
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "none")
    assert class_names(tmp_path, scan(tmp_path)) == ["0-link", "A", "a", "b"]


def test_linked_folders_are_followed(tmp_path):
    touch(tmp_path / "elsewhere/1.jpg")
    (tmp_path / "class").mkdir()
    (tmp_path / "class/link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "class/again").symlink_to(tmp_path / "elsewhere")
    assert paths(image_paths(tmp_path / "class")) == ["again/1.jpg", "link/1.jpg"]


@pytest.mark.parametrize("target", [".", "..", "../../x", "../../../class"])
def test_a_link_that_leads_back_is_named(tmp_path, target):
    touch(tmp_path / "class/x/y/1.jpg")
    (tmp_path / "class/x/y/loop").symlink_to(target)
    with pytest.raises(InputError, match=r"x/y/loop: a link that leads back to .*class"):
        paths(image_paths(tmp_path / "class"))


def test_a_link_to_itself_is_a_file_that_cannot_be_read(tmp_path):
    (tmp_path / "self.jpg").symlink_to("self.jpg")
    (tmp_path / "self").symlink_to("self")
    assert paths(image_paths(tmp_path)) == ["self.jpg"]


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    touch(tmp_path / "secret/1.jpg")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match="secret: cannot be listed: Permission denied"):
        paths(image_paths(tmp_path))


def test_no_classes(tmp_path):
    touch(tmp_path / "1.jpg")
    with pytest.raises(InputError, match="no class folders"):
        class_names(tmp_path, scan(tmp_path))
    with pytest.raises(InputError, match=r"none: cannot be listed: No such file"):
        scan(tmp_path / "none")

"""Large files that are no images are refused unread, with the words of those that were read."""

import os
import tracemalloc

import pytest

from bsgrow.data.encoded.dataset import SampleError
from bsgrow.data.encoded.webdataset import WebDatasetSplit
from bsgrow.data.folder.sample_files import MUCH
from bsgrow.data.folder.split import ImageFolderSplit
from bsgrow.images.image_error import ImageError
from bsgrow.images.reading import stored_size
from tests.data.conftest import encode_image, write_images
from tests.data.tar_files import member

_LENGTH = 1 << 28


def in_a_folder(folder):
    write_images(folder, {"c/0.jpg": b""})
    os.truncate(folder / "c/0.jpg", _LENGTH)
    return ImageFolderSplit(folder)


def in_a_tar(folder):
    folder.mkdir()
    with (folder / "0.tar").open("wb") as tar:
        tar.write(member(b"a.cls", b"0") + member(b"a.jpg", size=b"%011o\0" % _LENGTH))
        tar.seek(_LENGTH, os.SEEK_CUR)
        tar.write(bytes(1024))
    return WebDatasetSplit(folder)


@pytest.mark.parametrize("make", [in_a_folder, in_a_tar])
def test_a_hole(tmp_path, make):
    split = make(tmp_path / "split")
    with pytest.raises(ImageError) as same:
        stored_size(bytes(16))
    tracemalloc.start()
    try:
        with pytest.raises(SampleError) as refused:
            split.read(0)
        assert tracemalloc.get_traced_memory()[1] < MUCH
    finally:
        tracemalloc.stop()
    assert refused.value.message == f"{split.locate(0)}: {same.value.message}"


def test_a_large_image_is_read_whole(tmp_path):
    content = encode_image() + bytes(MUCH)
    split = ImageFolderSplit(write_images(tmp_path / "split", {"c/0.jpg": content}))
    assert split.read(0) == content

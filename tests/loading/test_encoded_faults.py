"""Files that are no images, or broken ones: an error with the file's name, or a stand-in."""

import errno
import os
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from bsgrow.data import SampleError
from bsgrow.errors import BsgrowError
from bsgrow.images.crops import CentreCrop, ResizedCrop
from bsgrow.loading import micro_batches_of
from bsgrow.loading.faults import MAX_TRIES, first_usable
from tests.loading.encoded_stream import DECODERS, SIZE, levels, make_loader, stream, updates
from tests.photo_folder import write_photographs
from tests.photographs import cut, encode, save

N = 40
BAD = 7  # the eighth of 20 files of the first class


def cut_in_half(content):
    return content[: len(content) // 2]


def half_zeros(content):
    return content[: len(content) // 2] + bytes(len(content) - len(content) // 2)


def bomb(content):
    """A frame header that tells of 65 000 x 65 000 pixels."""
    at = content.index(b"\xff\xc0") + 5
    return content[:at] + (65_000).to_bytes(2) * 2 + content[at + 4 :]


def with_thumbnail_cut(content):
    """Its thumbnail has an end; the photograph does not."""
    app1 = b"Exif\0\0" + bytes(8) + encode(cut(16, 16))
    segment = b"\xff\xe1" + (len(app1) + 2).to_bytes(2) + app1
    return content[:2] + segment + content[2 : len(content) // 2]


FAULTS = {
    "empty": lambda content: b"",
    "not an image": lambda content: b"<html>404 not found</html>" * 20,
    "zeros": lambda content: bytes(2000),
    "cut in half": cut_in_half,
    "cut in its header": lambda content: content[:40],
    "without its last bytes": lambda content: content[:-9],
    "half zeros": half_zeros,
    "with a thumbnail, cut": with_thumbnail_cut,
    "a bomb": bomb,
    "without its tables": lambda content: content.replace(b"\xff\xdb", b"\xff\xef"),
    **{
        f"a {name} cut short": lambda content, name=name: cut_in_half(save(cut(90, 90), name))
        for name in ("PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
    },
    "32 bits": lambda content: save(Image.fromarray(np.eye(80, dtype=np.float32)), "TIFF"),
}


@pytest.fixture
def photos(tmp_path):
    return write_photographs(tmp_path / "photos", num_train=N // 2, num_test=3)


def train_file(root, index):
    return sorted((root / "train").rglob("*.jpg"))[index]


@pytest.fixture
def with_fault(photos):
    def write(fault):
        path = train_file(photos, BAD)
        path.write_bytes(FAULTS[fault](path.read_bytes()))
        return path

    return write


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_file_is_an_error_with_its_name(photos, with_fault, decoder, fault):
    path = with_fault(fault)
    with pytest.raises(SampleError) as error:
        stream(make_loader(photos, decoder), N)
    assert error.value.where == str(path)
    assert error.value.reason
    assert "data.on_error=skip" in error.value.hint


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("fault", FAULTS)
def test_the_next_file_stands_in_for_a_bad_one(photos, tmp_path, with_fault, decoder, fault):
    shutil.copytree(photos, tmp_path / "copy")
    shutil.copy(train_file(photos, BAD + 1), train_file(tmp_path / "copy", BAD))
    expected = stream(make_loader(tmp_path / "copy", decoder), 2 * N)
    path = with_fault(fault)
    loader = make_loader(photos, decoder, on_error="skip")
    for images, wanted in zip(stream(loader, 2 * N), expected, strict=True):
        assert torch.equal(images, wanted)
    assert loader.num_skipped == 2, "once an epoch"
    (reported,) = loader.take_faults()
    assert reported.where == str(path), "once in all"
    assert loader.take_faults() == []


@pytest.mark.parametrize("decoder", DECODERS)
def test_stand_ins_depend_on_nothing_but_the_position(photos, decoder):
    for index in (3, 4, 5, 21, N - 1):  # neighbours, and the last one
        path = train_file(photos, index)
        path.write_bytes(cut_in_half(path.read_bytes()))
    whole = stream(make_loader(photos, decoder, micro_batch_size=512, on_error="skip"), 100)
    loader = make_loader(photos, decoder, micro_batch_size=7, num_threads=1, on_error="skip")
    parts = stream(loader, 1, 39, 60)
    assert torch.equal(parts[0], whole[0])
    assert torch.equal(parts[1], whole[1])
    resumed = stream(make_loader(photos, decoder, on_error="skip"), 60, start=40)
    assert torch.equal(resumed[0], whole[0][40:])


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_label_is_that_of_the_stand_in(photos, decoder):
    path = train_file(photos, N - 1)  # the last flower: the first of china stands in for it
    path.unlink()
    path.write_bytes(b"")
    _, labels = stream(make_loader(photos, decoder, on_error="skip"), N)
    assert labels.bincount().tolist() == [N // 2 + 1, N // 2 - 1]


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_file_removed_while_training(photos, decoder):
    loader = make_loader(photos, decoder, on_error="skip")
    batches = micro_batches_of(loader, updates(40 * N))
    next(batches)
    train_file(photos, BAD).unlink()
    assert len(list(batches)) == 40 * N // 16 - 1
    (fault,) = loader.take_faults()
    assert "No such file" in fault.reason
    assert 0 < loader.num_skipped <= 40


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_bad_held_out_file(photos, decoder):
    path = sorted((photos / "val").rglob("*.jpg"))[2]
    path.write_bytes(cut_in_half(path.read_bytes()))
    with pytest.raises(SampleError, match=r"0002\.jpg"):
        list(make_loader(photos, decoder).evaluation())
    loader = make_loader(photos, decoder, on_error="skip")
    images = torch.cat([images for images, _ in loader.evaluation()])
    assert torch.equal(images[2], images[3])
    assert loader.num_skipped == 0, "it counts training samples"
    assert loader.num_test_skipped == 1
    assert len(loader.take_faults()) == 1
    list(loader.evaluation())
    assert loader.num_test_skipped == 1, "of the latest evaluation"


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        *((name, {}) for name in ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")),
        ("JPEG", {"progressive": True}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {"compression": "tiff_lzw"}),
    ],
)
def test_a_file_cut_anywhere_is_bad_or_shown_whole(photos, decoder, name, options):
    """Never black in part: what stands in for those that are bad is the last one, the whole."""
    content = save(cut(90, 90), name, **options)
    ends = [*(len(content) * k // 8 for k in (1, 3, 5, 7)), len(content) - 1, len(content)]
    paths = sorted((photos / "val").rglob("*.jpg"))
    for path, end in zip(paths, ends, strict=True):
        path.write_bytes(content[:end])
    loader = make_loader(photos, decoder, on_error="skip", centre_crop=CentreCrop(SIZE, SIZE))
    images = torch.cat([images for images, _ in loader.evaluation()])
    pixels = levels(images, loader.dataset.mean, loader.dataset.std)[:, :, 1:-1, 1:-1]
    assert (pixels - pixels[-1]).abs().max() < 1.01, "what DALI refuses is decoded natively"
    assert loader.num_test_skipped >= 4


def test_a_disk_that_returns_errors(photos, monkeypatch):
    def fail(*arguments):
        raise OSError(5, os.strerror(5))

    loader = make_loader(photos, on_error="skip")
    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(BsgrowError, match="Input/output error") as error:
        stream(loader, N)
    assert not isinstance(error.value, SampleError)
    assert "check the disk" in error.value.hint


@pytest.mark.parametrize("decoder", DECODERS)
def test_too_many_open_files_end_the_run_under_skip(photos, decoder, monkeypatch):
    """Which samples are met by it depends on the moment: none may stand in for them."""
    bad, opened = os.fsencode(train_file(photos, BAD)), os.open

    def fail(path, *arguments):
        if path == bad:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return opened(path, *arguments)

    loader = make_loader(photos, decoder, on_error="skip")
    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(BsgrowError, match="Too many open files") as error:
        stream(loader, N)
    assert "ulimit -n" in error.value.hint


def test_lost_pixels_are_an_error_of_the_native_decoder(photos):
    """libjpeg only warns of them, and DALI leaves it at that: see the documentation."""
    path = train_file(photos, BAD)
    content = bytearray(encode(cut(160, 160), restart_marker_rows=1))
    middle = len(content) // 2
    content[middle : middle + 300] = bytes(300)
    path.write_bytes(content)
    with pytest.raises(SampleError) as error:
        stream(make_loader(photos, crop=ResizedCrop(SIZE, (1.0, 1.0), (1.0, 1.0))), N)
    assert error.value.where == str(path)


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_lost_pixels_of_cmyk_are_an_error_of_the_native_decoder(photos, on_error):
    """Pillow, to which its colours are left, passes over them."""
    path = train_file(photos, BAD)
    content = encode(cut(160, 160), "CMYK", restart_marker_rows=1)
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes(1500) + content[middle + 1500 :])
    loader = make_loader(photos, on_error=on_error)
    if on_error == "raise":
        with pytest.raises(SampleError, match="Corrupt JPEG data"):
            stream(loader, N)
    else:
        stream(loader, N)
        assert [fault.where for fault in loader.take_faults()] == [str(path)]


class Split:
    def __init__(self, num_samples):
        self.num_samples = num_samples

    def __len__(self):
        return self.num_samples

    def locate(self, sample):
        return f"sample {sample}"


def good(*indices):
    def use(index):
        if index not in indices:
            raise SampleError(f"sample {index}", "is bad")
        return index

    return use


def test_stand_ins_follow_in_order_and_wrap():
    faults = []
    assert first_usable(Split(10), 8, good(1, 5), faults, "skip") == 1
    assert [fault.where for fault in faults] == ["sample 8", "sample 9", "sample 0"]


@pytest.mark.parametrize(("num_samples", "num_tries"), [(10, 10), (10**6, MAX_TRIES)])
def test_too_many_bad_ones_in_a_row(num_samples, num_tries):
    faults = []
    with pytest.raises(BsgrowError, match=f"nor the {num_tries - 1} after it"):
        first_usable(Split(num_samples), 3, good(), faults, "skip")
    assert len(faults) == num_tries

"""Every system does the work that is asked for, or says why not."""

import sys
from contextlib import closing
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from bsgrow.bench.source import Batch, UnavailableError, check_batch
from bsgrow.bench.systems import SYSTEMS, System, dali, limit
from bsgrow.bench.systems.system import _is_installed
from bsgrow.bench.work import ArrayWork, BufferWork, JpegWork
from bsgrow.native import Augment

OTHERS = [name for name in SYSTEMS if name != "limit"]
FULL = ("bsgrow", "torch")  # do all that can be asked of images in memory
CASTING = (*FULL, "dali", "dali-padded")  # write bfloat16


def opened(name, work):
    """The system, or skip where it is not installed: what it says then is tested below."""
    system = SYSTEMS[name]
    if system.package and not _is_installed(system.package):
        pytest.skip(f"{system.package} is not installed")
    if isinstance(system.opens.get(type(work)), str) or not system.takes(work):
        pytest.skip(f"{name} has nothing for this work")
    return system.open(work)


def first_channel_rises(images):
    """Per image, whether its first channel rises from left to right in the middle."""
    middle = images[:, 0, 16, 8:24]
    return (middle[:, 1:] - middle[:, :-1]).median(dim=1).values > 0


@pytest.mark.parametrize("name", OTHERS)
def test_images_in_memory_are_cropped_flipped_and_normalised(name, array_work, take):
    work = array_work()
    batches = take(opened(name, work), 3)
    images = torch.cat(batches)
    assert images.shape == (96, 3, 32, 32)
    assert abs(images[:, 1:].mean()) < 0.4  # padding is black: below the mean
    assert 0.9 < images[:, 1:].std() < 1.3
    assert 0.2 < first_channel_rises(images).float().mean() < 0.8
    rows = {tuple(row) for row in images[:, 0, 16].tolist()}
    assert len(rows) > 9, "9 offsets, flipped or not"
    assert not torch.equal(batches[0], batches[1])


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_dtype_and_memory_format_are_what_was_asked_for(name, dtype, layout, array_work):
    work = array_work(dtype=dtype, memory_format=layout)
    if dtype == torch.bfloat16 and name not in CASTING:
        with pytest.raises(UnavailableError, match="not bfloat16"):
            opened(name, work)
        return
    with closing(opened(name, work).stream()) as batches:
        check_batch(work, next(batches))


@pytest.mark.parametrize("name", OTHERS)
def test_without_augmentation_the_pixels_are_those_of_the_data_set(name, array_work, take):
    work = array_work(augment=Augment(), global_batch_size=96)
    (images,) = take(opened(name, work), 1)
    mean, std = (torch.tensor(v).float()[:, None, None] for v in (work.mean, work.std))
    expected = (torch.from_numpy(work.images).float() / 255 - mean) / std
    order = images[:, 1].flatten(1).sum(1).argsort()
    in_order = expected[:, 1].flatten(1).sum(1).argsort()
    torch.testing.assert_close(images[order], expected[in_order], rtol=0, atol=2e-5)


@pytest.mark.parametrize("name", OTHERS)
def test_reflected_margins_are_drawn_or_refused(name, array_work, take):
    work = array_work(augment=Augment(pad=4, padding="reflect"))
    if name not in FULL:
        with pytest.raises(UnavailableError, match="no reflect padding"):
            opened(name, work)
        return
    (images,) = take(opened(name, work), 1)
    black, middle = -work.mean[0] / work.std[0], images[:, 0, 16]
    assert middle.min() == pytest.approx(black, rel=1e-4), "the one column that is black"
    assert (middle < black + 0.01).sum(dim=1).max() == 1, "margins would be so too"


@pytest.mark.parametrize("name", FULL)
def test_squares_are_cut_out(name, array_work, take):
    (images,) = take(opened(name, array_work(augment=Augment(cutout=8))), 1)
    blank = (images == 0).all(dim=1).sum(dim=(1, 2))
    assert blank.min() >= 16, "a quarter of it where the centre is in a corner"
    assert blank.max() == 64


@pytest.mark.parametrize("name", OTHERS)
def test_photographs_are_cropped_resized_flipped_and_normalised(name, jpeg_work, take):
    batches = take(opened(name, jpeg_work(size=64)), 3)
    images = torch.cat(batches)
    assert images.shape == (12, 3, 64, 64)
    assert -2.2 < images.min() < -1.5
    assert 1.5 < images.max() < 2.7
    assert 0.8 < images.std() < 2.0
    assert not torch.equal(batches[0], batches[1])


def test_dali_crops_whole_images_for_a_gpu(jpeg_work, take, monkeypatch):
    """Run on the CPU: a GPU is to decode no part of an image."""
    whole = partial(dali._crops_of_whole_images, device="cpu")
    monkeypatch.setattr(dali, "_crops_decoded_alone", whole)
    images = torch.cat(take(opened("dali", jpeg_work(size=64)), 3))
    assert images.shape == (12, 3, 64, 64)
    assert 0.8 < images.std() < 2.0


@pytest.mark.parametrize("kind", ["array_work", "buffer_work", "jpeg_work"])
def test_the_limit_counts_samples_and_delivers_none(kind, request):
    work = request.getfixturevalue(kind)(global_batch_size=8, micro_batch_size=3)
    with closing(SYSTEMS["limit"].open(work).stream()) as batches:
        assert next(batches) == next(batches) == Batch(3 * 64 if kind == "array_work" else 3)


def test_the_limit_fills_the_memory_that_the_loader_fills(array_work, monkeypatch):
    work = array_work(global_batch_size=8, micro_batch_size=3)
    filled = []
    monkeypatch.setattr(limit._native, "fill", lambda out, **_: filled.append(out))
    with closing(SYSTEMS["limit"].open(work).stream()) as batches:
        for _ in range(6):
            next(batches)
    assert {out.nbytes for out in filled} == {3 * 64 * work.bytes_written}
    addresses = [out.ctypes.data for out in filled]
    assert addresses[3:] == addresses[:3]
    assert len(set(addresses)) == 3


def test_the_limit_decodes_whole_files_spread_over_all(jpeg_work, monkeypatch):
    """What libjpeg-turbo cannot decode by itself is left out, and no more than fits is held."""
    work = jpeg_work()
    bad = work.folder / "bad.jpg"
    bad.write_bytes(work.files[0].read_bytes()[:300])
    other = work.folder / "other.jpg"
    other.write_bytes(b"GIF89a")
    images, windows = limit._decodable((bad, other, *work.files), 1)
    assert images == [path.read_bytes() for path in work.files]
    assert {tuple(window) for window in windows} == {(0, 0, 375, 500, 0)}
    monkeypatch.setattr(limit, "_HELD_BYTES", 2 * sum(map(len, images)) // 3)
    assert limit._decodable(work.files, 1)[0] == images[::2]
    with pytest.raises(UnavailableError, match="none of the files"):
        limit._decodable((bad, other), 1)


def test_the_copy_goes_from_place_to_place(array_work, monkeypatch):
    """Not from one place that a cache would hold; a launch for each batch, as the loader's."""
    monkeypatch.setattr(limit, "_COPY_BYTES", 300_000)
    copied = []
    copy = torch.Tensor.copy_
    monkeypatch.setattr(
        torch.Tensor, "copy_", lambda to, of: copied.append((to.data_ptr(), of)) or copy(to, of)
    )
    work = array_work(global_batch_size=7)
    with closing(limit._copy(work)) as batches:
        assert [next(batches) for _ in range(8)] == [Batch(7)] * 8
    sizes = {of.nbytes for _, of in copied}
    assert sizes == {7 * (3 * 32 * 32 * 5) // 2}
    places = [(of.data_ptr(), to) for to, of in copied]
    assert len(set(places)) == 6, "over 300 000 bytes, in sixths"
    assert places[6:] == places[:2]
    assert copied[0][1].unique().numel() > 200, "random bytes"


def test_bsgrow_delivers_micro_batches_of_a_larger_batch(array_work, take):
    work = array_work(global_batch_size=40, micro_batch_size=16)
    sizes = [len(images) for images in take(SYSTEMS["bsgrow"].open(work), 6)]
    assert sizes == [16, 16, 8, 16, 16, 8]


def test_one_buffer_holds_the_same_stream_as_the_loader(array_work, buffer_work, take):
    loaded = take(SYSTEMS["bsgrow"].open(array_work()), 4)
    written = take(SYSTEMS["bsgrow"].open(buffer_work()), 4)
    assert all(torch.equal(one, other) for one, other in zip(loaded, written, strict=True))


def test_only_bsgrow_and_the_limit_write_into_one_buffer(buffer_work):
    work = buffer_work()
    assert [name for name, system in SYSTEMS.items() if system.takes(work)] == ["limit", "bsgrow"]


@pytest.mark.parametrize("package", ["no_such_package", "no_such_package.part", "json.no_part"])
def test_a_system_that_is_not_installed_says_so(package, array_work):
    system = System("ghost", {ArrayWork: SYSTEMS["bsgrow"].opens[ArrayWork]}, package)
    with pytest.raises(UnavailableError, match=f"{package} is not installed"):
        system.open(array_work())


def test_a_system_says_what_it_is_not_made_for(array_work):
    system = System("spdl", {ArrayWork: SYSTEMS["spdl"].opens[ArrayWork]})
    with pytest.raises(UnavailableError, match="nothing for arrays in memory"):
        system.open(array_work())


def test_spdl_without_the_libraries_of_ffmpeg_says_so(jpeg_work, monkeypatch):
    def demux_image(_path):
        raise RuntimeError("Failed to import libspdl.")

    io = SimpleNamespace(demux_image=demux_image)
    monkeypatch.setitem(sys.modules, "spdl", SimpleNamespace(io=io))
    with pytest.raises(UnavailableError, match=r"none of the files: Failed to import libspdl\.$"):
        SYSTEMS["spdl"].opens[JpegWork](jpeg_work())


def test_every_system_has_a_row_for_arrays_or_for_photographs():
    for system in SYSTEMS.values():
        assert {ArrayWork, JpegWork} & set(system.opens), system.name
        assert set(system.opens) <= {ArrayWork, BufferWork, JpegWork}


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(2, 3, 32, 32, dtype=torch.uint8), r"delivers torch\.uint8"),
        (torch.zeros(2, 32, 32, 3), r"of \(2, 32, 32, 3\)"),
        (torch.zeros(2, 32, 32, 3).permute(0, 3, 1, 2), "delivers strides"),
        (torch.zeros(2, 3, 32, 32, device="meta"), "delivers on meta, not on cpu"),
    ],
)
def test_a_delivery_that_is_not_what_was_asked_for_is_refused(images, message, array_work):
    with pytest.raises(UnavailableError, match=message):
        check_batch(array_work(), Batch(2, images))

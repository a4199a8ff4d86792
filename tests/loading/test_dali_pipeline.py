"""DALI's graph: what it is fed, which part of an image it shows, and why it cannot begin."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from bsgrow.errors import InputError
from bsgrow.loading import dali_pipeline
from bsgrow.loading.dali_decoder import DaliDecoder
from bsgrow.loading.dali_pipeline import DaliPipeline, import_dali, shown_regions
from bsgrow.loading.side_stream import SideStream
from tests.loading.decoder_chunks import PHOTOS, settings, windows
from tests.loading.encoded_stream import CPU, SIZE, needs_dali
from tests.photographs import cut, encode

CUDA = torch.device("cuda", 0)


@needs_dali
def test_windows_of_whole_images_are_those_that_a_part_is_decoded_for(monkeypatch):
    """The operators of a GPU, run on the CPU: they decode no part of an image."""
    monkeypatch.setattr(dali_pipeline, "_DECODE_ON_GPU", dali_pipeline._DECODE_ON_CPU)
    photos = [encode(cut(120, 150), exif=turned(k)) for k in range(1, 9)]
    (parts, whole) = (windows_of(photos, on_gpu=on_gpu) for on_gpu in (False, True))
    assert len(parts) == len(photos)
    for part, cut_out in zip(parts, whole, strict=True):
        assert np.array_equal(part, cut_out)


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def windows_of(photos, *, on_gpu):
    dali = import_dali()
    if on_gpu:
        decoders = SimpleNamespace(image=dali.fn.decoders.image)
        fn = {"external_source": dali.fn.external_source, "slice": dali.fn.slice}
        ours = SimpleNamespace(fn=SimpleNamespace(decoders=decoders, **fn), types=dali.types)
    else:
        ours = dali
    pipeline = dali.Pipeline(batch_size=8, num_threads=1, device_id=None, exec_dynamic=True)
    with pipeline:
        encoded = dali.fn.external_source(name="encoded", dtype=dali.types.UINT8, ndim=1)
        pipeline.set_outputs(dali_pipeline.decoded_windows(ours, encoded, on_gpu=on_gpu))
    pipeline.build()
    pipeline.feed_input("encoded", [np.frombuffer(photo, np.uint8) for photo in photos])
    pipeline.feed_input("place", windows(len(photos))[:, :2].copy())
    pipeline.feed_input("shape", windows(len(photos))[:, 2:4].copy())
    (images,) = pipeline.run()
    return [np.array(images[row]) for row in range(len(photos))]


class Recorder:
    """A pipeline that only tells how long its runs are."""

    def __init__(self):
        self.lengths = []

    def feed_input(self, name, values):
        if name == "encoded":
            self.lengths.append(len(values))
        assert len(values) == self.lengths[-1]

    def schedule_run(self):
        pass


@needs_dali
def test_the_first_run_on_a_gpu_is_full(monkeypatch):
    """nvImageCodec gives the hardware decoder as many images as the first batch had, for good."""
    recorder = Recorder()
    monkeypatch.setattr(dali_pipeline, "_build", lambda *arguments, **options: recorder)
    for device in (CUDA, CPU):
        pipeline = DaliPipeline(settings(device=device), 8, SideStream(CPU))
        for num in (3, 8, 5):
            pipeline.feed(PHOTOS[:num], windows(num))
    assert recorder.lengths == [8, 8, 5, 3, 8, 5]


@needs_dali
def test_what_fills_the_first_run_is_dropped():
    pipeline, plain = (DaliPipeline(settings(), 8, SideStream(CPU)) for _ in range(2))
    pipeline._min_samples = 8
    for num in (3, 8, 5):
        outs = []
        for each in (pipeline, plain):
            fed = each.feed(PHOTOS[:num], windows(num))
            outs.append(torch.full((num, 3, SIZE, SIZE), torch.nan))
            each.fetch(outs[-1])
            del fed
        assert torch.equal(*outs)


@needs_dali
@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is there")
def test_a_gpu_that_is_not_there():
    with pytest.raises(InputError, match=r"data\.decoder: DALI cannot begin on cuda:0") as error:
        DaliPipeline(settings(device=CUDA), 8, SideStream(CPU))
    assert "nvidia-dali-cuda120" in error.value.hint


@needs_dali
def test_a_pipeline_that_cannot_be_built(monkeypatch):
    def fail(*arguments, **options):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(dali_pipeline, "_build", fail)
    with pytest.raises(InputError, match="cannot begin on cpu: out of memory") as error:
        DaliDecoder(settings())
    assert error.value.hint == 'set data.decoder = "native"'


@pytest.mark.parametrize(
    ("platform", "hint"),
    [("linux", "pip install nvidia-dali-cuda130"), ("darwin", "for Linux only")],
)
def test_without_dali(monkeypatch, platform, hint):
    monkeypatch.setitem(sys.modules, "nvidia", None)
    monkeypatch.setitem(sys.modules, "nvidia.dali", None)
    monkeypatch.setitem(sys.modules, "nvidia.dali.fn", None)
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(InputError, match=r"data\.decoder: DALI cannot be imported") as error:
        import_dali()
    assert hint in error.value.hint


def test_sizes_are_those_of_torchvision():
    """Resize(256): the longer side rounded down. CenterCrop(224): half to even."""
    shapes = np.array([[375, 500], [500, 333], [224, 224]], np.int32)
    starts, ends = shown_regions(shapes, 224, 256)
    scales = np.array([[256, 341], [384, 256], [256, 256]]) / shapes
    first = starts * scales
    assert first == pytest.approx(np.array([[16, 58], [80, 16], [16, 16]]))  # 117 / 2 is 58.5
    assert ends * scales - first == pytest.approx(np.full((3, 2), 224))


def test_a_random_window_is_shown_whole():
    starts, ends = shown_regions(np.array([[3, 70]], np.int32), SIZE, None)
    assert (starts.tolist(), ends.tolist()) == ([[0, 0]], [[3, 70]])

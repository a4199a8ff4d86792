"""DALI's part alone: built once, told everything, and missing politely."""

import sys

import numpy as np
import pytest
import torch

from bsgrow.errors import BsgrowError, InputError
from bsgrow.loading import decoder_choice
from bsgrow.loading.dali_decoder import DaliDecoder
from bsgrow.loading.dali_pipeline import centred, import_dali, resized_shapes
from bsgrow.loading.decoder_choice import choose_decoder
from bsgrow.loading.decoders import DecodeSettings
from tests.loading.encoded_stream import SIZE, levels, make_loader, needs_dali, stream, updates
from tests.photo_folder import write_photographs
from tests.photographs import cut, encode, save

CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)
PHOTOS = [memoryview(encode(cut(90 + i, 120, top=3 * i))) for i in range(8)]


def settings(**options):
    values = {
        "size": SIZE,
        "resize": None,
        "mean": (0.5, 0.4, 0.3),
        "std": (0.2, 0.25, 0.3),
        "device": CPU,
        "dtype": torch.float32,
        "memory_format": torch.contiguous_format,
        "max_samples": 8,
        "num_threads": 2,
    }
    return DecodeSettings(**(values | options))


def windows(num):
    return np.array([[i, 2 * i, 60 + i, 70, i % 2] for i in range(num)], np.int32)


def begin(decoder, photos):
    out = torch.full((len(photos), 3, SIZE, SIZE), torch.nan)
    return out, decoder.begin(photos, windows(len(photos)), out)


@needs_dali
def test_growth_builds_nothing(tmp_path, monkeypatch):
    made = []

    def make(settings):
        made.append(DaliDecoder(settings))
        return made[-1]

    monkeypatch.setattr(decoder_choice, "DaliDecoder", make)
    root = write_photographs(tmp_path, num_train=20, num_test=3)
    loader = make_loader(root, "dali")
    for _ in range(3):
        assert list(loader.micro_batches(updates(8, 16, 40, 200, 3)))
        assert list(loader.evaluation())
    assert [decoder.num_built for decoder in made] == [1, 1], "one to train, one to evaluate"


@needs_dali
def test_chunks_of_any_size_are_in_flight_at_once():
    decoder = DaliDecoder(settings())
    sizes = (8, 1, 5, 8, 2)
    started = [begin(decoder, PHOTOS[:size]) for size in sizes]
    assert [list(decoding.result()) for _, decoding in started] == [[]] * len(sizes)
    for out, _ in started:
        assert torch.equal(out, started[0][0][: len(out)])
    assert decoder.num_built == 1


@needs_dali
def test_what_was_given_up_is_not_handed_out_later():
    decoder = DaliDecoder(settings())
    for _, decoding in [begin(decoder, PHOTOS), begin(decoder, PHOTOS[::-1])]:
        decoding.cancel()
    out, decoding = begin(decoder, PHOTOS[:3])
    assert list(decoding.result()) == []
    alone = torch.empty(1, 3, SIZE, SIZE)
    assert decoder.decode_alone(PHOTOS[1], windows(2)[1:], alone) is None
    assert torch.equal(out[1], alone[0]), "and alone it has the same bits"


@needs_dali
def test_a_refused_image_leaves_the_others_as_they_are():
    decoder = DaliDecoder(settings())
    whole, decoding = begin(decoder, PHOTOS)
    assert list(decoding.result()) == []
    broken = [*PHOTOS[:3], PHOTOS[3][:900], *PHOTOS[4:6], memoryview(b"no image"), PHOTOS[7]]
    chunks = [begin(decoder, photos) for photos in (PHOTOS, broken, PHOTOS, broken, PHOTOS)]
    assert [list(decoding.result()) for _, decoding in chunks] == [[], [3, 6], [], [3, 6], []]
    good = [0, 1, 2, 4, 5, 7]
    assert all(torch.equal(out[good], whole[good]) for out, _ in chunks)
    assert decoder.num_built == 2, "one anew for each that DALI calls invalid"


@needs_dali
def test_a_refused_image_that_is_given_up():
    decoder = DaliDecoder(settings())
    _, decoding = begin(decoder, [*PHOTOS[:2], memoryview(b"no image")])
    decoding.cancel()
    _, decoding = begin(decoder, PHOTOS)
    assert list(decoding.result()) == []


@needs_dali
def test_what_only_pillow_decodes():
    decoder = DaliDecoder(settings())
    gif = memoryview(save(cut(90, 120), "GIF"))
    out, decoding = begin(decoder, [PHOTOS[0], gif])
    assert list(decoding.result()) == []
    assert out.isfinite().all()


@needs_dali
def test_a_failure_that_is_of_no_image(monkeypatch):
    def fail(self, out):
        raise RuntimeError("out of memory")

    decoder = DaliDecoder(settings())
    _, decoding = begin(decoder, PHOTOS)
    monkeypatch.setattr(type(decoding._pipeline), "fetch", fail)
    monkeypatch.setattr(DaliDecoder, "try_alone", lambda *arguments: True)
    with pytest.raises(BsgrowError, match="not the chunk: out of memory"):
        decoding.result()


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


@pytest.mark.parametrize(
    ("name", "device", "is_built", "is_installed", "expected"),
    [
        ("auto", CPU, True, True, "native"),
        ("auto", CPU, False, True, "dali"),
        ("auto", CPU, False, False, "native"),  # by Pillow
        ("auto", CUDA, True, True, "dali"),
        ("auto", CUDA, True, False, "dali"),  # which then says how to install it
        ("native", CUDA, True, True, "native"),
        ("dali", CPU, True, True, "dali"),
    ],
)
def test_the_choice_of_a_decoder(monkeypatch, name, device, is_built, is_installed, expected):
    monkeypatch.setattr(decoder_choice.jpeg, "is_built", lambda: is_built)
    monkeypatch.setattr(decoder_choice, "is_dali_installed", lambda: is_installed)
    assert choose_decoder(name, device) == expected


def test_sizes_are_those_of_torchvision():
    """Resize(256): the longer side rounded down. CenterCrop(224): half to even."""
    shapes = resized_shapes(np.array([[375, 500], [500, 333], [224, 224]], np.int32), 224, 256)
    assert shapes.tolist() == [[256, 341], [384, 256], [256, 256]]
    first = np.rint(centred(shapes, 224) * (shapes - 224))
    assert first.tolist() == [[16, 58], [80, 16], [16, 16]]  # 117 / 2 is 58.5


@needs_dali
@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_stream_of_a_gpu_is_that_of_the_cpu(tmp_path):
    root = write_photographs(tmp_path, num_train=40, num_test=3)
    options = {"dtype": torch.bfloat16, "memory_format": torch.channels_last}
    loaders = [make_loader(root, "dali", device=device, **options) for device in (CPU, CUDA)]
    (on_cpu, labels), (on_gpu, labels_on_gpu) = (stream(each, 30, 70) for each in loaders)
    assert torch.equal(labels, labels_on_gpu.cpu())
    mean, std = loaders[0].dataset.mean, loaders[0].dataset.std
    difference = (levels(on_cpu, mean, std) - levels(on_gpu.cpu(), mean, std)).abs()
    assert difference.mean() < 3, "another decoder, and coarser chroma"
    again = stream(make_loader(root, "dali", device=CUDA, micro_batch_size=7, **options), 100)
    assert torch.equal(again[0], on_gpu)

"""Decoding by DALI: built once, whatever is refused, and missing politely."""

import sys

import numpy as np
import pytest
import torch

from bsgrow.errors import BsgrowError, InputError
from bsgrow.loading import decoder_choice, micro_batches_of
from bsgrow.loading.dali_decoder import DaliDecoder
from bsgrow.loading.dali_pipeline import DaliPipeline
from bsgrow.loading.decoder_choice import choose_decoder
from bsgrow.loading.native_decoder import NativeDecoder
from tests.loading.decoder_chunks import PHOTOS, settings, windows, without_codes
from tests.loading.encoded_stream import SIZE, levels, make_loader, needs_dali, stream, updates
from tests.photo_folder import write_photographs
from tests.photographs import cut, encode, photograph, save

CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)


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
        assert list(micro_batches_of(loader, updates(8, 16, 40, 200, 3)))
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
    broken = [
        *PHOTOS[:3],
        without_codes(PHOTOS[3]),
        *PHOTOS[4:6],
        memoryview(b"no image"),
        PHOTOS[7],
    ]
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
def test_what_was_refused_once_costs_no_chunk_again():
    decoder = DaliDecoder(settings())
    odd = [PHOTOS[0], memoryview(save(cut(90, 120), "GIF")), without_codes(PHOTOS[3]), PHOTOS[4]]
    chunks = []
    for _ in range(3):
        out, decoding = begin(decoder, odd)
        assert list(decoding.result()) == [2]
        chunks.append(out)
    assert decoder.num_built == 2, "a GIF is known beforehand, and the other one by its content"
    good = [0, 1, 3]
    assert all(torch.equal(out[good], chunks[0][good]) for out in chunks)


@needs_dali
def test_a_chunk_of_which_dali_is_given_nothing():
    decoder = DaliDecoder(settings())
    gifs = [memoryview(save(cut(90 + i, 120), "GIF")) for i in range(3)]
    out, decoding = begin(decoder, gifs)
    begin(decoder, gifs)[1].cancel()
    photos, of_photos = begin(decoder, PHOTOS)
    assert list(decoding.result()) == []
    assert list(of_photos.result()) == []
    assert out.isfinite().all()
    assert photos.isfinite().all()


@needs_dali
@pytest.mark.parametrize("shape", [(1, 4000), (4000, 1), (2, 3000)])
def test_narrow_images_are_shown_as_by_the_native_decoder(shape):
    photo = encode(np.resize(photograph(0)[:1].ravel(), (*shape, 3)))
    evaluation = settings(resize=SIZE + 5)
    window, outs = np.array([[0, 0, *shape, 0]], np.int32), []
    for decoder in (DaliDecoder(evaluation), NativeDecoder(evaluation)):
        outs.append(torch.empty(1, 3, SIZE, SIZE))
        assert decoder.decode_alone(memoryview(photo), window, outs[-1]) is None
    ours, theirs = (levels(out, evaluation.mean, evaluation.std) for out in outs)
    assert (ours - theirs).abs().amax() < 1.01


@needs_dali
def test_a_failure_that_is_of_no_image(monkeypatch):
    def fail(self, out):
        raise RuntimeError("out of memory")

    decoder = DaliDecoder(settings())
    _, decoding = begin(decoder, PHOTOS)
    monkeypatch.setattr(DaliPipeline, "fetch", fail)
    monkeypatch.setattr(DaliDecoder, "try_alone", lambda *arguments: True)
    with pytest.raises(BsgrowError, match="not the chunk: out of memory"):
        decoding.result()


def test_that_dali_is_missing_shows_when_the_loader_is_made(tmp_path, monkeypatch, caplog):
    root = write_photographs(tmp_path, num_train=1, num_test=1)
    for name in ("nvidia", "nvidia.dali", "nvidia.dali.fn"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=r"data\.decoder: DALI cannot be imported"):
        make_loader(root, "dali")
    make_loader(root, "native", device=CUDA)
    assert not caplog.text, "as was asked for"
    make_loader(root, "auto", device=CUDA)
    assert caplog.text.count("decoded on the host, since DALI is not installed: pip") == 1


@needs_dali
def test_a_decoder_that_was_interrupted_is_not_lent_again(tmp_path, monkeypatch):
    root = write_photographs(tmp_path, num_train=40, num_test=1)
    expected = stream(make_loader(root, "dali"), 80)[0]
    loader = make_loader(root, "dali")
    batches = micro_batches_of(loader, updates(80))
    next(batches)
    with monkeypatch.context() as patched:
        patched.setattr(DaliPipeline, "fetch", interrupt)
        with pytest.raises(KeyboardInterrupt):
            list(batches)
    assert torch.equal(stream(loader, 80)[0], expected)


def interrupt(*arguments):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("name", "device", "is_built", "is_installed", "expected"),
    [
        ("auto", CPU, True, True, "native"),
        ("auto", CPU, False, True, "dali"),
        ("auto", CPU, False, False, "native"),  # by Pillow
        ("auto", CUDA, True, True, "dali"),
        ("auto", CUDA, True, False, "native"),
        ("auto", CUDA, False, True, "dali"),
        ("auto", CUDA, False, False, "native"),  # by Pillow
        ("native", CUDA, True, False, "native"),
        ("dali", CUDA, True, False, "dali"),  # which then says how to install it
        ("dali", CPU, True, True, "dali"),
    ],
)
def test_the_choice_of_a_decoder(
    monkeypatch, caplog, name, device, is_built, is_installed, expected
):
    monkeypatch.setattr(decoder_choice.decoding, "is_built", lambda: is_built)
    monkeypatch.setattr(decoder_choice, "is_dali_installed", lambda: is_installed)
    assert choose_decoder(name, device) == expected
    assert bool(caplog.text) == ((name, device, is_installed) == ("auto", CUDA, False))

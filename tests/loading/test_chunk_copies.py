"""Chunks on their way to a micro-batch: the order of copies, and how long sources are held."""

import contextlib
import weakref

import pytest
import torch

from bsgrow.loading.chunk_copies import ChunkCopies
from bsgrow.loading.copy_sources import MAX_SOURCES
from bsgrow.loading.native_decoder import NativeDecoder, StagedDecoder
from tests.loading.decoder_chunks import PHOTOS, settings, windows
from tests.loading.encoded_stream import CPU, SIZE
from tests.loading.logged_streams import Stream
from tests.photographs import cut, save


class Owner:
    """Memory of someone else."""


@pytest.fixture
def log(monkeypatch):
    """Streams that only write a log, and the CPU in place of the device."""
    log = []
    consumer = Stream("consumer", log)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: consumer)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
    return log


def logged_copies(log):
    copies = ChunkCopies(CPU)
    copies.stream = Stream("copier", log)
    return copies


def test_only_memory_that_was_just_taken_waits_for_the_consumer(log):
    """And so a large micro-batch is put together while the one before it computes."""
    copies, out = logged_copies(log), torch.zeros(6)
    copies.begin_batch()
    for start in (0, 3):
        copies.copy(torch.arange(3.0), out[start : start + 3])
    assert log == [
        ("copier waits for", "consumer"),
        ("copied", 0),
        ("consumer waits for copy", 0),
        ("copied", 1),
        ("consumer waits for copy", 1),
    ]
    assert out.tolist() == [0, 1, 2, 0, 1, 2]


def test_an_owner_is_held_until_its_copy_is_done(log):
    copies, out, alive = logged_copies(log), torch.zeros(2), []
    for index in range(5):
        owner = Owner()
        alive.append(weakref.ref(owner))
        copies.copy(torch.ones(2), out, owner)
        del owner
        assert [ref() is not None for ref in alive[-MAX_SOURCES:]] == [True] * min(
            index + 1, MAX_SOURCES
        )
    waited = [number for what, number in log if what == "host waits for copy"]
    assert waited == list(range(5 - MAX_SOURCES))
    assert [ref() is None for ref in alive] == [True] * (5 - MAX_SOURCES) + [False] * MAX_SOURCES


def test_on_the_host_a_copy_is_done_at_once():
    copies, out = ChunkCopies(CPU), torch.zeros(3, dtype=torch.bfloat16)
    copies.begin_batch()
    owner = Owner()
    alive = weakref.ref(owner)
    copies.copy(torch.arange(3.0), out, owner)
    del owner
    assert out.tolist() == [0, 1, 2]
    assert alive() is None


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_staged_chunks_are_those_of_the_native_decoder(memory_format, dtype):
    chosen = settings(memory_format=memory_format, dtype=dtype)
    decoders = NativeDecoder(chosen), StagedDecoder(chosen, ChunkCopies(CPU))
    images = [*PHOTOS[:4], memoryview(b"no image"), memoryview(save(cut(90, 120), "GIF"))]
    outs = []
    for decoder in decoders:
        decoder.begin_batch()
        out = torch.zeros(7, 3, SIZE, SIZE, dtype=dtype).to(memory_format=memory_format)
        decoder.begin(images, windows(6), out[:6]).cancel()
        assert list(decoder.begin(images, windows(6), out[:6]).result()) == [4]
        assert decoder.decode_alone(images[0], windows(1), out[6:]) is None
        assert decoder.decode_alone(images[4], windows(1), out[6:]) is not None
        out[4] = 0  # what is written there is not specified
        outs.append(out[:6])
    assert torch.equal(*outs)

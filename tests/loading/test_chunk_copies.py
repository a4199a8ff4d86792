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
    consumer = Stream("consumer", log, what="use")
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: consumer)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
    return log


def logged_copies(log):
    copies = ChunkCopies(CPU)
    copies.stream = Stream("copier", log)
    return copies


def test_the_first_copy_into_a_batch_waits_for_what_was_queued_when_its_memory_was_taken(log):
    """And for nothing since: micro-batches are put together while those before them compute."""
    copies = logged_copies(log)
    batches = [torch.zeros(6) for _ in range(3)]
    for batch in batches:
        copies.begin_batch(batch)
        log.append("computing is queued")
    for batch in batches[:2]:
        for start in (0, 3):
            copies.copy(torch.arange(3.0), batch[start : start + 3])
    assert log[:6] == [step for use in range(3) for step in (("use", use), "computing is queued")]
    assert [step for step in log[6:] if step[0] != "host waits for copy"] == [
        ("copier waits for use", 0),
        ("copied", 0),
        ("consumer waits for copy", 0),
        ("copied", 1),
        ("consumer waits for copy", 1),
        ("copier waits for use", 1),
        ("copied", 2),
        ("consumer waits for copy", 2),
        ("copied", 3),
        ("consumer waits for copy", 3),
    ]
    assert [batch.tolist() for batch in batches] == [[0, 1, 2, 0, 1, 2]] * 2 + [[0] * 6]


def test_memory_that_is_taken_again_is_waited_for_again(log):
    copies, memory = logged_copies(log), torch.zeros(6)
    for num_samples in (6, 3):
        copies.begin_batch(memory[:num_samples])
        copies.copy(torch.ones(3), memory[:3])
    waits = [step for step in log if step[0] == "copier waits for use"]
    assert waits == [("copier waits for use", 0), ("copier waits for use", 1)]


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
    copies.begin_batch(out)
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
        out = torch.zeros(7, 3, SIZE, SIZE, dtype=dtype).to(memory_format=memory_format)
        decoder.begin_batch(out)
        decoder.begin(images, windows(6), out[:6]).cancel()
        assert list(decoder.begin(images, windows(6), out[:6]).result()) == [4]
        assert decoder.decode_alone(images[0], windows(1), out[6:]) is None
        assert decoder.decode_alone(images[4], windows(1), out[6:]) is not None
        out[4] = 0  # what is written there is not specified
        outs.append(out[:6])
    assert torch.equal(*outs)

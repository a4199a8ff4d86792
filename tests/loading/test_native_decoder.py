"""Decoding on the host: into micro-batches, or beside them and copied."""

import pytest
import torch

from bsgrow.loading.native_decoder import NativeDecoder
from bsgrow.loading.side_stream import SideStream
from tests.loading.decoder_chunks import PHOTOS, settings, windows
from tests.loading.encoded_stream import CPU, SIZE
from tests.photographs import cut, save


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_copied_chunks_are_those_that_are_written_in_place(memory_format, dtype):
    chosen = settings(memory_format=memory_format, dtype=dtype)
    decoders = NativeDecoder(chosen), NativeDecoder(chosen, SideStream(CPU))
    images = [*PHOTOS[:4], memoryview(b"no image"), memoryview(save(cut(90, 120), "GIF"))]
    outs = []
    for decoder in decoders:
        out = torch.zeros(7, 3, SIZE, SIZE, dtype=dtype).to(memory_format=memory_format)
        decoder.side.take(out)
        decoder.begin(images, windows(6), out[:6]).cancel()
        assert list(decoder.begin(images, windows(6), out[:6]).result()) == [4]
        assert decoder.decode_alone(images[0], windows(1), out[6:]) is None
        assert decoder.decode_alone(images[4], windows(1), out[6:]) is not None
        out[4] = 0  # what is written there is not specified
        outs.append(out[:6])
    assert torch.equal(*outs)


def test_copies_are_those_of_the_side_stream_that_is_given():
    side = SideStream(CPU)
    assert NativeDecoder(settings(), side).side is side

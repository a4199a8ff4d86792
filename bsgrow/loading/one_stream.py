"""Batches made on one stream of a device, whichever the streams are that use them."""

from collections.abc import Generator
from contextlib import closing
from typing import TypeVar

import torch
from torch import Tensor

Key = TypeVar("Key")
Made = tuple[Key, tuple[Tensor, Tensor]]


def on_one_stream(
    batches: Generator[Made[Key], None, None], device: torch.device
) -> Generator[Made[Key], None, None]:
    """Yield batches, each made on the stream that was the current one for the first.

    What makes them orders its work on the current stream; whoever asks for one on another finds
    it there in time, since that stream waits for it.

    Args:
        batches: makes them, with a key each.
        device: a CUDA device.
    """
    maker = torch.cuda.current_stream(device)
    with closing(batches):
        while True:
            with torch.cuda.stream(maker):
                made = next(batches, None)
            if made is None:
                return
            _hand_over(made[1], maker, torch.cuda.current_stream(device))
            yield made


def _hand_over(
    batch: tuple[Tensor, Tensor], maker: torch.cuda.Stream, user: torch.cuda.Stream
) -> None:
    if user == maker:
        return
    user.wait_stream(maker)
    for tensor in batch:
        tensor.record_stream(user)  # its memory is not given on before that is done with it

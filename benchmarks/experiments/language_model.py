"""A small language model of bytes, on text that every Python has: its manual and its docstrings."""

import ast
import os
from collections.abc import Iterator
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Text:
    """The text in sequences of so many bytes; the label of each byte is the next one."""

    num_classes = 256

    def __init__(self, length: int, num_sequences: int) -> None:
        text = "\n\n".join([*(topics[name] for name in sorted(topics)), *_docstrings()])
        self._bytes = np.frombuffer(text.encode(), np.uint8)[: length * num_sequences + 1]
        self._length = length

    def __len__(self) -> int:
        return (len(self._bytes) - 1) // self._length

    def __getitem__(self, index: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        start = index * self._length
        tokens = self._bytes[start : start + self._length + 1].astype(np.int64)
        return tokens[:-1], tokens[1:]


def load(length: int = 64, num_sequences: int = 21000) -> Text:
    """Return the text, of which ``data.test_fraction`` is held out.

    Args:
        length: bytes of a sequence.
        num_sequences: of which there are so many, where Python has as much text.
    """
    return Text(length, num_sequences)


class LanguageModel(nn.Module):
    """A decoder: bytes [N, T] to logits [N, 256, T], of what is before each place alone."""

    def __init__(self, num_classes: int, width: int = 64, length: int = 64) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(num_classes, width), nn.Embedding(length, width)
        self.block = nn.TransformerEncoderLayer(
            width, 4, 4 * width, dropout=0.0, batch_first=True, norm_first=True
        )
        self.norm, self.out = nn.LayerNorm(width), nn.Linear(width, num_classes)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(length))

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits [N, num_classes, T]."""
        embedded = self.tokens(tokens) + self.places.weight
        mask = self.get_buffer("mask")
        hidden = self.block(embedded, src_mask=mask, is_causal=True)
        logits: Tensor = self.out(self.norm(hidden)).movedim(-1, 1)
        return logits


def _docstrings() -> Iterator[str]:
    """Yield those of the standard library's own modules, in the order of the files."""
    for path in sorted(Path(os.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, _DOCUMENTED) and (text := ast.get_docstring(node)):
                yield text

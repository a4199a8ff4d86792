"""A small convolutional network for small images, after LeNet (LeCun et al. 1998)."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from bsgrow.models import specs
from bsgrow.models.ghost_batch_norm import GhostBatchNorm2d

POOLED = 7  # pixels a side that are left to the hidden layer


class ConvNet(nn.Module):
    """Two 3x3 convolutions, each normalised and pooled by 2; a hidden layer, and a linear one.

    Args:
        width: channels of the first convolution; the second has twice as many.
        hidden: units of the hidden layer.
        in_channels: channels of the images.
        num_classes: outputs.
        ghost_batch_size: samples per group of both normalisations.
    """

    def __init__(
        self, width: int, hidden: int, in_channels: int, num_classes: int, ghost_batch_size: int
    ) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_stage(in_channels, width, ghost_batch_size),
            *_stage(width, 2 * width, ghost_batch_size),
            nn.AdaptiveAvgPool2d(POOLED),  # of 28 x 28 pixels it leaves all as it is
        )
        self.hidden = nn.Linear(2 * width * POOLED**2, hidden)
        self.classifier = nn.Linear(hidden, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images [N, in_channels, H, W], H and W at least 4, to logits [N, num_classes]."""
        logits: Tensor = self.classifier(self.hidden(self.features(images).flatten(1)).relu())
        return logits


def _stage(in_channels: int, out_channels: int, ghost_batch_size: int) -> list[nn.Module]:
    return [
        nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
        GhostBatchNorm2d(out_channels, ghost_batch_size),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
    ]


def convnet(
    *,
    width: Annotated[int, Field(gt=0)] = 24,
    hidden: Annotated[int, Field(gt=0)] = 256,
    in_channels: int,
    num_classes: int,
    ghost_batch_size: int,
) -> nn.Module:
    """Build the network; its weights are as torch initialises them.

    Args:
        width: channels of the first convolution.
        hidden: units of the hidden layer.
        in_channels: channels of the images, e.g. 1 or 3.
        num_classes: outputs.
        ghost_batch_size: samples per group of both normalisations.

    Raises:
        InputError: ``width`` or ``hidden`` is below 1.
    """
    specs.convnet(width=width, hidden=hidden)
    model = ConvNet(width, hidden, in_channels, num_classes, ghost_batch_size)
    # So few channels are convolved twice as fast on a CPU where they lie side by side.
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch leaves it out
    return model

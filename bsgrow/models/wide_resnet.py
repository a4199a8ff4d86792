"""Wide residual networks, Zagoruyko & Komodakis 2016, arXiv 1605.07146."""

from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn.functional import relu

from bsgrow.models import specs
from bsgrow.models.ghost_batch_norm import GhostBatchNorm2d
from bsgrow.models.recomputing import Block

STEM_CHANNELS = 16
STAGES = ((16, 1), (32, 2), (64, 2))  # channels at width 1, stride of the first block


class PreActivationBlock(Block):
    """Two 3x3 convolutions, each after normalisation and ReLU, added to a shortcut.

    The block B(3, 3) of section 2 of the paper. Where the shape changes, the shortcut is a 1x1
    convolution of the normalised input.

    Args:
        in_channels: channels of the input, [N, in_channels, H, W].
        out_channels: channels of the output, [N, out_channels, ceil(H/stride), ceil(W/stride)].
        stride: of the first convolution and the shortcut.
        ghost_batch_size: samples per group of the normalisation.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, ghost_batch_size: int
    ) -> None:
        super().__init__()
        self.norm1 = GhostBatchNorm2d(in_channels, ghost_batch_size)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.norm2 = GhostBatchNorm2d(out_channels, ghost_batch_size)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.shortcut = (
            None
            if in_channels == out_channels and stride == 1
            else nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
        )

    def compute(self, x: Tensor) -> Tensor:
        """Map [N, in_channels, H, W] to [N, out_channels, H', W']."""
        activated = relu(self.norm1(x), inplace=True)
        shortcut: Tensor = x if self.shortcut is None else self.shortcut(activated)
        residual: Tensor = self.conv2(relu(self.norm2(self.conv1(activated)), inplace=True))
        return shortcut + residual


class WideResNet(nn.Module):
    """WRN-d-k: a 3x3 stem, three stages of pre-activation blocks, global average, linear.

    Args:
        num_blocks: blocks per stage, n of depth d = 6n + 4.
        width: widening factor k; stages have 16k, 32k and 64k channels.
        in_channels: channels of the images.
        num_classes: outputs.
        ghost_batch_size: samples per group of every normalisation.
    """

    def __init__(
        self, num_blocks: int, width: int, in_channels: int, num_classes: int, ghost_batch_size: int
    ) -> None:
        super().__init__()
        self.stem = nn.Conv2d(in_channels, STEM_CHANNELS, 3, padding=1, bias=False)
        blocks, channels = [], STEM_CHANNELS
        for base, first_stride in STAGES:
            for stride in (first_stride, *[1] * (num_blocks - 1)):
                blocks.append(PreActivationBlock(channels, base * width, stride, ghost_batch_size))
                channels = base * width
        self.blocks = nn.Sequential(*blocks)
        self.norm = GhostBatchNorm2d(channels, ghost_batch_size)
        self.classifier = nn.Linear(channels, num_classes)
        self.apply(_initialise)

    def forward(self, images: Tensor) -> Tensor:
        """Map images [N, in_channels, H, W], H and W at least 8, to logits [N, num_classes]."""
        features = relu(self.norm(self.blocks(self.stem(images))), inplace=True)
        logits: Tensor = self.classifier(features.mean(dim=(2, 3)))
        return logits


def _initialise(module: nn.Module) -> None:
    """Initialise convolutions and the classifier after He et al. 2015, arXiv 1502.01852, eq. 14."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def wide_resnet(
    *,
    depth: PositiveInt,
    width: PositiveInt,
    in_channels: int,
    num_classes: int,
    ghost_batch_size: int,
) -> nn.Module:
    """Build WRN-``depth``-``width`` (arXiv 1605.07146, table 1).

    Args:
        depth: convolutional layers, 6n + 4 for n >= 1: 10, 16, 22, 28, 34, 40, …
        width: widening factor k >= 1.
        in_channels: channels of the images, e.g. 1 or 3.
        num_classes: outputs.
        ghost_batch_size: samples per group of every batch normalisation.

    Raises:
        InputError: if ``depth`` is not of the form 6n + 4 with n >= 1, or ``width`` is below 1.
    """
    specs.wide_resnet(depth=depth, width=width)
    return WideResNet((depth - 4) // 6, width, in_channels, num_classes, ghost_batch_size)

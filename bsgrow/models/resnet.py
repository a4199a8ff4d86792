"""Residual networks of bottleneck blocks, He et al. 2015, arXiv 1512.03385."""

from torch import Tensor, nn
from torch.nn.functional import relu

from bsgrow.models.ghost_batch_norm import GhostBatchNorm2d
from bsgrow.models.recomputing import Block

STEM_CHANNELS = 64
EXPANSION = 4  # channels that leave a bottleneck, for each inside it
RESNET50 = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))  # channels, blocks, first stride
CLASSIFIER_STD = 0.01


class Bottleneck(Block):
    """1x1, 3x3 and 1x1 convolutions, each before normalisation, added to a shortcut, then ReLU.

    Figure 5 of the paper, with the stride in the 3x3 convolution, where torchvision has it too
    ("v1.5"; the paper has it in the first 1x1). Where the shape changes, the shortcut is a 1x1
    convolution and a normalisation (option B of the paper).

    Args:
        in_channels: channels of the input, [N, in_channels, H, W].
        channels: of the 3x3 convolution; the output is [N, 4 channels, H/stride, W/stride],
            rounded up.
        stride: of the 3x3 convolution and the shortcut.
        ghost_batch_size: samples per group of the normalisation.
    """

    def __init__(self, in_channels: int, channels: int, stride: int, ghost_batch_size: int) -> None:
        super().__init__()
        out_channels = EXPANSION * channels
        self.conv1 = nn.Conv2d(in_channels, channels, 1, bias=False)
        self.bn1 = GhostBatchNorm2d(channels, ghost_batch_size)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, padding=1, bias=False)
        self.bn2 = GhostBatchNorm2d(channels, ghost_batch_size)
        self.conv3 = nn.Conv2d(channels, out_channels, 1, bias=False)
        self.bn3 = GhostBatchNorm2d(out_channels, ghost_batch_size)
        self.downsample = (
            None
            if in_channels == out_channels and stride == 1
            else _projection(in_channels, out_channels, stride, ghost_batch_size)
        )

    def compute(self, x: Tensor) -> Tensor:
        """Map [N, in_channels, H, W] to [N, 4 channels, H', W']."""
        shortcut = x if self.downsample is None else self.downsample(x)
        y = relu(self.bn1(self.conv1(x)), inplace=True)
        y = relu(self.bn2(self.conv2(y)), inplace=True)
        residual: Tensor = self.bn3(self.conv3(y))
        return relu(residual + shortcut, inplace=True)


class ResNet(nn.Sequential):
    """A 7x7 stem, stages of bottlenecks, global average, linear; torchvision's parameter names.

    Maps images [N, in_channels, H, W], of any size, to logits [N, num_classes].

    Args:
        stages: channels, number of blocks and stride of the first block, for each stage.
        in_channels: channels of the images.
        num_classes: outputs.
        ghost_batch_size: samples per group of every normalisation.
    """

    def __init__(
        self,
        stages: tuple[tuple[int, int, int], ...],
        in_channels: int,
        num_classes: int,
        ghost_batch_size: int,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, STEM_CHANNELS, 7, 2, padding=3, bias=False)
        self.bn1 = GhostBatchNorm2d(STEM_CHANNELS, ghost_batch_size)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        width = STEM_CHANNELS
        for number, (channels, num_blocks, stride) in enumerate(stages, start=1):
            stage = _stage(width, channels, num_blocks, stride, ghost_batch_size)
            self.add_module(f"layer{number}", stage)
            width = EXPANSION * channels
        self.avgpool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.fc = nn.Linear(width, num_classes)
        self.apply(_initialise)


def _stage(
    in_channels: int, channels: int, num_blocks: int, stride: int, ghost_batch_size: int
) -> nn.Sequential:
    first = Bottleneck(in_channels, channels, stride, ghost_batch_size)
    width = EXPANSION * channels
    others = (Bottleneck(width, channels, 1, ghost_batch_size) for _ in range(num_blocks - 1))
    return nn.Sequential(first, *others)


def _projection(
    in_channels: int, out_channels: int, stride: int, ghost_batch_size: int
) -> nn.Sequential:
    conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
    return nn.Sequential(conv, GhostBatchNorm2d(out_channels, ghost_batch_size))


def _initialise(module: nn.Module) -> None:
    """Convolutions after He et al. 2015, arXiv 1502.01852, eq. 14; classifier after Goyal et al."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=CLASSIFIER_STD)
        nn.init.zeros_(module.bias)


def _start_as_shortcuts(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, Bottleneck):
            nn.init.zeros_(module.bn3.weight)


def resnet50(
    *,
    zero_init_residual: bool = True,
    in_channels: int,
    num_classes: int,
    ghost_batch_size: int,
) -> nn.Module:
    """Build ResNet-50 (arXiv 1512.03385, table 1), for images of any size; published at 224x224.

    25 557 032 parameters for RGB images and 1000 classes, as torchvision says of its own:
    ``ResNet50_Weights.IMAGENET1K_V1.meta["num_params"]``, also on its documentation's page of
    resnet50. ``state_dict`` has torchvision's names and shapes, so that its checkpoints load.
    Initialised after Goyal et al. 2017,
    arXiv 1706.02677, section 5.1.

    Args:
        zero_init_residual: whether the last normalisation of each block starts with a weight of 0,
            so that the block starts as its shortcut (Goyal et al.); the default. False starts it
            at 1, as He et al. and torchvision's default do.
        in_channels: channels of the images, e.g. 1 or 3.
        num_classes: outputs.
        ghost_batch_size: samples per group of every batch normalisation.

    Raises:
        InputError: if ``ghost_batch_size`` is below 1.
    """
    model = ResNet(RESNET50, in_channels, num_classes, ghost_batch_size)
    if zero_init_residual:
        _start_as_shortcuts(model)
    return model

"""Inception-ResNet-v2, Szegedy et al. 2016, arXiv 1602.07261, as its authors released it.

The released definition (github.com/tensorflow/models, research/slim/nets/inception_resnet_v2.py)
is followed where it departs from the paper's figures: in the stem, the widths, the residual scales
and the ReLU that the last block lacks. github.com/Cadene/pretrained-models.pytorch and timm carry
it to PyTorch, with a weight in each normalisation; so it is here, with their parameter names.

Two things are left out. The auxiliary classifier is an option of the released code. Dropout before
the classifier would draw random numbers that depend on how an update is cut into micro-batches.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from bsgrow.models.ghost_batch_norm import GhostBatchNorm2d
from bsgrow.models.image_size import check_image_size
from bsgrow.models.recomputing import Block
from bsgrow.models.specs import SMALLEST_INCEPTION_IMAGE as SMALLEST_IMAGE

NUM_FEATURES = 1536
NORM_EPS = 1e-3
Size = int | tuple[int, int]


class Convolution(Block):
    """Convolution without bias, normalisation, ReLU.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: height and width.
        stride: of the convolution.
        padding: zeros on each side; None keeps height and width at stride 1.
        ghost_batch_size: samples per group of the normalisation.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: int = 1,
        padding: int | None = None,
        *,
        ghost_batch_size: int,
    ) -> None:
        super().__init__()
        same = "same" if padding is None else padding
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, same, bias=False)
        self.bn = GhostBatchNorm2d(out_channels, ghost_batch_size, eps=NORM_EPS)

    def compute(self, x: Tensor) -> Tensor:
        """Map [N, in_channels, H, W] to [N, out_channels, H', W']."""
        return relu(self.bn(self.conv(x)), inplace=True)


class Branches(Block):
    """Branches side by side, which concatenate what they make of the same input."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.num_branches = len(branches)
        for index, branch in enumerate(branches):
            self.add_module(f"branch{index}", branch)

    def compute(self, x: Tensor) -> Tensor:
        """Map [N, C, H, W] to [N, sum of the branches' channels, H', W']."""
        names = (f"branch{index}" for index in range(self.num_branches))
        return torch.cat([self.get_submodule(name)(x) for name in names], dim=1)


class Residual(Branches):
    """Branches and a 1x1 convolution, scaled and added to the input, then ReLU.

    Figures 16, 17 and 19 of the paper; scaled as in section 3.3.

    Args:
        branches: map [N, channels, H, W] to some channels each.
        branch_channels: of all branches together.
        channels: of input and output.
        scale: of what is added.
        last: whether it is the last block, which has no ReLU.
    """

    def __init__(
        self,
        *branches: nn.Module,
        branch_channels: int,
        channels: int,
        scale: float,
        last: bool = False,
    ) -> None:
        super().__init__(*branches)
        self.conv2d = nn.Conv2d(branch_channels, channels, 1)
        self.scale = scale
        self.last = last

    def compute(self, x: Tensor) -> Tensor:
        """Map [N, channels, H, W] to the same shape."""
        y = torch.add(x, self.conv2d(super().compute(x)), alpha=self.scale)
        return y if self.last else relu(y, inplace=True)


class Blocks:
    """Makes the blocks of the network, all with the same ghost batches."""

    def __init__(self, ghost_batch_size: int) -> None:
        self._ghost_batch_size = ghost_batch_size

    def conv(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: int = 1,
        padding: int | None = None,
    ) -> Convolution:
        """Make one convolution; padding None keeps height and width."""
        ghosts = self._ghost_batch_size
        return Convolution(
            in_channels, out_channels, kernel_size, stride, padding, ghost_batch_size=ghosts
        )

    def chain(self, channels: int, *layers: tuple[int, Size]) -> nn.Sequential:
        """Make convolutions, each of out_channels and kernel_size, that keep height and width."""
        convolutions = []
        for out_channels, kernel_size in layers:
            convolutions.append(self.conv(channels, out_channels, kernel_size))
            channels = out_channels
        return nn.Sequential(*convolutions)

    def reducing(self, channels: int, *layers: tuple[int, Size]) -> nn.Sequential:
        """Make the same, the last 3x3 with stride 2 and without padding."""
        *kept, (out_channels, kernel_size) = layers
        chain = self.chain(channels, *kept)
        last_channels = kept[-1][0]
        return chain.append(self.conv(last_channels, out_channels, kernel_size, 2, padding=0))

    def mixed_5b(self) -> Branches:
        """Make Inception-A of the released stem: 192 to 320 channels."""
        pool = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
        return Branches(
            self.conv(192, 96, 1),
            self.chain(192, (48, 1), (64, 5)),
            self.chain(192, (64, 1), (96, 3), (96, 3)),
            nn.Sequential(pool, self.conv(192, 64, 1)),
        )

    def block35(self) -> Residual:
        """Make Inception-ResNet-A, on 320 channels (figure 16)."""
        return Residual(
            self.conv(320, 32, 1),
            self.chain(320, (32, 1), (32, 3)),
            self.chain(320, (32, 1), (48, 3), (64, 3)),
            branch_channels=128,
            channels=320,
            scale=0.17,
        )

    def mixed_6a(self) -> Branches:
        """Make Reduction-A: 320 to 1088 channels (figure 7)."""
        return Branches(
            self.conv(320, 384, 3, 2, padding=0),
            self.reducing(320, (256, 1), (256, 3), (384, 3)),
            nn.MaxPool2d(3, stride=2),
        )

    def block17(self) -> Residual:
        """Make Inception-ResNet-B, on 1088 channels (figure 17)."""
        return Residual(
            self.conv(1088, 192, 1),
            self.chain(1088, (128, 1), (160, (1, 7)), (192, (7, 1))),
            branch_channels=384,
            channels=1088,
            scale=0.10,
        )

    def mixed_7a(self) -> Branches:
        """Make Reduction-B: 1088 to 2080 channels (figure 18)."""
        return Branches(
            self.reducing(1088, (256, 1), (384, 3)),
            self.reducing(1088, (256, 1), (288, 3)),
            self.reducing(1088, (256, 1), (288, 3), (320, 3)),
            nn.MaxPool2d(3, stride=2),
        )

    def block8(self, *, scale: float, last: bool = False) -> Residual:
        """Make Inception-ResNet-C, on 2080 channels (figure 19)."""
        return Residual(
            self.conv(2080, 192, 1),
            self.chain(2080, (192, 1), (224, (1, 3)), (256, (3, 1))),
            branch_channels=448,
            channels=2080,
            scale=scale,
            last=last,
        )


class InceptionResNetV2(nn.Sequential):
    """Stem, 10 + 20 + 10 residual blocks with reductions between them, average, linear.

    Args:
        in_channels: channels of the images.
        num_classes: outputs.
        ghost_batch_size: samples per group of every normalisation.
    """

    def __init__(self, in_channels: int, num_classes: int, ghost_batch_size: int) -> None:
        super().__init__()
        make = Blocks(ghost_batch_size)
        self.conv2d_1a = make.conv(in_channels, 32, 3, 2, padding=0)
        self.conv2d_2a = make.conv(32, 32, 3, padding=0)
        self.conv2d_2b = make.conv(32, 64, 3)
        self.maxpool_3a = nn.MaxPool2d(3, stride=2)
        self.conv2d_3b = make.conv(64, 80, 1)
        self.conv2d_4a = make.conv(80, 192, 3, padding=0)
        self.maxpool_5a = nn.MaxPool2d(3, stride=2)
        self.mixed_5b = make.mixed_5b()
        self.repeat = nn.Sequential(*(make.block35() for _ in range(10)))
        self.mixed_6a = make.mixed_6a()
        self.repeat_1 = nn.Sequential(*(make.block17() for _ in range(20)))
        self.mixed_7a = make.mixed_7a()
        self.repeat_2 = nn.Sequential(*(make.block8(scale=0.20) for _ in range(9)))
        self.block8 = make.block8(scale=1.0, last=True)
        self.conv2d_7b = make.conv(2080, NUM_FEATURES, 1)
        self.global_pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.classif = nn.Linear(NUM_FEATURES, num_classes)
        self.apply(_initialise)

    def forward(self, images: Tensor) -> Tensor:
        """Map images [N, in_channels, H, W], H and W at least 75, to logits [N, num_classes].

        Raises:
            InputError: the images are smaller.
        """
        check_image_size("inception_resnet_v2", SMALLEST_IMAGE, images.shape[2], images.shape[3])
        x = images
        for stage in self:
            x = stage(x)
        return x


def _initialise(module: nn.Module) -> None:
    """Initialise as the released code does: Glorot & Bengio 2010, uniform, eq. 16; biases 0."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def inception_resnet_v2(*, in_channels: int, num_classes: int, ghost_batch_size: int) -> nn.Module:
    """Build Inception-ResNet-v2 for images of at least 75x75; published at 299x299.

    55 843 464 parameters for RGB images and 1000 classes, the count that pytorchcv asserts of its
    port, without an auxiliary classifier too (github.com/osmr/imgclsmob,
    pytorch/pytorchcv/models/inceptionresnetv2.py). ``state_dict`` has timm's names and shapes.

    Args:
        in_channels: channels of the images, e.g. 1 or 3.
        num_classes: outputs.
        ghost_batch_size: samples per group of every batch normalisation.

    Raises:
        InputError: if ``ghost_batch_size`` is below 1.
    """
    return InceptionResNetV2(in_channels, num_classes, ghost_batch_size)

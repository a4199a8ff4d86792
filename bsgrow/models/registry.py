"""The models a recipe can name: a new one is a new file, its check in specs, and a line here.

``package.module:function`` names one of the user, which is imported where it is built.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from bsgrow.data.sample_form import SampleForm
from bsgrow.errors import InputError
from bsgrow.models import specs
from bsgrow.models.image_size import check_image_size
from bsgrow.models.specs import SMALLEST_CONVNET_IMAGE, SMALLEST_INCEPTION_IMAGE, ModelSpec
from bsgrow.text.printable import shown
from bsgrow.user_code.names import check_name, is_user_code
from bsgrow.validation.arguments import call_checked
from bsgrow.validation.registry import Registry

if TYPE_CHECKING:
    from torch import nn


def _built_by(
    module: str,
    check: Any,
    smallest_image: int = 1,
    names_as: str | None = None,
    *,
    has_blocks: bool = True,
) -> tuple[str, ModelSpec]:
    """Return a model of this package, called like its check and what builds it."""
    name = check.__name__
    load = partial(resolve_name, f"bsgrow.models.{module}:{name}")
    return name, ModelSpec(check, load, smallest_image, names_as, has_blocks)


MODELS: Registry[ModelSpec] = Registry(
    "model",
    _built_by("convnet", specs.convnet, SMALLEST_CONVNET_IMAGE, has_blocks=False),
    _built_by(
        *("inception_resnet_v2", specs.inception_resnet_v2, SMALLEST_INCEPTION_IMAGE),
        names_as="timm: inception_resnet_v2",
    ),
    _built_by("resnet", specs.resnet50, names_as="torchvision and timm: resnet50"),
    _built_by("wide_resnet", specs.wide_resnet),
)


def build_model(
    name: str,
    arguments: Mapping[str, Any],
    *,
    form: SampleForm | None = None,
    gradient_checkpointing: bool = False,
    **given: int,
) -> "nn.Module":
    """Build the architecture that a recipe names; imports torch.

    Args:
        name: a key of ``MODELS``, or ``package.module:function``.
        arguments: the architecture's own, as the recipe gives them, such as depth and width.
        form: of samples that a model of the user is tried with; None tries none.
        gradient_checkpointing: whether its blocks are computed again in the backward pass.
        given: in_channels, num_classes and ghost_batch_size, which follow from data and run.

    Raises:
        InputError: no such architecture, or an argument that it does not take, or what the user's
            function returns maps no inputs to logits; or it has no blocks to compute again.
        UserCodeError: the user's function raised an error.
    """
    if is_user_code(name):
        from bsgrow.models.user_model import build_user_model  # late: it imports torch

        recomputes = gradient_checkpointing
        return build_user_model(
            name, arguments, form=form, gradient_checkpointing=recomputes, **given
        )
    built = call_checked(_find(name).load(), table="model", written=arguments, own=given)
    if gradient_checkpointing:
        from bsgrow.models.gradient_checkpointing import checkpoint_gradients  # as above

        checkpoint_gradients(built, name)
    return built


def check_model(name: str, arguments: Mapping[str, Any], other_keys: Iterable[str] = ()) -> None:
    """Check that an architecture exists and takes these arguments.

    Args:
        name: a key of ``MODELS``; of ``package.module:function`` the form alone is checked.
        arguments: as the recipe gives them, such as depth and width.
        other_keys: that may stand beside them, one of which a wrong argument may be meant for.

    Raises:
        InputError: no such architecture; or an argument is unknown, missing or not allowed.
    """
    if is_user_code(name):
        check_name(name, "model.name")
        return
    call_checked(_find(name).check, table="model", written=arguments, other_keys=other_keys)


def check_has_blocks(name: str) -> None:
    """Check that a model has blocks to compute again; one of the user is asked when it is built.

    Raises:
        InputError: it has none.
    """
    if name in MODELS and not MODELS[name].has_blocks:
        raise InputError(
            f"model.gradient_checkpointing = true: {name} has no blocks that are worth computing "
            "again",
            hint="leave it out; a smaller run.micro_batch_size takes less memory",
        )


def check_images_fit(name: str, height: int, width: int) -> None:
    """Check that a model takes images of a size.

    Args:
        name: of the model; one that does not exist takes any size.
        height: of the images, in pixels.
        width: of the images, in pixels.

    Raises:
        InputError: the images are too small.
    """
    smallest = MODELS[name].smallest_image if name in MODELS else 1
    check_image_size(name, smallest, height, width)


def check_form_fits(name: str, form: SampleForm) -> None:
    """Check that a model takes samples of a form; one of the user is tried when it is built.

    Raises:
        InputError: it takes images with one label, or larger ones.
    """
    if name in MODELS and not form.is_labelled_image:
        raise InputError(
            f"model.name = {shown(name)}: takes images [C, H, W] with one label, and a sample of "
            f"these data is {form}",
            hint="name a function that builds a model for them: model.name = "
            '"package.module:function"',
        )
    if form.is_image:
        check_images_fit(name, *form.shape[1:])


def _find(name: str) -> ModelSpec:
    return MODELS.find(name, f"model.name = {shown(name)}")

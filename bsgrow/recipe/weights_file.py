"""The file that a model begins with: which it is, by its content."""

import hashlib
from pathlib import Path

from bsgrow.data.user_path import expand_user
from bsgrow.errors import InputError
from bsgrow.files.regular import opened_regular
from bsgrow.recipe.config import ModelConfig
from bsgrow.text.printable import printable, shown

_KINDS = "a .safetensors file, or a state_dict that torch.save wrote"


def read_weights_file(path: str) -> bytes:
    """Return the content of ``model.weights``.

    Raises:
        InputError: there is no such file, or it cannot be read, or is empty.
    """
    file = expand_user(Path(path))
    what = f"model.weights = {shown(path)}"
    try:
        with opened_regular(file) as opened:
            content = opened.read()
    except IsADirectoryError as error:
        found = sorted((file / "checkpoints").glob("update-*.pt"))
        hint = f"name the file in it: model.weights = {str(found[-1])!r}" if found else _KINDS
        raise InputError(f"{what}: is a folder", hint) from error
    except OSError as error:
        raise InputError(f"{what}: cannot be read: {error.strerror}", f"name {_KINDS}") from error
    if not content:
        raise InputError(f"{what}: is empty", f"copy it again; it is to be {_KINDS}")
    return content


def digest_of(content: bytes) -> str:
    """Return ``sha256:…`` of a file's content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def with_digest(model: ModelConfig) -> ModelConfig:
    """Return a model that says which content its weights have; the file is read where it does not.

    Raises:
        InputError: as ``read_weights_file``.
    """
    if model.weights is None or model.weights_digest is not None:
        return model
    digest = digest_of(read_weights_file(model.weights))
    return model.model_copy(update={"weights_digest": digest})


def read_same_weights(model: ModelConfig) -> bytes:
    """Return the content of ``model.weights``, which is what its digest says, if it has one.

    Raises:
        InputError: as ``read_weights_file``; or it is another one.
    """
    assert model.weights is not None
    content = read_weights_file(model.weights)
    if model.weights_digest not in (None, digest_of(content)):
        raise InputError(
            f"model.weights = {shown(model.weights)}: is another file than the recipe was made "
            f"with, {digest_of(content)} and not {printable(model.weights_digest or '')}",
            hint="put the file back, or leave model.weights_digest out of the recipe of a new run",
        )
    return content

"""The weights of a checkpoint alone, for who has neither its data nor its optimizer."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from torch import Tensor, nn

from bsgrow.errors import InputError
from bsgrow.training.checkpoint.archive import SMALLEST_INDEX, Archive, NoCheckpointError
from bsgrow.training.checkpoint.checks import AVERAGED, UnfitError, require_fit, require_version
from bsgrow.training.checkpoint.folder import map_whole
from bsgrow.training.checkpoint.optimizer_state import Form
from bsgrow.training.checkpoint.records import load_tensor
from bsgrow.training.checkpoint.tree import read_tree

Weights = Literal["averaged", "trained"]
"""Which of a run: the average of its weights, or those that its last update has left."""

_KEYS: Final[Mapping[Weights, str]] = MappingProxyType({"averaged": AVERAGED, "trained": "model"})
_INDEX_PER_TENSOR = 2**14  # bytes, with what an optimizer remembers of it


def read_weights(path: Path, model: nn.Module, which: Weights, hint: str) -> dict[str, Tensor]:
    """Return what a checkpoint holds for a model; they lie in the file, which is mapped.

    Args:
        path: of the checkpoint.
        model: built from the recipe of its run; it is not changed.
        which: of the weights.
        hint: what to do about a file that does not do.

    Raises:
        InputError: the file is damaged, of another format version, or does not fit the model.
        BsgrowError: it may not be read.
    """
    forms = {name: Form.of(tensor) for name, tensor in model.state_dict().items()}
    try:
        key, largest_index = _KEYS[which], SMALLEST_INDEX + _INDEX_PER_TENSOR * len(forms)
        archive = Archive(map_whole(path, sys.maxsize), largest_index)
        state = read_tree(archive.pickle(), archive.storages())
        require_version(state)
        require_fit(state.get(key), forms, "model")
        return {name: load_tensor(record, archive) for name, record in state[key].items()}
    except InputError as error:
        raise InputError(error.message, hint) from error
    except NoCheckpointError as error:
        raise InputError(f"{path} is not a bsgrow checkpoint: {error}", hint) from error
    except UnfitError as error:
        raise InputError(f"{path} {error}", hint) from error

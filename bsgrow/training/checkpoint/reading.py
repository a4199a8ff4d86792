"""Reading a checkpoint that may come from anybody: described, checked, and only then made."""

from collections.abc import Mapping
from math import isclose, isfinite
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from bsgrow.schedule import Plan
from bsgrow.training.checkpoint.archive import SMALLEST_INDEX, Archive
from bsgrow.training.checkpoint.checks import (
    AVERAGED,
    UnfitError,
    require_fit,
    require_identity,
    require_keys,
    require_optimizer,
    require_position,
    require_version,
)
from bsgrow.training.checkpoint.optimizer_state import Form, momenta_before, state_forms
from bsgrow.training.checkpoint.records import TensorRecord, load_tensor
from bsgrow.training.checkpoint.tree import read_tree
from bsgrow.training.moving_constants import moves_adam
from bsgrow.training.optimizers import hyperparameters_of

_KEYS = {"format_version", "identity", "position", "model", "optimizer"}
_BYTES_BESIDE = 2048  # of a tensor: what the archive and the pickle say of it, and its name
_MOST_STEPS = 2**24  # a float32 that is counted up by ones stops there
_ROUNDING_OF_STEPS = 1e-3  # of one that is multiplied at each new size, a million times over


class Saved(NamedTuple):
    """What a checkpoint holds, checked, as ``load_state_dict`` and ``Position`` take it."""

    position: dict[str, Any]
    model: dict[str, Tensor]
    averaged: dict[str, Tensor]
    optimizer: dict[str, Any]


class Run(NamedTuple):
    """What a checkpoint is compared with.

    Attributes:
        identity: of the run, by name.
        plan: of the run.
        model: as the run has it.
        optimizer: over the model's parameters.
        averaged: the model with averaged weights, where the run keeps them.
    """

    identity: Mapping[str, object]
    plan: Plan
    model: nn.Module
    optimizer: Optimizer
    averaged: nn.Module | None = None

    def model_forms(self) -> dict[str, Form]:
        """Return what the model's weights and buffers are like."""
        return _forms_of(self.model)

    def averaged_forms(self) -> dict[str, Form]:
        """Return what the averaged weights are like; nothing where there are none."""
        return {} if self.averaged is None else _forms_of(self.averaged)

    def forms(self) -> list[dict[str, Form]]:
        """Return what all tensors of a checkpoint are like, at the end of the run at most."""
        remembered = self.optimizer_forms(self.plan.num_updates)
        return [self.model_forms(), self.averaged_forms(), *remembered]

    def param_groups(self, num_updates: int) -> list[dict[str, Any]]:
        """Return the optimizer's hyperparameters after so many updates, as the plan sets them."""
        groups: list[dict[str, Any]] = self.optimizer.state_dict()["param_groups"]
        if num_updates:
            update = self.plan.update(num_updates - 1)
            for group in groups:
                group.update(hyperparameters_of(group, update, is_made=True))
        return groups

    def optimizer_forms(self, num_updates: int) -> list[dict[str, Form]]:
        """Return what the optimizer remembers of each parameter after so many updates."""
        return state_forms(self.optimizer, momenta_before(self.plan, num_updates))


def _forms_of(model: nn.Module) -> dict[str, Form]:
    return {name: Form.of(tensor) for name, tensor in model.state_dict().items()}


def largest_index(run: Run) -> int:
    """Return how many bytes a checkpoint may take to describe the state, without its numbers."""
    return SMALLEST_INDEX + _BYTES_BESIDE * sum(map(len, run.forms()))


def largest_checkpoint(run: Run) -> int:
    """Return how many bytes a checkpoint of a run may take; hashing it takes as long at most."""
    numbers = sum(form.num_bytes for each in run.forms() for form in each.values())
    return numbers + 2 * largest_index(run)


def read_checked(content: memoryview, run: Run, num_updates: int) -> Saved:
    """Return what a checkpoint holds. Nothing of the run is changed.

    The tensors lie in the content. Beside it, memory is what ``read_tree`` takes for
    ``largest_index`` bytes.

    Args:
        content: of the file.
        run: what it must fit.
        num_updates: as many as the file's name says.

    Raises:
        NoCheckpointError: it is not what ``save_checkpoint`` writes.
        UnfitError: it is of another run, or something in it does not fit.
    """
    archive = Archive(content, largest_index(run))
    state = read_tree(archive.pickle(), archive.storages())
    require_version(state)
    require_keys(state, _KEYS if run.averaged is None else _KEYS | {AVERAGED}, "")
    require_identity(state["identity"], run.identity)
    require_position(state["position"], run.plan, num_updates)
    require_fit(state["model"], run.model_forms(), "model")
    require_fit(state.get(AVERAGED, {}), run.averaged_forms(), "averaged model")
    groups = run.param_groups(num_updates)
    require_optimizer(state["optimizer"], groups, run.optimizer_forms(num_updates))
    saved = _saved(state, groups, archive)
    _require_steps(saved.optimizer, run.plan, num_updates)
    _require_likely(saved)
    return saved


def _saved(state: dict[str, Any], groups: list[dict[str, Any]], archive: Archive) -> Saved:
    """Make the tensors; the optimizer's hyperparameters are those of the run."""
    used: set[str] = set()

    def tensors(records: dict[str, TensorRecord]) -> dict[str, Tensor]:
        used.update(record.storage.key for record in records.values())
        return {name: load_tensor(record, archive) for name, record in records.items()}

    remembered = {index: tensors(each) for index, each in state["optimizer"]["state"].items()}
    optimizer = {"state": remembered, "param_groups": groups}
    averaged = tensors(state.get(AVERAGED, {}))
    saved = Saved(state["position"], tensors(state["model"]), averaged, optimizer)
    if unused := archive.storages().keys() - used:
        raise UnfitError(f"has storages that no tensor is in: {len(unused)}")
    return saved


def _require_steps(optimizer: Mapping[str, Any], plan: Plan, num_updates: int) -> None:
    """Check how often each parameter was stepped; where Adam's constants move, see there."""
    for group in optimizer["param_groups"]:
        expected, rounding = float(num_updates), 0.0
        if moves_adam(group) and num_updates:
            last = plan.update(num_updates - 1)
            expected, rounding = last.stop / last.global_batch_size, _ROUNDING_OF_STEPS
        for index in group["params"]:
            step = optimizer["state"].get(index, {}).get("step")
            if step is not None and not isclose(
                step.item(), min(expected, _MOST_STEPS), rel_tol=rounding
            ):
                raise UnfitError(
                    f"does not fit the optimizer: its parameter {index} is at step {step.item()}, "
                    f"the run at {expected:.9g}"
                )


def _require_likely(saved: Saved) -> None:
    """Check that a loss is not finite only where it has ended in the weights."""
    loss_sum = saved.position["extra"]["loss_sum"]
    if not isfinite(loss_sum) and all(map(_is_finite, saved.model.values())):
        raise UnfitError(f"has an impossible loss_sum: {loss_sum}, though its weights are finite")


def _is_finite(tensor: Tensor) -> bool:
    return bool(torch.isfinite(tensor).all())

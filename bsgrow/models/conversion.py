"""Any model's batch norms turned into ghost batch norms, and back."""

from typing import Annotated, TypeVar

from torch import nn
from torch.jit import ScriptModule
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.utils.parametrize import is_parametrized

from bsgrow.errors import InputError
from bsgrow.models import at_step
from bsgrow.models.ghost_batch_norm import (
    GhostBatchNorm,
    GhostBatchNorm1d,
    GhostBatchNorm2d,
    GhostBatchNorm3d,
    GhostSyncBatchNorm,
    Taken,
    check_ghost_batch_size,
)
from bsgrow.models.norm_then import (
    CLASS_BEFORE,
    GhostBatchNorm2dThen,
    GhostSyncBatchNormThen,
    after_norm,
)
from bsgrow.validation.annotated import checked
from bsgrow.validation.kinds import Within

Model = TypeVar("Model", bound=nn.Module)

_GHOSTS: dict[type[nn.Module], type[GhostBatchNorm]] = {
    nn.BatchNorm1d: GhostBatchNorm1d,
    nn.BatchNorm2d: GhostBatchNorm2d,
    nn.BatchNorm3d: GhostBatchNorm3d,
    nn.SyncBatchNorm: GhostSyncBatchNorm,
}
_PLAIN = {ghost: plain for plain, ghost in _GHOSTS.items()}
_GHOSTS_THEN: dict[type[nn.Module], type[GhostBatchNorm]] = {
    nn.BatchNorm2d: GhostBatchNorm2dThen,
    nn.SyncBatchNorm: GhostSyncBatchNormThen,
}


@checked
def convert_batch_norm(model: Model, ghost_batch_size: Annotated[int, Within(1)]) -> Model:
    """Turn the batch norms of a model into ghost batch norms, in place.

    In training each norm then normalises consecutive groups of ``ghost_batch_size`` samples of the
    batch that it is given by their own statistics, all groups in one operation; the last group may
    be short. All else stays: parameters, buffers and the names of both, so that an optimizer that
    has them and a checkpoint of either kind go on; hooks, device, dtype, training or evaluation,
    and modules that are shared. Evaluation is torch's. What timm's ``BatchNormAct2d`` does after
    its norm stays too; any other class with a forward of its own is refused. A model that is
    converted already takes the new size.

    Running statistics move once an update, by its groups together, see ``RunningStatistics``, and
    nothing needs to be called for it: it happens after the next ``step()`` of any torch optimizer,
    so that micro-batches that are accumulated count as one update. What no step has taken, as
    where statistics alone are brought up, enters when ``model.eval()`` or ``state_dict()`` is
    called. A loop that applies its updates by something other than a ``torch.optim.Optimizer``
    has to make a ``RunningStatistics`` and call its ``take_update`` after each.

    Each process has the statistics of its own samples, as ``nn.BatchNorm2d`` has, also those that
    were ``SyncBatchNorm``; the sums of all processes are made with ``RunningStatistics.sums``.

    Args:
        model: has ``BatchNorm1d``, ``2d``, ``3d`` or ``SyncBatchNorm`` anywhere in it, is one of
            these, or has none and stays as it is.
        ghost_batch_size: samples per group, at least 1; usually the batch that training starts
            from. A micro-batch should be a multiple of it.

    Returns:
        The model that was given.

    Raises:
        InputError: the size is no number of samples, or one of the norms cannot be converted; the
            model is then as it was.
    """
    size = check_ghost_batch_size(ghost_batch_size)
    norms = [norm for name, norm in _norms(model) if _is_convertible(name, norm)]
    for norm in norms:
        if isinstance(norm, GhostBatchNorm):
            norm.close_update()
            norm.ghost_batch_size = size
        else:
            _convert(norm, size)
    return model


@checked
def restore_batch_norm(model: Model) -> Model:
    """Turn the ghost batch norms of a model back into what they were, in place, as for export.

    Parameters, buffers and their names stay. Norms of bsgrow's own models become
    ``nn.BatchNorm2d``.

    Args:
        model: as ``convert_batch_norm`` returned it, or trained by ``bsgrow train``.

    Returns:
        The model that was given.

    Raises:
        InputError: groups were trained on that the running statistics lack; see
            ``RunningStatistics``.
    """
    norms = [norm for _, norm in _norms(model) if isinstance(norm, GhostBatchNorm)]
    for norm in norms:
        norm.close_update()
        norm.check_closed()
    for norm in norms:
        _restore(norm)
    return model


def _norms(model: nn.Module) -> list[tuple[str, _BatchNorm]]:
    """Return each norm once, with its name in the model."""
    if scripted := [each for each in model.modules() if isinstance(each, ScriptModule)]:
        raise InputError(
            f"{type(scripted[0]).__name__} is compiled by TorchScript, its norms cannot be changed",
            hint="convert the model before torch.jit.script or torch.jit.trace",
        )
    modules = model.named_modules()
    return [(name, each) for name, each in modules if isinstance(each, _BatchNorm)]


def _is_convertible(name: str, norm: _BatchNorm) -> bool:
    """Return True.

    Raises:
        InputError: it is not.
    """
    kind = type(norm).__name__
    named = f"{name or 'the model'}, a {kind}, cannot become a ghost batch norm: "
    if isinstance(norm, LazyModuleMixin):
        raise InputError(
            f"{named}it does not know its channels yet",
            hint="run one batch through the model, then convert it",
        )
    if is_parametrized(norm):
        raise InputError(
            f"{named}a parametrization is registered on it",
            hint="convert the model first, and register the parametrization then",
        )
    if not isinstance(norm, GhostBatchNorm) and not _computes_as_torch(norm):
        raise InputError(
            f"{named}its forward is not that of {_plain_class(norm).__name__}",
            hint=f"put a torch.nn.{_plain_class(norm).__name__} in its place, with what else it "
            "does as a module after it",
        )
    return True


def _plain_class(norm: _BatchNorm) -> type[nn.Module]:
    return next((each for each in type(norm).__mro__ if each in _GHOSTS), nn.BatchNorm2d)


def _computes_as_torch(norm: _BatchNorm) -> bool:
    """Return whether it does what torch's class does, and at most something known after it."""
    plain, kind = _plain_class(norm), type(norm)
    alike = ("__call__", "_check_input_dim", "train")
    same = all(getattr(kind, name) is getattr(plain, name) for name in alike)
    known = kind.forward is plain.forward or (plain in _GHOSTS_THEN and after_norm(kind))
    return isinstance(norm, plain) and same and bool(known) and "forward" not in vars(norm)


def _convert(norm: _BatchNorm, size: int) -> None:
    """Let it be of another class, and so keep all that it has."""
    vars(norm)[CLASS_BEFORE] = type(norm)
    ghosts = _GHOSTS_THEN if after_norm(type(norm)) else _GHOSTS
    norm.__class__ = ghosts[_plain_class(norm)]
    assert isinstance(norm, GhostBatchNorm)
    norm.begin_groups(size, Taken.AT_STEP)


def _restore(norm: GhostBatchNorm) -> None:
    at_step.leave(norm)
    vars(norm).pop("is_frozen", None)
    before = vars(norm).pop(CLASS_BEFORE, _PLAIN.get(type(norm)))
    for name in ("group_sums", "ghost_batch_size", "taken"):
        delattr(norm, name)
    norm.__class__ = before

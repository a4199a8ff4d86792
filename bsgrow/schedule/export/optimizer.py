"""The optimizer of a plan, for systems that would take a default of their own."""

from dataclasses import dataclass

from bsgrow.errors import InputError
from bsgrow.schedule.optimizers import OPTIMIZERS

_WRITTEN = ("sgd", "adam", "adamw")


@dataclass(frozen=True)
class Optimizer:
    """The optimizer besides its learning rate and momentum, which are the plan's.

    Attributes:
        name: a key of ``OPTIMIZERS``.
        nesterov: whether the momentum of SGD is Nesterov's.
        betas: decay of Adam's two averages of the gradient.
        eps: added to Adam's denominator.
        weight_decay: on every parameter: L2, added to the gradient, for Adam too; for AdamW apart
            from it.
        decays_all: whether the weight decay is on every parameter.
        notes: what else the run does with its parameters, and no system is told.
    """

    name: str = "sgd"
    nesterov: bool = False
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    decays_all: bool = True
    notes: tuple[str, ...] = ()

    def arguments(self, momentum: float) -> dict[str, object]:
        """Return torch's keyword arguments besides the learning rate."""
        return OPTIMIZERS[self.name].arguments(self, momentum)

    @property
    def family(self) -> str:
        """``sgd`` or ``adam``, for systems that have AdamW as an Adam."""
        return "adam" if self.name == "adamw" else self.name

    @property
    def torch_name(self) -> str:
        """Name of the class in ``torch.optim``."""
        return OPTIMIZERS[self.name].torch_name


def torch_optimizer(optimizer: Optimizer, momentum: float) -> str:
    """Return ``make_optimizer``, two blank lines before it, as Python that has PEAK_LR."""
    arguments = ", ".join(
        f"{key}={value!r}" for key, value in optimizer.arguments(momentum).items()
    )
    return f'''


def make_optimizer(parameters):
    """The plan's; the scheduler multiplies PEAK_LR."""
    return torch.optim.{optimizer.torch_name}(parameters, lr=PEAK_LR, {arguments})'''


def require_written(optimizer: Optimizer, system: str) -> None:
    """Raise InputError for an optimizer that no export writes."""
    if optimizer.name not in _WRITTEN:
        near = "sgd" if OPTIMIZERS[optimizer.name].has_momentum else "adamw"
        raise InputError(
            f'optimizer.name = "{optimizer.name}": is not written for {system}, as '
            f"{', '.join(_WRITTEN)} are",
            hint=f"write the schedule with optimizer.name={near}, and put your own in its place",
        )


def require_no_nesterov(optimizer: Optimizer, system: str) -> None:
    """Raise InputError for Nesterov's momentum, where a system's SGD has none."""
    if optimizer.nesterov:
        raise InputError(
            f"optimizer.nesterov = true: {system} has no Nesterov momentum for SGD",
            hint="take deepspeed, which takes any optimizer; or optimizer.nesterov=false",
        )


def require_no_l2_adam(optimizer: Optimizer, system: str) -> None:
    """Raise InputError for an L2 penalty with Adam, where a system decouples it from the rate."""
    if optimizer.name == "adam" and optimizer.weight_decay:
        raise InputError(
            f"optimizer.weight_decay = {optimizer.weight_decay:g}: {system} decouples the weight "
            "decay of Adam from its gradient (AdamW); the plan's is an L2 penalty",
            hint="take deepspeed, which takes any optimizer; or optimizer.weight_decay=0",
        )


def decay_note(optimizer: Optimizer, system: str, exempt: str) -> tuple[str, ...]:
    """Return a note where a system leaves some parameters out of the weight decay."""
    if not optimizer.weight_decay or not optimizer.decays_all:
        return ()
    return (f"{system} exempts {exempt} from weight decay; the plan's is on every parameter",)

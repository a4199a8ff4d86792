"""A plan's learning rate and momentum, as a learning-rate scheduler of PyTorch."""

from collections.abc import Callable, Mapping
from math import isclose
from typing import Annotated, Any
from weakref import WeakKeyDictionary, ref

from torch import Tensor
from torch.optim import Adam, AdamW, Muon, NAdam, Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bsgrow.errors import InputError
from bsgrow.integrations.plain.checks import require_state
from bsgrow.integrations.plain.loop_error import LoopError
from bsgrow.integrations.plain.plan_digest import plan_digest
from bsgrow.schedule import Plan, Update
from bsgrow.schedule.group_lr import group_lr, group_momentum
from bsgrow.schedule.rescaling import moving_in
from bsgrow.training.moving_constants import let_move, set_constants
from bsgrow.validation.annotated import checked_class
from bsgrow.validation.kinds import Within

_FORMAT = 1
_KNOWN = (Adam, AdamW, NAdam, Muon)
_FOLLOWERS: "WeakKeyDictionary[Optimizer, ref[GrowingLR]]" = WeakKeyDictionary()


@checked_class()
class GrowingLR(LRScheduler):
    """Sets lr and momentum of every parameter group as a plan says, once an update.

    A group's lr is what it began with × the update's lr ÷ the lr that the plan was compiled for; a
    group that began with that has the plan's own. Of a momentum, 1 − m keeps its proportion so, as
    the noise scale goes by 1 / (1 − m). Betas and eps of torch's Adam, AdamW and NAdam, and the
    weight decay of AdamW and Muon, go with the batch as ``growth.rescale`` has it. Step it after
    each step of the optimizer, once an update.

    Args:
        optimizer: its groups have the lr and momentum that they begin with.
        plan: gives the updates.
        num_updates: how many are made already.
        num_whole: how many updates the loop has been given whole; an optimizer that steps beyond
            is stopped. Absent, its steps are not looked at.

    Raises:
        InputError: the plan moves a momentum that no group of the optimizer has, or the optimizer
            follows a plan already that has not ended.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        plan: Plan,
        *,
        num_updates: Annotated[int, Within(0)] = 0,
        num_whole: Callable[[], int] | None = None,
    ) -> None:
        _require_optimizer(optimizer, plan)
        _leave_ended(optimizer)
        self._plan, self._num_whole = plan, num_whole
        self._digest = plan_digest(plan)
        self.base_momenta = [
            group.setdefault("initial_momentum", group["momentum"]) if "momentum" in group else None
            for group in optimizer.param_groups
        ]
        if _is_known(optimizer):
            let_move(optimizer, moving_in(plan.growth))
        self._num_steps = num_updates
        super().__init__(optimizer)
        self.base_lrs = [float(each) for each in self.base_lrs]  # read from a device this once
        if num_updates:
            self.move_to(num_updates)
        self._hook = optimizer.register_step_pre_hook(self._before_step) if num_whole else None
        _FOLLOWERS[optimizer] = ref(self)

    @property
    def num_updates(self) -> int:
        """Updates that are made."""
        return self.last_epoch

    def get_lr(self) -> list[float | Tensor]:
        """Return the lr of each group for the update that is next, and set what else it sets."""
        update, reference = self._next_update(), self._plan.reference
        for group, base in zip(self.optimizer.param_groups, self.base_momenta, strict=True):
            if base is not None:
                group["momentum"] = group_momentum(
                    update.momentum, reference=reference.momentum, begun_with=base
                )
        set_constants(self.optimizer, update)
        return [group_lr(update.lr, float(base) / reference.lr) for base in self.base_lrs]

    def step(self, epoch: int | None = None) -> None:
        """Go on to the next update.

        Raises:
            LoopError: the optimizer has not made its step, the plan has ended, or something else
                has set an lr since.
        """
        if epoch is not None:
            raise LoopError(f"scheduler.step({epoch}): a plan goes on by one update: step()")
        begins = self.last_epoch < 0  # LRScheduler's own first step
        if not begins and self.last_epoch >= self._plan.num_updates:
            raise LoopError(f"scheduler.step(): all {self._plan.num_updates} updates are made")
        if not begins and self._num_whole is None:
            self._require_as_set(self.optimizer)
        elif not begins and self._num_steps <= self.last_epoch:
            raise LoopError(
                f"scheduler.step(): the optimizer has not stepped in update {self.last_epoch + 1}",
                hint="where one is left out on purpose, as GradScaler does: loader.skip_update()",
            )
        super().step()

    def skip(self) -> None:
        """Go on to the next update without a step, as where a gradient is not finite.

        Its samples are consumed, and lr and momentum go on as if it had been made.

        Raises:
            LoopError: the optimizer has made its step, or the update is not whole.
        """
        self._before_step(self.optimizer, (), {})
        self.optimizer._opt_called = True  # type: ignore[attr-defined]  # else LRScheduler warns
        self.step()

    def state_dict(self) -> dict[str, Any]:
        """Return where the plan stands and what the groups began with: numbers and a digest."""
        return {
            "format": _FORMAT,
            "num_updates": self.last_epoch,
            "base_lrs": list(self.base_lrs),
            "base_momenta": list(self.base_momenta),
            "plan": self._digest,
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where a state was taken, with the optimizer's groups of that run.

        Raises:
            InputError: the state is of another plan, or of another number of groups.
        """
        require_state(state_dict, self._plan)
        if state_dict.get("plan") != self._digest:
            raise InputError("the state of the scheduler is of another plan than this one")
        if len(state_dict["base_lrs"]) != len(self.base_lrs):
            raise InputError(
                f"the state is of {len(state_dict['base_lrs'])} parameter groups, "
                f"the optimizer has {len(self.base_lrs)}"
            )
        self.base_lrs = list(state_dict["base_lrs"])
        self.base_momenta = list(state_dict["base_momenta"])
        self.move_to(state_dict["num_updates"])

    def move_to(self, num_updates: int) -> None:
        """Set lr and momentum for where so many updates are made."""
        self._num_steps, self.last_epoch = num_updates, num_updates - 1
        self._step_count = 0  # as at its first step, for which LRScheduler asks for no other
        super().step()

    def _next_update(self) -> Update:
        return self._plan.update(min(max(self.last_epoch, 0), self._plan.num_updates - 1))

    def follow(self) -> None:
        """Go on to the next update, where the optimizer has made this one."""
        if self._num_steps > self.last_epoch:
            self.step()

    def _is_at_rest(self) -> bool:
        """Whether a step moves nothing: torch.distributed.checkpoint makes one before it loads."""
        lrs = [float(group["lr"]) for group in self.optimizer.param_groups]
        return not any(lrs) and any(float(lr) for lr in self._last_lr)

    def _before_step(self, optimizer: Optimizer, args: object, kwargs: object) -> None:
        """Count the optimizer's step, or refuse it before it changes anything."""
        if self._num_whole is not None and self._num_steps >= self._num_whole():
            if self._is_at_rest():
                return
            which = self._num_steps + 1
            why = (
                f"update {which} is not whole yet"
                if self._num_steps == self.last_epoch
                else f"scheduler.step() has not been called after update {which - 1}"
            )
            raise LoopError(
                f"optimizer.step(): {why}",
                hint="step once after each micro-batch whose closes_update is true",
            )
        self._require_as_set(optimizer)
        self._num_steps += 1

    def _require_as_set(self, optimizer: Optimizer) -> None:
        """Raise LoopError where a group came later, or something else has set an lr.

        An lr on a device is not looked at, as that would wait for the device in each update.
        """
        groups = optimizer.param_groups
        if len(groups) != len(self.base_lrs):
            raise LoopError(
                f"the optimizer has {len(groups)} parameter groups, and {len(self.base_lrs)} when "
                "the plan began to set them",
                hint="give it all of them first: a parameter without a gradient stays as it is",
            )
        for number, (group, lr) in enumerate(zip(groups, self._last_lr, strict=True)):
            if _is_on_host(group["lr"]) and not isclose(group["lr"], lr, rel_tol=1e-6):
                raise LoopError(
                    f"the lr of parameter group {number} is {float(group['lr']):g}, where the plan "
                    f"has set {float(lr):g}: something else has set it since",
                    hint="leave out the step of any other scheduler, and load the optimizer's "
                    "state before that of the loader",
                )


def _is_on_host(lr: float | Tensor) -> bool:
    return not isinstance(lr, Tensor) or lr.device.type == "cpu"


def _is_known(optimizer: Optimizer) -> bool:
    """Whether it is one of torch's whose betas, eps and weight decay are known to be Adam's."""
    betas = [each for group in optimizer.param_groups for each in group.get("betas", ())]
    return isinstance(optimizer, _KNOWN) and not any(isinstance(each, Tensor) for each in betas)


def _leave_ended(optimizer: Optimizer) -> None:
    """Let an optimizer go that has followed a plan to its end.

    Raises:
        InputError: it follows one that has not ended.
    """
    former = _FOLLOWERS[optimizer]() if optimizer in _FOLLOWERS else None
    if former is None:
        return
    if former.num_updates < former._plan.num_updates:
        raise InputError(
            f"optimizer: this {type(optimizer).__name__} follows a plan already, of which "
            f"{former.num_updates} of {former._plan.num_updates} updates are made, and its lr "
            "cannot follow two",
            hint="use the GrowingLoader or GrowingLR that was made of it, which "
            "load_state_dict() moves to any update, or make the optimizer anew",
        )
    if former._hook is not None:
        former._hook.remove()


def _require_optimizer(optimizer: Optimizer, plan: Plan) -> None:
    moves = any(phase.momentum != plan.reference.momentum for phase in plan.phases)
    if moves and not any("momentum" in group for group in optimizer.param_groups):
        raise InputError(
            f"the plan moves the momentum, and {type(optimizer).__name__} has none",
            hint="compile it without growth.momentum",
        )

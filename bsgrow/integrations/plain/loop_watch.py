"""Watches that a loop makes each update of its plan once, whole, and in order."""

from collections import deque

from bsgrow.integrations.plain.loop_error import LoopError
from bsgrow.loading.batch_sampler import UpdateCut

_STEPS = (
    "call optimizer.step(), and step a scheduler that lr_scheduler() returned, once where "
    "cut.closes_update is true; where a step is left out on purpose: loader.skip_update()"
)
_ANEW = "to make it anew: optimizer.zero_grad(), and loader.load_state_dict(loader.state_dict())"


class LoopWatch:
    """What a loop was handed out, against the updates that it has made.

    Args:
        num_updates: that are made where it begins.
        look_ahead: micro-batches that are taken before they are used.

    Attributes:
        num_whole: updates of which all micro-batches were handed out.
    """

    def __init__(self, num_updates: int, look_ahead: int) -> None:
        self.num_whole = num_updates
        self._look_ahead = look_ahead
        self._recent: deque[UpdateCut] = deque(maxlen=look_ahead + 1)
        self._is_inside = False

    def hand_out(self, cut: UpdateCut, num_made: int) -> None:
        """Note that a micro-batch is handed out next, where so many updates are made.

        Raises:
            LoopError: an update was handed out whole before it and is not made.
        """
        if num_made < self.num_whole:
            self._require_made_before(num_made)
        if cut.update.index != self.num_whole:
            raise LoopError(
                f"update {self.num_whole + 1} is next, and the loop goes on with update "
                f"{cut.update.index + 1}: a state was loaded within it",
                hint="leave the loop after load_state_dict(), and begin it again",
            )
        self._is_inside = not cut.closes_update
        self.num_whole += cut.closes_update
        self._recent.append(cut)

    def require_ended_well(self, num_made: int) -> None:
        """Raise LoopError where an update is not made at an end, unless the loop looks ahead."""
        if not self._look_ahead and num_made < self.num_whole:
            raise _not_made(num_made)

    def require_begins_well(self, num_made: int) -> None:
        """Raise LoopError where the loop was left before an update was whole, or made."""
        if self._is_inside:
            raise LoopError(
                f"the loop was left in the middle of update {self.num_whole + 1}",
                hint=_ANEW,
            )
        if num_made < self.num_whole:
            raise _not_made(num_made, f"{_STEPS}; after an interruption, {_ANEW}")

    def _require_made_before(self, num_made: int) -> None:
        if len(self._recent) > self._look_ahead:
            passed = self._recent[0]
            if passed.closes_update and passed.update.index >= num_made:
                raise _not_made(passed.update.index)


def _not_made(index: int, hint: str = _STEPS) -> LoopError:
    return LoopError(f"update {index + 1} was handed out whole and is not made", hint=hint)


def another_loop() -> LoopError:
    """Return what a loop is told that goes on after another one over its loader was begun."""
    return LoopError(
        "another loop over this loader was begun within this one, and has taken its micro-batches: "
        "a loader follows one run, and gives each micro-batch once",
        hint="one loop at a time; to look at the data as well, make a DataLoader of the data set",
    )

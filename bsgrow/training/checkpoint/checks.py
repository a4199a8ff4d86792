"""Whether what a checkpoint holds is what the run itself has: all of it, before any is taken up.

Only what the run has is looked for, and whatever else was found is never compared or printed
whole, so that no check takes longer than the run's own state is large.
"""

import sys
from collections.abc import Iterator, Mapping
from math import frexp, isclose
from typing import Any, Final

from bsgrow.schedule import Plan
from bsgrow.training.checkpoint.optimizer_state import Form
from bsgrow.training.checkpoint.records import TensorRecord

FORMAT_VERSION: Final = 1
"""Of what is written, and the only one that is read."""

AVERAGED: Final = "averaged"
"""Where a checkpoint has the averaged weights; that of a run that keeps none lacks it."""

RUNNING_TOTALS: Final = ("loss_sum", "num_correct", "num_samples")
"""Sums over the samples since the latest evaluation, which a checkpoint must hold."""

NUM_SKIPPED: Final = "num_skipped"
"""Training samples that another one stood in for; checkpoints of the first runs lack it."""

NUM_FAILED: Final = "num_checkpoints_failed"
"""Checkpoints that could not be written until then; a checkpoint of a run without any lacks it."""

LOSS_SCALE: Final = ("loss_scale", "loss_scale_num_good", "num_overflows")
"""Of float16, after how many updates it changed and how often it fell; others lack them."""

COMPUTED: Final[tuple[str, ...]] = (
    *("lr", "momentum", "step", "betas", "eps", "weight_decay", "momentum_decay", "batch_ratio"),
)
"""Hyperparameters that the plan sets, whose last digits are those of the machine."""

_IDENTITY_HINTS = {
    "seed": "resume with that seed",
    "recipe_fingerprint": "resume with the recipe in the run directory, unchanged",
    "data_fingerprint": "resume with the data set that the run was started on",
}
_ROUNDING = 1e-6  # of a sample's loss
_LONGEST_RUN = 2**33  # seconds, 272 years
_LONGEST = 80  # characters, or bits, of a value in a message


class UnfitError(Exception):
    """What a checkpoint holds does not fit the run; the text goes on from the file's name.

    Attributes:
        hint: what to try next, if that is not to do without the file.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def require_version(found: Any) -> None:
    """Check the version of the format; raises UnfitError."""
    version = found.get("format_version") if type(found) is dict else None
    if not _is_same(version, FORMAT_VERSION):
        raise UnfitError(
            f"has format_version = {brief(version)}, this bsgrow reads {FORMAT_VERSION}",
            hint="resume with the bsgrow version that wrote it, "
            "or start anew in another --out folder",
        )


def require_identity(found: Any, expected: Mapping[str, object]) -> None:
    """Check which run a checkpoint is of; raises UnfitError."""
    require_keys(found, set(expected), "identity")
    for name, value in expected.items():
        if not _is_same(found[name], value):
            raise UnfitError(
                f"is of another run: its {name} is {brief(found[name])}, this run's is {value!r}",
                hint=f"{_IDENTITY_HINTS[name]}, or start anew in another --out folder",
            )


def require_keys(found: Any, expected: set[str], what: str) -> None:
    """Check that a value is a dict with these keys and no others; raises UnfitError.

    Args:
        found: the value.
        expected: its keys.
        what: it is, for the message; empty for the checkpoint itself.
    """
    inside = f" in its {what}" if what else ""
    if type(found) is not dict:
        raise UnfitError(f"has {brief(found)} as its {what or 'content'}, not a dict")
    if missing := sorted(expected - found.keys()):
        raise UnfitError(f"lacks {', '.join(missing)}{inside}")
    if extra := [brief(key) for key in found if key not in expected]:
        raise UnfitError(f"holds {extra[0]}{inside}, which belongs nowhere")


def require_fit(found: Any, expected: Mapping[str, Form], whole: str, part: str = "") -> None:
    """Check that a value is a dict of tensors like these and no others; raises UnfitError.

    Args:
        found: the value.
        expected: the tensors' shapes and dtypes.
        whole: what it must fit, "model" or "optimizer".
        part: which of the tensors these are, for the message.
    """
    if type(found) is not dict:
        raise UnfitError(f"does not fit the {whole}: {part}not a dict but {brief(found)}")
    differing = list(_differences(found, expected))
    if differing:
        others = f", and {len(differing) - 1} others differ" if len(differing) > 1 else ""
        raise UnfitError(f"does not fit the {whole}: {part}{differing[0]}{others}")


def _differences(found: Mapping[Any, Any], expected: Mapping[str, Form]) -> Iterator[str]:
    for name, form in sorted(expected.items()):
        if name not in found:
            yield f"{name} is missing"
        elif not isinstance(record := found[name], TensorRecord):
            yield f"{name} is {brief(record)}, not a tensor"
        elif (theirs := Form(record.shape, record.storage.dtype)) != form:
            yield f"{name} is {theirs}, the run's {form}"
    yield from (f"{brief(key)} belongs nowhere" for key in found if key not in expected)


def require_optimizer(
    found: Any, groups: list[dict[str, Any]], forms: list[dict[str, Form]]
) -> None:
    """Check an optimizer's state against the run's optimizer; raises UnfitError.

    Args:
        found: the value.
        groups: the param_groups of the run's optimizer where the checkpoint was written.
        forms: what it remembers of each parameter where the checkpoint was written.
    """
    require_keys(found, {"state", "param_groups"}, "optimizer")
    _require_groups(found["param_groups"], groups)
    state = found["state"]
    if type(state) is not dict:
        raise UnfitError(f"does not fit the optimizer: its state is {brief(state)}")
    for index, form in enumerate(forms):
        if form or index in state:
            require_fit(state.get(index), form, "optimizer", f"its parameter {index}: ")
    if extra := [
        brief(key) for key in state if type(key) is not int or key not in range(len(forms))
    ]:
        raise UnfitError(f"does not fit the optimizer: it has no parameter {extra[0]}")


def _require_groups(found: Any, ours: list[dict[str, Any]]) -> None:
    if type(found) is not list or len(found) != len(ours):
        raise UnfitError(f"does not fit the optimizer: it has not {len(ours)} param_groups")
    for theirs, group in zip(found, ours, strict=True):
        require_keys(theirs, set(group), "param_groups")
        for name, value in group.items():
            exact = name not in COMPUTED
            if not (_is_same if exact else _is_close)(theirs[name], value):
                raise UnfitError(
                    f"does not fit the optimizer: {name} is {brief(theirs[name])}, "
                    f"the run's {brief(value)}"
                )


def _is_close(found: Any, ours: Any) -> bool:
    """Whether a number, or each of a tuple of such, is the same but for its last digits."""
    if isinstance(ours, tuple):
        is_alike = type(found) is tuple and len(found) == len(ours)
        return is_alike and all(map(_is_close, found, ours))
    return _is_number(found) and isclose(found, ours, rel_tol=1e-9)


def _is_same(found: Any, ours: Any) -> bool:
    """Whether a number, text or sequence of such is of the same type and value."""
    if isinstance(ours, list | tuple):
        return (
            type(found) is type(ours)
            and len(found) == len(ours)
            and all(map(_is_same, found, ours))
        )
    return type(found) is type(ours) and bool(found == ours)


def require_position(found: Any, plan: Plan, num_updates: int) -> None:
    """Check how far a run has come against its plan; raises UnfitError.

    Args:
        found: the value.
        plan: of the run.
        num_updates: made, as the file's name says.
    """
    require_keys(found, {"update_index", "cursor", "elapsed_seconds", "extra"}, "position")
    index, cursor, elapsed = (found[name] for name in ("update_index", "cursor", "elapsed_seconds"))
    if not _is_count(num_updates, plan.num_updates):
        raise UnfitError(
            f"does not fit the plan: it is of update {num_updates}, of {plan.num_updates}"
        )
    if not _is_same(index, num_updates):
        raise UnfitError(f"has update_index = {brief(index)}, its name says {num_updates}")
    start = plan.num_total_samples if index == plan.num_updates else plan.update(index).start
    if not _is_same(cursor, start):
        raise UnfitError(
            f"does not fit the plan: its cursor after {index} updates is {brief(cursor)}, "
            f"the plan's {start}"
        )
    if not _is_number(elapsed) or not 0 <= elapsed <= _LONGEST_RUN:
        raise UnfitError(f"has an impossible elapsed_seconds: {brief(elapsed)}")
    _require_totals(found["extra"], plan, cursor)


def _require_totals(found: Any, plan: Plan, cursor: int) -> None:
    optional = {NUM_SKIPPED, NUM_FAILED} & found.keys() if type(found) is dict else set()
    if type(found) is dict and LOSS_SCALE[0] in found:
        optional |= {*LOSS_SCALE}
    require_keys(found, {*RUNNING_TOTALS} | optional, "extra")
    loss_sum, num_correct, num_samples = (found[name] for name in RUNNING_TOTALS)
    fits = {
        "num_samples": _is_count(num_samples, cursor) and _is_boundary(cursor - num_samples, plan),
        "loss_sum": type(loss_sum) is float and not loss_sum < -_ROUNDING * cursor,
        "num_correct": type(num_correct) is float
        and type(num_samples) is int
        and 0 <= num_correct <= num_samples,
        NUM_SKIPPED: _is_count(found.get(NUM_SKIPPED, 0), plan.num_total_samples),
        NUM_FAILED: _is_count(found.get(NUM_FAILED, 0), plan.num_total_samples),
        LOSS_SCALE[0]: _is_scale(found.get(LOSS_SCALE[0], 1.0)),
        **{name: _is_count(found.get(name, 0), 2**31) for name in LOSS_SCALE[1:]},
    }
    for name, fit in fits.items():
        if not fit:
            raise UnfitError(
                f"does not fit the plan: its {name} at sample {cursor} is {brief(found[name])}"
            )


def _is_boundary(sample: int, plan: Plan) -> bool:
    """Whether an update stops or starts there."""
    return sample == plan.num_total_samples or plan.at(sample).start == sample


def _is_count(value: Any, most: int) -> bool:
    return type(value) is int and 0 <= value <= most


def _is_scale(value: Any) -> bool:
    """Whether a value is a power of two that a loss may be scaled by."""
    return type(value) is float and 1 <= value <= 2.0**32 and frexp(value)[0] == 0.5


def _is_number(value: Any) -> bool:
    """Whether a value is a whole or floating-point number, and finite."""
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def brief(value: Any) -> str:
    """Return a value for a message, in a few words whatever it is."""
    if isinstance(value, TensorRecord):
        return "a tensor"
    if isinstance(value, str):
        return repr(value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…")
    if value is None or isinstance(value, bool | float):
        return repr(value)
    if isinstance(value, int):
        return (
            str(value) if value.bit_length() <= _LONGEST else f"a {value.bit_length()}-bit number"
        )
    return f"a {type(value).__name__}"

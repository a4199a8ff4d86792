"""Which options of `bsgrow plan` go together: one that would be ignored is refused."""

from collections.abc import Iterator
from dataclasses import dataclass

from bsgrow.cli.plan.options import Every, PlanFormat
from bsgrow.errors import InputError

_SKETCH = ("--sketch", "--no-sketch")
_SCALING = ("--all-reduce", "--efficiency")
_PREDICTION = ("--throughput", "--throughput-case", *_SCALING)
_EXPORT = ("--micro-batch-size", "--approximate", "--lr-tolerance")
_PLAN = ("--plot", "--world-size", *_PREDICTION, *_SKETCH, "--every update", *_EXPORT)
_SYSTEMS = tuple(f"--format {choice}" for choice in PlanFormat if choice.is_export)


@dataclass(frozen=True)
class _Refusal:
    """Options that a run of the command would ignore, why, and a hint that may name {option}."""

    options: tuple[str, ...]
    reason: str
    hint: str


def require_used(
    output: PlanFormat, every: Every, imported: tuple[str, str] | None, **others: object
) -> None:
    """Raise InputError for an option that another one makes the command ignore, naming both.

    Args:
        output: what is printed.
        every: what a row of the CSV stands for.
        imported: the system and the schedule that are read instead of a plan, if any.
        **others: further options by the name of their parameter; None where not given.
    """
    given = [_flag(name, value) for name, value in others.items() if value is not None]
    given += [f"--format {output}"]
    given += ["--every update"] if every is Every.UPDATE else []
    for refusal in _refusals(output, every, imported, given):
        for option in refusal.options:
            if option in given:
                raise InputError(f"{option}: {refusal.reason}", refusal.hint.format(option=option))


def _flag(name: str, value: object) -> str:
    flag = name.replace("_", "-")
    return f"--no-{flag}" if value is False else f"--{flag}"


def _refusals(
    output: PlanFormat, every: Every, imported: tuple[str, str] | None, given: list[str]
) -> Iterator[_Refusal]:
    """Yield what does not go with the options that choose what the command does."""
    if imported is not None:
        yield _Refusal(
            (*_PLAN, *_SYSTEMS),
            "is for a plan, and --from reads a run that is planned already",
            "--from goes with --format table, json or csv, and the options of the schedule",
        )
    if output.is_export:
        yield _beside_export(output)
    else:
        yield from _beside_reading(output, predicts="--throughput" in given)
    yield from _about_prediction(every, given)


def _about_prediction(every: Every, given: list[str]) -> Iterator[_Refusal]:
    if every is Every.UPDATE:
        yield _Refusal(
            _PREDICTION,
            "predicts phases, and --every update prints updates",
            "leave --every update out, or --throughput",
        )
    if "--throughput" not in given:
        yield _Refusal(
            ("--throughput-case",),
            "chooses from the file of --throughput, which is not given",
            "add --throughput FILE, or leave --throughput-case out",
        )
        yield _Refusal(
            _SCALING,
            "is for a prediction from the file of --throughput, which is not given",
            "add --throughput FILE, or leave {option} out",
        )
    if "--world-size" not in given:
        yield _Refusal(
            ("--efficiency",),
            "says which numbers of ranks pay, and none are given",
            "add --world-size 1,8,64, or leave {option} out",
        )


def _beside_export(output: PlanFormat) -> _Refusal:
    return _Refusal(
        (*_SKETCH, *_PREDICTION, "--every update"),
        f"is for a plan that is read here, and --format {output} writes it for another system",
        "leave {option} out, or take --format table, json or csv",
    )


def _beside_reading(output: PlanFormat, *, predicts: bool) -> Iterator[_Refusal]:
    yield _Refusal(
        _EXPORT,
        f"is for a plan in the syntax of another system, and --format {output} is read here",
        "leave {option} out, or take --format megatron or another system's",
    )
    if output is not PlanFormat.CSV:
        reason = f"is for --format csv, and --format {output} is given"
        yield _Refusal(("--every update",), reason, "add --format csv")
    if output is not PlanFormat.TABLE:
        reason = f"draws under a table, and --format {output} prints none"
        yield _Refusal(("--sketch",), reason, "leave --sketch out, or take --format table")
    if output is PlanFormat.CSV and not predicts:
        reason = "is a second table, and --format csv prints one"
        yield _Refusal(
            ("--world-size",), reason, "take --format table or json, or add --throughput FILE"
        )

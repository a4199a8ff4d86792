"""Plans in the syntax of other training systems, and their batch schedules read back.

A system is one module with its version in the docstring, and one line in ``FORMATS``. It says what
the system would run of a plan, by its own rule (``Draft``), and that is held against the plan,
update by update (``compare``): the same is written; what is near is written where
``Target.approximate`` asks for it, with what is off, by how much and at which sample, in comments;
what is farther than ``FAR`` is refused. So no export differs from its plan in silence.

| cannot express                  | megatron | olmo-core | levanter | nemo | deepspeed | lightning |
|---------------------------------|----------|-----------|----------|------|-----------|-----------|
| batches of any ratio            |          | no        |          | no   |           |           |
| a batch that shrinks            | no       |           |          | no   |           |           |
| a change at any update          |          | waits     |          | no   |           | by epoch  |
| any learning rate               | no       |           | no       | no   |           | by epoch  |
| levels on a smooth curve        | no       |           | no       | no   |           | by epoch  |
| a warm-up from any rate         |          |           | no       | no   |           |           |
| Nesterov's momentum             | no       |           |          | no   |           |           |
| Adam with an L2 penalty         | no       |           | no       |      |           |           |
| a momentum that changes         | no       | no        | no       | no   | no        | no        |
| a last update that is cut       | no       | no        | no       | no   | no        | by epoch  |
| updates across an epoch's end   |          | drops     |          |      |           | cuts      |

A last update that is cut is run whole, which is a note and no deviation, but in Lightning. The
optimizer is written for each, with what it would take by default otherwise: Adam, a weight decay,
a clip of the gradients.

A batch that grows in levels along a smooth curve (a cosine, the decay of warmup-stable-decay)
leaves a sawtooth in the learning rate, which no curve of Megatron, Levanter or NeMo follows: for
them plan a step curve, or ``growth.mode = "decay"``. DeepSpeed and OLMo-core take a table.

The learning rate follows the batch nowhere but in OLMo-core (by the root of the ratio, which the
exported stages override): what the plan leaves in it is exported beside the batch.
"""

from collections.abc import Callable

from bsgrow.errors import InputError
from bsgrow.schedule.export import deepspeed, levanter, lightning, megatron, nemo, olmo_core
from bsgrow.schedule.export.advice import ways_out
from bsgrow.schedule.export.comparison import FAR, Comparison, compare
from bsgrow.schedule.export.draft import Draft, Export, Run
from bsgrow.schedule.export.imported import (
    ImportedRun,
    imported_as_dict,
    imported_rows,
    run_under,
)
from bsgrow.schedule.export.levanter import parse_levanter, read_levanter
from bsgrow.schedule.export.megatron import parse_megatron
from bsgrow.schedule.export.noise import Stretch, never_used, noise_stretches
from bsgrow.schedule.export.optimizer import Optimizer, require_written
from bsgrow.schedule.export.target import (
    BatchSchedule,
    Format,
    Target,
    batch_schedule,
    sequence_length,
)
from bsgrow.schedule.plan import Plan
from bsgrow.validation.registry import Registry

_ACCEPT = "pass approximate to write it all the same"

__all__ = [
    "FAR",
    "FORMATS",
    "IMPORTS",
    "BatchSchedule",
    "Comparison",
    "Draft",
    "Export",
    "Format",
    "ImportedRun",
    "Optimizer",
    "Run",
    "Stretch",
    "Target",
    "batch_schedule",
    "compare",
    "export_plan",
    "imported_as_dict",
    "imported_rows",
    "never_used",
    "noise_stretches",
    "parse_levanter",
    "parse_megatron",
    "read_levanter",
    "read_schedule",
    "run_under",
]

FORMATS: Registry[Format] = Registry(
    "format",
    ("megatron", megatron.FORMAT),
    ("olmo-core", olmo_core.FORMAT),
    ("levanter", levanter.FORMAT),
    ("nemo", nemo.FORMAT),
    ("deepspeed", deepspeed.FORMAT),
    ("lightning", lightning.FORMAT),
)
"""The systems that a plan can be written for."""

IMPORTS: Registry[Callable[[str, Target], BatchSchedule]] = Registry(
    "format",
    (
        "megatron",
        lambda text, target: parse_megatron(
            text, sequence_length(megatron.SYSTEM, target, "; 1 if the thresholds are samples")
        ),
    ),
    ("levanter", lambda text, target: parse_levanter(text)),
)
"""Name of a format to what reads its batch schedule."""


def export_plan(plan: Plan, name: str, target: Target | None = None) -> str:
    """Return what another system takes to run a plan, ending in a newline.

    Args:
        plan: the plan.
        name: a key of ``FORMATS``.
        target: the run in that system.

    Raises:
        InputError: no such format, or what the system cannot express.
    """
    target = target or Target()
    system = FORMATS.find(name, _written(name), "unknown")
    require_written(target.optimizer, system.name)
    try:
        draft = system.draft(plan, target)
    except InputError as error:
        raise _refused(error.message, error.hint, plan, name, target) from error
    found = compare(plan, draft, system.name, target.lr_tolerance)
    off = found.sentences
    if off and (found.is_far or not target.approximate):
        accept = None if found.is_far else _ACCEPT
        raise _refused(f"{name}: {'; '.join(off)}{_bound(found)}", accept, plan, name, target)
    export = draft.write()
    head = f"{plan.num_updates} updates over {plan.num_total_samples} samples; for {system.name}"
    comments = [f"{head} ({system.version})", *export.notes, *target.optimizer.notes, *off]
    return "".join(f"# {line}\n" for line in comments) + export.text + "\n"


def _bound(found: Comparison) -> str:
    """Return why it is no approximation, where it is none."""
    return f"; an approximation is off by {FAR:g} at most" if found.is_far else ""


def _refused(reason: str, hint: str | None, plan: Plan, name: str, target: Target) -> InputError:
    """Return the error with every way out that was tried and found to work."""
    ways = ways_out(plan, name, target, FORMATS, is_near=hint == _ACCEPT)
    return InputError(reason, hint="; or ".join([*([hint] if hint else []), *ways]) or None)


def read_schedule(text: str, name: str, target: Target | None = None) -> BatchSchedule:
    """Read a batch schedule that was written for another system.

    Args:
        text: the schedule in that system's syntax.
        name: a key of ``IMPORTS``.
        target: the run in that system; ``sequence_length`` where its thresholds are tokens.

    Raises:
        InputError: no such format, not a schedule in it, or no sequence length where it needs one.
    """
    read = IMPORTS.find(name, _written(name), "unknown")
    return read(text, target or Target())


def _written(name: str) -> str:
    return f'format = "{name}"'

"""What a reader of a plan should know: what it gives up, in plain sentences."""

from bsgrow.schedule.plan import Plan
from bsgrow.schedule.report import Report, report
from bsgrow.schedule.saving import why_nothing_is_saved
from bsgrow.schedule.sizes import Sizes
from bsgrow.text.command import setting

_REPAIR = setting("growth.repair", True)
_DRIFT = 0.01  # a smaller one is not worth a sentence
_EXACT_FORM = 0.05  # of the noise scale: by how much its forms differ before that is said


def notes(plan: Plan) -> list[str]:
    """Return remarks on a plan, one sentence each; empty where there is nothing to say."""
    given_up = report(plan)
    return [
        *why_nothing_is_saved(plan),
        *_large_batches(plan),
        *_exact_form(plan),
        *_cut_last_update(plan, given_up),
        *_large_lr(plan, given_up),
        *_vanished_lr(plan),
        *_forgetting(plan, given_up),
        *_drift(plan, given_up),
    ]


def _large_batches(plan: Plan) -> list[str]:
    """The noise scale falls as 1/B only for B well below N (arXiv 1711.00489, section 3)."""
    limit = plan.num_samples / 10
    largest = max(phase.global_batch_size for phase in plan.phases)
    if largest <= limit or plan.growth.exact:
        return []
    return [
        f"a global batch of {largest} is over a tenth of the {plan.num_samples} samples: "
        f"the method holds for B well below N; {_within_a_tenth(plan, largest)}"
    ]


def _within_a_tenth(plan: Plan, largest: int) -> str:
    """Say how the batch stays below a tenth, as far as it can, by settings that are accepted."""
    sizes, tenth = Sizes(plan.reference, plan.growth, plan.num_samples), plan.num_samples // 10
    cap = max(tenth, sizes.lowest_cap)
    if cap == tenth:
        return f"growth.max_batch_size = {cap} keeps to it: {setting('growth.max_batch_size', cap)}"
    said = f"growth.max_batch_size = {cap} is the least, which is the first batch"
    if cap < largest:
        said += f": {setting('growth.max_batch_size', cap)}"
    if start := sizes.start_within(tenth):
        said += f"; a smaller one keeps to it: {setting('schedule.global_batch_size', start)}"
    return said


def _exact_form(plan: Plan) -> list[str]:
    """What is shown has N/B − 1 where what is kept has N/B (arXiv 1711.00489, equation 4)."""
    largest = max(phase.global_batch_size for phase in plan.phases)
    below = largest / plan.num_samples
    if below < _EXACT_FORM or plan.growth.exact:
        return []
    return [
        f"the sgd noise scale shown is exact, lr (N/B − 1)/(1 − m): at a global batch of {largest} "
        f"it lies {100 * below:.2g} % below lr N/(B (1 − m)), which is what the plan keeps"
    ]


def _cut_last_update(plan: Plan, given_up: Report) -> list[str]:
    if not given_up.num_cut_updates:
        return []
    last, planned = plan.update(plan.num_updates - 1), plan.phases[-1].global_batch_size
    return [
        f"the last update is cut from {planned} to {last.global_batch_size} samples, "
        f"so that exactly {plan.num_total_samples} are consumed; its lr is {last.lr:g}"
    ]


def _large_lr(plan: Plan, given_up: Report) -> list[str]:
    """The batch stays where the reference rises again, and the learning rate follows the rise."""
    if given_up.largest_lr_ratio <= 1 + 1e-6:
        return []
    return [
        f"the largest lr is {given_up.largest_lr:g}, {given_up.largest_lr_ratio:.3g} times its "
        f"scaled peak, where the reference rises again{_falling(plan)}"
    ]


def _falling(plan: Plan) -> str:
    """Say what lets the batch fall there, where it is not so already and something comes of it."""
    if plan.growth.shrink or plan.growth.mode == "decay":
        return ""
    return f"; {setting('growth.shrink', True)} lets the batch fall"


def _vanished_lr(plan: Plan) -> list[str]:
    """A float has a smallest number, and a reference near it is scaled below."""
    starts = [p.start_sample for p in plan.phases if not p.lr and plan.reference_lr(p.start_sample)]
    if not starts:
        return []
    return [
        f"from epoch {starts[0] / plan.num_samples:.4g} on the lr is too small for a float and is "
        f"0; the reference's is {plan.reference_lr(starts[0]):.3g}"
    ]


def _forgetting(plan: Plan, given_up: Report) -> list[str]:
    raised = plan.growth.momentum
    if raised is None or raised <= plan.reference.momentum:
        return []
    repaired = f"{plan.wait.num_samples / plan.num_samples:.3g} epochs are added for the first"
    return [
        f"at momentum {raised:g} gradients take up to {given_up.largest_forgetting_epochs:.3g} "
        "epochs to be forgotten, B/(N(1 − m)); "
        + (repaired if plan.wait.num_samples else f"{_REPAIR} adds those of the first")
    ]


def _drift(plan: Plan, given_up: Report) -> list[str]:
    """A step within an update is in every run; a curve that moves is another matter."""
    if not plan.is_smooth or given_up.largest_drift < _DRIFT:
        return []
    epoch = given_up.drift_sample / plan.num_samples
    return [
        f"within one update the reference's lr moves by up to {100 * given_up.largest_drift:.3g} % "
        f"of its peak, at epoch {epoch:.4g}; the noise scale is exact where each update starts"
    ]

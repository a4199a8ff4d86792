"""What a reader of a plan should know: where it leaves the range that the method holds in."""

from bsgrow.schedule.plan import Plan


def notes(plan: Plan) -> list[str]:
    """Return remarks on a plan, one sentence each; empty where there is nothing to say."""
    return [*_large_batches(plan), *_cut_last_update(plan)]


def _large_batches(plan: Plan) -> list[str]:
    """The noise scale falls as 1/B only for B well below N (arXiv 1711.00489, section 3)."""
    limit = plan.num_samples / 10
    largest = max(phase.global_batch_size for phase in plan.phases)
    if largest <= limit:
        return []
    return [
        f"a global batch of {largest} is over a tenth of the {plan.num_samples} samples: "
        f"the method holds for B well below N; growth.max_batch_size = {int(limit)} keeps to it"
    ]


def _cut_last_update(plan: Plan) -> list[str]:
    last, planned = plan.update(plan.num_updates - 1), plan.phases[-1].global_batch_size
    if last.global_batch_size == planned:
        return []
    return [
        f"the last update is cut from {planned} to {last.global_batch_size} samples, "
        f"so that exactly {plan.num_total_samples} are consumed; its lr is {last.lr:g}"
    ]

"""The sizes of micro-batch that a rank meets in a plan."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bsgrow.schedule import Growth, Reference, compile_plan
from bsgrow.stream import Share
from bsgrow.training.compiled import count_micro_batches


@given(
    num_samples=st.integers(1, 3000),
    epochs=st.integers(1, 6),
    batch=st.integers(1, 200),
    factor=st.floats(1.1, 5),
    micro=st.integers(1, 300),
    ranks=st.sampled_from([(0, 1), (0, 3), (2, 3), (6, 7)]),
    curve=st.sampled_from(
        [{"name": "CosineAnnealingLR", "T_max": 6}, {"name": "ExponentialLR", "gamma": 0.4}]
    ),
)
def test_the_sizes_of_a_plan_are_few_and_counted(
    num_samples, epochs, batch, factor, micro, curve, ranks
):
    batch = min(batch, num_samples)
    reference = Reference(epochs, 0.1, batch, 0.9, curve)
    plan = compile_plan(reference, Growth(factor=factor), num_samples)
    share = Share(*ranks)
    counts = Counter(
        cut.num_samples
        for update in plan.updates()
        for cut in share.micro_batches(update.start, update.stop, micro)
    )
    assert count_micro_batches(plan, share, micro) == counts
    assert len(counts) <= 2 + len(plan.phases)

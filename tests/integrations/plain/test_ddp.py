"""Under DistributedDataParallel and FSDP an update has the gradient that one process makes."""

import pytest

from tests.hosts.reference import reference_run, require_same
from tests.integrations.plain.ddp_runs import count_of, train_with
from tests.training.processes import Killed, run_ranks

REFERENCE = reference_run()


@pytest.mark.parametrize(
    ("world_size", "arguments"),
    [
        (2, {"micro_batch_size": 6}),
        (2, {"micro_batch_size": 8, "ghost_batch_size": 8}),  # the first updates are one rank's
        (3, {"micro_batch_size": 6, "count": count_of}),
        (2, {"micro_batch_size": 6, "evens_out": True, "shards": True}),
    ],
)
def test_updates_are_those_of_a_loop_over_whole_ones(world_size, arguments):
    require_same(run_ranks(world_size, train_with, arguments), REFERENCE)


@pytest.mark.parametrize(("before", "after"), [(2, 1), (2, 3)])
def test_a_run_that_was_killed_goes_on_at_another_world_size(before, after, tmp_path):
    saving = {"path": str(tmp_path / "state.pt"), "micro_batch_size": 6}
    killed = {**saving, "save_at": 10, "end": 12}
    assert run_ranks(before, train_with, killed) == [Killed(9)] * before
    resumed = run_ranks(after, train_with, {**saving, "micro_batch_size": 4})
    require_same(resumed, REFERENCE.since(10))

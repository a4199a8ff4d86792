"""kill -9 of one rank, of all, of torchrun itself; the long campaign is ``make campaign``."""

from tests.e2e.kills import SETTINGS, Campaign
from tests.e2e.launches import forked

SHORT = [*SETTINGS, "schedule.epochs=2", "run.checkpoint_every_seconds=0.05"]


def test_a_run_that_is_killed_over_and_over_ends_as_one_that_never_was(tmp_path):
    campaign = Campaign(forked, tmp_path, SHORT, seed=0, longest=0.3)
    for victim in ("rank", "all", "launcher", "rank"):
        campaign.kill(victim)
    campaign.finish()

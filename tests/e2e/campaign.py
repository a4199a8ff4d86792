"""The long campaign of kills: python -m tests.e2e.campaign --kills 50 [--seed N] [--out FILE]."""

import argparse
import json
import secrets
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from bsgrow.files.atomic import write_json
from bsgrow.reporting.machine import describe_machine
from tests.e2e.kills import SETTINGS, Campaign
from tests.e2e.launches import by_torchrun

LONG = [*SETTINGS, "schedule.epochs=25", "run.checkpoint_every_seconds=0.2"]
VICTIMS = ("rank", "all", "launcher")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    begun = time.monotonic()
    folder = tempfile.mkdtemp()  # which stays where something is wrong
    campaign = Campaign(by_torchrun, folder, LONG, asked.seed, longest=1.5)
    number = 0
    while (made := campaign.counts.kills.total()) < asked.kills:
        campaign.kill(VICTIMS[number % len(VICTIMS)])
        number += 1
        print(f"{made} of {asked.kills}: {dict(campaign.counts.kills)}", flush=True)
    campaign.finish()
    shutil.rmtree(folder)
    result = describe_machine() | figures(campaign.counts) | {"seed": asked.seed}
    result["wall_seconds"] = round(time.monotonic() - begun)
    print(json.dumps(result, indent=2))
    if asked.out is not None:
        write_json(asked.out, result)


def figures(counts):
    """Return what is kept of a campaign in which every finished run was the one never killed."""
    hits = {victim: {} for victim in VICTIMS}
    for (victim, phase), number in sorted(counts.kills.items()):
        hits[victim][phase] = number
    seconds = counts.seconds_to_end
    return {
        "num_kills": counts.kills.total(),
        "kills": hits,
        "kills_that_left_a_file_half_written": counts.torn,
        "runs_finished_identical_to_the_bit": counts.finished,
        "runs_finished_otherwise": 0,  # the first one ends the campaign
        "updates_of_them_lost_or_made_twice": 0,
        "updates": counts.updates,
        "seconds_until_the_others_ended": {
            "n": len(seconds),
            "median": round(statistics.median(seconds), 2),
            "max": round(max(seconds), 2),
        },
    }


if __name__ == "__main__":
    main()

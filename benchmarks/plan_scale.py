"""How long a plan takes to compile, and to be asked for one update, whatever its length.

Time is to grow with the phases of a plan, not with its samples or updates.

    python benchmarks/plan_scale.py [--rounds 15] [--format table|json]
"""

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from bsgrow.reporting.machine import describe_machine
from bsgrow.schedule import Growth, Plan, Reference, compile_plan

NUM_QUERIES = 1000  # in a round of plan.at
STEPS = {"name": "MultiStepLR", "milestones": [60, 120, 160], "gamma": 0.2}
COSINE = {"name": "CosineAnnealingLR", "T_max": 200}

# Name -> curve, batch and size of the training set, over 200 epochs.
CASES: dict[str, tuple[dict[str, Any], int, int]] = {
    "10^13 samples, steps": (STEPS, 128, 5 * 10**10),
    "10^13 samples, cosine": (COSINE, 128, 5 * 10**10),
    "10^6 updates, cosine": (COSINE, 10, 50_000),
}


def compile_case(name: str) -> Plan:
    """Compile the plan of a case."""
    curve, global_batch_size, num_samples = CASES[name]
    reference = Reference(200, 0.1, global_batch_size, 0.9, curve)
    return compile_plan(reference, Growth(), num_samples)


def seconds(run: Callable[[], object]) -> float:
    """Return the duration of one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def measure(name: str, num_rounds: int) -> list[dict[str, Any]]:
    """Rows for compiling a plan, and for finding the update of a sample in it."""
    plan, draw = compile_case(name), random.Random(0)
    samples = [draw.randrange(plan.num_total_samples) for _ in range(NUM_QUERIES)]

    def query() -> None:
        for sample in samples:
            plan.at(sample)

    compiled, asked = [], []
    for _ in range(num_rounds + 1):
        compiled.append(seconds(lambda: compile_case(name)))
        asked.append(seconds(query) / NUM_QUERIES)
    return [
        row(name, "compile_plan", plan, compiled[1:]),
        row(name, "plan.at", plan, asked[1:]),
    ]


def row(case: str, call: str, plan: Plan, durations: list[float]) -> dict[str, Any]:
    """One measurement, in seconds: the median is the figure, minimum and maximum the spread."""
    return {
        "case": case,
        "call": call,
        "num_total_samples": plan.num_total_samples,
        "baseline_num_updates": plan.baseline_num_updates,
        "num_updates": plan.num_updates,
        "num_phases": len(plan.phases),
        "min": min(durations),
        "median": statistics.median(durations),
        "max": max(durations),
        "n": len(durations),
    }


def print_table(rows: list[dict[str, Any]]) -> None:
    """One line for each case and call, in microseconds."""
    print(f"{'case':<24} {'call':<14} {'updates':>14} {'phases':>6} {'µs':>9}   [min, max]")
    for r in rows:
        spread = f"[{1e6 * r['min']:.1f}, {1e6 * r['max']:.1f}], n = {r['n']}"
        print(
            f"{r['case']:<24} {r['call']:<14} {r['num_updates']:>14} {r['num_phases']:>6} "
            f"{1e6 * r['median']:>9.1f}   {spread}"
        )


def main() -> None:
    """Measures every case, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    rows = [measured for name in CASES for measured in measure(name, options.rounds)]
    if options.format == "json":
        json.dump(describe_machine() | {"rows": rows}, sys.stdout, indent=2)
        print()
    else:
        print_table(rows)


if __name__ == "__main__":
    main()

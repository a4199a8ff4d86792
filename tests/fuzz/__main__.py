"""Runs every fuzzing target in a process of its own, two at a time: python -m tests.fuzz.

Each draws a seed and prints it; FUZZ_SEED=SEED repeats it. Fails where one ends by a signal, an
exception, a hang or a finding of a sanitizer.
"""

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def targets() -> list[str]:
    return sorted(path.stem for path in Path(__file__).parent.glob("fuzz_*.py"))


def run(seconds: float, target: str) -> int:
    program = f"from tests.fuzz.{target} import main; main({seconds})"
    code = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode
    if code:
        print(f"{target}: ended with {code}", file=sys.stderr)
    return code


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    parser.add_argument("--jobs", type=int, default=2, help="targets at a time")
    options = parser.parse_args()
    with ThreadPoolExecutor(options.jobs) as threads:
        codes = list(threads.map(partial(run, options.seconds), targets()))
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())

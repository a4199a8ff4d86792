"""The README's comparison: digits, the schedule as published against the growing one.

    python benchmarks/compare_digits.py [--out DIR]

Trains both arms over five seeds, then puts the picture and the figures into benchmarks/results/.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Run the comparison in a folder of its own and keep what the README shows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/benchmark-compare-digits"))
    out = parser.parse_args().out
    words = ["compare", "digits", "--seeds", "0,1,2,3,4", "--out", str(out)]
    subprocess.run([sys.executable, "-m", "bsgrow", *words], check=True)
    for suffix in ("png", "json"):
        shutil.copyfile(out / f"compare.{suffix}", RESULTS / f"compare-digits.{suffix}")


if __name__ == "__main__":
    main()

"""The README's comparison: digits, the schedule as published against the growing one.

    python benchmarks/compare_digits.py

Trains both arms over five seeds, then puts the picture and the figures into benchmarks/results/.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Make every run anew, in a folder of its own, and keep what the README shows."""
    words = ["compare", "digits", "--seeds", "0,1,2,3,4", "--jobs", "1", "--out", "comparison"]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "bsgrow", *words], check=True, cwd=folder)
        RESULTS.mkdir(exist_ok=True)
        for suffix in ("png", "json"):
            made = Path(folder, "comparison", f"compare.{suffix}")
            shutil.copyfile(made, RESULTS / f"compare-digits.{suffix}")


if __name__ == "__main__":
    main()

"""Runs every fuzzing target in a process of its own: python -m tests.fuzz [--seconds 60].

Each draws a seed and prints it; FUZZ_SEED=SEED repeats it. Fails where one ends by a signal, an
exception, a hang or a finding of a sanitizer.
"""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def targets() -> list[str]:
    return sorted(path.stem for path in Path(__file__).parent.glob("fuzz_*.py"))


def run(target: str, seconds: float) -> int:
    program = f"from tests.fuzz.{target} import main; main({seconds})"
    code = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode
    if code:
        print(f"{target}: ended with {code}", file=sys.stderr)
    return code


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    seconds = parser.parse_args().seconds
    codes = [run(target, seconds) for target in targets()]
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())

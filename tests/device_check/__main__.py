"""Check a machine with a GPU, part by part; without one, all that a host can run."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.device_check.checking import check, chosen
from tests.device_check.machine import described, find_machine
from tests.device_check.registry import PARTS
from tests.device_check.report import Result
from tests.device_check.running import ROOT

_SHOWN = 25  # lines of the output of a part that did not pass


def main() -> int:
    """Return 1 where a part has failed or reached its limit, else 0."""
    options = _options()
    with TemporaryDirectory() as scratch:
        machine = find_machine(Path(scratch), options.commit)
        print(described(machine.facts), flush=True)
        parts = list(chosen(PARTS, options.parts))
        results = check(parts, machine, options.budget, options.out, _say)
    print(f"written: {options.out}")
    return int(any(result.is_bad for result in results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.device_check", description=__doc__)
    names = [part.name for part in PARTS]
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"all where absent: {names}")
    parser.add_argument("--budget", type=float, default=480, help="seconds of all parts")
    parser.add_argument("--out", type=Path, default=ROOT / "build/device-check.json")
    parser.add_argument("--commit", help="of the sources, where they are no checkout of git")
    options = parser.parse_args()
    if unknown := set(options.parts).difference(names):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return options


def _say(result: Result) -> None:
    print(result, flush=True)
    for line in result.output.splitlines()[-_SHOWN:]:
        print(f"    {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""Build the native modules where they are asked for, and say which of them work here."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec

from tests.device_check.running import ROOT


def main() -> None:
    """Print, as JSON, 1 for each module that works and 0 for each other one."""
    for_card = "--for-card" in sys.argv
    if for_card:
        _build({"BSGROW_REQUIRE": "_native_cuda", "CUDAARCHS": _architecture()})
    elif find_spec("bsgrow._native") is None:
        _build({})
    command = [sys.executable, "-m", "bsgrow", "doctor", "--format", "json"]
    found = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
    json.dump({name: int(each["works"]) for name, each in found["module"].items()}, sys.stdout)
    if for_card:
        _require_card()


def _build(asked: Mapping[str, str]) -> None:
    command = [sys.executable, "setup.py", "build_ext", "--inplace"]
    environment = {**asked, **os.environ}
    subprocess.run(command, cwd=ROOT, env=environment, stdout=sys.stderr, check=True)


def _architecture() -> str:
    """Return that of the card, as each takes half a minute to build for."""
    import torch  # which only this needs

    major, minor = torch.cuda.get_device_capability(0)
    return f"{major}{minor}"


def _require_card() -> None:
    from bsgrow.native import cuda  # only now is it there

    if reason := cuda.why_unavailable(0):
        sys.exit(f"the kernels do not run on the card: {reason}")


if __name__ == "__main__":
    main()

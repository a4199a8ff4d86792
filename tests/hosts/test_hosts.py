"""Other people's trainers, each with its tests in an environment of its own."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
NAMES = sorted(path.stem.removeprefix("requirements-") for path in HERE.glob("requirements-*.txt"))


@pytest.mark.parametrize("name", NAMES)
def test_an_adapter_does_what_the_plan_says_in_its_host(name):
    python = ROOT / "build/hosts" / name / "bin/python"
    if not python.exists() and not os.environ.get("BSGROW_HOSTS"):
        pytest.skip(f"{name} is not installed: make hosts")
    folder = HERE / name.partition("-")[0]
    run = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]


def test_each_host_has_its_requirements():
    folders = {path.parent.name for path in HERE.glob("*/test_*.py")}
    assert folders == {name.partition("-")[0] for name in NAMES}

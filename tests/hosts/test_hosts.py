"""Other people's trainers, each with its tests in an environment of its own."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
SECONDS = 900
NAMES = sorted(path.stem.removeprefix("requirements-") for path in HERE.glob("requirements-*.txt"))


@pytest.mark.parametrize("name", NAMES)
def test_an_adapter_does_what_the_plan_says_in_its_host(name, tmp_path):
    python = ROOT / "build/hosts" / name / "bin/python"
    if not python.exists() and not os.environ.get("BSGROW_HOSTS"):
        pytest.skip(f"{name} is not installed: make hosts")
    folder = HERE / name.partition("-")[0]
    words = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder]
    code, said = run_alone(words, tmp_path / "said")
    assert code == 0, said[-7000:]


def run_alone(words, path):
    """Run a command, and end all that it has started should it hang."""
    with path.open("w") as output:
        process = subprocess.Popen(
            words,
            cwd=ROOT,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},  # ranks share the cores
        )
        try:
            code = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            code = f"not within {SECONDS} s"
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return code, path.read_text()


def test_each_host_has_its_requirements():
    folders = {path.parent.name for path in HERE.glob("*/test_*.py")}
    assert folders == {name.partition("-")[0] for name in NAMES}

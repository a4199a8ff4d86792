"""An environment of its own for each system, made once, and what runs in it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.exports.case import Case, write
from tests.exports.registry import System

ROOT = Path(__file__).parent.parent.parent
_TIMEOUT = 3600  # seconds; a driver takes under a minute on an idle core
_QUIET = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "WANDB_MODE": "disabled"}


class NotInstalledError(Exception):
    """pip could not install a system; the message is its last line."""


def interpreter(system: System, folder: Path) -> Path:
    """Return the system's interpreter, its environment made where it is not there yet."""
    home = folder / system.format
    python, wanted = home / "bin/python", "\n".join(system.requirements)
    installed = home / "installed"
    if not installed.exists() or installed.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        _install(python, system.requirements)
        installed.write_text(wanted)
    return python


def _install(python: Path, requirements: tuple[str, ...]) -> None:
    command = [python, "-m", "pip", "install", "--quiet", *requirements]
    pip = subprocess.run(command, capture_output=True, text=True)
    if pip.returncode:
        raise NotInstalledError(pip.stderr.strip().splitlines()[-1])


def drive(system: System, python: Path, cases: list[Case], sources: Path | None) -> dict:
    """Return the version of a system and its answer to each case: updates, or an error."""
    with TemporaryDirectory() as folder:
        asked, answered = Path(folder) / "cases.json", Path(folder) / "answers.json"
        write(cases, asked)
        path = [str(ROOT), *(str(sources / name) for name in (".", "src") if sources)]
        environment = {**os.environ, **_QUIET, "PYTHONPATH": os.pathsep.join(path)}
        command = [python, "-m", system.module_name, asked, answered]
        run = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_TIMEOUT
        )
        if run.returncode:
            raise RuntimeError(f"{system.format}: {run.stderr[-2000:]}")
        return json.loads(answered.read_text())

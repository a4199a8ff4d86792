"""An exported plan as a driver takes it, and what the system did with it.

Standard library only: every system's own interpreter runs this.
"""

import json
import socket
import sys
import traceback
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

Update = tuple[int, int, float]
"""What one parameter update had: samples consumed before it, global batch size, learning rate."""


@dataclass(frozen=True)
class Case:
    """One export and the run that it is for.

    Attributes:
        text: what ``bsgrow plan --format`` printed.
        num_samples: size of the training set.
        num_total_samples: length of the run.
        sequence_length: tokens per sample.
        micro_batch_size: samples of one forward pass.
        optimizer: ``sgd`` or ``adam``.
        momentum: of SGD.
        sources: folder of a checkout, for a system that is not installed; else empty.
    """

    text: str
    num_samples: int
    num_total_samples: int
    sequence_length: int
    micro_batch_size: int
    optimizer: str
    momentum: float
    sources: str = ""


def run_text(text: str, **names: object) -> dict[str, object]:
    """Run exported Python; where names are given they stand for what it imports."""
    lines = text.splitlines()
    if names:
        lines = [line for line in lines if not line.startswith(("from ", "import "))]
        names = {"bisect_right": bisect_right, "dataclass": dataclass, **names}
    exec(compile("\n".join(lines), "exported", "exec"), names)  # what a user would run
    return names


def main(drive: Callable[[Case], list[Update]], version: Callable[[], str]) -> None:
    """Drive the cases in the file argv[1]; write the version and an answer to each to argv[2]."""
    cases = [Case(**fields) for fields in json.loads(Path(sys.argv[1]).read_text())]
    answer = {"version": version(), "answers": [_answer(drive, case) for case in cases]}
    Path(sys.argv[2]).write_text(json.dumps(answer))


def _answer(drive: Callable[[Case], list[Update]], case: Case) -> dict[str, object]:
    try:
        return {"updates": list(drive(case))}
    except Exception as error:  # whatever the system says of an export is a finding
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}


def write(cases: list[Case], path: Path) -> None:
    """Write cases for ``main``."""
    path.write_text(json.dumps([asdict(case) for case in cases]))


def free_port() -> int:
    """Return a port of this machine that is free, for a process group of one."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]

"""torchrun's elastic mode: a machine dies, and the run goes on by itself with the one left."""

import socket
from contextlib import ExitStack

from bsgrow.training import read_events
from bsgrow.training.events.events import RunStarted
from tests.e2e.kills import SETTINGS, result_of
from tests.e2e.launches import by_torchrun, kill, wait_until
from tests.in_process import as_options

WORDS = (
    *("train", "digits", "--out", "run"),
    *as_options([*SETTINGS, "schedule.epochs=2", "run.checkpoint_every_seconds=0.05"]),
)


def options(port, *, is_host):
    """Of a machine of one or two; the first one has the store, and is not the one that dies."""
    conf = f"last_call_timeout=1,is_host={is_host}"
    meeting = ("--rdzv-backend=c10d", f"--rdzv-endpoint=127.0.0.1:{port}", f"--rdzv-conf={conf}")
    return ("--nnodes=1:2", "--max-restarts=1", *meeting)


def test_after_a_machine_has_died_the_other_goes_on(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with ExitStack() as stack:
        left, dies = (
            stack.enter_context(by_torchrun(tmp_path, WORDS, 1, options(port, is_host=is_host)))
            for is_host in (True, False)
        )
        wait_until(lambda: list(tmp_path.glob("run/checkpoints/*.pt")), "a checkpoint")
        kill([dies.launcher])
        assert left.wait() == 0, (tmp_path / "log").read_text()
    result_of(tmp_path)
    events = read_events(tmp_path / "run/events.jsonl")
    together, alone = (event for event in events if isinstance(event, RunStarted))
    assert (together.world_size, alone.world_size) == (2, 1)
    assert together.first_update == 0 < alone.first_update

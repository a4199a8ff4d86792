"""Several ranks of one run as processes, which find what torchrun tells its own.

They are forked from a server that has imported what they need, so that one starts in milliseconds.
"""

import os
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import wait
from typing import Any

import torch
from torch.distributed import TCPStore
from torch.nn.parallel import DistributedDataParallel

from bsgrow.errors import BsgrowError

SECONDS = 600.0
"""After which processes that do not end are killed; none that works comes near it."""

_KEPT: list[Any] = []
_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "torch.distributed",
        "bsgrow.training.run",
        "bsgrow.cli.app",
        "sklearn.datasets",
        "pytest",
    ]
)


@dataclass(frozen=True)
class Failure:
    """What ended the function of a rank.

    Attributes:
        kind: of the error.
        message: of the error.
        hint: of one of ours.
        exit_code: of one of ours, that of the command.
        is_said: of one of ours, whether another rank prints it.
        text: the traceback.
    """

    kind: type[BaseException]
    message: str
    hint: str | None
    exit_code: int | None
    is_said: bool
    text: str


@dataclass(frozen=True)
class Killed:
    """A process that ended without a word, and by what: minus the signal, as Python counts it."""

    exit_code: int | None


class Processes:
    """The processes that were started.

    Attributes:
        pids: of each rank.
    """

    def __init__(self, world_size: int, function: Callable[..., Any], *arguments: Any) -> None:
        # As with torchrun, who starts the processes keeps the store, which survives any of them.
        self._store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
        variables = _variables(world_size, self._store.port)
        pipes = [_CONTEXT.Pipe(duplex=False) for _ in range(world_size)]
        self._readers = [reader for reader, _ in pipes]
        self._processes = [
            _CONTEXT.Process(
                target=_carry_out,
                args=(variables | {"RANK": str(rank), "LOCAL_RANK": str(rank)}, writer),
                kwargs={"function": function, "arguments": arguments},
            )
            for rank, (_, writer) in enumerate(pipes)
        ]
        for process, (_, writer) in zip(self._processes, pipes, strict=True):
            process.start()
            writer.close()
        self.pids = [process.pid for process in self._processes]

    def results(self, seconds: float = SECONDS) -> list[Any]:
        """Return what the function returned on each rank, or a ``Failure``, or ``Killed``.

        Raises:
            TimeoutError: a rank takes longer; it names them.
        """
        found = dict(self.ended(seconds))
        return [found[rank] for rank in range(len(found))]

    def ended(self, seconds: float = SECONDS) -> Iterator[tuple[int, Any]]:
        """Yield each rank when it has ended, with its result; raises as ``results``."""
        deadline, waiting = time.monotonic() + seconds, dict(enumerate(self._readers))
        while waiting:
            ready = wait(list(waiting.values()), max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"ranks {list(waiting)} have not ended within {seconds:g} s")
            for rank in [rank for rank, reader in waiting.items() if reader in ready]:
                del waiting[rank]
                yield rank, self._result_of(rank)

    def kill(self) -> None:
        """Leave none of them over."""
        for process in self._processes:
            process.kill()
            process.join()
            process.close()

    def _result_of(self, rank: int) -> Any:
        try:
            return self._readers[rank].recv()
        except EOFError:
            self._processes[rank].join()
            return Killed(self._processes[rank].exitcode)


@contextmanager
def started_ranks(
    world_size: int, function: Callable[..., Any], *arguments: Any
) -> Iterator[Processes]:
    """Call a function in several processes; those that have not ended with the context are killed.

    Args:
        world_size: number of processes.
        function: of a module that can be imported; it finds its rank in the environment.
        arguments: of the function.
    """
    processes = Processes(world_size, function, *arguments)
    try:
        yield processes
    finally:
        processes.kill()


def run_ranks(world_size: int, function: Callable[..., Any], *arguments: Any) -> list[Any]:
    """Return what a function returned in each of several processes, or what ended it.

    Args:
        world_size: number of processes.
        function: of a module that can be imported, called in each of them; as ``joined_group``
            does, it finds its rank in the environment.
        arguments: of the function.

    Raises:
        TimeoutError: one takes too long.
    """
    with started_ranks(world_size, function, *arguments) as processes:
        return processes.results()


def _variables(world_size: int, port: int) -> dict[str, str]:
    return {
        "WORLD_SIZE": str(world_size),
        "LOCAL_WORLD_SIZE": str(world_size),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",
        "GLOO_SOCKET_IFNAME": "lo",
    }


def _carry_out(
    variables: dict[str, str], writer: Any, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    os.environ.update(variables)
    torch.set_num_threads(1)
    _keep_reducers()
    try:
        result = function(*arguments)
    except BaseException as error:
        result = _failure(error)
    writer.send(result)


def _keep_reducers() -> None:
    """Keep what sums in DistributedDataParallel until the process has ended.

    Let go by Python when it alone still has the process group, it waits for a thread of Gloo's that
    waits for the lock of the interpreter (torch 2.13).
    """
    make = DistributedDataParallel.__init__

    def make_and_keep(module: DistributedDataParallel, *arguments: Any, **named: Any) -> None:
        make(module, *arguments, **named)
        _KEPT.append(module.reducer)

    DistributedDataParallel.__init__ = make_and_keep  # type: ignore[method-assign]


def _failure(error: BaseException) -> Failure:
    ours = isinstance(error, BsgrowError)
    return Failure(
        kind=type(error),
        message=str(error),
        hint=error.hint if ours else None,
        exit_code=error.exit_code if ours else None,
        is_said=ours and error.is_said,
        text="".join(traceback.format_exception(error)),
    )

"""Many processes of a run, as torchrun starts them, by torch.distributed.

Decisions, numbers and questions travel between hosts, by Gloo and by torchrun's store, so that none
of them waits for a device; sums of tensors travel where those are, by NCCL or Gloo.
"""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from bsgrow.processes.agent_store import require_agent_store
from bsgrow.processes.interface import Route, address_for_others, interface_of, route_to
from bsgrow.processes.launched import check, is_launched, local_rank, rank, world_size
from bsgrow.training.group.heartbeat import SECONDS_TO_LOOK, Heartbeat, answer_to
from bsgrow.training.group.lost import WAITING, first_words, lost_process
from bsgrow.training.group.process_group import (
    ALONE,
    BITS,
    LostProcessError,
    ProcessGroup,
    Summing,
    Value,
)
from bsgrow.training.group.rendezvous import common_name
from bsgrow.training.memory import is_out_of_memory

_JOIN_HINT = "check that all were started, and that each reaches MASTER_ADDR:MASTER_PORT"
_PORT_HINT = "another process listens at MASTER_PORT: start all with another one"
_LONGEST_POLL = 0.5  # seconds
_ONES = 2**BITS - 1
_SECONDS_TO_MEET = 300.0


@contextmanager
def joined_group(seconds_to_meet: float = _SECONDS_TO_MEET) -> Iterator[ProcessGroup]:
    """Meet the processes that torchrun started with this one, until the end of the context.

    Args:
        seconds_to_meet: for which one waits for the others.

    Yields:
        The group, that of one where torchrun has started none; sums come after ``open``.

    Raises:
        InputError: torchrun's variables hold no numbers, or lack where the processes meet.
        LostProcessError: the others do not come.
    """
    check()
    if not is_launched():
        yield ALONE
        return
    group = TorchProcessGroup(seconds_to_meet)
    try:
        yield group
    except BaseException:
        group.close(waits=False)
        raise
    group.close()


class TorchProcessGroup(ProcessGroup):
    """The processes that torchrun started.

    Args:
        seconds_to_meet: for which one waits for the others.

    Raises:
        InputError: torchrun's variables hold no numbers.
        LostProcessError: the others do not come.
    """

    def __init__(self, seconds_to_meet: float = _SECONDS_TO_MEET) -> None:
        self.rank, self.world_size, self.local_rank = rank(), world_size(), local_rank()
        self._seconds, self._num_gathered, self._on_cuda = seconds_to_meet, 0, False
        with self._joining():
            require_agent_store()
            met = rendezvous("env://", timeout=timedelta(seconds=seconds_to_meet))
            store, *_ = next(iter(met))
            self._launcher = PrefixStore("bsgrow", store)
            name = common_name(self._launcher, self.rank, self.world_size, seconds_to_meet)
            self._store = PrefixStore(name, store)
            self._own = PrefixStore("bsgrow", self._store)
            self._heartbeat = Heartbeat(self._own, self.rank, self.world_size)
        try:
            self.gather(None)
        except BaseException:
            self.close()
            raise

    def open(self, device: torch.device, timeout_seconds: float) -> None:
        """Begin what sums and decides; on a device its own sums have twice the time.

        So the host's decision, which says who is missing, comes first to its timeout. A sum or a
        decision is given up a little before it, as to look who is missing takes some seconds.
        """
        self._on_cuda = on_cuda = device.type == "cuda"
        self._seconds = timeout_seconds
        patience = timedelta(seconds=max(timeout_seconds - SECONDS_TO_LOOK, timeout_seconds / 2))
        self._name_interface()
        with self._joining():
            dist.init_process_group(
                "cpu:gloo,cuda:nccl" if on_cuda else "gloo",
                store=PrefixStore("sums", self._store),
                rank=self.rank,
                world_size=self.world_size,
                timeout=patience * (2 if on_cuda else 1),
            )
            # Where Gloo sums, it decides too: another group has a thread that wakes every 10 ms.
            self._host = dist.group.WORLD
            if on_cuda:
                self._host = dist.new_group(backend="gloo", timeout=patience)

    def _name_interface(self) -> None:
        """Name the interface by which the others are reached, which Gloo takes from the host name.

        That of many machines is their own loopback. Where a user has named one, it stays.
        """
        route = route_to(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
        others = [each and Route(*each) for each in self.gather(route)]
        address = address_for_others(route, others)
        if address and (name := interface_of(address)):
            os.environ.setdefault("GLOO_SOCKET_IFNAME", name)

    def close(self, *, waits: bool = True) -> None:
        """Leave the group.

        Args:
            waits: for the sums of a device too; else those that wait for a process that is gone,
                which NCCL would flush first, end with this one.
        """
        self._heartbeat.close()
        if dist.is_initialized() and (waits or not self._on_cuda):
            dist.destroy_process_group()

    def combine(self, flags: int, num_bits: int = BITS) -> int:
        """Return the bits that any process has set: one reduction between hosts."""
        shifts = range(0, num_bits, BITS)
        words = torch.tensor([flags >> shift & _ONES for shift in shifts], dtype=torch.int32)
        with self._waiting():
            dist.all_reduce(words, dist.ReduceOp.BOR, group=self._host)
        return sum(word << shift for word, shift in zip(words.tolist(), shifts, strict=True))

    def begin_sum(self, tensor: Tensor) -> Summing:
        """Begin to replace a tensor by its sum."""
        with self._waiting():
            return _Explained(dist.all_reduce(tensor, async_op=True), self)

    def sum_(self, tensor: Tensor) -> Tensor:
        """Replace a tensor by its sum over the processes."""
        with self._waiting():
            dist.all_reduce(tensor)
        return tensor

    def sum_numbers(self, numbers: Sequence[float]) -> list[float]:
        """Return the sums of numbers: one reduction between hosts."""
        sums = torch.tensor(numbers, dtype=torch.float64)
        with self._waiting():
            dist.all_reduce(sums, group=self._host)
        found: list[float] = sums.tolist()
        return found

    def gather(self, value: Value) -> list[Value]:
        """Return the value of each rank; through the store, so that no timeout bounds it."""
        self._num_gathered += 1
        ranks = range(self.world_size)
        with self._waiting():
            answer_to(lambda: self._own.set(self._key(0, self.rank), json.dumps(value)))
            values = [json.loads(self._awaited(self._key(0, rank))) for rank in ranks]
            answer_to(lambda: self._own.delete_key(self._key(-1, self.rank)))  # all have read it
        return values

    def _key(self, step: int, rank: int) -> str:
        """Return where the value of a rank is, of the gathering so many steps from the latest."""
        return f"gathered/{self._num_gathered + step}/{rank}"

    def note(self, name: str, value: str) -> None:
        """Note something in torchrun's store."""
        self._launcher.set(f"noted/{name}", json.dumps(value))

    def noted(self, name: str) -> str | None:
        """Return what was noted last, by whichever process."""
        key = f"noted/{name}"
        if not self._launcher.check([key]):
            return None
        value: str = json.loads(self._launcher.get(key))
        return value

    def post(self, doing: str) -> None:
        """Note what this process does."""
        self._heartbeat.doing = doing

    def ask_to_stop(self, signal: int) -> None:
        """Let the others know; returns once the store knows, or could not be reached in time."""
        self._heartbeat.ask_to_stop(signal)

    def stop_signal(self) -> int:
        """Return by what signal any process was asked to stop, or 0."""
        return self._heartbeat.stop_signal

    @contextmanager
    def _joining(self) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, ValueError, ConnectionRefusedError) as error:
            raise LostProcessError(
                f"rank {self.rank} of {self.world_size} cannot join the others: "
                f"{first_words(error)}",
                hint=_PORT_HINT if "EADDRINUSE" in str(error) else _JOIN_HINT,
            ) from error

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Explain what goes wrong in a step that all take."""
        doing = self._heartbeat.doing
        self._heartbeat.doing = f"{WAITING} ({doing})"
        try:
            yield
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            raise lost_process(self._heartbeat, self.rank, self.world_size, error) from error
        finally:
            self._heartbeat.doing = doing

    def _awaited(self, key: str) -> bytes:
        """Return the value of a key, for which it waits while all show that they live."""
        pause, last_look = 0.001, time.monotonic()
        while not answer_to(lambda: self._own.check([key])):
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_POLL)
            if time.monotonic() - last_look > self._seconds:
                if answer_to(self._heartbeat.silent_ranks):
                    raise RuntimeError(f"no answer within {self._seconds:g} s")
                last_look = time.monotonic()
        value: bytes = answer_to(lambda: self._own.get(key))
        return value


class _Explained:
    """A sum that was begun; what goes wrong in it is explained."""

    def __init__(self, work: dist.Work, group: TorchProcessGroup) -> None:
        self._work, self._group = work, group

    def wait(self) -> None:
        """Return when the tensor holds the sum."""
        with self._group._waiting():
            self._work.wait()

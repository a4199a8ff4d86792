"""A training loop with Hugging Face Accelerate; tested with 1.15.0, on one process and on two."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import nn
from torch.optim import Optimizer
from torch.utils.data import Dataset

from bsgrow.errors import InputError
from bsgrow.integrations.plain.growing_loader import GrowingLoader, MicroBatches
from bsgrow.loading.batch_sampler import UpdateCut
from bsgrow.schedule import Plan


class AccelerateLoader(GrowingLoader):
    """A ``GrowingLoader`` on the device of an Accelerator, whose ``accumulate`` follows the plan.

    Model and optimizer are given to ``accelerator.prepare``; this takes its own share of each
    update, which is neither padded nor repeated, and prepare leaves it as it is. Where it stands is
    in ``accelerator.save_state()``, and its schedulers go on with it.

    Args:
        accelerator: an ``accelerate.Accelerator``.
        dataset: as of ``GrowingLoader``.
        plan: as of ``GrowingLoader``.
        optimizer: as of ``GrowingLoader``: as it was made, or as it was prepared.
        **arguments: the others of ``GrowingLoader``; rank, world_size and averages_gradients are
            the accelerator's.

    Raises:
        InputError: as the accelerator is set, updates would not be those of the plan.
    """

    def __init__(
        self,
        accelerator: Any,
        dataset: Dataset[Any],
        plan: Plan,
        *,
        optimizer: Optimizer | None = None,
        **arguments: Any,
    ) -> None:
        _require_exact(accelerator)
        self._accelerator = accelerator
        place = {"rank": accelerator.process_index, "world_size": accelerator.num_processes}
        optimizer = getattr(optimizer, "optimizer", optimizer)
        fixed = {"averages_gradients": True, "optimizer": optimizer, **place}
        super().__init__(dataset, plan, **fixed, **arguments)
        accelerator.register_for_checkpointing(self)

    def lr_scheduler(self, optimizer: Optimizer) -> Any:
        """Return what sets lr and momentum, an ``AcceleratedScheduler`` of a ``GrowingLR``.

        ``step()`` may be called after each micro-batch; it does nothing before the last.

        Args:
            optimizer: as it was made, or as it was prepared.
        """
        from accelerate.scheduler import AcceleratedScheduler

        follower = super().lr_scheduler(getattr(optimizer, "optimizer", optimizer))
        # split_batches: one step an update, rather than one for each process
        return AcceleratedScheduler(follower, [], split_batches=True)

    def __iter__(self) -> MicroBatches:
        """Yield data on the accelerator's device, and cut, as ``GrowingLoader`` does."""
        from accelerate.utils import send_to_device

        for data, cut in super().__iter__():
            yield send_to_device(data, self._accelerator.device), cut

    @contextmanager
    def accumulate(self, cut: UpdateCut, *models: nn.Module) -> Iterator[None]:
        """Stand in for ``accelerator.accumulate``, whose updates are of a fixed number.

        Until the micro-batch that closes the update, gradients are not summed over processes, and
        ``step()`` and ``zero_grad()`` of what the accelerator prepared do nothing.
        """
        self._accelerator.sync_gradients = cut.closes_update
        with ExitStack() as waiting:
            for model in () if cut.closes_update else models:
                waiting.enter_context(self._accelerator.no_sync(model))
            yield


def _require_exact(accelerator: Any) -> None:
    steps, kind = accelerator.gradient_accumulation_steps, accelerator.distributed_type.value
    if steps != 1:
        raise InputError(
            f"gradient_accumulation_steps={steps}: accelerator.backward would divide each loss by "
            "it, and updates of a plan have any number of micro-batches",
            hint="Accelerator() without it, and loader.accumulate(cut, model)",
        )
    if accelerator.scaler is not None:
        raise InputError(
            "mixed_precision='fp16': its scaler leaves updates out where a gradient overflows, and "
            "their samples would count for nothing",
            hint="mixed_precision='bf16' needs no scaler",
        )
    cuts = accelerator.parallelism_config
    if cuts and any(getattr(cuts, f"{name}_enabled", False) for name in ("tp", "cp", "sp")):
        raise InputError(
            "parallelism_config: several processes would be one reader of the data, and each takes "
            "a share of its own here",
            hint="leave it out, so that every process has the whole model",
        )
    if kind not in ("NO", "MULTI_CPU", "MULTI_GPU"):
        raise InputError(
            f"distributed_type {kind}: the gradient of an update is known to be its mean with one "
            "process, and with DistributedDataParallel",
            hint="with DeepSpeed, bsgrow.integrations.deepspeed and an engine of its own",
        )

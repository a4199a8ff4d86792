"""Composer's Trainer, which cuts whole updates itself; tested with mosaicml 0.32.1 on the CPU."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch.utils.data import Dataset

from bsgrow.errors import InputError
from bsgrow.integrations.plain.checks import require_same_place
from bsgrow.integrations.plain.growing_loader import GrowingLoader
from bsgrow.loading.batch_sampler import first_update_from
from bsgrow.schedule import Plan

_OURS = (
    "train_dataloader",
    "train_subset_num_batches",
    "schedulers",
    "step_schedulers_every_batch",
    "scale_schedule_ratio",
    "max_duration",
    "spin_dataloaders",
)


class ComposerLoader(GrowingLoader):
    """Hands whole updates to Composer, and makes a Trainer that trains on them.

    Each batch is what a rank has of an update; the Trainer cuts it by
    ``device_train_microbatch_size`` and weighs what comes of it by its samples, so that the host's
    memory grows with the batch and the device's does not.

    Args:
        dataset: as of ``GrowingLoader``.
        plan: as of ``GrowingLoader``.
        ghost_batch_size: as of ``GrowingLoader``.
        data_spec: arguments of Composer's ``DataSpec``: how batches are counted, cut and changed.
        **arguments: the others of ``GrowingLoader``; micro_batch_size, averages_gradients and count
            are Composer's.
    """

    def __init__(
        self,
        dataset: Dataset[Any],
        plan: Plan,
        *,
        ghost_batch_size: int = 1,
        data_spec: Mapping[str, Any] | None = None,
        **arguments: Any,
    ) -> None:
        largest = max(phase.global_batch_size for phase in plan.phases)
        whole = -(-largest // ghost_batch_size) * ghost_batch_size
        super().__init__(
            dataset, plan, micro_batch_size=whole, ghost_batch_size=ghost_batch_size, **arguments
        )
        self._data_spec, self._ghost_batch_size = dict(data_spec or {}), ghost_batch_size

    def trainer(self, *, model: Any, optimizers: Any, **arguments: Any) -> Any:
        """Return a ``composer.Trainer`` that trains by the plan, to its end.

        Args:
            model: a ComposerModel.
            optimizers: one, of which lr and momentum follow the plan.
            **arguments: the others of the Trainer, but those that the plan decides.

        Raises:
            InputError: with them, updates would not be those of the plan.
        """
        from composer import Callback, Trainer

        if ours := [name for name in _OURS if name in arguments]:
            raise InputError(f"{', '.join(ours)}: the plan decides that; leave it out")
        updates = _Updates(self)
        callbacks = _tuple(arguments.pop("callbacks", ()))
        num_epochs = -(-self.plan.num_total_samples // self.plan.num_samples)
        trainer = Trainer(
            model=model,
            optimizers=optimizers,
            train_dataloader=self._spec(updates),
            schedulers=self.lr_scheduler(optimizers),
            step_schedulers_every_batch=True,
            max_duration=f"{num_epochs}ep",
            spin_dataloaders=False,  # it begins where it stands
            callbacks=[*callbacks, _follower(Callback, self, updates)],
            **arguments,
        )
        for why, hint in self._faults(trainer):
            raise InputError(why, hint=hint)
        return trainer

    def num_updates_in(self, epoch: int) -> int:
        """Return how many updates begin in an epoch."""
        plan, start = self.plan, epoch * self.plan.num_samples
        return first_update_from(start + plan.num_samples, plan) - first_update_from(start, plan)

    def _spec(self, updates: "_Updates") -> Any:
        from composer.core import DataSpec

        spec = DataSpec(updates, num_samples=self.plan.num_samples, **self._data_spec)
        count, cut = spec.get_num_samples_in_batch, spec.split_batch
        spec.get_num_samples_in_batch = updates.counted(count)
        spec._get_num_tokens_in_batch = updates.counted(spec._get_num_tokens_in_batch)
        spec.split_batch = lambda batch, size: cut(batch, min(size, count(batch)))
        return spec

    def _faults(self, trainer: Any) -> Iterator[tuple[str, str]]:
        state, world_size = trainer.state, self.share.world_size
        size = state.device_train_microbatch_size
        if state.precision.value == "amp_fp16":
            yield (
                "precision='amp_fp16': its scaler leaves updates out where a gradient overflows, "
                "and their samples would count for nothing",
                "precision='amp_bf16' needs no scaler",
            )
        if state.fsdp_config is not None or state.tp_config is not None:
            yield (
                "parallelism_config: has not been held against a plan",
                "leave it out; with several processes the model is then a DistributedDataParallel",
            )
        if self._ghost_batch_size > 1 and (
            state.auto_microbatching or size % self._ghost_batch_size
        ):
            yield (
                f"device_train_microbatch_size={size!r} would cut ghost batches of "
                f"{self._ghost_batch_size} apart",
                f"device_train_microbatch_size={self._ghost_batch_size}, or a multiple",
            )
        sums_each = trainer._ddp_sync_strategy.value == "multi_auto_sync"
        if world_size > 1 and (state.auto_microbatching or sums_each):
            yield (
                "device_train_microbatch_size='auto' and ddp_sync_strategy='multi_auto_sync': "
                "ranks would wait for each other in every micro-batch, and may have one more than "
                "others",
                "give a size, and ddp_sync_strategy='single_auto_sync' or 'forced_sync'",
            )


class _Updates:
    """What Composer iterates: whole updates, an epoch at a time."""

    def __init__(self, loader: ComposerLoader) -> None:
        self._loader, self._has_samples = loader, True

    def __iter__(self) -> Iterator[Any]:
        for data, cut in self._loader:
            self._has_samples = cut.num_samples > 0
            yield data

    def __len__(self) -> int:
        return self._loader.num_updates_in(self._loader.epoch)

    def counted(self, count: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return what counts none in a batch that a rank without samples reads for the others."""
        return lambda batch: count(batch) if self._has_samples else 0


def _follower(callback: Any, loader: ComposerLoader, updates: _Updates) -> Any:
    """Return the callback that says how long an epoch is, and saves where the loader stands."""

    class GrowingBatch(callback):
        def fit_start(self, state: Any, logger: object) -> None:
            require_same_place(loader.num_updates, int(state.timestamp.batch))
            state.dataloader_len = len(updates)

        def epoch_start(self, state: Any, logger: object) -> None:
            state.dataloader_len = len(updates)

        def state_dict(self) -> dict[str, Any]:
            return loader.state_dict()

        def load_state_dict(self, state: dict[str, Any]) -> None:
            loader.load_state_dict(state)

    return GrowingBatch()


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)

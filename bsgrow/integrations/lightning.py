"""Lightning: a data module whose batches grow, and a callback that makes each update exact.

Lightning steps where the number of batches of the epoch divides by ``accumulate_grad_batches``, and
divides each loss by it. The callback sets that number before every batch, so that both come out as
the plan has them, and makes up for the division by the micro-batch's weight. All else is
Lightning's own: automatic optimization, clipping, logging, checkpoints and their resume.

Versions tested: lightning and pytorch-lightning 2.6.6. Both 2.x name all that is used here alike.
"""

import sys
from collections import deque
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from torch.optim import LBFGS
from torch.utils.data import DataLoader

from bsgrow.errors import InputError
from bsgrow.integrations.plain.checks import require_same_place
from bsgrow.integrations.plain.dataloader_arguments import dataloader_arguments, is_shuffled
from bsgrow.integrations.plain.growing_loader import GrowingLoader
from bsgrow.integrations.plain.loop_error import LoopError
from bsgrow.loading.batch_sampler import UpdateCut
from bsgrow.schedule import Plan


def _host() -> Any:
    """Return the package that the program uses, of the two that have the same in them."""
    names = ["lightning.pytorch", "pytorch_lightning"]
    names.sort(key=lambda name: name not in sys.modules)
    try:
        return import_module(names[0])
    except ModuleNotFoundError:
        return import_module(names[1])


pl = _host()
_DataModule: Any = pl.LightningDataModule
_Callback: Any = pl.Callback

_LOADERS = ("val_dataloader", "test_dataloader", "predict_dataloader")
_TRANSFERS = ("on_before_batch_transfer", "transfer_batch_to_device", "on_after_batch_transfer")
_HOOKS = (*_LOADERS, *_TRANSFERS, "prepare_data", "teardown", "on_exception")


class GrowingDataModule(_DataModule):
    """Trains on a data module or a data set in the updates of a plan; goes with ``GrowingBatch``.

    Of a data module, its ``train_dataloader`` is asked for what it reads and how; the rest of it is
    left as it is. Samples come as ``GrowingLoader`` has them, none left out at the end of an epoch.

    Args:
        data: a LightningDataModule, or a map-style data set.
        plan: what ``bsgrow.compile_plan`` returned.
        val_dataloaders: what validates, where ``data`` is a data set.
        **loader: what ``GrowingLoader`` takes. ``micro_batch_size`` is that of the module's own
            DataLoader where it is left out, and so is each setting of a DataLoader.
    """

    def __init__(self, data: Any, plan: Plan, *, val_dataloaders: Any = None, **loader: Any):
        super().__init__()
        self._data, self._plan, self._arguments = data, plan, loader
        self._inner = data if isinstance(data, pl.LightningDataModule) else None
        self.batches: _Batches | None = None
        if self._inner is not None:
            self._take_hooks(self._inner)
        elif val_dataloaders is not None:
            self.val_dataloader = lambda: val_dataloaders

    @property
    def loader(self) -> GrowingLoader:
        """The loader of the run, which there is from ``setup("fit")`` on."""
        if self.batches is None:
            raise InputError("the data module is not set up for training yet")
        return self.batches.loader

    def setup(self, stage: str | None = None) -> None:
        """Make the loader, where training begins."""
        if self._inner is not None:
            self._inner.trainer = self.trainer
            self._inner.setup(stage)
        if stage in ("fit", None):
            dataset, arguments = self._read()
            # Gradients are averaged, all ranks meet before every batch, and one is prefetched.
            host: Any = {"averages_gradients": True, "evens_out": True, "look_ahead": 1}
            self.batches = _Batches(GrowingLoader(dataset, self._plan, **host, **arguments))

    def train_dataloader(self) -> "_Batches | None":
        """Return what Lightning iterates, once an epoch."""
        return self.batches

    def state_dict(self) -> dict[str, Any]:
        """Return where the run stands, and the state of the data module within."""
        state = {} if self.batches is None else {"loader": self.loader.state_dict()}
        inner = {} if self._inner is None else self._inner.state_dict()
        return {**state, "data": inner} if inner else state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where a state was taken."""
        if self.batches is not None and "loader" in state_dict:
            self.loader.load_state_dict(state_dict["loader"])
        if self._inner is not None and "data" in state_dict:
            self._inner.load_state_dict(state_dict["data"])

    def _take_hooks(self, inner: Any) -> None:
        for name in _HOOKS:
            if getattr(type(inner), name, None) is not getattr(_DataModule, name, None):
                setattr(self, name, getattr(inner, name))
        self.prepare_data_per_node = inner.prepare_data_per_node

    def _read(self) -> tuple[Any, dict[str, Any]]:
        """Return the data set, and the arguments of its loader."""
        if self._inner is None:
            return self._data, self._arguments
        loader = self._inner.train_dataloader()
        if not isinstance(loader, DataLoader):
            raise InputError(
                f"train_dataloader() returns {type(loader).__name__}, expected one DataLoader"
            )
        own = {"micro_batch_size": loader.batch_size, "shuffle": is_shuffled(loader)}
        return loader.dataset, own | dataloader_arguments(loader) | self._arguments


class GrowingBatch(_Callback):
    """Makes the updates of a ``GrowingDataModule``'s plan: goes among the Trainer's callbacks.

    It sets lr and momentum, by a ``GrowingLR`` that Lightning steps, logs and saves as any
    scheduler; ``configure_optimizers`` returns the optimizer alone. ``global_step`` and
    ``max_steps`` count updates. Training stops after the plan's last one.

    Attributes:
        cut: what the micro-batch that is trained is of its update.
    """

    def __init__(self) -> None:
        self._set = 1  # accumulate_grad_batches, as it was left
        self.cut: UpdateCut | None = None

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Refuse what would not make the plan's updates."""
        if stage == "fit":
            for why, hint in _reasons(trainer, pl_module, self._set):
                raise InputError(why, hint=hint)

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Let the plan set lr and momentum, from where the run stands."""
        _refuse_optimizers(trainer)
        loader = trainer.datamodule.loader
        if trainer.global_step:  # the same Trainer once more
            loader.load_state_dict(loader.state_dict() | {"num_updates": trainer.global_step})
        scheduler = loader.lr_scheduler(trainer.optimizers[0])
        config = import_module(f"{pl.__name__}.utilities.types").LRSchedulerConfig
        trainer.strategy.lr_scheduler_configs = [config(scheduler, interval="step")]

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Say how long the epoch is, of which a part may be made."""
        loader, progress = trainer.datamodule.loader, trainer.fit_loop.epoch_loop.batch_progress
        require_same_place(loader.num_updates, trainer.global_step)
        left = 0 if progress.is_last_batch else len(loader)
        trainer.fit_loop.max_batches = progress.current.ready + left
        trainer.should_stop = trainer.should_stop or loader.is_finished

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Say how long the epoch is."""
        trainer.fit_loop.max_batches = len(trainer.datamodule.loader)

    def on_train_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int
    ) -> None:
        """Let Lightning step after this micro-batch if it closes its update, and else not."""
        self.cut, begins = trainer.datamodule.batches.next_cut()
        if batch_idx == 0:
            trainer.fit_loop.max_batches = len(trainer.datamodule.loader)
        self._set = _accumulation(batch_idx, begins=begins, closes=self.cut.closes_update)
        trainer.accumulate_grad_batches = self._set
        if begins and self._set != 1:
            pl_module.optimizer_zero_grad(trainer.current_epoch, batch_idx, trainer.optimizers[0])

    def on_before_backward(self, trainer: Any, pl_module: Any, loss: Any) -> None:
        """Weigh the loss, and make up for Lightning's division."""
        assert self.cut is not None
        loss.mul_(self.cut.weight * self._set)

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Give others the loss as training_step returned it, and stop behind the plan's end."""
        if not outputs:
            raise LoopError(
                "training_step returned None, so that the update would lack its samples",
                hint="return a loss for every micro-batch",
            )
        outputs["loss"].mul_(self._set)
        trainer.should_stop = trainer.should_stop or trainer.datamodule.loader.is_finished


class _Batches:
    """What Lightning iterates: data alone, as its modules expect; the cuts wait for the callback.

    Without a length: that of an epoch changes, and Lightning asks for it once.
    """

    def __init__(self, loader: GrowingLoader) -> None:
        self.loader = loader
        self._waiting: deque[tuple[UpdateCut, bool]] = deque()

    def next_cut(self) -> tuple[UpdateCut, bool]:
        """Return the cut of the micro-batch that is trained next, and whether it is the first."""
        return self._waiting.popleft()

    def state_dict(self) -> dict[str, Any]:
        """Return where the run stands; Lightning warns where there is none."""
        return self.loader.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where a state was taken."""
        self.loader.load_state_dict(state_dict)

    def __iter__(self) -> Iterator[Any]:
        if self._waiting:  # taken by an iterator that Lightning has put away since
            self._waiting.clear()
            self.loader.load_state_dict(self.loader.state_dict())
        return self._data()

    def _data(self) -> Iterator[Any]:
        begins = True
        for data, cut in self.loader:
            self._waiting.append((cut, begins))
            begins = cut.closes_update
            yield data


def _accumulation(batch_idx: int, *, begins: bool, closes: bool) -> int:
    """Return the number by which Lightning steps after a batch, or does not.

    It steps where ``(batch_idx + 1) % number == 0``, and clears the gradient before a batch where
    ``batch_idx % number == 0``.
    """
    if closes:
        return 1 if begins else batch_idx + 1
    return batch_idx + 2


def _reasons(trainer: Any, module: Any, accumulation: int) -> Iterator[tuple[str, str]]:
    """Yield why the plan's updates would not be made, and what to do."""
    if not isinstance(trainer.datamodule, GrowingDataModule):
        yield (
            "GrowingBatch: the data is not of a plan",
            "trainer.fit(model, datamodule=GrowingDataModule(data, plan, micro_batch_size=…))",
        )
    if not module.automatic_optimization:
        yield (
            "automatic_optimization = False: the module steps by itself, whatever the plan",
            "use automatic optimization, or iterate bsgrow.GrowingLoader in a loop of your own",
        )
    if trainer.overfit_batches > 0:
        yield "overfit_batches: repeats some batches in place of the plan's", "leave it out"
    limit = trainer.limit_train_batches
    if isinstance(limit, int) or limit != 1.0:
        yield (
            "limit_train_batches (which fast_dev_run sets too): leaves samples of the plan out",
            "leave it out; Trainer(max_steps=…) stops after so many updates",
        )
    kinds = {each.__name__ for each in type(trainer.strategy).__mro__}
    known = kinds & {"SingleDeviceStrategy", "DDPStrategy"}
    if not known or trainer.strategy.handles_gradient_accumulation:
        yield (
            f"{type(trainer.strategy).__name__}: an update is known to be exact on one device, and "
            "by DistributedDataParallel",
            'strategy="ddp"; with DeepSpeed, bsgrow.integrations.deepspeed',
        )
    if getattr(trainer.precision_plugin, "scaler", None) is not None:
        yield (
            "16-bit precision with a gradient scaler: leaves out updates that overflow",
            'precision="bf16-mixed" or "32-true"',
        )
    if trainer.accumulate_grad_batches not in (1, accumulation):
        given = trainer.accumulate_grad_batches
        yield f"accumulate_grad_batches = {given}: the plan decides that", "leave it out"
    setting = pl.callbacks.GradientAccumulationScheduler, pl.callbacks.StochasticWeightAveraging
    for name in [type(each).__name__ for each in trainer.callbacks if isinstance(each, setting)]:
        yield f"{name}: sets accumulate_grad_batches, which the plan decides", "leave it out"


def _refuse_optimizers(trainer: Any) -> None:
    if len(trainer.optimizers) != 1:
        raise InputError(f"configure_optimizers: {len(trainer.optimizers)} optimizers, expected 1")
    if isinstance(trainer.optimizers[0], LBFGS):
        raise InputError("LBFGS: takes the micro-batch that closes an update several times")
    if trainer.strategy.lr_scheduler_configs:
        schedulers = [type(each.scheduler).__name__ for each in trainer.lr_scheduler_configs]
        raise InputError(
            f"configure_optimizers: {', '.join(schedulers)} would move the learning rate beside "
            "the plan, which has the whole schedule",
            hint="return the optimizer alone",
        )

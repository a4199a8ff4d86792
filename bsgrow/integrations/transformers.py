"""The Trainer of Hugging Face transformers, with a batch that grows.

To the Trainer one batch is one whole update, so that all that it counts in steps and saves are
updates; within it the micro-batches go one by one through the Trainer's own ``training_step``, each
weighed by what its loss is the mean of: labels that are not −100, where there are labels.

Versions tested: transformers 5.24.0 and 4.57.6, with accelerate 1.15.0.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from copy import copy
from dataclasses import dataclass
from math import ceil
from typing import Any

import torch
from torch import Tensor
from transformers import Trainer, TrainerCallback
from transformers.loss.loss_utils import LOSS_MAPPING, ForCausalLMLoss
from transformers.trainer_callback import ExportableState

from bsgrow.errors import InputError
from bsgrow.integrations.plain.checks import require_same_place
from bsgrow.integrations.plain.dataloader_arguments import dataloader_arguments
from bsgrow.integrations.plain.growing_loader import GrowingLoader
from bsgrow.loading.batch_sampler import UpdateCut
from bsgrow.schedule import Plan

_Host: Any = object  # a Trainer, which stands behind the mixin
_Callback: Any = TrainerCallback
_Exportable: Any = ExportableState
_IGNORED = -100  # labels that no loss counts


class GrowingTrainerMixin(_Host):
    """Makes a Trainer train by a plan: ``class My(GrowingTrainerMixin, SFTTrainer)``.

    ``per_device_train_batch_size`` is the micro-batch; ``max_steps``, where it is left out, is the
    number of the plan's updates, and ``learning_rate`` is the plan's. Samples come in the order of
    ``bsgrow.SampleStream`` with ``data_seed``, or else ``seed``. ``save_steps``, ``logging_steps``
    and ``eval_steps`` count updates, and ``resume_from_checkpoint`` goes on in the middle of an
    epoch without reading what was passed.

    Args:
        plan: what ``bsgrow.compile_plan`` returned.
        count: what a mean loss is the mean of, as ``GrowingLoader`` takes it, where that is not
            the labels that are not −100 (of a causal language model those that it predicts).
        ghost_batch_size: samples that ranks and micro-batches never cut apart.

    Raises:
        InputError: as its arguments are, updates would not be those of the plan.
    """

    args: Any
    compute_loss: Any
    lr_scheduler: Any
    _created_lr_scheduler: bool

    def __init__(
        self, *args: Any, plan: Plan, count: object = None, ghost_batch_size: int = 1, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for why, hint in _reasons(self, plan):
            raise InputError(why, hint=hint)
        self.plan, self._count, self._ghost_batch_size = plan, count, ghost_batch_size
        self.args = copy(self.args)  # those that were given may be for another plan next
        steps = self.args.max_steps
        self.args.max_steps = min(steps, plan.num_updates) if steps > 0 else plan.num_updates
        self.args.ignore_data_skip = True  # the loader begins where the run stands
        self.add_callback(GrowingCallback)

    def get_train_dataloader(self) -> Any:
        """Return whole updates, once an epoch, of what the Trainer's own loader reads."""
        own, args = super().get_train_dataloader(), self.args
        self.loader = GrowingLoader(
            own.dataset,
            self.plan,
            micro_batch_size=args.per_device_train_batch_size,
            seed=args.seed if args.data_seed is None else args.data_seed,
            shuffle=getattr(args, "train_sampling_strategy", "random") == "random",
            ghost_batch_size=self._ghost_batch_size,
            count=self._count,
            averages_gradients=True,
            evens_out=True,
            **dataloader_arguments(own),
        )
        return _Updates(self.loader)

    def get_total_train_batch_size(self, args: Any) -> float:
        """Return the samples of an update, on average."""
        steps: int = args.max_steps
        return self.plan.update(steps - 1).stop / steps

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Let the plan set lr and momentum."""
        if self.lr_scheduler is None:
            optimizer = self.optimizer if optimizer is None else optimizer
            # Accelerate wraps the optimizer that steps.
            self.lr_scheduler = self.loader.lr_scheduler(getattr(optimizer, "optimizer", optimizer))
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: Any
    ) -> tuple[list[Any], Tensor | None]:
        """Return an update, and what its loss is the mean of, on all ranks together."""
        update = next(epoch_iterator, None)
        if update is None:
            return [], None
        counts = None if self._count is not None else self._counts(update)
        if counts is None:
            return [update], None
        total = torch.tensor(sum(counts), device=device)
        processes = self.accelerator.num_processes
        if processes > 1:
            total = self.accelerator.gather(total).sum()
        number = max(int(total), 1)
        update.weights = [count * processes / number for count in counts]
        return [update], total

    def training_step(
        self, model: Any, inputs: Any, num_items_in_batch: Tensor | None = None
    ) -> Tensor:
        """Run forward and backward for each micro-batch of an update; return their loss."""
        assert isinstance(inputs, _Update)
        # Of a function that divides by the number itself, losses are added as they are.
        divides = num_items_in_batch is not None and (
            self.compute_loss_func is not None or getattr(self, "loss_is_scaled_for_ga", False)
        )
        losses = []
        for (data, cut), weight in zip(inputs.micro_batches, inputs.weights, strict=True):
            waits = nullcontext() if cut.closes_update else self.accelerator.no_sync(model)
            # A mean over no label is no number: divided by 1, the sum over none is 0.
            number = num_items_in_batch if divides else None if weight else 1
            with waits, self._weighing(float(weight > 0) if divides else weight):
                losses.append(super().training_step(model, data, number))
        return torch.stack(losses).sum()

    @contextmanager
    def _weighing(self, weight: float) -> Iterator[None]:
        """Weigh what ``compute_loss`` returns, also that of a class that is derived from this."""
        own = self.compute_loss

        def weighed(*args: Any, **kwargs: Any) -> Any:
            found = own(*args, **kwargs)
            return (found[0] * weight, *found[1:]) if isinstance(found, tuple) else found * weight

        self.compute_loss = weighed
        try:
            yield
        finally:
            self.compute_loss = own

    def _counts(self, update: "_Update") -> list[int] | None:
        """Return the labels that count in each micro-batch, where there are labels."""
        shift = _shifts_labels(self.accelerator.unwrap_model(self.model))
        counts = []
        for data, cut in update.micro_batches:
            labels = data.get("shift_labels", data.get("labels")) if hasattr(data, "get") else None
            if not isinstance(labels, Tensor):
                return None
            labels = labels[..., 1:] if shift and "shift_labels" not in data else labels
            counts.append(int((labels != _IGNORED).sum()) if cut.num_samples else 0)
        return counts


class GrowingTrainer(GrowingTrainerMixin, Trainer):
    """The Trainer of transformers that trains by a plan; see ``GrowingTrainerMixin``."""


class GrowingCallback(_Callback, _Exportable):
    """Says where the run stands: epochs are samples ÷ those of the training set.

    Attributes:
        saved: the state of the loader, kept in trainer_state.json.
    """

    def __init__(self) -> None:
        self._loader: GrowingLoader | None = None
        self.saved: dict[str, Any] = {}

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Go on where the state of the run says, if its order and plan are these."""
        self._loader = loader = given["train_dataloader"].loader
        saved = state.stateful_callbacks.get(type(self).__name__)
        if state.global_step and isinstance(saved, dict):
            loader.load_state_dict(saved["attributes"]["saved"])
        require_same_place(loader.num_updates, state.global_step)
        state.num_train_epochs = ceil(loader.plan.num_total_samples / loader.plan.num_samples)

    def on_step_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """End the epoch with the update in which it ends, and training with the plan."""
        assert self._loader is not None
        plan = self._loader.plan
        update = plan.update(state.global_step - 1)
        state.epoch = update.stop / plan.num_samples
        if update.start // plan.num_samples < update.stop // plan.num_samples:
            control.should_epoch_stop = True

    def state(self) -> dict[str, Any]:
        """Return what is kept in trainer_state.json."""
        if self._loader is not None:
            self.saved = self._loader.state_dict()
        return {"args": {}, "attributes": {"saved": self.saved}}


@dataclass
class _Update:
    """All micro-batches of an update, which is one batch to the Trainer.

    Where the Trainer counts its tokens, it finds those of all in a row.
    """

    micro_batches: list[tuple[Any, UpdateCut]]
    weights: list[float]

    def __contains__(self, key: str) -> bool:
        return all(key in data for data, _ in self.micro_batches)

    def __getitem__(self, key: str) -> Tensor:
        rows = [data[key].flatten() for data, cut in self.micro_batches if cut.num_samples]
        return torch.cat(rows) if rows else torch.empty(0)


class _Updates:
    """What the Trainer iterates, without a length: it takes steps as the plan has updates."""

    def __init__(self, loader: GrowingLoader) -> None:
        self.loader = loader

    def __iter__(self) -> Iterator[_Update]:
        held: list[tuple[Any, UpdateCut]] = []
        for data, cut in self.loader:
            held.append((data, cut))
            if cut.closes_update:
                yield _Update(held, [cut.weight for _, cut in held])
                held = []


def _shifts_labels(model: Any) -> bool:
    """Return whether a model predicts the label after each, so that the first is of no loss."""
    loss = LOSS_MAPPING.get(getattr(model, "loss_type", None))
    encodes = getattr(getattr(model, "config", None), "is_encoder_decoder", False)
    return loss is ForCausalLMLoss and not encodes


def _reasons(trainer: Any, plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield why the plan's updates would not be made, and what to do."""
    args, leave = trainer.args, "leave it out"
    decided = {
        "gradient_accumulation_steps": 1,
        "dataloader_drop_last": False,
        "group_by_length": False,
        "auto_find_batch_size": False,
        "lr_scheduler_type": "linear",
        "warmup_steps": 0,
        "warmup_ratio": 0,
    }
    for name, default in decided.items():
        if (value := getattr(args, name, default)) not in (default, None):
            yield f"{name} = {value}: the plan, its curve and the micro-batch decide that", leave
    strategy = getattr(args, "train_sampling_strategy", "random")
    if strategy not in ("random", "sequential"):
        yield f"train_sampling_strategy = {strategy}: brings an order of its own", leave
    if trainer.lr_scheduler is not None:
        yield "optimizers: the plan sets the learning rate", "give (optimizer, None)"
    if trainer.optimizer is None and args.learning_rate != plan.reference.lr:
        why = f"learning_rate = {args.learning_rate}: the plan's is {plan.reference.lr}"
        yield why, f"TrainingArguments(learning_rate={plan.reference.lr})"
    if args.fp16:
        yield "fp16: its scaler leaves out updates that overflow", "bf16=True"
    if trainer.is_deepspeed_enabled:
        yield "DeepSpeed: counts micro-batches by itself", "bsgrow.integrations.deepspeed"
    if trainer.is_fsdp_enabled:
        yield "FSDP: an update is known to be exact on one device, and by DDP", "torchrun"
    if args.n_gpu > 1:
        yield "DataParallel: cuts a micro-batch by samples, whatever it counts", "torchrun"
    if getattr(args, "parallelism_config", None) is not None:
        yield "parallelism_config: ranks would share samples, not divide them", leave
    if "lomo" in args.optim or "layerwise" in args.optim:
        yield f"optim = {args.optim}: steps in every backward pass", 'optim="adamw_torch"'
    if args.world_size > 1 and not args.average_tokens_across_devices:
        yield "average_tokens_across_devices = False: ranks would divide by other numbers", leave

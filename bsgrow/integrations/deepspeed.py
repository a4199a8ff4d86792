"""A training loop with a DeepSpeed engine; tested with 0.19.8 on the CPU: ZeRO 0, 1 and 2."""

from collections.abc import Iterator, Mapping
from typing import Any

from torch.utils.data import Dataset

from bsgrow.errors import InputError
from bsgrow.integrations.plain.growing_loader import GrowingLoader, MicroBatches
from bsgrow.integrations.plain.growing_lr import GrowingLR
from bsgrow.integrations.plain.loop_error import LoopError
from bsgrow.schedule import Plan


class DeepSpeedLoader(GrowingLoader):
    """A ``GrowingLoader`` on the device of an engine, which it tells where an update closes.

    ``engine.step()`` after each micro-batch makes the update with the last one, and sets lr and
    momentum of the next. Where the run stands is in ``engine.save_checkpoint()``.

    Args:
        engine: what ``deepspeed.initialize`` returned first, with an optimizer and no lr_scheduler.
        dataset: as of ``GrowingLoader``.
        plan: as of ``GrowingLoader``.
        **arguments: the others of ``GrowingLoader``; optimizer and averages_gradients are the
            engine's.

    Raises:
        InputError: as the engine is configured, updates would not be those of the plan.
    """

    def __init__(self, engine: Any, dataset: Dataset[Any], plan: Plan, **arguments: Any) -> None:
        for why, hint in _faults(engine):
            raise InputError(why, hint=hint)
        self._engine = engine
        super().__init__(dataset, plan, averages_gradients=engine.gradient_average, **arguments)
        engine.lr_scheduler = scheduler = _EngineLR(engine.basic_optimizer, plan)
        scheduler.loader = self
        self._followers.append(scheduler)
        engine.basic_optimizer.register_step_pre_hook(self._require_whole)

    def __iter__(self) -> MicroBatches:
        """Yield data on the engine's device, and cut, as ``GrowingLoader`` does."""
        from deepspeed.runtime.utils import move_to_device

        engine = self._engine
        for data, cut in super().__iter__():
            engine.set_gradient_accumulation_boundary(cut.closes_update)
            # With each step the engine adds the batch of its configuration.
            engine.global_samples = cut.update.stop - engine.train_batch_size()
            yield move_to_device(data, engine.device), cut

    def _require_whole(self, *_: object) -> None:
        """Refuse a step before it changes anything; with ZeRO each group of parameters has one."""
        if self.num_updates >= self._watch.num_whole:
            raise LoopError(
                f"engine.step(): update {self.num_updates} is made already",
                hint="call engine.step() once after each engine.backward(loss)",
            )


class _EngineLR(GrowingLR):
    """What an engine steps after its optimizer, and saves: where its loader stands, too."""

    loader: GrowingLoader

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "loader": self.loader.state_dict()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self.loader.load_state_dict(state_dict["loader"])


def _faults(engine: Any) -> Iterator[tuple[str, str]]:
    """Yield why an engine's updates would not be those of a plan, and what to use instead."""
    steps = engine.gradient_accumulation_steps()
    if engine.pipeline_parallelism:
        yield "a pipeline cuts its batches itself, into a fixed number", "a model without stages"
    if engine.zero_optimization_stage() > 2:
        yield (
            "zero_optimization.stage = 3: it has not been held against a plan",
            "stage 2, which shares gradients and states of the optimizer out too",
        )
    if steps != 1:
        yield (
            f"gradient_accumulation_steps = {steps}: engine.backward would divide each loss by it, "
            "and updates of a plan have any number of micro-batches",
            "set it to 1, and train_micro_batch_size_per_gpu",
        )
    if not engine.managed_gradient_accumulation():
        yield (
            "managed_gradient_accumulation = false: each engine.step() would make an update",
            "leave it out; the loader says where an update closes",
        )
    if engine.fp16_enabled() or engine.torch_autocast_z0_gradscaler is not None:
        yield (
            "fp16: its loss scaler leaves updates out where a gradient overflows, and their "
            "samples would count for nothing",
            "bf16 needs no scaler",
        )
    if "gradient_clipping" not in engine._config._param_dict:
        norm = engine.gradient_clipping()
        yield (
            f"gradient_clipping: is not said, and the engine clips at a norm of {norm:g} then",
            '"gradient_clipping": 0 for none, or what is wanted; it is of each update as a whole',
        )
    if engine.zenflow:
        yield "zenflow: makes part of an update later, with others", "leave it out"
    if engine.lr_scheduler is not None:
        yield "lr_scheduler: two would set the learning rate", "leave it out; the plan sets it"
    if engine.dp_world_size != engine.world_size:
        yield (
            "model or sequence parallelism: several processes would be one reader of the data, and "
            "each takes a share of its own here",
            "leave it out, so that every process has the whole model",
        )

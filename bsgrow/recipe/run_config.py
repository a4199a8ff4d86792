"""``[run]``: how the plan is carried out."""

from typing import Annotated, Literal

from pydantic import (
    Field,
    PositiveInt,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from bsgrow.loggers.registry import check_logger
from bsgrow.recipe.device_name import check_device
from bsgrow.recipe.section import Section
from bsgrow.validation.quantity import Quantity

_MAX_COUNT = 2**31 - 1  # what the kernels of torch index a batch with
_MAX_THREADS = 1024  # what the native modules start

Count = Annotated[PositiveInt, Field(le=_MAX_COUNT)]
Seconds = Annotated[float, Field(ge=0), Quantity("seconds")]
PrecisionName = Literal["auto", "float32", "tf32", "bfloat16", "float16"]


class RunConfig(Section):
    """``[run]``: how the plan is carried out."""

    seed: Annotated[int, Field(ge=0, lt=2**64)] = 0
    """Seed of the initial weights, the order of the samples and their augmentation."""

    ghost_batch_size: Annotated[Count | None, Quantity("samples")] = None
    """Samples that batch normalisation normalises together, whatever the batch size; the
    smaller of 128 and schedule.global_batch_size where absent."""

    batch_norm: Literal["ghost", "batch"] = "ghost"
    """``batch`` normalises over the whole batch, however large it grows, which has to fit into
    memory: ordinary batch normalisation, to compare with; ghost_batch_size is then its size."""

    micro_batch_size: Annotated[Count | Literal["auto"] | None, Quantity("samples")] = None
    """Samples per forward and backward pass, in whole ghost batches; 256 where absent. ``auto``
    tries sizes on the device before the run begins, takes the largest that is nearly the fastest
    and fits into memory, and keeps it where the run goes on."""

    @field_validator("micro_batch_size", mode="wrap")
    @classmethod
    def _number_or_auto(cls, value: object, check: ValidatorFunctionWrapHandler) -> object:
        try:
            return check(value)
        except ValidationError:
            raise ValueError(f'must be a number from 1 to {_MAX_COUNT}, or "auto"') from None

    world_size: Annotated[Count, Quantity("processes")] = 1
    """Number of processes that share an update; torchrun starts them, and where this says more than
    one, no other number is taken."""

    world_sizes: Annotated[tuple[Count, ...], Field(min_length=1)] | Literal["auto"] | None = None
    """Number of processes in each phase of the plan, such as ``[1, 2, 8]``, in place of world_size;
    ``auto`` takes the largest power of two at which each has min_samples_per_device samples."""

    @field_validator("world_sizes", mode="wrap")
    @classmethod
    def _numbers_or_auto(cls, value: object, check: ValidatorFunctionWrapHandler) -> object:
        try:
            return check(tuple(value) if isinstance(value, list) else value)
        except ValidationError:
            numbers = f"a list of numbers from 1 to {_MAX_COUNT}, one a phase"
            raise ValueError(f'must be {numbers}, or "auto"') from None

    max_world_size: Annotated[Count | None, Quantity("processes")] = None
    """Processes that ``world_sizes = "auto"`` takes at most, such as the devices that there are."""

    min_samples_per_device: Annotated[Count | None, Quantity("samples")] = None
    """Samples of an update that each process has where another one pays; a micro-batch where
    absent."""

    device: Annotated[str, Quantity(pattern=r"^(auto|cpu|mps|cuda(:[0-9]{1,9})?)$")] = "auto"
    """``cpu``, ``cuda``, ``cuda:1``, or a Mac's GPU, ``mps``; ``auto`` takes CUDA where there is
    one, else the CPU."""

    @field_validator("device")
    @classmethod
    def _is_a_device(cls, name: str) -> str:
        check_device(name)
        return name

    precision: PrecisionName = "auto"
    """Numbers in which convolutions and products are computed; weights and their updates are
    float32. ``auto`` takes bfloat16 on CUDA, float16 on cards older than that (a T4), and float32
    on the CPU; ``tf32`` is CUDA's. In ``float16`` the loss is scaled: an update whose gradient
    overflows is made again."""

    compile: bool | Literal["auto"] = "auto"
    """Whether the step is compiled, for each common size of micro-batch, before the first update;
    ``auto`` does so on CUDA."""

    num_threads: Annotated[PositiveInt, Field(le=_MAX_THREADS)] | None = None
    """CPU threads of the loader and of torch; all cores where absent."""

    num_workers: Annotated[int, Field(ge=0, le=_MAX_THREADS)] | None = None
    """Worker processes of PyTorch's DataLoader, which read a map-style data set of a function; as
    many as num_threads where absent, none where that is 1. Other data have none: threads do it."""

    evaluate_every_epochs: Annotated[float, Field(gt=0), Quantity("epochs")] = 1.0
    """Epochs between two evaluations on the held-out samples; the end is always evaluated."""

    log_every_seconds: Seconds = 1.0
    """Seconds between two progress events; each waits for the device once."""

    loggers: tuple[str, ...] | None = None
    """Where progress and evaluations go as well, such as ``["tensorboard", "wandb", "mlflow"]``,
    each once installed; ``package.module:Class`` is one of your own."""

    @field_validator("loggers")
    @classmethod
    def _are_loggers(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name in names or ():
            check_logger(name)
        if names and len(set(names)) < len(names):
            raise ValueError("names one twice")
        return names

    timeout_seconds: Annotated[float, Field(ge=1, le=86400), Quantity("seconds")] = 300.0
    """Seconds that a process waits for the others of the run, from 1 to a day, before it says which
    does not answer."""

    checkpoint_every_seconds: Seconds = 60.0
    """Seconds between two checkpoints; 0 writes one after every update. One at the best evaluation
    so far and one at the end come on top."""

    keep: Annotated[Count, Quantity("checkpoints")] = 2
    """Newest checkpoints that are kept, beside the best one."""

    keep_best: bool = True
    """Whether the best checkpoint is written and kept: that at whose update the model had the
    highest test accuracy, and of those the lowest test loss."""

"""What happens in a run; each is a line of ``events.jsonl``."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from bsgrow.training.events.failures import LoggerFailed, RunLeft
from bsgrow.training.events.made_again import LossScaleHalved, MicroBatchHalved
from bsgrow.training.events.measured import MicroBatchFound
from bsgrow.training.events.numbers import Count, Fraction, Measure, Number
from bsgrow.training.events.parameters import ParametersGrouped

_FINITE = Field(allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run, or its continuation, begins.

    Attributes:
        recipe: the description in the recipe, one line.
        num_samples: size of the training set, N.
        epochs: planned length, in passes over the training set.
        num_updates: planned parameter updates.
        baseline_num_updates: parameter updates of the reference schedule.
        device: where it computes, e.g. ``cpu`` or ``cuda:0``.
        micro_batch_size: samples per forward and backward pass.
        num_parameters: of the model.
        seed: of order, augmentation and initial weights.
        first_update: index of the first update made; above 0 when the run is resumed.
        world_size: number of processes.
    """

    event: ClassVar[str] = "run_started"
    recipe: str
    num_samples: Count
    epochs: Number
    num_updates: Count
    baseline_num_updates: Count
    device: str
    micro_batch_size: Count
    num_parameters: Count
    seed: Count
    first_update: Count
    world_size: Count = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """Means since the last report.

    Attributes:
        num_updates: updates made since the start of the run.
        consumed_samples: samples consumed since the start of the run.
        epoch: consumed_samples / N.
        global_batch_size: samples of the latest update.
        lr: learning rate of the latest update.
        momentum: momentum coefficient of the latest update.
        train_loss: mean training loss, in nats.
        train_accuracy: fraction of training samples right, 0 to 1.
        samples_per_second: training samples per second.
        wall_seconds: time spent in the run so far, continuations included.
        seconds_left: estimated time to the end of the run.
        data_wait_share: of the time since the last report, what updates waited for data, 0 to 1;
            the mean over processes.
        communication_share: the same of waiting for the sum of the gradients and for the other
            processes.
        slowest_rank: the process that the others waited for; None of one process.
        consumed_tokens: those of consumed_samples, where a recipe says how many a sample has.
    """

    event: ClassVar[str] = "progress"
    num_updates: Count
    consumed_samples: Count
    epoch: Measure
    global_batch_size: Count
    lr: Number
    momentum: Number
    train_loss: Measure
    train_accuracy: Fraction
    samples_per_second: Measure
    wall_seconds: Measure
    seconds_left: Measure
    data_wait_share: Fraction = 0.0
    communication_share: Fraction = 0.0
    slowest_rank: Count | None = None
    consumed_tokens: Count | None = None


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The model was measured on the test split.

    Attributes:
        num_updates: updates made since the start of the run.
        consumed_samples: samples consumed since the start of the run.
        epoch: consumed_samples / N.
        train_loss: mean training loss since the last evaluation, in nats.
        test_loss: mean loss over the test split, in nats.
        test_accuracy: fraction of the test split right, 0 to 1.
        wall_seconds: time spent in the run so far, continuations included.
        num_test_skipped: held-out samples that another one stood in for.
        consumed_tokens: those of consumed_samples, where a recipe says how many a sample has.
    """

    event: ClassVar[str] = "evaluated"
    num_updates: Count
    consumed_samples: Count
    epoch: Measure
    train_loss: Measure
    test_loss: Measure
    test_accuracy: Fraction
    wall_seconds: Measure
    num_test_skipped: Count = 0
    consumed_tokens: Count | None = None


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """The state after ``num_updates`` updates is on the disk.

    Attributes:
        num_updates: updates made since the start of the run until its state was copied.
        path: the checkpoint.
        logged_at: updates made until it was known to be on the disk; 0 in logs of versions that
            waited for it.
        pause_seconds: for which training waited.
        pause_updates: the same, in updates of the median length.
    """

    event: ClassVar[str] = "checkpoint_saved"
    num_updates: Count
    path: str
    logged_at: Count = 0
    pause_seconds: Measure = 0.0
    pause_updates: Measure = 0.0


@dataclass(frozen=True, slots=True)
class CheckpointFailed:
    """The state after ``num_updates`` updates could not be written; older checkpoints stay.

    Attributes:
        num_updates: updates made since the start of the run until its state was copied.
        path: the checkpoint that is not there.
        reason: why.
        logged_at: updates made until that was known.
    """

    event: ClassVar[str] = "checkpoint_failed"
    num_updates: Count
    path: str
    reason: str
    logged_at: Count


@dataclass(frozen=True, slots=True)
class LogFailed:
    """Events of the run could not be written, and wait in memory; told once until they could be.

    Attributes:
        num_updates: updates made since the start of the run.
        path: the log.
        reason: why.
    """

    event: ClassVar[str] = "log_failed"
    num_updates: Count
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class CheckpointSkipped:
    """A resumed run did not take a checkpoint that is not whole.

    Attributes:
        num_updates: updates of the checkpoint that it went on from instead.
        path: the checkpoint left out.
        reason: why it does not count.
    """

    event: ClassVar[str] = "checkpoint_skipped"
    num_updates: Count
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class SampleSkipped:
    """A sample cannot be used, and another one stands in for it; reported once in a run.

    Attributes:
        num_updates: updates made since the start of the run.
        where: its file, or the shard and the byte offset in it.
        reason: what is wrong with it.
    """

    event: ClassVar[str] = "sample_skipped"
    num_updates: Count
    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The last planned update was made; what ``train --format json`` prints.

    Attributes:
        test_accuracy: fraction of the test split right, 0 to 1.
        test_loss: mean loss over the test split, in nats.
        num_updates: parameter updates made.
        baseline_num_updates: parameter updates of the reference schedule.
        consumed_samples: samples consumed.
        wall_seconds: time spent in the run, continuations included.
        samples_per_second: consumed_samples / wall_seconds of training.
        weights_sha256: digest of the final parameters and buffers.
        out: the run directory.
        num_skipped: training samples that another one stood in for, under data.on_error = "skip".
        num_test_skipped: the same of the held-out samples, when the accuracy was measured.
        num_checkpoints_failed: checkpoints that could not be written, continuations included.
        consumed_tokens: those of consumed_samples, where a recipe says how many a sample has.
        num_overflows: updates that were made again since their gradient overflowed float16.
    """

    event: ClassVar[str] = "run_finished"
    test_accuracy: Annotated[Fraction, _FINITE]
    test_loss: Measure
    num_updates: Annotated[Count, Field(ge=1)]
    baseline_num_updates: Count
    consumed_samples: Count
    wall_seconds: Annotated[Measure, _FINITE]
    samples_per_second: Annotated[Measure, _FINITE]
    weights_sha256: str
    out: str
    num_skipped: Count = 0
    num_test_skipped: Count = 0
    num_checkpoints_failed: Count = 0
    consumed_tokens: Count | None = None
    num_overflows: Count = 0


Event = (
    RunStarted
    | Progress
    | Evaluated
    | CheckpointSaved
    | CheckpointFailed
    | CheckpointSkipped
    | LogFailed
    | LoggerFailed
    | MicroBatchFound
    | MicroBatchHalved
    | ParametersGrouped
    | LossScaleHalved
    | SampleSkipped
    | RunLeft
    | RunFinished
)

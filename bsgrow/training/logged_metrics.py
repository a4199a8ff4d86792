"""What loggers are given of each event, under which names."""

from bsgrow.training.events.events import Evaluated, Progress
from bsgrow.training.noise import noise_scale_of


def metrics_of(event: Progress | Evaluated, num_samples: int) -> dict[str, float]:
    """Return the numbers of an event by name.

    Args:
        event: of a run; its ``consumed_samples`` is the position of the numbers.
        num_samples: size of the training set, N.
    """
    if isinstance(event, Progress):
        return _of_progress(event, num_samples)
    return _of_evaluation(event)


def _of_progress(event: Progress, num_samples: int) -> dict[str, float]:
    return {
        "train/loss": event.train_loss,
        "train/accuracy": event.train_accuracy,
        "schedule/global_batch_size": event.global_batch_size,
        "schedule/lr": event.lr,
        "schedule/momentum": event.momentum,
        "schedule/sgd_noise_scale": noise_scale_of(event, event.global_batch_size, num_samples),
        "schedule/num_updates": event.num_updates,
        "schedule/epoch": event.epoch,
        "speed/samples_per_second": event.samples_per_second,
        "speed/data_wait_share": event.data_wait_share,
        "speed/communication_share": event.communication_share,
        "speed/wall_seconds": event.wall_seconds,
        **_tokens(event),
    }


def _of_evaluation(event: Evaluated) -> dict[str, float]:
    return {
        "test/loss": event.test_loss,
        "test/accuracy": event.test_accuracy,
        "train/loss_since_evaluation": event.train_loss,
        "test/num_updates": event.num_updates,
        "test/epoch": event.epoch,
    }


def _tokens(event: Progress) -> dict[str, float]:
    tokens = event.consumed_tokens
    return {} if tokens is None else {"schedule/consumed_tokens": tokens}

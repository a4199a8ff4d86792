"""The SGD noise scale of what a run reports."""

import math

from bsgrow.schedule.noise_scale import sgd_noise_scale
from bsgrow.training.events.events import Progress


def noise_scale_of(progress: Progress, global_batch_size: int, num_samples: int) -> float:
    """Return g = lr (N/B − 1) / (1 − m) as reported; nan for numbers that no run has.

    Args:
        progress: has lr and momentum.
        global_batch_size: B, of a whole update; the last one of a run may be cut.
        num_samples: size of the training set, N.
    """
    if global_batch_size < 1 or not 0 <= progress.momentum < 1:
        return math.nan
    return sgd_noise_scale(progress.lr, global_batch_size, progress.momentum, num_samples)

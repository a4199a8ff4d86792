"""Constants that count updates, for updates of another batch size than they were chosen for."""

import math


def rescaled_decay(decay: float, batch_ratio: float) -> float:
    """Return the decay of a moving average for updates of another batch size.

    With β^κ for κ times the batch, as many updates fewer forget as much: the average remembers the
    same number of samples, whatever the batch is.

    Args:
        decay: β of an update of the reference batch size: what stays of the average, 0 to 1.
        batch_ratio: κ = B/B₀, samples of the update over those of the reference, above 0.

    Source:
        Busbridge et al. 2023, "How to Scale Your EMA", arXiv 2307.13813, definition 1.2: a batch of
        κ times the size takes the momentum of the average to the power of κ.
    """
    return math.pow(decay, batch_ratio)

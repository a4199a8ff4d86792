"""The scaling rules: which batch and which learning rate keep the noise of the reference.

What is held is e/b by the linear rule and e/√b by the sqrt rule, with the effective learning
rate e = ε / (1 − m) and b = B for B ≪ N, exactly 1/b = 1/B − 1/N.
"""

import math

from bsgrow.errors import InputError
from bsgrow.schedule.config import Growth, Reference


def matching_lr(
    reference_lr: float,
    reference: Reference,
    global_batch_size: int,
    momentum: float,
    growth: Growth,
    num_samples: int,
) -> float:
    """Return the learning rate ε that keeps the reference's noise at another batch and momentum.

    Args:
        reference_lr: the reference's learning rate at the same sample.
        reference: the run as published.
        global_batch_size: samples of the update, B.
        momentum: momentum coefficient of the update, m.
        growth: names the rule, and whether it is exact.
        num_samples: size of the training set, N.

    Source:
        arXiv 1711.00489, sections 3 and 4, for B ∝ 1/(1 − m); of each rule, its own file.
    """
    ratio = _noise_batch(global_batch_size, growth, num_samples) / _noise_batch(
        reference.global_batch_size, growth, num_samples
    )
    momentum_ratio = (1 - momentum) / (1 - reference.momentum)
    return reference_lr * growth.scaling.lr_ratio(ratio) * momentum_ratio


def wanted_batch_size(
    decay: float, reference: Reference, momentum: float, growth: Growth, num_samples: int
) -> float:
    """Return the batch size, not rounded, that takes over a decay of the learning rate.

    Args:
        decay: by what factor the reference's learning rate is below its peak, at least 1.
        reference: the run as published.
        momentum: momentum coefficient of the plan.
        growth: the rule, the exponent of the decay, and the scale of the learning rate.
        num_samples: size of the training set, N.
    """
    full = growth.scaling.exponent
    scale = growth.lr_scale * ((1 - reference.momentum) / (1 - momentum))
    scaled = math.prod([scale] * full)  # a power would raise where this is infinite
    noise_batch = _noise_batch(reference.global_batch_size, growth, num_samples) * scaled
    wanted = noise_batch * decay ** (growth.batch_exponent or full)
    if not growth.exact or not wanted:
        return wanted
    return 1 / (1 / wanted + 1 / num_samples)


def _noise_batch(global_batch_size: int, growth: Growth, num_samples: int) -> float:
    """Return b, of which the noise is proportional to 1/b: B, or exactly N·B/(N − B)."""
    if not growth.exact:
        return global_batch_size
    if global_batch_size >= num_samples:
        raise InputError(
            f"growth.exact = true: a batch of {global_batch_size} holds all {num_samples} "
            "samples, and N/B − 1 is no longer above 0",
        )
    return num_samples * global_batch_size / (num_samples - global_batch_size)

"""Constants that count updates, for updates of another batch size than they were chosen for."""

import math

from bsgrow.schedule.config import RESCALED, Growth


def moving_in(growth: Growth) -> tuple[str, ...]:
    """Return those of ``growth.rescale`` that its rule moves, where an optimizer or model has them.

    Adam's constants belong to the rule that scales them, and a decoupled weight decay stays where
    the learning rate goes with the batch.
    """
    still = {
        *(() if growth.scaling.scales_adam else ("adam",)),
        *(("weight_decay",) if growth.lr_follows_batch else ()),
    }
    return tuple(name for name in RESCALED if name in growth.rescale and name not in still)


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


def rescaled_betas(betas: tuple[float, float], batch_ratio: float) -> tuple[float, float]:
    """Return Adam's β₁ and β₂ for updates of another batch size: β^κ of each.

    By the square-root rule 1 − β goes with κ, which holds while κ(1 − β) is small; past
    κ = 1/(1 − β), 10 for β₁ = 0.9, it would leave a β below 0. β^κ is equal to first order, and at
    any κ the average remembers the same number of samples.

    Args:
        betas: those of an update of the reference batch size, each from 0 and below 1.
        batch_ratio: κ = B/B₀, above 0.

    Source:
        Malladi et al. 2022, arXiv 2205.10287, the square-root scaling rule; the power is ours, as
        in arXiv 2307.13813.
    """
    first, second = betas
    return rescaled_decay(first, batch_ratio), rescaled_decay(second, batch_ratio)


def rescaled_eps(eps: float, batch_ratio: float) -> float:
    """Return what is added to Adam's denominator, for updates of another batch size: ε/√κ.

    The gradient of κ times the batch has noise that is √κ times smaller, and so the denominator.

    Args:
        eps: ε of an update of the reference batch size.
        batch_ratio: κ = B/B₀, above 0.

    Source:
        Malladi et al. 2022, arXiv 2205.10287, the square-root scaling rule.
    """
    return eps / math.sqrt(batch_ratio)


def weight_decay_ratio(batch_ratio: float, lr_ratio: float) -> float:
    """Return what a weight decay apart from the gradient is multiplied by.

    An update takes lr · λ off the weights, which is lr · λ / B a sample. That is what it is in the
    reference at the same sample, lr₀ · λ₀ / B₀, where λ = λ₀ · κ / (lr/lr₀): λ₀ by the linear rule,
    and λ₀ · √κ by the square-root rule. An L2 penalty is part of the gradient, and needs nothing.

    Args:
        batch_ratio: κ = B/B₀, above 0.
        lr_ratio: the learning rate over that of the reference at the same sample, lr/lr₀, above 0.

    Source:
        Ours, of the update of AdamW (Loshchilov and Hutter, arXiv 1711.05101, algorithm 2).
    """
    return batch_ratio / lr_ratio

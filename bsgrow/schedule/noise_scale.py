"""The SGD noise scale, the quantity that every plan keeps (arXiv 1711.00489, section 3)."""


def sgd_noise_scale(
    lr: float, global_batch_size: float, momentum: float, num_samples: int
) -> float:
    """Scale of the random fluctuations in SGD: g = ε (N/B − 1) / (1 − m).

    Args:
        lr: learning rate ε.
        global_batch_size: samples per parameter update, B.
        momentum: momentum coefficient m, in [0, 1).
        num_samples: size of the training set, N.

    Returns:
        g, in the units of the learning rate; 0 when the batch is the whole set.

    Source:
        arXiv 1711.00489, section 3 (plain SGD) and section 4 (with momentum).
    """
    return lr * (num_samples / global_batch_size - 1) / (1 - momentum)


def relative_noise(lr: float, global_batch_size: float, momentum: float) -> float:
    """Return ε / (B (1 − m)): the noise scale for B ≪ N, divided by N.

    This is what a plan holds constant against its reference: it needs no N, and B ∝ ε and
    B ∝ 1/(1 − m) follow from it (arXiv 1711.00489, sections 3 and 4).
    """
    return lr / (global_batch_size * (1 - momentum))

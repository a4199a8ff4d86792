"""What a plan's learning rate and momentum are for a parameter group that began with its own."""


def group_lr(lr: float, lr_scale: float) -> float:
    """Return the lr of a group: all go up and down together.

    Args:
        lr: of the update.
        lr_scale: what the group began with ÷ what the plan was compiled for.
    """
    return lr * lr_scale


def group_momentum(momentum: float, *, reference: float, begun_with: float) -> float:
    """Return the momentum of a group: 1 − m keeps its proportion, by which the noise scale goes.

    Args:
        momentum: of the update.
        reference: what the plan was compiled for.
        begun_with: that of the group.
    """
    if momentum == reference:
        return begun_with
    return 1 - (1 - momentum) * ((1 - begun_with) / (1 - reference))

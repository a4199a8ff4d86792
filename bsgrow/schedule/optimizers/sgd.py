"""``torch.optim.SGD``: plain, with momentum, or with Nesterov's momentum, without dampening."""

from bsgrow.schedule.optimizers.kind import Hyperparameters, OptimizerKind


def _arguments(config: Hyperparameters, momentum: float) -> dict[str, object]:
    return {"momentum": momentum, "nesterov": config.nesterov}


SGD = OptimizerKind("SGD", rule="linear", has_momentum=True, own_arguments=_arguments)

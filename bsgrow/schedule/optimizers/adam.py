"""``torch.optim.Adam`` (Kingma & Ba 2015, arXiv 1412.6980)."""

from bsgrow.schedule.optimizers.kind import Hyperparameters, OptimizerKind


def _arguments(config: Hyperparameters, momentum: float) -> dict[str, object]:
    return {"betas": config.betas, "eps": config.eps}


ADAM = OptimizerKind(
    "Adam", rule="sqrt", has_momentum=False, own_arguments=_arguments, has_betas=True
)

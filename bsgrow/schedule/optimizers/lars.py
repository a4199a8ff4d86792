"""LARS: SGD whose step is scaled, a tensor at a time, by ‖w‖ / (‖g‖ + λ‖w‖) (arXiv 1708.03888).

pytorch_optimizer's, with the trust coefficient η = 0.001 of the paper. Biases and other vectors are
stepped by plain SGD, without weight decay.

Its step does not grow with the gradient. Where noise makes up its norm, the norm falls with √B, and
so the noise goes with ε/√B, by which the square-root rule holds it. That is our reading of the
formula, not the paper's. The momentum is SGD's, on the scaled gradient, so that its factor
1/(1 − m) stands.
"""

from bsgrow.schedule.optimizers.kind import Hyperparameters, OptimizerKind


def _arguments(config: Hyperparameters, momentum: float) -> dict[str, object]:
    return {"momentum": momentum, "nesterov": config.nesterov}


LARS = OptimizerKind(
    "LARS",
    rule="sqrt",
    has_momentum=True,
    own_arguments=_arguments,
    module="pytorch_optimizer",
    is_fused=False,
    rule_note="its step has the norm of the weights whatever that of the gradient, which noise "
    "makes fall with √B",
)

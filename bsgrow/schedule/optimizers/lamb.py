"""LAMB: Adam whose step is scaled, a tensor at a time, by ‖w‖ / ‖step‖ (arXiv 1904.00962).

pytorch_optimizer's, as Algorithm 2 has it: the weight decay is part of the step that is scaled, ‖w‖
counts up to 10, and nothing is clipped. Of the moments the first alone is corrected for its bias.

The learning rate goes with √B, as the paper scales it, which is the square-root rule.
"""

from bsgrow.schedule.optimizers.kind import Hyperparameters, OptimizerKind


def _arguments(config: Hyperparameters, momentum: float) -> dict[str, object]:
    betas = {"betas": config.betas, "eps": config.eps}
    return {**betas, "weight_decouple": False, "max_grad_norm": 0.0}


LAMB = OptimizerKind(
    "Lamb",
    rule="sqrt",
    has_momentum=False,
    own_arguments=_arguments,
    module="pytorch_optimizer",
    is_fused=False,
    has_betas=True,
    rule_note="arXiv 1904.00962 scales the lr of LAMB by the square root of the batch",
)

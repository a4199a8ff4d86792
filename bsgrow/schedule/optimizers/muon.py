"""``torch.optim.Muon`` (Jordan et al. 2024) for hidden matrices, and AdamW for all else.

Muon is for the 2-D weights of hidden layers alone, as torch says of it; the head, embeddings,
biases, norms and convolutions are AdamW's. Its steps are scaled to the size of AdamW's
(``adjust_lr_fn="match_rms_adamw"``, Liu et al., arXiv 2502.16982), so that lr and weight decay are
the same for both.

The step is orthogonal whatever the size of the gradient, so that its momentum does not make it
longer: B ∝ 1/(1 − m) does not hold, and growth.momentum is refused. Adam's rule, ε/√B, is taken, as
the step is normalised as Adam's is; no work that is known to us has shown it for Muon.
"""

from bsgrow.schedule.optimizers.kind import Hyperparameters, OptimizerKind


def _arguments(config: Hyperparameters, momentum: float) -> dict[str, object]:
    own = {"momentum": momentum, "nesterov": config.nesterov}
    return {**own, "adjust_lr_fn": "match_rms_adamw"}


MUON = OptimizerKind(
    "Muon",
    rule="sqrt",
    has_momentum=True,
    own_arguments=_arguments,
    is_fused=False,
    momentum_lengthens=False,
    has_betas=True,  # AdamW's, of all but hidden matrices
    decouples_decay=True,
    rule_note="its step is normalised as Adam's is, for which arXiv 2205.10287 has B ∝ lr²",
)

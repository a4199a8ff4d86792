"""The optimizers that a recipe can name, for training and exports: a new one is a file and a line.

What plans, exports and training ask of one is in its file; none of it imports torch.
"""

from bsgrow.schedule.optimizers import adam, adamw, lamb, lars, muon, nadam, sgd
from bsgrow.schedule.optimizers.kind import OptimizerKind
from bsgrow.validation.registry import Registry

OPTIMIZERS: Registry[OptimizerKind] = Registry(
    "optimizer",
    ("sgd", sgd.SGD),
    ("adam", adam.ADAM),
    ("adamw", adamw.ADAMW),
    ("nadam", nadam.NADAM),
    ("lars", lars.LARS),
    ("lamb", lamb.LAMB),
    ("muon", muon.MUON),
)

__all__ = ["OPTIMIZERS", "OptimizerKind"]

"""The sqrt rule: ε/√B is held (Malladi et al., arXiv 2205.10287), for Adam."""

import math

from bsgrow.schedule.rules.rule import Rule

SQRT = Rule(exponent=2, lr_ratio=math.sqrt, scales_adam=True)

"""The linear rule: ε/B is held (arXiv 1711.00489, sections 3 and 4), for SGD."""

from bsgrow.schedule.rules.rule import Rule

LINEAR = Rule(exponent=1, lr_ratio=lambda ratio: ratio)

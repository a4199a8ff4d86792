"""The growth rules that a recipe can name: a new one is a new file and a line here."""

from bsgrow.schedule.rules import linear, sqrt
from bsgrow.schedule.rules.rule import Rule
from bsgrow.validation.registry import Registry

RULES: Registry[Rule] = Registry("growth rule", ("linear", linear.LINEAR), ("sqrt", sqrt.SQRT))

__all__ = ["RULES", "Rule"]

"""Recipes: one training run, read from TOML."""

from bsgrow.recipe.config import (
    AugmentConfig,
    DataConfig,
    ModelConfig,
    OptimizerConfig,
    Recipe,
    RunConfig,
    ScheduleConfig,
)
from bsgrow.recipe.reading import as_toml, load_recipe, recipe_from_table, shipped_recipes

__all__ = [
    "AugmentConfig",
    "DataConfig",
    "ModelConfig",
    "OptimizerConfig",
    "Recipe",
    "RunConfig",
    "ScheduleConfig",
    "as_toml",
    "load_recipe",
    "recipe_from_table",
    "shipped_recipes",
]

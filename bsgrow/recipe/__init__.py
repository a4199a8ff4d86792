"""Recipes: one training run, read from TOML."""

from bsgrow.recipe.arms import ARMS, make_arm
from bsgrow.recipe.begun import as_begun, load_begun
from bsgrow.recipe.config import (
    LossConfig,
    ModelConfig,
    Recipe,
    ScheduleConfig,
)
from bsgrow.recipe.data_config import DataConfig, ImagesConfig
from bsgrow.recipe.given import given_recipe
from bsgrow.recipe.identity import changed_keys, recipe_fingerprint
from bsgrow.recipe.moving import moving_constants
from bsgrow.recipe.optimizer_config import OptimizerConfig
from bsgrow.recipe.planning import (
    OpenedData,
    Planned,
    make_planned,
    plan_recipe,
    resolve,
    with_absolute_paths,
)
from bsgrow.recipe.reading import (
    as_toml,
    changed_recipe,
    load_recipe,
    parse_value,
    recipe_from_table,
    schedule_recipe,
)
from bsgrow.recipe.rule import rule_notes
from bsgrow.recipe.run_config import RunConfig
from bsgrow.recipe.source import shipped_recipes
from bsgrow.recipe.world_sizes import (
    WorldSizeChange,
    next_world_size_change,
    world_size_at,
    world_sizes,
)

__all__ = [
    "ARMS",
    "DataConfig",
    "ImagesConfig",
    "LossConfig",
    "ModelConfig",
    "OpenedData",
    "OptimizerConfig",
    "Planned",
    "Recipe",
    "RunConfig",
    "ScheduleConfig",
    "WorldSizeChange",
    "as_begun",
    "as_toml",
    "changed_keys",
    "changed_recipe",
    "given_recipe",
    "load_begun",
    "load_recipe",
    "make_arm",
    "make_planned",
    "moving_constants",
    "next_world_size_change",
    "parse_value",
    "plan_recipe",
    "recipe_fingerprint",
    "recipe_from_table",
    "resolve",
    "rule_notes",
    "schedule_recipe",
    "shipped_recipes",
    "with_absolute_paths",
    "world_size_at",
    "world_sizes",
]

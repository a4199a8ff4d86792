"""Which keys make a recipe the same run, and which only say how it is carried out."""

import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from bsgrow.recipe.config import Recipe
from bsgrow.recipe.moving import moving_constants
from bsgrow.recipe.origins import ORIGINS

OPERATIONAL_KEYS = frozenset(
    {
        "description",
        "time",
        "data.decoder",
        "data.on_error",
        "data.path",
        "model.gradient_checkpointing",
        "model.weights",
        "run.compile",
        "run.device",
        "run.micro_batch_size",
        "run.num_threads",
        "run.num_workers",
        "run.log_every_seconds",
        "run.loggers",
        "run.max_world_size",
        "run.min_samples_per_device",
        "run.timeout_seconds",
        "run.world_sizes",
        "run.checkpoint_every_seconds",
        "run.keep",
        "run.keep_best",
    }
)
"""Keys that may change between start and resume: they change no sample and no update.

run.micro_batch_size, run.num_threads, run.device and run.compile change the rounding of sums, and
data.decoder that of pixels, so that the weights are the same to the bit only where these are.
data.on_error may change so that a run which a bad file ended can go on without it."""


LATER_KEYS: Mapping[str, Any] = MappingProxyType(
    {
        "augment.brightness": 0.0,
        "augment.contrast": 0.0,
        "augment.cutmix": 0.0,
        "augment.cutout": 0,
        "augment.erase": 0.0,
        "augment.hue": 0.0,
        "augment.mixup": 0.0,
        "augment.rand_augment": 0,
        "augment.rand_augment_magnitude": 9,
        "augment.saturation": 0.0,
        "data.test_fraction": None,
        "growth.rescale": ["batch_norm"],
        "images": None,
        "images.decode": "exact",
        "loss.label_smoothing": 0.0,
        "model.freeze": [],
        "model.weights_digest": None,
        "optimizer.clip_norm": None,
        "optimizer.decay_exempt": [],
        "optimizer.ema_decay": None,
        "optimizer.head_lr_scale": 1.0,
        "run.batch_norm": "ghost",
        "run.precision": "auto",
        "schedule.batch_limit": None,
    }
)
"""Keys that came after the first runs, with the value that those had; a fingerprint leaves them
out at that value, so that it stays what is in a run directory written before they came."""


def recipe_fingerprint(recipe: Recipe) -> str:
    """Return ``sha256:…`` over every key that makes this run what it is."""
    identity = {
        key: value
        for key, value in _identity(recipe).items()
        if key not in LATER_KEYS or value != LATER_KEYS[key]
    }
    text = json.dumps(identity, sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def changed_keys(before: Recipe, after: Recipe) -> dict[str, tuple[Any, Any]]:
    """Return the keys that make these two different runs, with both values."""
    old, new = _identity(before), _identity(after)
    keys = sorted(old.keys() | new.keys())
    return {key: (old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)}


def _identity(recipe: Recipe) -> dict[str, Any]:
    flat = flat_recipe(recipe)
    flat["run.world_size"] = 1  # any number of processes makes the same run
    flat["growth.rescale"] = [*moving_constants(recipe)]
    if recipe.data.spec:
        flat["data.name"] = recipe.data.spec.identity
    return {key: value for key, value in flat.items() if key not in OPERATIONAL_KEYS}


def flat_recipe(recipe: Recipe) -> dict[str, Any]:
    """Return every key of a recipe, such as ``run.seed``, with its value, of what JSON has.

    What it was made from is none of them.
    """
    return _flatten(recipe.model_dump(mode="json", exclude={*ORIGINS}))


def _flatten(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in table.items():
        key = prefix + name
        flat |= _flatten(value, f"{key}.") if isinstance(value, dict) else {key: value}
    return flat

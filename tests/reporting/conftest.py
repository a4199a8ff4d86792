"""Plans of every shape that is drawn."""

import pytest

from bsgrow.recipe import load_recipe
from bsgrow.reporting.named_plan import compile_named
from bsgrow.schedule import Growth, Reference, compile_plan

STEPS = {"name": "MultiStepLR", "milestones": [60, 120, 160], "gamma": 0.2}
COSINE = {"name": "CosineAnnealingLR", "T_max": 200}


def cifar(curve, **growth):
    reference = Reference(200, 0.1, 128, 0.9, curve)
    return compile_plan(reference, Growth(**growth), 50_000)


@pytest.fixture(scope="session")
def step_plan():
    return cifar(STEPS, max_batch_size=5120)


@pytest.fixture(scope="session")
def cosine_plan():
    return cifar(COSINE, max_batch_size=8192)


@pytest.fixture(scope="session")
def continuous_plan():
    """A new batch at every update: thousands of phases."""
    return cifar(COSINE, factor="continuous", max_batch_size=5000)


@pytest.fixture(scope="session")
def huge_plan():
    """10^13 samples."""
    curve = {"name": "MultiStepLR", "milestones": [0.3, 0.6, 0.8], "gamma": 0.2}
    return compile_plan(Reference(1, 0.1, 128, 0.9, curve), Growth(), 10**13)


@pytest.fixture(scope="session")
def token_plan():
    """Warm-up, stable, decay over 10^12 tokens, for Adam."""
    phases = {"warmup": 2 * 10**9, "stable": 798 * 10**9, "decay": 200 * 10**9}
    curve = {"name": "WarmupStableDecay", **phases}
    reference = Reference(1, 3e-4, 256, 0.0, curve, "tokens", 4096)
    return compile_plan(reference, Growth(rule="sqrt", max_batch_size=16_384), 10**12 // 4096)


@pytest.fixture(scope="session")
def named():
    """Compile shipped recipes by name, with overrides."""

    def compiled(*names, settings=()):
        return compile_named([(name, load_recipe(name, settings)) for name in names])

    return compiled

"""A small run with a checkpoint, and what others may make of its files."""

import hashlib
import json

import torch
from torch import nn

from bsgrow.recipe import OptimizerConfig
from bsgrow.schedule import Growth, Reference, compile_plan
from bsgrow.training.checkpoint.checkpoint import (
    Identity,
    Position,
    load_checkpoint,
    save_checkpoint,
)
from bsgrow.training.optimizers import build_optimizer
from bsgrow.training.update import apply

IDENTITY = Identity(seed=7, recipe_fingerprint="sha256:recipe", data_fingerprint="sha256:data")
PLAIN, MOMENTUM = OptimizerConfig(), OptimizerConfig(momentum=0.9)
NESTEROV = OptimizerConfig(momentum=0.9, nesterov=True, weight_decay=5e-4)
ADAM = OptimizerConfig(name="adam")


def plan_of(num_updates=20, global_batch_size=8, momentum=0.8):
    """Updates of so many samples each, two of them an epoch."""
    reference = Reference(num_updates / 2, 0.05, global_batch_size, momentum)
    return compile_plan(reference, Growth(mode="decay"), 2 * global_batch_size)


PLAN = plan_of()


def position(update_index=3):
    extra = {"loss_sum": 0.25, "num_correct": 0.0, "num_samples": min(8, 8 * update_index)}
    return Position(update_index, 8 * update_index, elapsed_seconds=1.5, extra=extra)


class SmallRun:
    """A model of a handful of numbers and its optimizer, and a plan."""

    def __init__(self, config=MOMENTUM, plan=PLAN, seed=0):
        torch.manual_seed(seed)
        self.plan = plan
        self.model = nn.Sequential(nn.Conv2d(1, 2, 2, bias=False), nn.BatchNorm2d(2))
        self.optimizer = build_optimizer(config, self.model.parameters(), lr=0.1)
        self.num_updates = 0

    def advance(self, num_updates):
        """Make updates with made-up gradients."""
        for _ in range(num_updates):
            for parameter in self.model.parameters():
                parameter.grad = torch.full_like(parameter, 0.1 * (self.num_updates + 1))
            self.model(torch.ones(2, 1, 3, 3))
            apply(self.optimizer, self.plan.update(self.num_updates))
            self.num_updates += 1
        return self

    def save(self, folder):
        at = position(self.num_updates)
        return save_checkpoint(folder, IDENTITY, at, self.model, self.optimizer)

    def load(self, path):
        self.num_updates = load_checkpoint(
            path, IDENTITY, self.plan, self.model, self.optimizer
        ).update_index
        return self

    def state(self):
        """Everything that a checkpoint may change, as numbers."""
        return _numbers([self.model.state_dict(), self.optimizer.state_dict()])


def _numbers(tree):
    if isinstance(tree, torch.Tensor):
        return tree.tolist()
    if isinstance(tree, dict):
        return {key: _numbers(value) for key, value in tree.items()}
    return [_numbers(each) for each in tree] if isinstance(tree, list) else tree


def write_state(path, state):
    """Write a checkpoint as others may, with a manifest that fits."""
    torch.save(state, path)
    write_manifest(path)


def read_state(path):
    return torch.load(path, weights_only=True)


def write_manifest(path, **other):
    content = path.read_bytes()
    manifest = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    path.with_suffix(".json").write_text(json.dumps(manifest | other))


def places(tree, kinds, at=()):
    """Yield the keys that lead to each value of some kinds in nested dicts and lists."""
    if type(tree) in kinds:
        yield at
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from places(value, kinds, (*at, key))


def follow(tree, at):
    for key in at:
        tree = tree[key]
    return tree

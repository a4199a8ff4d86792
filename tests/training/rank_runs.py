"""What a rank does that is a process of its own, for tests that compare numbers of ranks."""

import zlib
from functools import partial

import torch
from torch.nn.functional import silu

from bsgrow.loading import UpdateBatches
from bsgrow.loading.loader import Faultless
from bsgrow.models import wide_resnet
from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.training.decisions import Decisions
from bsgrow.training.digest import weights_sha256
from bsgrow.training.gradient_sum import GradientSum
from bsgrow.training.group.torch_process_group import joined_group
from bsgrow.training.job import prepare
from bsgrow.training.observers import evaluate_on_test
from bsgrow.training.state import State
from bsgrow.training.updates import add_gradient, updates_made

CPU = torch.device("cpu")


class Noting(Faultless):
    """A loader that notes which samples it hands out, as they are seen.

    Attributes:
        seen: of each update, the position of each sample and a digest of its pixels and label.
    """

    may_fail_midway = False

    def __init__(self, loader, dtype=torch.float32):
        self._loader, self._dtype, self.seen = loader, dtype, {}
        self.evaluation = loader.evaluation

    def updates(self, updates):
        for update, micro_batches in self._loader.updates(updates):
            note = partial(self._note, self.seen.setdefault(update.index, []))
            yield UpdateBatches(update, map(note, micro_batches))

    def _note(self, seen, batch):
        for offset, (image, label) in enumerate(zip(batch.images, batch.labels, strict=True)):
            digest = zlib.crc32(image.contiguous().numpy().tobytes(), int(label))
            seen.append((batch.start + offset, digest))
        return batch._replace(images=batch.images.to(self._dtype))


def begun(settings, micro_batch_size, group):
    """A job and its first state, as ``carry_out`` has them."""
    recipe = load_recipe("digits", [*settings, f"run.micro_batch_size={micro_batch_size}"])
    group.open(CPU, 300.0)
    job = prepare(recipe, plan_recipe(recipe), group=group)
    state = State.initial(job)
    state.model.train()
    return job, state


def trained(settings, micro_batch_sizes):
    """Train once for each size of micro-batch, a network without kinks."""
    wide_resnet.relu = silu
    with joined_group() as group:
        return [_trained(settings, size, _opened_once(group)) for size in micro_batch_sizes]


def _opened_once(group):
    """Let the group be opened by the first run alone."""
    if torch.distributed.is_initialized():
        group.open = lambda device, seconds: None
    return group


def _trained(settings, micro_batch_size, group):
    job, state = begun(settings, micro_batch_size, group)
    job.loader = Noting(job.loader)
    losses, apply = [], state.apply

    def noting(update):
        losses.append(float(state.sums.totals.sums[0]) / update.global_batch_size)
        apply(update)

    state.apply = noting
    for _ in updates_made(job, state):
        pass
    test = evaluate_on_test(job, state, Decisions(group))
    return {
        "losses": losses,
        "seen": job.loader.seen,
        "sha256": weights_sha256(state.model),
        "weights": {name: x.numpy() for name, x in state.model.state_dict().items()},
        "test": tuple(test),
    }


def gradients(settings, micro_batch_sizes, indices):
    """The gradients of some updates at the first weights, in float64."""
    with joined_group() as group:
        return [
            _gradients(settings, size, indices, _opened_once(group)) for size in micro_batch_sizes
        ]


def _gradients(settings, micro_batch_size, indices, group):
    job, state = begun(settings, micro_batch_size, group)
    state.model.double()
    state.gradient_sum = GradientSum(state.model.parameters(), group)
    job.loader = Noting(job.loader, torch.float64)
    found = []
    for each in job.loader.updates([job.plan.update(index) for index in indices]):
        add_gradient(job, state, *each)
        found.append([parameter.grad.numpy().copy() for parameter in state.model.parameters()])
        state.drop_update()
    return found

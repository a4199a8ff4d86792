"""The step compiled: a graph for each common size of micro-batch, all made before the first update.

A plan has few sizes: the full micro-batch, and what is left over of an update. Those in which it
spends its samples are compiled; the others run as they are, so that a change of batch size never
compiles anything, and there are at most ``MAX_GRAPHS`` graphs.

torch's own CUDA graphs (``mode="reduce-overhead"``) are not used: they keep gradients in memory
that the next replay writes over, where an update of several micro-batches still needs them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from bsgrow.errors import InputError
from bsgrow.loading.map_loader import layout_of
from bsgrow.schedule import Plan
from bsgrow.stream import Share
from bsgrow.training.job import Job
from bsgrow.training.step import Forward, Totals, accumulate, summed_loss

MAX_GRAPHS = 8
"""Graphs of a run; each takes up to a minute to make."""

_ENOUGH = 0.99  # of the samples of a plan: what is rarer is not worth its compilation
_BACKEND = "inductor"
_MAX_GRAPHS_OF_PROCESS = 1024  # of all runs in it; dynamo's default is fewer than a few of them


def count_micro_batches(plan: Plan, share: Share, micro_batch_size: int) -> Counter[int]:
    """Return how many micro-batches of each size a rank has of a plan.

    There is the full one, and one short size for each global batch that it does not divide: at
    most two sizes for each phase, and one for the last update of the run where it is cut. Takes
    the time of the phases, not of their updates.
    """
    counts: Counter[int] = Counter()
    for phase in plan.phases:
        size = phase.global_batch_size
        num_whole, cut = divmod(phase.stop_sample - phase.start_sample, size)
        for update_size, num_updates in ((size, num_whole), (cut, 1)):
            first, last = share.run(0, update_size)
            num_full, short = divmod(last - first, micro_batch_size)
            counts[micro_batch_size] += num_full * num_updates
            counts[short] += num_updates
    return Counter({size: num for size, num in counts.items() if size and num})


def sizes_to_compile(counts: Mapping[int, int]) -> tuple[int, ...]:
    """Return the sizes of micro-batch that are worth a graph, those with most samples first.

    They are as few as have 99 % of the samples, and at most ``MAX_GRAPHS``.

    Args:
        counts: number of micro-batches of each size, as ``count_micro_batches`` has them.
    """
    samples = {size: size * count for size, count in counts.items()}
    chosen: list[int] = []
    missing = sum(samples.values()) * _ENOUGH
    for size in sorted(samples, key=lambda size: (-samples[size], size))[:MAX_GRAPHS]:
        if missing <= 0:
            break
        chosen.append(size)
        missing -= samples[size]
    return tuple(chosen)


def compiled_forward(job: Job, model: nn.Module, sizes: Iterable[int]) -> Forward:
    """Return ``summed_loss``, compiled for micro-batches of these sizes and no others.

    Each graph is made and run once, forward and backward, on blank images laid out as the
    loader's. Weights, running statistics and random state stay what they are; the model is left
    in training mode, without gradients.

    Args:
        job: gives device, precision and shape of the images.
        model: as trained.
        sizes: of micro-batches.

    Raises:
        InputError: what compiling needs is not there.
    """
    forward = _SomeSizesCompiled(sizes)
    with left_as_it_was(model, job.device), _explaining(job), _room_for_graphs():
        for size in sorted(forward.sizes, reverse=True):
            pass_blanks(job, model, size, forward)
    return forward


def pass_blanks(job: Job, model: nn.Module, size: int, forward: Forward = summed_loss) -> None:
    """Pass a micro-batch of blank inputs, laid out as the loader's, forward and backward.

    Args:
        job: gives device, precision and shape of the images.
        model: in training mode.
        size: of the micro-batch.
        forward: computes loss and logits.
    """
    accumulate(
        model,
        *_blank_micro_batch(job, size),
        update_size=size,
        totals=Totals(job.device),
        autocast_dtype=job.precision.autocast_dtype,
        label_smoothing=job.recipe.loss.label_smoothing,
        forward=forward,
    )


class _SomeSizesCompiled:
    """Computes ``summed_loss`` by a graph where there is one for the size of the micro-batch."""

    def __init__(self, sizes: Iterable[int]) -> None:
        self.sizes = frozenset(sizes)
        self._compiled = torch.compile(summed_loss, fullgraph=True, dynamic=False, backend=_BACKEND)

    def __call__(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor,
        autocast_dtype: torch.dtype | None,
        label_smoothing: float,
    ) -> tuple[Tensor, Tensor]:
        forward = self._compiled if len(labels) in self.sizes else summed_loss
        return forward(model, images, labels, autocast_dtype, label_smoothing)


def _blank_micro_batch(job: Job, size: int) -> tuple[Tensor, Tensor]:
    form, floating = job.form, job.precision.autocast_dtype or torch.float32
    images = torch.empty(
        (size, *form.shape),
        dtype=torch.int64 if form.is_integer else floating,
        device=job.device,
        memory_format=layout_of(form, job.precision.memory_format),
    )
    if job.recipe.augment.mixes:
        labels = torch.zeros(size, job.dataset.num_classes, device=job.device)
    else:
        labels = torch.zeros(size, *form.label_shape, dtype=torch.int64, device=job.device)
    return images.zero_(), labels


@contextmanager
def left_as_it_was(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Begin training mode; put buffers and random state back in the end, and drop the gradients."""
    model.train()
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        yield
    for buffer, before in buffers:
        buffer.copy_(before)
    model.zero_grad(set_to_none=True)


@contextmanager
def _room_for_graphs() -> Iterator[None]:
    from torch._dynamo import config  # takes seconds, which a run that compiles nothing is spared

    limits = ("recompile_limit", "accumulated_recompile_limit")
    with config.patch(dict.fromkeys(limits, _MAX_GRAPHS_OF_PROCESS)):
        yield


@contextmanager
def _explaining(job: Job) -> Iterator[None]:
    from torch._dynamo.exc import TorchDynamoException  # as above

    try:
        yield
    except TorchDynamoException as error:
        reason = str(getattr(error, "inner_exception", error)).strip().partition("\n")[0]
        asked = '"auto"' if job.recipe.run.compile == "auto" else "true"
        raise InputError(
            f"run.compile = {asked}: the step cannot be compiled for {job.device}: {reason}",
            hint="install a C++ compiler, and on CUDA Triton, or set run.compile = false",
        ) from error

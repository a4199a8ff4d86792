"""What a run says at its start, and what it ended with."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from bsgrow.models.ghost_batch_norm import GhostBatchNorm
from bsgrow.models.head import head_of
from bsgrow.training.decisions import Decisions
from bsgrow.training.digest import weights_sha256
from bsgrow.training.divergence import require_finite_loss, require_finite_weights
from bsgrow.training.events.events import Event, RunFinished, RunStarted
from bsgrow.training.events.measured import MicroBatchFound
from bsgrow.training.events.parameters import ParametersGrouped
from bsgrow.training.job import Job
from bsgrow.training.micro_batch_size import described
from bsgrow.training.observers import evaluate_on_test
from bsgrow.training.parameter_groups import ParameterGroup, parameter_groups
from bsgrow.training.state import State


def run_started(job: Job, state: State) -> RunStarted:
    """Return the event of a run that begins, or goes on."""
    plan = job.plan
    return RunStarted(
        recipe=job.recipe.description,
        num_samples=plan.num_samples,
        epochs=plan.epochs,
        num_updates=plan.num_updates,
        baseline_num_updates=plan.baseline_num_updates,
        device=str(job.device),
        micro_batch_size=job.micro_batch_size,
        num_parameters=sum(parameter.numel() for parameter in state.model.parameters()),
        seed=job.recipe.run.seed,
        first_update=state.num_updates,
        world_size=job.group.world_size,
    )


def micro_batch_found(job: Job, state: State) -> list[Event]:
    """Return the event of a size of micro-batch that was measured; none where none was."""
    if not job.trials:
        return []
    return [MicroBatchFound(state.num_updates, job.micro_batch_size, described(job.trials))]


def parameters_grouped(job: Job, state: State) -> list[Event]:
    """Return the event of a model that is not trained all alike; none where it is."""
    config, model = job.recipe.optimizer, state.model
    is_asked = job.recipe.model.freeze or config.decay_exempt or config.head_lr_scale != 1.0
    if not is_asked and config.name != "muon":
        return []
    scaled = config.head_lr_scale != 1.0
    sizes = {name: each.numel() for name, each in model.named_parameters() if each.requires_grad}
    groups = parameter_groups(model, config, job.dataset.num_classes)
    head = head_of(model, job.dataset.num_classes) if scaled else None
    norms = [each for each in model.modules() if isinstance(each, GhostBatchNorm)]
    return [
        ParametersGrouped(
            num_updates=state.num_updates,
            num_frozen=sum(each.numel() for each in model.parameters()) - sum(sizes.values()),
            num_frozen_norms=sum(norm.is_frozen for norm in norms),
            num_without_decay=_num_in(sizes, (each for each in groups if not each.decays)),
            num_hidden=_num_in(sizes, (each for each in groups if each.is_hidden)),
            head=head.name if head else "",
            head_lr_scale=config.head_lr_scale,
        )
    ]


def _num_in(sizes: Mapping[str, int], groups: Iterable[ParameterGroup]) -> int:
    return sum(sizes[name] for group in groups for name in group.names)


def run_finished(job: Job, state: State, out: Path, decisions: Decisions) -> RunFinished:
    """Return the summary of a run of which all updates are made; evaluates where that is to do.

    Raises:
        DivergedRunError: a weight or the loss is not finite.
        SampleError: a held-out sample cannot be used.
    """
    test = state.tested or evaluate_on_test(job, state, decisions)
    require_finite_loss(test.loss, "test loss", state.num_updates)
    require_finite_weights(state.model, state.num_updates)
    seconds = state.stopwatch.elapsed
    return RunFinished(
        test_accuracy=test.accuracy,
        test_loss=test.loss,
        num_updates=state.num_updates,
        baseline_num_updates=job.plan.baseline_num_updates,
        consumed_samples=state.cursor,
        wall_seconds=seconds,
        samples_per_second=state.cursor / seconds,
        weights_sha256=weights_sha256(state.model),
        out=str(out),
        num_skipped=state.num_skipped,
        num_test_skipped=state.num_test_skipped,
        num_checkpoints_failed=state.num_checkpoints_failed,
        consumed_tokens=job.tokens_of(state.cursor),
        num_overflows=state.loss_scale.num_overflows,
    )

"""What a run says at its start, and what it ended with."""

from pathlib import Path

from bsgrow.training.decisions import Decisions
from bsgrow.training.digest import weights_sha256
from bsgrow.training.divergence import require_finite_loss, require_finite_weights
from bsgrow.training.events.events import RunFinished, RunStarted
from bsgrow.training.job import Job
from bsgrow.training.observers import evaluate_on_test
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
    )

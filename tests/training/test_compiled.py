"""The compiled step: few graphs, made before the first update, and the eager results."""

import shutil
from contextlib import closing
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from bsgrow.errors import InputError
from bsgrow.models import GhostBatchNorm2d, ModelSpec, registry
from bsgrow.models.recomputing import Block
from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.stream import Share
from bsgrow.training import RunDirectory, carry_out, compiled
from bsgrow.training.checkpoint.checkpoint import save_checkpoint
from bsgrow.training.compiled import MAX_GRAPHS, count_micro_batches, sizes_to_compile
from bsgrow.training.decisions import Decisions
from bsgrow.training.device import Precision
from bsgrow.training.job import prepare
from bsgrow.training.loaders import loader_of
from bsgrow.training.loop import updates_made
from bsgrow.training.observers import evaluate_on_test
from bsgrow.training.state import State
from bsgrow.validation.registry import Registry
from tests.training.test_training_keys import require_same

# 24, 48 and 96 samples an update, in micro-batches of 64, 48, 32 and 24; the last update is cut.
GROWING = [
    "schedule.epochs=0.5",
    "schedule.global_batch_size=24",
    "schedule.curve={name='MultiStepLR', milestones=[0.15, 0.3], gamma=0.5}",
    "run.ghost_batch_size=8",
    "run.micro_batch_size=64",
    "run.device=cpu",
    "model={name='small'}",
]


class Activated(Block):
    """A norm and ReLU."""

    def __init__(self, channels, ghost_batch_size):
        super().__init__()
        self.norm = GhostBatchNorm2d(channels, ghost_batch_size)

    def compute(self, x):
        return self.norm(x).relu()


def small_network(*, in_channels, num_classes, ghost_batch_size):
    block = Activated(in_channels, ghost_batch_size)
    return nn.Sequential(block, nn.Flatten(), nn.Linear(64, num_classes))


@pytest.fixture(autouse=True)
def _small_network(monkeypatch):
    small = ModelSpec(lambda: None, lambda: small_network)
    models = Registry("model", *registry.MODELS.items(), ("small", small))
    monkeypatch.setattr(registry, "MODELS", models)


@pytest.fixture
def traced(monkeypatch):
    """Compile in all but the last step, which needs a compiler and its time."""
    monkeypatch.setattr(compiled, "_BACKEND", "aot_eager")


def growing_job(*overrides):
    recipe = load_recipe("digits", [*GROWING, *overrides])
    return prepare(recipe, plan_recipe(recipe))


def sizes_of(job):
    return sizes_to_compile(count_micro_batches(job.plan, Share(), job.recipe.micro_batch_size))


def train(job, sizes=None):
    """Return the job's state after its plan, none of which may compile anything."""
    state = State.initial(job)
    state.warm_up(job, sizes or sizes_of(job))
    state.model.train()
    with torch.compiler.set_stance("fail_on_recompile"):
        assert sum(1 for _ in updates_made(job, state)) == job.plan.num_updates
    return state


def assert_close(actual, expected):
    for (name, ours), theirs in zip(
        actual.model.state_dict().items(), expected.model.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=2e-3, atol=2e-4, msg=name)
    assert actual.totals.mean() == pytest.approx(expected.totals.mean(), rel=1e-3)


@given(st.dictionaries(st.integers(1, 300), st.integers(1, 10_000), min_size=1, max_size=30))
def test_few_sizes_have_nearly_all_samples(counts):
    sizes = sizes_to_compile(counts)
    samples = {size: size * count for size, count in counts.items()}
    assert 1 <= len(sizes) <= MAX_GRAPHS
    assert len(sizes) == MAX_GRAPHS or sum(samples[s] for s in sizes) >= 0.99 * sum(
        samples.values()
    )
    rare = samples.keys() - set(sizes)
    assert all(samples[size] <= min(samples[s] for s in sizes) for size in rare)


def test_what_is_rare_is_not_compiled():
    assert sizes_to_compile({256: 1000, 128: 100, 80: 1}) == (256, 128)
    assert sizes_to_compile({256: 1}) == (256,)


def test_a_growing_batch_compiles_nothing_after_warm_up(traced):
    job = growing_job("run.compile=true")
    assert set(sizes_of(job)) == {64, 48, 32, 24}, "and not 14, of the last update"
    state = train(job)
    assert_close(state, train(growing_job()))
    again = train(growing_job("run.compile=true", "model.gradient_checkpointing=true"))
    require_same(again.model.state_dict(), state.model.state_dict(), rtol=0, atol=0)


def train_with_stops(job, folder):
    """Evaluate after every update; halfway, go on from a checkpoint in a state warmed up anew.

    As a run and its continuation do; then once more in the state that is there.
    """
    state = State.initial(job)
    state.warm_up(job, sizes_of(job))
    halfway = job.plan.num_updates // 2
    with torch.compiler.set_stance("fail_on_recompile"):
        path = saved(evaluated_until(halfway, job, state), folder, job)
    again = State.initial(job)
    again.warm_up(job, sizes_of(job))
    with torch.compiler.set_stance("fail_on_recompile"):
        again.restore(path, job)
        evaluated_until(halfway + 2, job, again)
        again.restore(path, job)
        return evaluated_until(job.plan.num_updates, job, again)


def saved(state, folder, job):
    return save_checkpoint(folder, job.identity, state.position(), state.model, state.optimizer)


def evaluated_until(num_updates, job, state):
    """Train to an update, as the loop does with its observers."""
    state.model.train()
    with closing(updates_made(job, state)) as updates:
        for update, _ in updates:
            evaluate_on_test(job, state, Decisions())
            if update.index + 1 == num_updates:
                return state
    raise AssertionError("the plan ended first")


def with_layout(job, memory_format):
    """The job as its device would have it laid out."""
    precision = Precision(None, memory_format)
    return replace(
        job,
        precision=precision,
        loader=loader_of(job.recipe, job.dataset, job.device, precision),
    )


CONVOLUTIONS = "model={name='wide_resnet', depth=10, width=1}"
SMALL = ["model={name='small'}"]
GROWN_ONCE = [CONVOLUTIONS, "growth.max_batch_size=48"]  # compiling takes long: 48 and 24 are cut


@pytest.mark.parametrize(
    ("settings", "memory_format"),
    [
        (SMALL, torch.contiguous_format),
        (GROWN_ONCE, torch.contiguous_format),
        (GROWN_ONCE, torch.channels_last),
    ],
    ids=["small", "contiguous", "channels_last"],
)
def test_evaluation_and_a_checkpoint_in_the_middle_compile_nothing(
    traced, tmp_path, settings, memory_format
):
    job = with_layout(growing_job(*settings, "run.compile=true"), memory_format)
    assert len(sizes_of(job)) > 1
    eager = with_layout(growing_job(*settings), memory_format)
    assert_close(train_with_stops(job, tmp_path), train(eager))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_evaluation_and_a_checkpoint_in_the_middle_compile_nothing_on_cuda(tmp_path):
    """As training has it there: Inductor, bfloat16 and channels_last."""
    job = growing_job(*GROWN_ONCE, "run.device=cuda")
    assert job.compiles
    state = train_with_stops(job, tmp_path)
    assert state.num_updates == job.plan.num_updates
    assert all(torch.isfinite(each).all() for each in state.model.parameters())


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", ["float32", "tf32", "float16"])
def test_growing_compiles_nothing_in_other_precisions_on_cuda(precision):
    job = growing_job("growth.max_batch_size=48", "run.device=cuda", f"run.precision={precision}")
    assert all(torch.isfinite(each).all() for each in train(job).model.parameters())


def test_a_size_that_was_not_warmed_up_would_be_noticed(traced):
    job = growing_job("run.compile=true")
    state = State.initial(job)
    state.warm_up(job, [64])
    state.forward.sizes = frozenset([64, 23])
    blank = torch.zeros(23, 1, 8, 8), torch.zeros(23, dtype=torch.int64)
    with (
        torch.compiler.set_stance("fail_on_recompile"),
        pytest.raises(RuntimeError, match="recompile"),
    ):
        state.forward(state.model, *blank, None, 0.0)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_warming_up_leaves_no_trace(traced, memory_format):
    job = growing_job("run.compile=true", "model={name='wide_resnet', depth=10, width=1}")
    object.__setattr__(job, "precision", Precision(torch.bfloat16, memory_format))
    state, untouched = State.initial(job), State.initial(job)
    random_state = torch.get_rng_state()
    state.warm_up(job, [16])
    assert torch.equal(torch.get_rng_state(), random_state)
    for (name, value), other in zip(
        state.model.state_dict().items(), untouched.model.state_dict().values(), strict=True
    ):
        assert torch.equal(value, other), name
    assert all(parameter.grad is None for parameter in state.model.parameters())
    assert state.totals.num_samples == 0


def test_the_cpu_compiles_only_when_asked(traced):
    state = State.initial(job := growing_job())
    eager = state.forward
    state.warm_up(job, [24])
    assert not job.compiles
    assert state.forward is eager


def test_a_compiled_run_is_resumed_eagerly(traced, tmp_path):
    """How a run computes may change between start and resume, as its device may."""
    stops = iter([False] * 5 + [True])

    def run(*overrides, **options):
        recipe = load_recipe("digits", [*GROWING, *overrides])
        return carry_out(
            recipe, RunDirectory(tmp_path / "run"), on_event=lambda event: None, **options
        )

    with pytest.raises(Exception, match="stopped after update 6"):
        run("run.compile=true", resume=False, should_stop=lambda: next(stops))
    finished = run("run.compile=false", resume=True, should_stop=lambda: False)
    assert finished.consumed_samples == growing_job().plan.num_total_samples


@pytest.fixture
def inductor(monkeypatch, tmp_path):
    """torch's compiler on a small network, in this process and with nothing kept from before."""
    from torch._inductor import config

    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "inductor"))
    torch._dynamo.reset()
    quick = {"compile_threads": 1, "cpp.simdlen": 1, "cpp_cache_precompile_headers": False}
    with config.patch(quick):
        yield config


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler; g++ was not found")
def test_compiled_updates_are_eager_ones_to_rounding(inductor):
    cut = "run.micro_batch_size=24"
    job = growing_job(cut, "run.compile=true")
    assert sizes_of(job) == (24, 23), "a short ghost batch, of 7, in one of them"
    assert_close(train(job, sizes=[24]), train(growing_job(cut)))


def test_without_a_compiler(inductor, tmp_path):
    overrides = [*GROWING, "run.compile=true"]
    with (
        inductor.patch({"cpp.cxx": (None, "no-such-compiler")}),
        pytest.raises(
            InputError, match=r"run\.compile = true: .* No working C\+\+ compiler"
        ) as error,
    ):
        carry_out(
            load_recipe("digits", overrides),
            RunDirectory(tmp_path / "run"),
            resume=False,
            on_event=lambda event: None,
            should_stop=lambda: False,
        )
    assert "run.compile = false" in error.value.hint
    assert not (tmp_path / "run").exists()

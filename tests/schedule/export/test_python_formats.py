"""OLMo-core, NeMo, DeepSpeed and Lightning: the exported Python, run as each is documented to."""

import math
from types import SimpleNamespace

import pytest

from bsgrow.errors import InputError
from bsgrow.schedule.export import Target, export_plan

TARGET = Target(sequence_length=128, micro_batch_size=4, world_size=2)


def cosine(total, warmup=0):
    def lr(sample, size):
        if sample < warmup:
            return 0.1 * sample / warmup
        return size / 16 * 0.05 * (1 + math.cos(math.pi * sample / total))

    return lr


def olmo_core_names():
    def record(**fields):
        return SimpleNamespace(**fields)

    return {
        "BatchSizeSchedulerCallback": record,
        "ComposableScheduler": record,
        "ComposableSchedulerStage": record,
        "Duration": SimpleNamespace(tokens=int),
        "SchedulerUnits": SimpleNamespace(tokens="tokens"),
    }


def run_olmo_core(names, total, tokens):
    """(start, batch size, lr): the batch before loading, lr on the tokens seen with the batch."""
    callback, seen, size, processed = names["batch_size_scheduler"], 0, 0, 0
    size = names["global_batch_size"]
    while seen < names["max_duration"]:
        wanted = [
            batch
            for batch, start in zip(callback.batch_sizes, callback.schedule, strict=True)
            if start <= seen
        ][-1]
        if wanted > size and processed % (wanted // size) == 0:
            processed, size = processed // (wanted // size), wanted
        elif wanted < size:
            processed, size = processed * (size // wanted), wanted
        start, seen, processed = seen, seen + size, processed + 1
        yield start // tokens, size // tokens, olmo_core_lr(names["scheduler"].stages, seen)


def olmo_core_lr(stages, seen):
    start = 0
    for stage in stages:
        if seen < start + stage.duration:
            share = (seen - start) / stage.duration
            return stage.start_lr + (stage.end_lr - stage.start_lr) * share
        start += stage.duration
    return stages[-1].end_lr


@pytest.mark.parametrize("warmup", [0, 320])
def test_olmo_core_runs_what_the_plan_says(make_plan, whole_updates, run_python, warmup):
    plan = make_plan([(16, 200), (32, 60), (64, 30), (16, 30)], cosine(7520, warmup), cut=3)
    names = run_python(export_plan(plan, "olmo-core", TARGET), **olmo_core_names())
    ran, planned = list(run_olmo_core(names, 7520, 128)), whole_updates(plan)
    assert [row[:2] for row in ran] == [row[:2] for row in planned]
    rates = [row[2] for row in planned]
    # Within a piece the tolerance is of its highest rate; the cut update is run at the one before.
    assert [row[2] for row in ran][:-1] == pytest.approx(rates[:-1], rel=1e-2, abs=1e-4 * 0.2)


def test_olmo_core_says_that_it_waits(make_plan):
    plan = make_plan([(16, 3), (64, 4)], 0.1)
    said = "grows to 64 not at sample 48 but 1 updates later, .* noise scale is 4 times the plan's"
    with pytest.raises(InputError, match=said) as error:
        export_plan(plan, "olmo-core", TARGET)
    assert error.value.hint.startswith("take deepspeed, which changes the batch at once; or pass")
    text = export_plan(plan, "olmo-core", Target(sequence_length=128, approximate=True))
    assert "# OLMo-core grows to 64 not at sample 48" in text


def test_olmo_core_refuses(make_plan):
    with pytest.raises(InputError, match="16 to 24 at sample 48 is none"):
        export_plan(make_plan([(16, 3), (24, 2)], 0.1), "olmo-core", TARGET)
    with pytest.raises(InputError, match="no SGD with momentum"):
        export_plan(make_plan([(16, 3)], 0.1, momentum=0.5), "olmo-core", TARGET)


def run_nemo(names, total):
    """(start, batch size): the first batch, and one increment more at equal distances."""
    sampler, sample = names["data_sampler"], 0
    first, increment, samples = sampler.rampup_batch_size
    distance = samples / ((sampler.global_batch_size - first) // increment)
    while sample < total:
        size = sampler.global_batch_size
        if sample <= samples:
            size = first + int(sample / distance) * increment
        yield sample, size
        sample += size


def nemo_names():
    scheduler = SimpleNamespace(
        WarmupPolicyScheduler=lambda **fields: ("constant", fields),
        CosineAnnealingScheduler=lambda **fields: ("cosine", fields),
        WarmupHoldAnnealScheduler=lambda **fields: ("linear", fields),
    )
    return {"MegatronDataSampler": lambda **f: SimpleNamespace(**f), "lr_scheduler": scheduler}


def nemo_lr(step, kind, fields, peak):
    total = fields["max_steps"]
    warmup = fields.get("warmup_steps", int(fields.get("warmup_ratio", 0) * total))
    hold = int(fields.get("hold_ratio", 0) * total) + warmup
    if step <= warmup and warmup:
        return peak * (step + 1) / (warmup + 1)
    if kind == "constant" or step < hold:
        return peak
    share = (step - hold) / (total - hold)
    left = 1 - share if kind == "linear" else (1 + math.cos(math.pi * share)) / 2
    return fields["min_lr"] + left * (peak - fields["min_lr"])


@pytest.mark.parametrize("kind", ["constant", "linear", "cosine", "hold"])
@pytest.mark.parametrize("warmup", [0, 19])
def test_nemo_runs_what_the_plan_says(make_plan, whole_updates, run_python, kind, warmup):
    def lr(sample, size):
        step = plan_steps.index(sample)
        if step < warmup:
            return 0.1 * (step + 1) / (warmup + 1)
        share = (step - warmup) / (105 - warmup)
        return {
            "constant": 0.1,
            "linear": 0.1 - 0.09 * share,
            "cosine": 0.01 + 0.09 * (1 + math.cos(math.pi * share)) / 2,
            "hold": 0.1 * min(1.0, (105 - step) / 30),
        }[kind]

    stretches = [(16, 60), (32, 30), (48, 15)]
    plan_steps = [row[0] for row in whole_updates(make_plan(stretches, 0.1))]
    plan = make_plan(stretches, lr)
    names = run_python(export_plan(plan, "nemo", TARGET), **nemo_names())
    planned = whole_updates(plan)
    assert list(run_nemo(names, plan.num_total_samples)) == [row[:2] for row in planned]
    style, fields = names["scheduler"]
    ran = [nemo_lr(step, style, fields, names["learning_rate"]) for step in range(105)]
    assert ran == pytest.approx([row[2] for row in planned], rel=1e-6)


def test_nemo_refuses(make_plan):
    doubled = make_plan([(16, 60), (32, 30), (64, 15)], 0.1)
    with pytest.raises(InputError, match="64 from sample 1920 is not on the ramp"):
        export_plan(doubled, "nemo", TARGET)
    with pytest.raises(InputError, match="not on the ramp"):
        export_plan(make_plan([(32, 4), (16, 4)], 0.1), "nemo", TARGET)
    with pytest.raises(InputError, match="needs the micro-batch size"):
        export_plan(make_plan([(32, 4)], 0.1), "nemo", Target(sequence_length=128))


def test_nemo_without_change(make_plan, run_python):
    names = run_python(export_plan(make_plan([(32, 4)], 0.1), "nemo", TARGET), **nemo_names())
    assert names["data_sampler"].rampup_batch_size is None


class Engine:
    """What the exported function may use of DeepSpeed's engine."""

    def __init__(self, size):
        self.global_steps, self.size = 0, size

    def train_batch_size(self):
        return self.size

    def set_train_batch_size(self, size):
        assert size % 8 == 0
        self.size = size


@pytest.mark.parametrize("warmup", [0, 320])
def test_deepspeed_runs_what_the_plan_says(make_plan, whole_updates, run_python, warmup):
    plan = make_plan([(16, 200), (40, 60), (24, 30)], cosine(6320, warmup))
    names = run_python(
        export_plan(plan, "deepspeed", TARGET), LambdaLR=lambda optimizer, factor: factor
    )
    engine, factor, ran = Engine(16), names["lr_scheduler"](None), []
    while engine.global_steps < names["NUM_UPDATES"]:
        names["set_batch_size"](engine)
        ran.append((engine.size, factor(engine.global_steps) * names["PEAK_LR"]))
        engine.global_steps += 1
    planned = whole_updates(plan)
    assert [size for size, _ in ran] == [size for _, size, _ in planned]
    rates = [lr for _, _, lr in planned]
    assert [lr for _, lr in ran] == pytest.approx(rates, rel=1e-2, abs=1e-4 * 0.2)
    assert names["DS_CONFIG"]["gradient_accumulation_steps"] == 2


def test_deepspeed_needs_a_micro_batch(make_plan):
    with pytest.raises(InputError, match="needs the micro-batch size"):
        export_plan(make_plan([(16, 3)], 0.1), "deepspeed")


def lightning_names():
    return {
        "GradientAccumulationScheduler": lambda scheduling: scheduling,
        "LambdaLR": lambda optimizer, factor: factor,
    }


def test_lightning_runs_what_the_plan_says(make_plan, whole_updates, run_python):
    def lr(sample, size):
        return 0.1 if sample < 960 else 0.05

    plan = make_plan([(16, 40), (32, 20), (64, 5)], lr, num_samples=320)
    names = run_python(export_plan(plan, "lightning", TARGET), **lightning_names())
    factor, ran, scheduling = names["lr_scheduler"](None), [], names["accumulation"]
    for epoch in range(names["max_epochs"]):
        accumulated = [scheduling[first] for first in sorted(scheduling) if first <= epoch][-1]
        size = accumulated * names["batch_size"] * TARGET.world_size
        rate = factor(epoch) * names["PEAK_LR"]
        ran += [(epoch * 320 + start, size, rate) for start in range(0, 320, size)]
    assert ran == whole_updates(plan)


def test_lightning_takes_the_first_update_of_an_epoch(make_plan, run_python):
    """A change that waited for the update across the end of an epoch is one at that end."""
    plan = make_plan([(16, 7), (32, 4)], 0.1, num_samples=100, cut=40)
    text = export_plan(plan, "lightning", TARGET)
    assert "ends each epoch with a smaller update where 16 does not divide 100" in text
    assert run_python(text, **lightning_names())["accumulation"] == {0: 2, 1: 4}


def test_lightning_refuses(make_plan):
    inside = make_plan([(16, 6), (32, 1)], 0.1, num_samples=64)
    with pytest.raises(InputError, match=r"changes it to 32 at epoch 1\.5"):
        export_plan(inside, "lightning", TARGET)
    part = make_plan([(16, 6)], 0.1, num_samples=64)
    with pytest.raises(InputError, match=r"whole epochs; the plan ends at epoch 1\.5"):
        export_plan(part, "lightning", TARGET)
    moving = make_plan([(16, 8)], lambda sample, size: 0.1 - sample / 2000, num_samples=64)
    with pytest.raises(InputError, match="the learning rate moves inside an epoch") as error:
        export_plan(moving, "lightning", TARGET)
    assert error.value.hint.startswith("take deepspeed, which follows every update; or plan a step")
    long = make_plan([(16, 200_000)], 0.1, num_samples=16)
    with pytest.raises(InputError, match="200000 epochs"):
        export_plan(long, "lightning", TARGET)


def test_lightning_holds_a_rate_of_zero(make_plan, run_python):
    def lr(sample, size):
        return [0.1, 0.05, 0.0, 0.0][sample // 64]

    plan = make_plan([(16, 16)], lr, num_samples=64)
    names = run_python(export_plan(plan, "lightning", TARGET), **lightning_names())
    assert names["LRS"] == [(0, 0.1), (1, 0.05), (2, 0.0)]
    factor = names["lr_scheduler"](None)
    assert [factor(epoch) for epoch in range(4)] == [1.0, 0.5, 0.0, 0.0]


def test_lightning_sees_a_rate_that_comes_back_within_an_epoch(make_plan):
    def lr(sample, size):
        return 0.05 if sample % 128 in (32, 64) else 0.0 if sample == 112 else 0.1

    with pytest.raises(InputError, match=r"by up to 0\.5 of it in epoch 0"):
        export_plan(make_plan([(16, 7)], lr, num_samples=112), "lightning", TARGET)


def test_a_factor_of_no_rate_is_refused(make_plan):
    """LambdaLR multiplies the peak: with one of 0 the exported functions would divide by it."""
    rises = make_plan([(16, 8)], lambda sample, size: sample / 1000, num_samples=128)
    held = Target(micro_batch_size=4, world_size=2, approximate=True)
    with pytest.raises(InputError, match="is 0 at the start of every epoch; Lightning is stepped"):
        export_plan(rises, "lightning", held)
    export_plan(rises, "deepspeed", held)
    with pytest.raises(InputError, match="DeepSpeed: the learning rate is 0 at every update"):
        export_plan(make_plan([(16, 8)], 0.0), "deepspeed", held)


@pytest.mark.parametrize("name", ["megatron", "levanter", "nemo"])
def test_a_run_at_rate_zero_is_a_constant(make_plan, name):
    text = export_plan(make_plan([(16, 8)], 0.0), name, TARGET)
    assert "constant" in text or "WarmupPolicy" in text

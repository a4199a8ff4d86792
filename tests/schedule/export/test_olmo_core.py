"""OLMo-core: the exported Python, run as its callback, its loader and its scheduler are."""

import math
import operator
from itertools import accumulate

import pytest

from bsgrow.errors import InputError
from bsgrow.schedule.export import Optimizer, Target, export_plan
from bsgrow.schedule.export.olmo_core import draft_olmo_core
from tests.schedule.export.systems import OLMO_CORE, run_olmo_core

TARGET = Target(sequence_length=128, micro_batch_size=4, world_size=2)
NEAR = Target(sequence_length=128, approximate=True)


def cosine(total, warmup=0):
    def lr(sample, size):
        if sample < warmup:
            return 0.1 * sample / warmup
        return size / 16 * 0.05 * (1 + math.cos(math.pi * sample / total))

    return lr


@pytest.mark.parametrize("warmup", [0, 320])
def test_runs_what_the_plan_says(make_plan, whole_updates, run_python, warmup):
    plan = make_plan([(16, 200), (32, 60), (64, 30), (16, 30)], cosine(7520, warmup), cut=3)
    names = run_python(export_plan(plan, "olmo-core", TARGET), **OLMO_CORE)
    ran, planned = list(run_olmo_core(names, 128, 7520)), whole_updates(plan)
    assert [row[:2] for row in ran] == [row[:2] for row in planned]
    rates = [row[2] for row in planned]
    assert [row[2] for row in ran] == pytest.approx(rates, rel=1.5e-4, abs=1.5e-7 * max(rates))


def test_it_says_that_it_waits(make_plan):
    plan = make_plan([(16, 3), (64, 4)], 0.1)
    said = "grows to 64 not at sample 48 but 1 updates later, .* noise scale is 4 times the plan's"
    with pytest.raises(InputError, match=said) as error:
        export_plan(plan, "olmo-core", TARGET)
    assert error.value.hint.startswith("pass approximate to write it all the same; or take deepsp")
    text = export_plan(plan, "olmo-core", NEAR)
    assert "# OLMo-core grows to 64 not at sample 48" in text
    assert "of another size, first at sample 48: 16, the plan's 64" in text


def expected_waits(changes, samples, total):
    """Updates that each growth waits for: an epoch's end is dropped, and its count begins anew."""
    size, seen, processed, late, waits = changes[0][1], 0, 0, 0, []
    while seen < total:
        processed %= samples // size
        due = [batch for start, batch in changes if start <= seen][-1]
        if due > size and processed % (due // size) == 0:
            processed, size = processed // (due // size), due
            waits.append(late)
            late = 0
        late += due > size
        processed, seen = processed + 1, seen + size
    return waits


@pytest.mark.parametrize("num_samples", [1000, 520, 1024, 999, 640])
@pytest.mark.parametrize("counts", [(32, 16), (33, 16), (35, 17, 3), (31, 3, 40)])
def test_waits_count_the_dropped_ends_of_epochs(make_plan, num_samples, counts):
    sizes = [64 << power for power in range(len(counts) + 1)]
    plan = make_plan([*zip(sizes, [*counts, 60], strict=False)], 0.1, num_samples=num_samples)
    starts = [phase.start_sample for phase in plan.phases]
    waits = expected_waits([*zip(starts, sizes, strict=True)], num_samples, plan.num_total_samples)
    with_waits = [number for number in waits if number]
    text = export_plan(plan, "olmo-core", NEAR)
    said = [int(line.split(" but ")[1].split()[0]) for line in text.splitlines() if " but " in line]
    assert said == with_waits


@pytest.mark.parametrize("num_samples", [66, 117, 161, 355])
@pytest.mark.parametrize("factors", [(2, 2), (3, 4), (4, 3), (2, 4, 3)])
@pytest.mark.parametrize("count", [7, 10, 33])
def test_foretells_what_the_callback_runs(make_plan, run_python, num_samples, factors, count):
    sizes = [*accumulate(factors, operator.mul, initial=2)]
    plan = make_plan([(size, count) for size in sizes], 0.1, num_samples=num_samples)
    draft = draft_olmo_core(plan, NEAR)
    names = run_python(draft.write().text, **OLMO_CORE)
    told = [size for run in draft.runs for size in [run.size] * run.num_updates]
    assert told == [size for _, size, _ in run_olmo_core(names, 128, num_samples)]


def test_refuses(make_plan):
    with pytest.raises(InputError, match="16 to 24 at sample 48 is none"):
        export_plan(make_plan([(16, 3), (24, 2)], 0.1), "olmo-core", TARGET)


@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_sgd_is_sgd_and_may_grow(make_plan, run_python, momentum):
    plan = make_plan([(16, 4), (32, 3)], 0.1, momentum=momentum)
    names = run_python(export_plan(plan, "olmo-core", TARGET), **OLMO_CORE)
    assert names["optimizer"].optimizer() is names["torch"].optim.SGD
    assert names["optimizer"].momentum == momentum
    trainer = type("Trainer", (), {"data_loader": type("Loader", (), {})()})()
    callback = names["batch_size_scheduler"]
    callback.trainer = trainer
    callback._update_batch_size_and_lr(64)
    assert trainer.data_loader.global_batch_size == 64


def test_adam_takes_the_callback_as_it_is(make_plan, run_python):
    adam = Optimizer("adam", betas=(0.8, 0.95), weight_decay=0.1)
    target = Target(sequence_length=128, optimizer=adam)
    text = export_plan(make_plan([(16, 4), (32, 3)], 0.1), "olmo-core", target)
    names = run_python(text, **OLMO_CORE)
    assert type(names["batch_size_scheduler"]) is OLMO_CORE["BatchSizeSchedulerCallback"]
    assert names["optimizer"].optimizer() is names["torch"].optim.Adam
    assert (names["optimizer"].betas, names["optimizer"].weight_decay) == ((0.8, 0.95), 0.1)

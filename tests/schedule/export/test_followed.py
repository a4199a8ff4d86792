"""What is exported runs as the plan says, update by update, or says what is off, or is refused."""

import re

import pytest

from bsgrow.errors import InputError
from bsgrow.schedule import Growth, Reference, compile_plan
from bsgrow.schedule.export import FORMATS, Target, export_plan
from tests.schedule.export import systems

MICRO, TOKENS = 2, 3
LINEAR = {"name": "LinearLR", "start_factor": 1.0, "end_factor": 0.1, "total_iters": 4}
STEPS = {"name": "MultiStepLR", "milestones": [1, 3], "gamma": 0.5}
COSINE = {"name": "CosineAnnealingLR", "T_max": 4}
TRIANGLE = {"name": "CyclicLR", "base_lr": 0.01, "max_lr": 0.1, "step_size_up": 0.5}
RISE_AND_FALL = {"name": "TableLR", "positions": [0, 1, 2], "lrs": [0.1, 0.05, 0.1]}
WARMED = {"name": "SequentialLR", "milestones": [1], "schedulers": [
    {"name": "LinearLR", "start_factor": 0.1, "total_iters": 1},
    {"name": "CosineAnnealingLR", "T_max": 3},
]}  # fmt: skip
CONSTANT = {"name": "ConstantLR", "factor": 1.0}
STAY, DOUBLE, ANY = Growth(mode="decay"), Growth(), Growth(factor="continuous")

CASES = {
    "one update": (8, 1, CONSTANT, STAY),
    "one phase": (512, 4, CONSTANT, STAY),
    "one phase, cut": (501, 4, CONSTANT, STAY),
    "linear": (512, 4, LINEAR, STAY),
    "linear, cut": (501, 4, LINEAR, STAY),
    "linear to 0, cut": (501, 4, LINEAR | {"end_factor": 0.0}, STAY),
    "cosine to 0": (512, 4, COSINE, STAY),
    "cosine to 0, cut": (509, 4, COSINE, STAY),
    "cosine in levels": (512, 4, COSINE, DOUBLE),
    "cosine, every update": (512, 4, COSINE, ANY),
    "steps that decay": (512, 4, STEPS, STAY),
    "steps that grow": (512, 4, STEPS, DOUBLE),
    "steps that grow, cut": (500, 4, STEPS, DOUBLE),
    "one step": (512, 4, STEPS | {"milestones": [2]}, DOUBLE),
    "steps up to a cap": (500, 4, STEPS, Growth(max_batch_size=16)),
    "a triangle": (512, 4, TRIANGLE, STAY),
    "warmed up": (512, 4, WARMED, STAY),
    "rises again": (512, 4, RISE_AND_FALL, Growth(shrink=True)),
    "by epoch": (512, 4, COSINE, STAY),
    "rises to its end": (512, 4, LINEAR | {"start_factor": 0.1, "end_factor": 1.0}, STAY),
    "begins at 0": (512, 4, RISE_AND_FALL | {"lrs": [0.0, 0.1, 0.1]}, STAY),
    "part of an epoch": (512, 1.5, CONSTANT, STAY),
}


def planned(case):
    num_samples, epochs, curve, growth = CASES[case]
    hold = "epoch" if case == "by epoch" else None
    reference = Reference(epochs, 0.1, 8, curve=curve, hold=hold)
    return compile_plan(reference, growth, num_samples)


def run(name, text, plan, run_python):
    """Return (start, size, lr) of what the system makes of the text."""
    stubs = {"olmo-core": systems.OLMO_CORE, "nemo": systems.NEMO}
    stubs |= {"deepspeed": systems.LAMBDA, "lightning": systems.LIGHTNING}
    names = run_python(text, **stubs[name]) if name in stubs else None
    return list(
        {
            "megatron": lambda: systems.run_megatron(text, TOKENS),
            "levanter": lambda: systems.run_levanter(text),
            "olmo-core": lambda: systems.run_olmo_core(names, TOKENS, plan.num_samples),
            "nemo": lambda: systems.run_nemo(names),
            "deepspeed": lambda: systems.run_deepspeed(names, 1),
            "lightning": lambda: systems.run_lightning(names, 1, plan.num_samples),
        }[name]()
    )


def exported(plan, name, *, approximate=False):
    """Return the text, or the error that refuses it; any batch divides by one sample."""
    micro = MICRO if all(phase.global_batch_size % MICRO == 0 for phase in plan.phases) else 1
    target = Target(TOKENS, micro, approximate=approximate)
    try:
        return export_plan(plan, name, target)
    except InputError as error:
        return error


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("case", CASES)
def test_what_is_written_is_what_runs(case, name, whole_updates, run_python):
    plan = planned(case)
    text = exported(plan, name)
    if isinstance(text, InputError):
        return
    ran, wanted = run(name, text, plan, run_python), whole_updates(plan)
    assert [row[:2] for row in ran] == [row[:2] for row in wanted]
    rates = [lr for _, _, lr in wanted]
    assert [lr for _, _, lr in ran] == pytest.approx(rates, rel=1.5e-4, abs=1.5e-7 * max(rates))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("case", CASES)
def test_an_approximation_says_how_much_at_which_sample(case, name, whole_updates, run_python):
    plan = planned(case)
    refused, text = exported(plan, name), exported(plan, name, approximate=True)
    if isinstance(text, InputError):
        assert isinstance(refused, InputError)
        assert not (text.hint or "").startswith("pass approximate")
        return
    off = [
        line for line in text.splitlines() if re.search(r"^# .*(at sample \d|samples than)", line)
    ]
    assert bool(off) == isinstance(refused, InputError)
    by_start = {start: (size, lr) for start, size, lr in whole_updates(plan)}
    for start, size, lr in run(name, text, plan, run_python):
        if start in by_start and by_start[start][0] == size:
            assert lr == pytest.approx(by_start[start][1], rel=0.25, abs=1e-3)
    if off and (said := re.search(r"first at sample (\d+): (\d+)", text)):
        assert tuple(map(int, said.groups())) in {
            row[:2] for row in run(name, text, plan, run_python)
        }


_CURVES = {"linear", "linear, cut", "linear to 0, cut", "cosine to 0", "one step"}
_GROWN = {"steps that grow", "steps that grow, cut"}
FOLLOWED = {
    "megatron": _CURVES
    | _GROWN
    | {"cosine to 0, cut", "warmed up", "part of an epoch"}
    | {"rises to its end"},
    "levanter": _CURVES | _GROWN | {"rises again", "part of an epoch"},
    "nemo": _CURVES | {"part of an epoch"},
    "olmo-core": set(CASES)
    - {"cosine in levels", "cosine, every update", "steps that grow, cut", "steps up to a cap"},
    "deepspeed": set(CASES),
    "lightning": {"one step", "by epoch", "steps that decay", "steps that grow", "rises again"}
    | {"begins at 0"},
}
ALWAYS = {"one update", "one phase"}


@pytest.mark.parametrize("name", FORMATS)
def test_which_plans_each_system_follows(name):
    written = {case for case in CASES if isinstance(exported(planned(case), name), str)}
    cut = set() if name == "lightning" else {"one phase, cut"}
    assert written == FOLLOWED[name] | ALWAYS | cut


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"lightning"}))
@pytest.mark.parametrize("case", ["one phase, cut", "linear, cut"])
def test_a_last_update_that_the_plan_cuts_is_told(case, name):
    text = exported(planned(case), name)
    assert "# the plan cuts its last update to 4 samples, at the lr " in text
    assert f"; {FORMATS[name].name} runs it whole, 8 samples at the lr " in text


@pytest.mark.parametrize("case", ["a triangle", "steps that decay"])
@pytest.mark.parametrize("name", ["megatron", "levanter", "nemo"])
def test_where_no_curve_is_near_an_approximation_is_refused(case, name):
    error = exported(planned(case), name, approximate=True)
    assert isinstance(error, InputError)
    assert re.search(r"off by up to [\d.]+ of it, at sample \d+: ", error.message)
    assert "an approximation is off by 0.25 at most" in error.message

"""Plans to other systems, and their batch schedules back."""

import pytest

from bsgrow.cli.plan.exchange import exported, imported_run
from bsgrow.cli.plan.imported_table import imported_table
from bsgrow.cli.plan.options import PlanFormat
from bsgrow.errors import InputError
from bsgrow.schedule import as_dict
from bsgrow.schedule.export import (
    FORMATS,
    Optimizer,
    Target,
    export_plan,
    imported_as_dict,
    imported_rows,
)

TOKENS = ["data.num_samples=1000000", "schedule.epochs=1", "schedule.lr=0.1"]


def test_every_format_is_offered():
    assert {choice.value for choice in PlanFormat if choice.is_export} == set(FORMATS)


def test_what_the_recipe_says_reaches_the_system(named):
    settings = ["schedule.tokens_per_sample=512", "run.micro_batch_size=128", "run.world_size=2"]
    settings += ["schedule.global_batch_size=256", "growth.multiple_of=256"]
    entries = named("cifar10-decay", settings=settings)
    sgd = Optimizer(weight_decay=5e-4)
    expected = export_plan(entries[0].plan, "deepspeed", Target(512, 128, 2, optimizer=sgd))
    assert exported(entries, "deepspeed", ()) == expected
    wider = export_plan(entries[0].plan, "deepspeed", Target(512, 128, 1, optimizer=sgd))
    assert exported(entries, "deepspeed", [1]) == wider != expected
    rough = export_plan(entries[0].plan, "deepspeed", Target(512, 128, 2, 0.9, optimizer=sgd))
    assert exported(entries, "deepspeed", (), lr_tolerance=0.9) == rough


@pytest.mark.parametrize(
    ("settings", "optimizer"),
    [
        (["optimizer.momentum=0"], Optimizer(weight_decay=5e-4)),
        (["optimizer.nesterov=true"], Optimizer(nesterov=True, weight_decay=5e-4)),
        (
            ['optimizer={name="adam",betas=[0.8,0.95],eps=1e-6}'],
            Optimizer("adam", betas=(0.8, 0.95), eps=1e-6),
        ),
    ],
)
def test_the_optimizer_of_the_recipe_is_written(named, settings, optimizer):
    entries = named("cifar10-decay", settings=[*settings, "run.micro_batch_size=128"])
    for system in ("deepspeed", "olmo-core"):
        target = Target(1, 128, optimizer=optimizer)
        given = named(
            "cifar10-decay",
            settings=[*settings, "run.micro_batch_size=128", "schedule.tokens_per_sample=1"],
        )
        assert exported(given, system, ()) == export_plan(entries[0].plan, system, target)


def test_a_micro_batch_of_the_other_system_needs_no_ghost_batch(named):
    entries = named("cifar10-decay")  # run.ghost_batch_size = 128 does not divide 8
    sgd = Optimizer(weight_decay=5e-4)
    expected = export_plan(entries[0].plan, "deepspeed", Target(None, 8, optimizer=sgd))
    given = exported(entries, "deepspeed", (), micro_batch_size=8, approximate=True)
    assert given == expected
    with pytest.raises(InputError, match="micro_batch_size = 0: must be at least 1"):
        exported(entries, "deepspeed", (), micro_batch_size=0)


@pytest.mark.parametrize(
    ("system", "settings", "hint"),
    [
        ("megatron", ["growth.max_batch_size=16000"], "--tokens-per-sample"),
        ("deepspeed", [], "pass --micro-batch-size=64, "),
        ("deepspeed", ["run.world_size=3"], "pass --set growth.multiple_of=3"),
        ("lightning", [], "pass --approximate"),
        ("lightning", [], "pass --format deepspeed --micro-batch-size=64, which follows this plan"),
        ("megatron", [], "a step curve with --set growth.max_batch_size=16000"),
        (
            "megatron",
            ["growth.max_batch_size=16000", "optimizer.nesterov=true"],
            "--set optimizer.nesterov=false",
        ),
    ],
)
def test_hints_name_options(named, system, settings, hint):
    with pytest.raises(InputError) as error:
        exported(named("cifar10-grow", settings=settings), system, (), approximate=False)
    assert hint in error.value.hint


def test_one_run_at_a_time(named):
    entries = named("cifar10-grow", "cifar10-hybrid")
    with pytest.raises(InputError, match="2 recipes are given"):
        exported(entries, "nemo", (), approximate=False)
    with pytest.raises(InputError, match="3 world sizes are given"):
        exported(entries[:1], "nemo", [1, 2, 4], approximate=False)
    with pytest.raises(InputError, match="2 recipes are given"):
        imported_run("megatron", "0:128", ["cifar10-grow", "digits"], {}, [])


def test_another_system_has_one_number_of_ranks(named):
    growing = ["run.world_sizes=[1, 2, 4, 4]", "run.micro_batch_size=128"]
    entries = named("cifar10-grow", settings=growing)
    with pytest.raises(InputError, match="--format deepspeed: takes one number of ranks") as error:
        exported(entries, "deepspeed", ())
    assert error.value.hint == "add --world-size 1, or another one"
    constant = [growing[1], "run.world_sizes=[5, 5, 5, 5]"]
    (text, given, planned) = (
        exported(named("cifar10-decay", settings=settings), "deepspeed", sizes, approximate=True)
        for settings, sizes in (
            ([growing[1], "run.world_sizes=[1, 2, 2, 4]"], (1,)),
            ([growing[1]], (1,)),
            ([growing[1]], ()),
        )
    )
    assert text == given == planned
    with pytest.raises(InputError, match="on 5 ranks"):
        exported(named("cifar10-grow", settings=constant), "deepspeed", ())


def test_a_megatron_schedule_under_a_constant_rate():
    settings = [*TOKENS, "schedule.tokens_per_sample=1000"]
    run = imported_run("megatron", "0:100 500M:200", [], {}, settings)
    assert [(s.start_sample, s.global_batch_size) for s in run.stretches] == [
        (0, 100),
        (500_000, 200),
    ]
    assert run.num_updates == 7500
    assert run.epochs == 1
    noises = [row["sgd_noise_scale"] for row in imported_rows(run)]
    assert noises == pytest.approx([0.1 * (10**4 - 1), 0.1 * (5000 - 1)], rel=1e-12)


def test_a_run_of_fixed_batch_read_in_is_the_decaying_plan(named):
    entries = named("cifar10-decay")
    run = imported_run("megatron", "0:128", ["cifar10-decay"], {}, ["schedule.tokens_per_sample=1"])
    phases = as_dict(entries[0].plan)["phases"]
    assert imported_as_dict(run)["num_updates"] == entries[0].plan.num_updates
    (stretch,) = imported_as_dict(run)["phases"]
    assert stretch["sgd_noise_scale"] == pytest.approx(
        [phases[0]["sgd_noise_scale"], phases[-1]["sgd_noise_scale"]], rel=1e-12
    )
    assert list(stretch) == list(phases[0])


def test_updates_count_in_the_batch_that_the_imported_run_starts_with():
    curve = 'schedule.curve={name="StepLR", step_size=100, gamma=0.5}'
    run = imported_run("levanter", "64", [], {}, [*TOKENS, "schedule.unit=updates", curve])
    first, last = run.stretches[0].lr
    assert first == 0.1
    assert last == pytest.approx(0.1 * 0.5 ** ((10**6 // 64) // 100))


def test_the_jump_of_the_noise(named):
    run = imported_run(
        "levanter", '[{"start": 0, "value": 50}, {"start": 9, "value": 100}]', [], {}, TOKENS
    )
    jumps = [cells[4].plain for cells, _ in imported_table(run).rows]
    assert jumps == ["", "× 0.5"]


def test_thresholds_of_megatron_are_tokens():
    with pytest.raises(InputError, match="counts in tokens") as error:
        imported_run("megatron", "0:768 250B:1536", [], {}, TOKENS)
    assert error.value.hint.startswith("pass --tokens-per-sample")


def test_a_threshold_past_the_end_is_noted():
    settings = [*TOKENS, "schedule.tokens_per_sample=1"]
    run = imported_run("megatron", "0:768 250B:1536", [], {}, settings)
    (remark,) = run.notes
    assert remark.startswith("1536 from sample 250000000000 never takes effect: the run ends")


def test_an_unknown_format():
    with pytest.raises(InputError, match="--from megatrom: no such format") as error:
        imported_run("megatrom", "0:1", [], {}, TOKENS)
    assert error.value.hint == 'did you mean "megatron"?'

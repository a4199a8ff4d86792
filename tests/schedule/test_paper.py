"""The update counts that follow from the paper's experiments (arXiv 1711.00489)."""

import pytest

from bsgrow.recipe import load_recipe
from bsgrow.recipe.planning import plan_recipe
from bsgrow.schedule import as_dict

CIFAR_MILESTONES = [0, 60, 120, 160, 200]

COUNTS = {
    "cifar10-decay": (78_125, 78_125, [128] * 4),
    "cifar10-hybrid": (34_376, 78_125, [128, 640, 640, 640]),
    "cifar10-grow-uncapped": (28_876, 78_125, [128, 640, 3200, 16_000]),
    "cifar10-grow": (29_142, 78_125, [128, 640, 3200, 5120]),
    "cifar10-grow-lr": (6_407, 78_125, [640, 3200, 5120, 5120]),
    "cifar10-grow-lr-momentum": (2_305, 78_125, [3200, 5120, 5120, 5120]),
    "imagenet-decay": (14_076, 14_076, [8192] * 4),
    "imagenet-hybrid": (5_631, 14_076, [8192, 81_920, 81_920, 81_920]),
    "imagenet-grow": (5_865, 14_076, [8192, 65_536, 65_536, 65_536]),
    "imagenet-grow-momentum-0.95": (3_519, 14_076, [16_384, 65_536, 65_536, 65_536]),
    "imagenet-grow-momentum-0.975": (2_346, 14_076, [32_768, 65_536, 65_536, 65_536]),
    "imagenet-resnet50-decay": (14_076, 14_076, [8192] * 5),
    "imagenet-resnet50-grow": (9_384, 14_076, [8192, 8192, 16_384, 16_384, 16_384]),
    "cifar10-180-decay": (78_125, 78_125, [128] * 4),
    "cifar10-180-grow-uncapped": (29_127, 78_125, [128, 640, 3200, 16_000]),
    "cifar10-180-grow": (29_259, 78_125, [128, 640, 3200, 5120]),
    "cifar10-180-grow-lr": (6_407, 78_125, [640, 3200, 5120, 5120]),
    "cifar10-180-grow-lr-momentum": (2_305, 78_125, [3200, 5120, 5120, 5120]),
    "fashion-mnist-wrn-decay": (93_750, 93_750, [128] * 4),
    "fashion-mnist-wrn-grow": (34_900, 93_750, [128, 640, 3200, 6000]),
    "fashion-mnist-wrn-grow-lr": (7_550, 93_750, [640, 3200, 6000, 6000]),
    "fashion-mnist-wrn-grow-lr-momentum": (2_525, 93_750, [3200, 6000, 6000, 6000]),
    "digits-decay": (4_311, 4_311, [16] * 4),
    "digits-hybrid": (2_156, 4_311, [16, 64, 64, 64]),
    "digits": (1_932, 4_311, [16, 64, 128, 128]),
    "digits-grow-lr": (1_079, 4_311, [32, 128, 128, 128]),
}


UPDATES_BY_BATCH_SIZE = {
    "cifar10-grow": {128: 23_438, 640: 4_688, 3200: 625, 5120: 391},
    "cifar10-grow-lr": {640: 4_688, 3200: 938, 5120: 781},
    "cifar10-grow-lr-momentum": {3200: 938, 5120: 1_367},
    "imagenet-hybrid": {8192: 4_692, 81_920: 939},
    "imagenet-grow-momentum-0.975": {32_768: 1_173, 65_536: 1_173},
}


@pytest.mark.parametrize("name", COUNTS)
def test_json_totals_and_batch_sizes(name):
    plan = as_dict(plan_recipe(load_recipe(name)))
    num_updates, baseline, batch_sizes = COUNTS[name]
    assert plan["num_updates"] == num_updates
    assert plan["baseline_num_updates"] == baseline
    assert [phase["global_batch_size"] for phase in plan["phases"]] == batch_sizes
    assert sum(phase["num_updates"] for phase in plan["phases"]) == num_updates


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adam"])
@pytest.mark.parametrize("data", ["cifar10", "fashion-mnist", "digits"])
def test_each_optimizer_makes_the_updates_of_momentum(data, optimizer):
    for arm in ["decay", "hybrid", "grow"]:
        of_momentum = data if arm == "grow" and data != "cifar10" else f"{data}-{arm}"
        recipe = load_recipe(f"{data}-{optimizer}-{arm}")
        ours, theirs = plan_recipe(recipe), plan_recipe(load_recipe(of_momentum))
        assert [(p.start_sample, p.global_batch_size) for p in ours.phases] == [
            (p.start_sample, p.global_batch_size) for p in theirs.phases
        ]
        assert recipe.optimizer.nesterov == (optimizer == "nesterov")
        assert recipe.optimizer.momentum == (0.9 if optimizer == "nesterov" else 0.0)
        assert recipe.optimizer.name == ("adam" if optimizer == "adam" else "sgd")


def test_resnet_50_warms_up_from_a_tenth_of_a_batch_of_256():
    plan = plan_recipe(load_recipe("imagenet-resnet50-grow"))
    assert plan.phases[0].lr == pytest.approx(0.1, rel=1e-12)
    assert plan.phases[1].lr == pytest.approx(3.2, rel=1e-3)
    assert [p.lr for p in plan.phases[2:]] == pytest.approx([0.64, 0.064, 0.0064], rel=1e-12)


@pytest.mark.parametrize("name", UPDATES_BY_BATCH_SIZE)
def test_updates_by_batch_size(name):
    counts: dict[int, int] = {}
    for phase in plan_recipe(load_recipe(name)).phases:
        size = phase.global_batch_size
        counts[size] = counts.get(size, 0) + phase.num_updates
    assert counts == UPDATES_BY_BATCH_SIZE[name]


def test_learning_rates_of_the_capped_arm():
    plan = plan_recipe(load_recipe("cifar10-grow"))
    assert [phase.lr for phase in plan.phases] == pytest.approx([0.1, 0.1, 0.1, 0.032], rel=1e-12)


def test_learning_rates_of_the_decaying_arm_are_those_published():
    plan = plan_recipe(load_recipe("cifar10-decay"))
    published = [0.1 * 0.2**k for k in range(4)]
    assert [phase.lr for phase in plan.phases] == published


def test_a_change_takes_effect_at_the_first_update_at_or_after_the_milestone():
    plan = plan_recipe(load_recipe("cifar10-grow"))
    milestone = 60 * 50_000
    before, after = plan.at(milestone), plan.update(plan.at(milestone).index + 1)
    assert (before.global_batch_size, after.global_batch_size) == (128, 640)
    assert before.start < milestone <= after.start < milestone + 128


def test_the_last_update_is_cut_and_its_lr_scaled_by_its_size():
    plan = plan_recipe(load_recipe("cifar10-grow"))
    last = plan.update(plan.num_updates - 1)
    assert last.stop == 200 * 50_000
    assert last.lr == pytest.approx(0.032 * last.global_batch_size / 5120, rel=1e-12)

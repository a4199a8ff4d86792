"""What a curve allows, as `bsgrow plan` says it."""

import json
import re

import pytest

COSINE = ("--curve", "CosineAnnealingLR", "--curve-arg", "T_max=200")
SCHEDULE = ("--samples", "50000", "--epochs", "200", "--batch-size", "128", "--lr", "0.1")


def said(done):
    (line,) = (line for line in done.out.splitlines() if line.startswith("the curve allows"))
    return line


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["cifar10-grow"], "the curve allows 28875 updates, as lr ÷ its peak is 0.3696 on average"
         "; +266 by growth.max_batch_size = 5120, +1 by updates that end past a change"),
        (["cifar10-decay"], "the curve allows 28875 updates, as lr ÷ its peak is 0.3696 on average"
         "; +49250 by growth.mode = decay"),
        (["cifar10-adam-grow", "--set", "growth.rule=sqrt", "--set", "growth.batch_exponent=1.0"],
         "as (lr ÷ its peak)² is 0.3123 on average; +4474 by growth.batch_exponent = 1, +266 by"),
        (["imagenet-resnet50-grow"], "0.3421 on average; +379 by the warm-up, +4190 by growth"),
        ([*SCHEDULE, *COSINE], "0.5 on average; +137 by growth.max_batch_size = 5000, +9531 by "
         "growth.factor = 2, +2 by updates that end past a change"),
        (SCHEDULE, "the curve allows 78125 updates, as lr ÷ its peak is 1 on average"),
    ],
)  # fmt: skip
def test_it_is_said_under_the_table(bsgrow, words, line):
    assert line in said(bsgrow("plan", *words))


def test_the_numbers_that_are_said_add_up(bsgrow):
    done = bsgrow("plan", "digits", *COSINE[:3], "T_max=48")
    allows = int(re.search(r"allows (\d+)", said(done))[1])
    added = [int(part) for part in re.findall(r"([+-]\d+) by", said(done))]
    assert len(added) > 1
    assert f"{allows + sum(added)} updates over 48 epochs" in done.out


def test_json_has_the_same_in_full(bsgrow):
    value = json.loads(bsgrow("plan", "cifar10-grow", "--format", "json").out)
    found = value["curve_allows"]
    assert (found["mean"], found["num_updates"]) == pytest.approx((0.3696, 28_875))
    assert found["kept_by"]["max_batch_size"] == pytest.approx(265.625)
    assert found["num_updates"] + sum(found["kept_by"].values()) == pytest.approx(29_142)


def test_of_several_plans_each_says_it(bsgrow):
    done = bsgrow("plan", "cifar10-grow", "cifar10-grow-lr")
    lines = [line for line in done.out.splitlines() if "the curve allows" in line]
    assert [line.partition(":")[0] for line in lines] == ["cifar10-grow", "cifar10-grow-lr"]

"""Advice can be followed: what a hint or a note says ends, step by step, in what works."""

import shlex

import pytest

from tests.following import ways

RUN = "--samples {} --epochs 4 --batch-size {} --lr 0.1"
STEPS = "--curve StepLR --curve-arg step_size=1"
COSINE = "--curve CosineAnnealingLR --curve-arg T_max=4"
RISING = "--curve TableLR --curve-arg positions=[0,1,2] --curve-arg lrs=[0.1,0.05,0.1]"
REFUSED = {
    "a plan that outgrows the data": f"{RUN.format(50, 8)} {STEPS}",
    "one that does, under a cap": f"{RUN.format(50, 8)} {STEPS} --max-batch-size 60",
    "and one that --set has given": f"{RUN.format(50, 8)} {STEPS} --set growth.max_batch_size=60",
    "a tenth that is enough": f"{RUN.format(500, 8)} {STEPS} --set schedule.curve.gamma=0.01",
    "a first batch beyond the data": RUN.format(50, 64),
    "one by a scale": f"{RUN.format(50, 8)} --set growth.lr_scale=8",
    "one by a momentum": f"{RUN.format(50, 8)} --momentum 0.9 --set growth.momentum=0.99",
    "few samples": f"{RUN.format(3, 2)} {STEPS}",
    "a cap below the first batch": "digits --max-batch-size 8",
    "and below a scaled one": "digits --set growth.lr_scale=3 --set growth.max_batch_size=20",
    "a cap below a first batch beyond the data": f"{RUN.format(50, 64)} --max-batch-size 8",
    "a multiple above the first batch": "digits --set growth.multiple_of=24",
    "a ghost batch above the batch": "digits --set run.ghost_batch_size=32",
    "one that is rounded below it": "digits --set growth.multiple_of=12",
    "a micro-batch of no whole ghosts": "digits --set run.micro_batch_size=24",
    "both": "digits --set run.ghost_batch_size=32 --set run.micro_batch_size=96",
    "a name of a recipe": "cifar10-gro",
    "a key": "digits --set growth.max_batchsize=32",
    "an argument of a model": "digits --set model.dept=10",
    "a depth": "digits --set model.depth=11",
    "a model": "digits --set model.name=wide_resnett",
    "a curve": f"{RUN.format(500, 8)} --curve ConstantLr --curve-arg factor=1.0",
    "an optimizer without momentum": "digits --set optimizer={nesterov=true}",
    "a device": "digits --device tpu",
    "an option of a curve": f"{RUN.format(500, 8)} --curve StepLR --curve-arg stepsize=1",
    "an option of a format": "digits --every update",
    "a sketch beside it": "digits --format json --sketch",
    "a case of a file that is not given": "digits --throughput-case train --micro-batch-size 8",
    "a run that ends before its milestones": "digits --epochs 3",
    "a short one of the paper's": "cifar10-grow --epochs 0.7",
    "a factor": "digits --set growth.factor=1",
    "a factor that is none": "cifar10-hybrid --set growth.factor=continuous --curve "
    "CosineAnnealingLR --curve-arg T_max=200",
    "a world size": "digits --world-size 1,x",
    "an efficiency without ranks": "digits --efficiency 0.5",
    "a network without a throughput": "digits --all-reduce latency=1us,bandwidth=1GB/s",
    "world sizes of other phases": "digits --set run.world_sizes=[1]",
    "an export on several": "digits --format deepspeed --approximate --micro-batch-size 8 "
    "--set run.world_sizes=auto --set run.min_samples_per_device=8",
}
NOTED = {
    "a first batch over a tenth": "digits --batch-size 256 --max-batch-size 400",
    "a cap over a tenth": "digits --max-batch-size 400",
    "a batch that cannot be smaller": RUN.format(8, 4),
    "a constant batch over a tenth": RUN.format(100, 40),
    "one that is scaled": f"{RUN.format(400, 20)} --set growth.lr_scale=4",
    "an lr that rises again": f"{RUN.format(2048, 64)} {RISING}",
    "gradients that take long to be forgotten": "cifar10-grow-lr-momentum",
    "a plan that does not grow": "cifar10-decay",
}


@pytest.mark.parametrize("given", REFUSED.values(), ids=REFUSED)
def test_a_hint_that_is_followed_ends_in_a_plan(bsgrow, given):
    words, seen = ["plan", *shlex.split(given)], []
    while (done := bsgrow(*words)).code:
        assert (done.code, done.out) == (2, ""), done.err
        assert done.error not in seen, "what the hint says changes nothing"
        seen.append(done.error)
        words = next(ways(words, done.hint, done.error), None)
        assert words, f"nothing to follow in: {done.hint}"
    assert seen


@pytest.mark.parametrize("given", REFUSED.values(), ids=REFUSED)
def test_every_way_that_a_hint_names_leads_on(bsgrow, given):
    words = ["plan", *shlex.split(given)]
    refused = bsgrow(*words)
    for way in ways(words, refused.hint, refused.error):
        assert bsgrow(*way).error != refused.error, way


@pytest.mark.parametrize("given", NOTED.values(), ids=NOTED)
def test_a_note_that_is_followed_gives_another_plan_without_it(bsgrow, given):
    words = ["plan", *shlex.split(given)]
    noted = bsgrow(*words)
    assert noted.code == 0, noted.err
    assert noted.notes
    for note in noted.notes:
        for way in ways(words, note):
            done = bsgrow(*way)
            assert done.code == 0, done.err
            assert note not in done.notes
            assert done.out != noted.out

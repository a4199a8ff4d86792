"""Each way out that a refused export names leads on: to the export, or to another reason."""

import re

import pytest

from bsgrow.schedule.export import FORMATS

RUN = "--samples 2048 --epochs 4 --batch-size 64 --lr 0.1"
PLANS = {
    "digits": "digits",
    "cosine": f"{RUN} --curve CosineAnnealingLR --curve-arg T_max=4",
    "triangle": f"{RUN} --curve CyclicLR --curve-arg base_lr=0.01 --curve-arg max_lr=0.1 "
    "--curve-arg step_size_up=0.5 --set growth.mode=decay",
    "steps": f"{RUN} --curve MultiStepLR --curve-arg gamma=0.5 --curve-arg milestones=[1,2,3]",
    "odd steps": f"{RUN} --curve MultiStepLR --curve-arg gamma=0.7 --curve-arg milestones=[1,2]",
    "falls": f"{RUN} --set growth.shrink=true --curve TableLR --curve-arg positions=[0,1,2] "
    "--curve-arg lrs=[0.1,0.05,0.1]",
    "momentum": f"{RUN} --momentum 0.9 --set growth.momentum=0.95 --set growth.momentum_at=2",
    "nesterov": f"{RUN} --momentum 0.9 --set optimizer.nesterov=true",
    "a large micro-batch": "digits --micro-batch-size 24",
    "adam": f"{RUN} --set 'optimizer={{name=\"adam\",weight_decay=0.1}}'",
}
GIVEN = {
    "nothing": "",
    "tokens": "--tokens-per-sample 4",
}
OPTION = re.compile(r"--approximate|--(?:set|format) \S+?(?=[,;]|\s|$)|--[\w-]+=\S+?(?=[,;]|\s|$)")


def ways(hint):
    """The options of each alternative that can be pasted."""
    alternatives = re.split(r"; or |, or ", hint)
    return [" ".join(options) for text in alternatives if (options := OPTION.findall(text))]


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
@pytest.mark.parametrize("system", FORMATS)
def test_each_way_out_leads_on(bsgrow, plan, given, system):
    command = f"plan {plan} --format {system} {given}"
    refused = bsgrow.paste(command)
    if refused.code == 0:
        return
    assert refused.code == 2
    assert refused.error
    for way in ways(refused.hint):
        followed = bsgrow.paste(f"{command} {way}")
        assert followed.code == 0 or followed.error != refused.error, way
        if "follows" in refused.hint and given == GIVEN["tokens"] and "--format" in way:
            assert followed.code == 0, way


@pytest.mark.parametrize("system", FORMATS)
def test_the_end_of_the_ways_is_an_export(bsgrow, system):
    """Followed to the end, the first way of each hint needs no more than what is given."""
    command = f"plan digits --format {system} --tokens-per-sample 4"
    for _ in range(4):
        done = bsgrow.paste(command)
        if done.code == 0:
            return
        command = f"{command} {ways(done.hint)[0]}"
    pytest.fail(done.err)

"""Training and evaluation do not wait for the device until something is to be reported."""

import pytest
import torch
from torch.overrides import TorchFunctionMode

from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.training.decisions import Decisions
from bsgrow.training.job import prepare
from bsgrow.training.loss_guard import LossGuard
from bsgrow.training.observers import Evaluation, ProgressReport, evaluate_on_test
from bsgrow.training.state import State
from bsgrow.training.step import Totals
from bsgrow.training.updates import updates_made
from tests.training.ranks import Ranks, job_of, refuse_tensors

SHORT = ["schedule.epochs=1", "schedule.curve.milestones=[0.2, 0.4]", "run.device=cpu"]


class Waits(TorchFunctionMode):
    """Notes each call that reads a tensor's values on the host, or copies pageable memory.

    Attributes:
        names: of the calls so far.
    """

    WAITING = (torch.tensor, torch.equal, torch.nonzero)
    METHODS = ("tolist", "item", "cpu", "__float__", "__int__", "__bool__", "__index__")

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func in self.WAITING or func.__name__ in self.METHODS:
            self.names.append(func.__name__)
        return func(*args, **(kwargs or {}))


def start():
    recipe = load_recipe("digits", SHORT)
    job = prepare(recipe, plan_recipe(recipe))
    state = State.initial(job)
    state.guard = LossGuard(state.optimizer, job.device, defers=True)  # as on a device
    return job, state


def test_what_waits_is_noticed():
    with Waits() as waits:
        float(torch.ones(1).sum())
        torch.tensor([1.0])
    assert waits.names == ["__float__", "tensor"]


def test_updates_wait_for_nothing_and_reports_once():
    job, state = start()
    sizes = set()
    with Waits() as waits:
        for update, _ in updates_made(job, state):
            sizes.add(update.global_batch_size)
            assert waits.names == []
        ProgressReport(job, state, lambda event: None)
        assert waits.names == ["tolist"]
    assert len(sizes) >= 3, "the batch grew meanwhile"


def test_an_evaluation_waits_when_it_is_all_queued():
    job, state = start()
    evaluation = Evaluation(job, state, lambda event: None, Decisions())
    list(updates_made(job, state))
    order = []
    state.model.register_forward_hook(lambda *args: order.append("forward"))
    with Waits() as waits:
        waits.names = order
        evaluation.evaluate()
    assert set(order[:-2]) == {"forward"}
    assert order[-2:] == ["tolist", "tolist"], "of the samples held out, and of those trained on"


def test_what_is_read_anyway_is_summed_between_hosts():
    """In a sum on a device, one that has left would be waited for, and would not be named."""
    ranks = Ranks(2)
    refuse_tensors(ranks)
    recipe = load_recipe("digits", SHORT)
    whole = prepare(recipe, plan_recipe(recipe))
    jobs = [job_of(whole, group) for group in ranks.groups]
    states = [State.initial(whole) for _ in ranks.groups]

    def evaluate(rank):
        return evaluate_on_test(jobs[rank], states[rank], Decisions(ranks.groups[rank]))

    alone = evaluate_on_test(whole, State.initial(whole), Decisions())
    assert ranks.run(evaluate) == [pytest.approx(alone)] * 2


def test_new_totals_copy_nothing_to_the_device():
    with Waits() as waits:
        totals = Totals(torch.device("cpu"), 3.5, 2.0, 4)
    assert waits.names == []
    assert totals.read() == (3.5, 2.0, 4)

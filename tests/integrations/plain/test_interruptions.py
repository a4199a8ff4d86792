"""What becomes of a loop that an error or Ctrl-C has ended, where it is begun again."""

import copy
import pickle

import pytest
import torch

from bsgrow.errors import InputError
from bsgrow.integrations.plain.growing_loader import GrowingLoader
from bsgrow.integrations.plain.loop_error import LoopError
from tests.integrations.plain.plans import Numbered, plan_of


class Failing(Numbered):
    """Fails at the sample that is read as number ``at``, once."""

    def __init__(self, at, error):
        super().__init__()
        self.at, self.error, self.num_read = at, error, 0

    def __getitem__(self, index):
        self.num_read += 1
        if self.num_read - 1 == self.at:
            raise self.error
        return super().__getitem__(index)


def optimizer_of(parameter=None):
    parameter = torch.nn.Parameter(torch.zeros(1)) if parameter is None else parameter
    return torch.optim.SGD([parameter], lr=0.1, momentum=0.9)


def taken(loader, optimizer):
    """Return what is left, as (update, sample)."""
    found = []
    for _ in loader.epochs():
        for (_, samples, _), cut in loader:
            found += [(cut.update.index, sample) for sample in samples.tolist()]
            if cut.closes_update:
                optimizer.step()
    return found


def undisturbed():
    optimizer = optimizer_of()
    return taken(
        GrowingLoader(Numbered(), plan_of(), micro_batch_size=4, optimizer=optimizer), optimizer
    )


@pytest.mark.parametrize("error", [KeyError("sample"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("at", [0, 17])  # of an update's first micro-batch
@pytest.mark.parametrize("keeps", [True, False])
def test_a_loop_that_failed_to_read_goes_on_at_the_next_update(error, at, keeps):
    optimizer = optimizer_of()
    loader = GrowingLoader(
        Failing(at, error),
        plan_of(),
        micro_batch_size=4,
        optimizer=optimizer,
        persistent_workers=keeps,
    )
    with pytest.raises(type(error)):
        taken(loader, optimizer)
    made = loader.num_updates
    assert made == at // 8
    assert taken(loader, optimizer) == [each for each in undisturbed() if each[0] >= made]


def test_one_that_failed_in_the_middle_of_an_update_is_told_how_to_go_on():
    optimizer = optimizer_of()
    data = Failing(21, KeyError("sample"))
    loader = GrowingLoader(data, plan_of(), micro_batch_size=4, optimizer=optimizer)
    with pytest.raises(KeyError):
        taken(loader, optimizer)
    with pytest.raises(LoopError, match="in the middle of update 3"):
        taken(loader, optimizer)
    loader.load_state_dict(loader.state_dict())
    assert taken(loader, optimizer) == [each for each in undisturbed() if each[0] >= 2]


def test_a_refused_loop_loses_no_micro_batch():
    optimizer = optimizer_of()
    loader = GrowingLoader(Numbered(), plan_of(), micro_batch_size=4, optimizer=optimizer)
    taking = iter(loader)
    next(taking), next(taking)
    with pytest.raises(LoopError, match="update 1 was handed out whole"):
        next(taking)
    optimizer.step()
    assert taken(loader, optimizer) == [each for each in undisturbed() if each[0] >= 1]


def test_one_that_was_interrupted_before_its_step_is_told_how_to_make_it_anew():
    optimizer = optimizer_of()
    loader = GrowingLoader(Numbered(), plan_of(), micro_batch_size=8, optimizer=optimizer)
    next(iter(loader))
    with pytest.raises(LoopError, match="update 1 was handed out") as told:
        next(iter(loader))
    assert "load_state_dict(loader.state_dict())" in told.value.hint
    loader.load_state_dict(loader.state_dict())
    assert taken(loader, optimizer) == undisturbed()


def test_a_state_that_is_loaded_within_a_loop_ends_it():
    optimizer = optimizer_of()
    loader = GrowingLoader(Numbered(), plan_of(), micro_batch_size=8, optimizer=optimizer)
    state, taking = loader.state_dict(), iter(loader)
    next(taking)
    optimizer.step()
    next(taking)
    loader.load_state_dict(state)
    with pytest.raises(LoopError, match="update 1 is next, and the loop goes on with update 3"):
        next(taking)
    assert taken(loader, optimizer) == undisturbed()


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, pickle.dumps], ids=["copy", "deepcopy", "pickle"]
)
def test_a_copy_of_a_loader_is_refused(copied):
    loader = GrowingLoader(Numbered(), plan_of(), micro_batch_size=8)
    with pytest.raises(InputError, match="cannot be copied or pickled"):
        copied(loader)

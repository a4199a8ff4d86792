"""A training loop as Accelerate's examples have it, with the loader of a plan."""

import os

from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState

from bsgrow.integrations.accelerate import AccelerateLoader
from tests.hosts.reference import PLAN, Run, Samples, flat, loss_of, make_model, make_optimizer


def accelerator_of(**arguments):
    """An accelerator on the CPU, and nothing left of the one before it."""
    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()
    return Accelerator(cpu=True, **arguments)


def train(size=6, folder=None, save_at=None, end=None, *, has_scheduler=False, clip=None):
    """Run the loop to its end, from the state in the folder where it does not save one.

    Args:
        size: of a micro-batch.
        folder: of a state.
        save_at: updates after which it is saved.
        end: leaves the process in the middle of the update of this index.
        has_scheduler: whether the loop steps one.
        clip: a norm of gradients.
    """
    accelerator = accelerator_of()
    model = make_model()
    raw = make_optimizer(model)
    run = Run.of(raw)
    model, optimizer = accelerator.prepare(model, raw)
    arguments = {"micro_batch_size": size, "optimizer": None if has_scheduler else optimizer}
    loader = AccelerateLoader(accelerator, Samples(), PLAN, **arguments)
    scheduler = accelerator.prepare(loader.lr_scheduler(optimizer)) if has_scheduler else None
    assert accelerator.prepare(loader) is loader
    if folder and not save_at:
        accelerator.load_state(folder)
    for _ in loader.epochs():
        for data, cut in loader:
            if cut.update.index == end and cut.closes_update:
                os._exit(9)
            run.read(data, cut)
            with loader.accumulate(cut, model):
                accelerator.backward(loss_of(model, data) * cut.weight)
                if clip and accelerator.sync_gradients:
                    accelerator.clip_grad_norm_(model.parameters(), clip)
                optimizer.step()
                if scheduler:
                    scheduler.step()
                optimizer.zero_grad()
            if cut.closes_update and loader.num_updates == save_at:
                accelerator.save_state(folder)
    run.weights = flat(model.parameters())
    accelerator.end_training()
    return run

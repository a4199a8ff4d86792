"""Levanter: its batch schedule, and the lr that its optimizer's state has at every step of a run.

Its trainer takes both from these two objects; the optimizer is run on one number. The files that
define them are imported without what their packages import besides, which is all of Levanter.
"""

import sys
from importlib.util import find_spec
from types import ModuleType

from tests.exports.case import Case, Update, main


def drive(case: Case) -> list[Update]:
    """Take the batch of every step from the schedule, and its lr from the optimizer's state."""
    _only_the_files("levanter", "levanter.optim", "levanter.tracker")
    import yaml
    from levanter.schedule import BatchSchedule, ScheduleStep

    trainer = yaml.safe_load(case.text)["trainer"]
    batches = BatchSchedule([ScheduleStep(**step) for step in trainer["train_batch_size"]])
    num_steps = trainer["num_train_steps"]
    lrs = _learning_rates(_optimizer(case.text).build(num_steps), num_steps)
    return [
        (batches.global_data_offset_by_step(step), batches.batch_size_at_step(step), lr)
        for step, lr in enumerate(lrs)
    ]


def _optimizer(text):
    """Return the YAML's optimizer, read as Levanter does; the exported SGD registers its type."""
    import draccus
    import yaml
    from levanter.optim.config import OptimizerConfig

    fields = yaml.safe_load(text)["optimizer"]
    if fields["type"] not in OptimizerConfig.get_known_choices():
        sys.modules["levanter.optim"].OptimizerConfig = OptimizerConfig
        _, _, commented = text.partition("to run before its main function:\n")
        lines = (line.removeprefix("# ") for line in commented.splitlines())
        exec("\n".join(lines), {"__name__": __name__})  # what a user would run
    return draccus.decode(OptimizerConfig, fields)


def _learning_rates(optimizer, num_steps):
    import jax
    import jax.numpy as jnp

    weight, update = {"weight": jnp.zeros(1)}, jax.jit(optimizer.update)
    state = optimizer.init(weight)
    for _ in range(num_steps):
        _, state = update(weight, state, weight)
        yield float(state.hyperparams["learning_rate"])


def _only_the_files(*packages):
    for name in packages:
        if name not in sys.modules:
            spec, module = find_spec(name), ModuleType(name)
            module.__path__ = spec.submodule_search_locations
            sys.modules[name] = module


def _version():
    import jax

    return f"levanter 1.2, jax {jax.__version__}"


if __name__ == "__main__":
    main(drive, _version)

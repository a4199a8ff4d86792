"""NeMo 2: its data sampler, lr scheduler and Megatron Core's ramp, in the order of its loop.

Its strategy needs CUDA. Restated are the calls of ``MegatronParallel`` and, where the sampler
stops the trainer, what ``PreTrainingDataModule.load_state_dict`` sets on the start from a
checkpoint.
"""

from importlib.metadata import version
from types import SimpleNamespace

from tests.exports.case import Case, Update, main, run_text


def drive(case: Case) -> list[Update]:
    """Step, and start again where the sampler asks the trainer to stop."""
    from megatron.core import num_microbatches_calculator as batches

    names = run_text(case.text)
    sampler = names["data_sampler"]
    sampler.output_log = False  # it logs to a CUDA device
    sampler.trainer = _trainer()
    batches.unset_num_microbatches_calculator()
    sampler.setup(global_rank=1)  # rank 0 logs
    schedule = _lr_schedule(names)
    updates, consumed = [], 0
    for step in range(names["max_steps"]):
        size = sampler.num_microbatches * sampler.micro_batch_size
        updates.append((consumed, size, schedule.get_last_lr()[0]))
        consumed += size
        _run_step(sampler, schedule, step, batches)
    return updates


def _run_step(sampler, schedule, step, batches):
    from megatron.core.num_microbatches_calculator import update_num_microbatches

    trainer = sampler.trainer
    at = SimpleNamespace(trainer=trainer, pl_module=None, step_i=step)
    sampler.on_megatron_microbatches_start(at)
    schedule.optimizer.step()
    schedule.step()
    sampler.on_megatron_step_end(at)
    if trainer.should_stop:
        trainer.should_stop = False
        consumed = sampler.compute_consumed_samples(step + 1 - sampler.init_global_step)
        sampler.init_consumed_samples = sampler.prev_consumed_samples = consumed
        sampler.init_global_step = step + 1
        update_num_microbatches(consumed, consistency_check=False)
        sampler.if_first_step, sampler.prev_global_batch_size = 1, None


def _trainer():
    from nemo.lightning.pytorch.strategies import MegatronStrategy
    from nemo.utils import AppState

    AppState().data_parallel_size = 1
    strategy = MegatronStrategy.__new__(MegatronStrategy)
    return SimpleNamespace(strategy=strategy, should_stop=False, training=True)


def _lr_schedule(names):
    import torch

    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], names["learning_rate"])
    return names["scheduler"].scheduler(None, optimizer)["lr_scheduler"]["scheduler"]


if __name__ == "__main__":
    main(drive, lambda: f"nemo-toolkit {version('nemo-toolkit')}")

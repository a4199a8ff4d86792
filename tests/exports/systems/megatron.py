"""Megatron-LM: its batch calculator and lr scheduler, called in the order of its training loop.

The loop needs CUDA. Restated of ``train`` in training/training.py at the commit: the calls, and
the assertion that the number of micro-batches does not decrease.
"""

import shlex
from types import SimpleNamespace

from tests.exports.case import Case, Update, main


def drive(case: Case) -> list[Update]:
    """Update the calculator, count the samples, step the scheduler."""
    from megatron.core import num_microbatches_calculator as batches

    options = _options(case.text)
    batches.init_num_microbatches_calculator(
        rank=1,  # rank 0 logs
        micro_batch_size=int(options["--micro-batch-size"]),
        data_parallel_size=1,
        step_batch_size_schedule=options["--step-batch-size-schedule"],
        seq_length=case.sequence_length,
    )
    try:
        return _train(int(options["--train-samples"]), _scheduler(options), batches)
    finally:
        batches.destroy_num_microbatches_calculator()


def _train(train_samples, scheduler, batches):
    updates, consumed = [], 0
    before = batches.get_num_microbatches()
    while consumed < train_samples:
        batches.update_num_microbatches(consumed, consistency_check=True)
        assert batches.get_num_microbatches() >= before, "micro-batches should not decrease"
        before = batches.get_num_microbatches()
        size = before * batches.get_micro_batch_size()
        updates.append((consumed, size, scheduler.optimizer.param_groups[0]["lr"]))
        consumed += size
        scheduler.step(increment=size)
    return updates


def _scheduler(options):
    from megatron.core.optimizer_param_scheduler import OptimizerParamScheduler

    return OptimizerParamScheduler(
        SimpleNamespace(param_groups=[{}]),
        init_lr=float(options.get("--lr-warmup-init", 0.0)),
        max_lr=float(options["--lr"]),
        min_lr=float(options.get("--min-lr", 0.0)),
        lr_warmup_steps=int(options.get("--lr-warmup-samples", 0)),
        lr_decay_steps=int(options.get("--lr-decay-samples", options["--train-samples"])),
        lr_decay_style=options["--lr-decay-style"],
        start_wd=0.0,
        end_wd=0.0,
        wd_incr_steps=1,
        wd_incr_style="constant",
        wsd_decay_steps=int(options.get("--lr-wsd-decay-samples", 0)),
        lr_wsd_decay_style=options.get("--lr-wsd-decay-style"),
    )


def _options(text):
    words = shlex.split(text[text.index("(\n") + 2 : text.rindex(")")])
    return dict(zip(words[::2], words[1::2], strict=True))


def _version():
    from megatron.core import __version__

    return f"Megatron Core {__version__}"


if __name__ == "__main__":
    main(drive, _version)

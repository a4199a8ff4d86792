"""A training loop as DeepSpeed's documentation has it, with the loader of a plan."""

import os

os.environ |= {"DS_ACCELERATOR": "cpu", "GLOO_SOCKET_IFNAME": "lo"}

import deepspeed
import deepspeed.ops
import torch
import torch.distributed as dist
from deepspeed.utils import safe_get_full_grad

from bsgrow.integrations.deepspeed import DeepSpeedLoader
from tests.hosts.reference import PLAN, Run, Samples, flat, loss_of, make_model, make_optimizer

# Its sum by shared memory would be compiled first, for a minute; Gloo sums as well.
deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False


def engine_of(model, optimizer, **config):
    config = {
        "train_micro_batch_size_per_gpu": 6,
        "gradient_clipping": 0,
        "zero_allow_untested_optimizer": True,  # SGD is
        "steps_per_print": 10**9,
        **config,
    }
    return deepspeed.initialize(model=model, optimizer=optimizer, config=config)[0]


def train(stage=0, folder=None, save_at=None, end=None, clip=0):
    """Run the loop to its end, from the checkpoint in the folder where it does not save one.

    Args:
        stage: of ZeRO.
        folder: of a checkpoint.
        save_at: updates after which it is saved.
        end: leaves the process in the middle of the update of this index.
        clip: a norm of gradients; 0 is none.
    """
    model = make_model(torch.float32)
    optimizer = make_optimizer(model)
    config = {"zero_optimization": {"stage": stage}, "gradient_clipping": clip}
    engine = engine_of(model, optimizer, **config)
    loader = DeepSpeedLoader(engine, Samples(torch.float32), PLAN, micro_batch_size=6)
    run = Run({}, [], [])
    if folder and not save_at:
        engine.load_checkpoint(folder)
    for _ in loader.epochs():
        for data, cut in loader:
            if cut.update.index == end and cut.closes_update:
                os._exit(9)
            run.read(data, cut)
            engine.backward(loss_of(engine, data) * cut.weight)
            if cut.closes_update:
                run.gradients.append(flat(map(safe_get_full_grad, model.parameters())))
                groups = engine.basic_optimizer.param_groups
                run.rates.append([(group["lr"], group["momentum"]) for group in groups])
            engine.step()
            if cut.closes_update:
                assert engine.global_samples == cut.update.stop
                if loader.num_updates == save_at:
                    engine.save_checkpoint(folder)
    run.weights = flat(model.parameters())
    dist.destroy_process_group()
    return run

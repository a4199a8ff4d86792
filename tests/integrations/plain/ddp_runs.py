"""A plain training loop under DistributedDataParallel, or with parameters that are sharded."""

import os

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from bsgrow.integrations.plain.growing_loader import GrowingLoader
from tests.hosts.reference import PLAN, Run, Samples, flat, loss_of, make_model, make_optimizer


def train(path=None, save_at=None, end=None, *, shards=False, **arguments):
    """Run the loop to its end, from the state at a path where it does not save one there.

    Args:
        path: of a state.
        save_at: updates after which it is saved.
        end: leaves the process in the middle of the update of this index.
        shards: whether each process has a part of each parameter, as by FSDP.
        **arguments: of the loader.
    """
    dist.init_process_group("gloo")
    model = sharded(make_model()) if shards else make_model()
    optimizer = make_optimizer(model)
    run = Run.of(optimizer)
    loader = GrowingLoader(
        Samples(), PLAN, optimizer=optimizer, averages_gradients=True, **arguments
    )
    parts = {"model": model, "optimizer": optimizer, "loader": loader}
    if path and not save_at:
        for name, state in torch.load(path, weights_only=True).items():
            parts[name].load_state_dict(state)
    ddp = model if shards else DistributedDataParallel(model)
    for _ in loader.epochs():
        for data, cut in loader:
            if cut.update.index == end:
                os._exit(9)
            run.read(data, cut)
            with loader.accumulating(ddp, cut):
                (loss_of(ddp, data) * cut.weight).backward()
            if cut.closes_update:
                optimizer.step()
                optimizer.zero_grad()
                if loader.num_updates == save_at and dist.get_rank() == 0:
                    torch.save({name: each.state_dict() for name, each in parts.items()}, path)
    run.weights = flat(model.parameters())
    dist.destroy_process_group()
    return run


def sharded(model):
    """Return the model, each of whose layers gathers its parameters when it is called."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    for layer in (model[0], model[2]):
        fully_shard(layer, mesh=mesh)
    return model


def count_of(data):
    """What a mean loss counts, here samples, as a function says it."""
    return len(data[0])


def train_with(arguments):
    """``train``, by a process that is given positional arguments alone."""
    return train(**arguments)

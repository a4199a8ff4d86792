"""DeepSpeed: an engine over a linear model on one rank, its updates recorded as it counts them."""

import os
from importlib.metadata import version

from tests.exports.case import Case, Update, free_port, main, run_text


def drive(case: Case) -> list[Update]:
    """Run the loop that the exported comments describe."""
    os.environ |= {"DS_ACCELERATOR": "cpu", "MASTER_ADDR": "127.0.0.1", "RANK": "0"}
    os.environ |= {"LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_PORT": str(free_port())}
    import deepspeed
    import torch

    names = run_text(case.text)
    model = torch.nn.Linear(2, 1)
    engine, *_ = deepspeed.initialize(
        model=model,
        optimizer=names["make_optimizer"](model.parameters()),
        lr_scheduler=names["lr_scheduler"],
        config=names["DS_CONFIG"],
    )
    batch = torch.ones(engine.train_micro_batch_size_per_gpu(), 2)
    start, updates = 0, []
    while engine.global_steps < names["NUM_UPDATES"]:
        names["set_batch_size"](engine)
        index, size, lr = engine.global_steps, 0, engine.get_lr()[0]
        while engine.global_steps == index:
            engine.backward(engine(batch).square().mean())
            engine.step()
            size += len(batch)
        updates.append((start, size, lr))
        start += size
    return updates


if __name__ == "__main__":
    main(drive, lambda: f"deepspeed {version('deepspeed')}")

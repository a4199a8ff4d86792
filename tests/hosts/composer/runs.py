"""A run in Composer's Trainer, by a plan."""

import os

from composer.models import ComposerModel

from bsgrow.integrations.composer import ComposerLoader
from tests.hosts.reference import PLAN, Run, Samples, flat, loss_of, make_model, make_optimizer


class Model(ComposerModel):
    """The network, which notes what it is given."""

    def __init__(self):
        super().__init__()
        self.net = make_model()
        self.note = lambda batch: None

    def forward(self, batch):
        self.note(batch)
        return self.net(batch[0])

    def loss(self, outputs, batch):
        return loss_of(lambda _: outputs, batch)


def train(size=6, folder=None, save_at=None, end=None, *, trainer=None, **arguments):
    """Run it to its end, from the checkpoint in the folder where it does not save one.

    Args:
        size: of a micro-batch.
        folder: of a checkpoint.
        save_at: updates after which it is saved.
        end: leaves the process in the middle of the update of this index.
        trainer: further arguments of the Trainer.
        **arguments: of the loader.
    """
    model = Model()
    optimizer = make_optimizer(model.net)
    run = Run({}, [], [])
    loader = ComposerLoader(Samples(), PLAN, **arguments)

    def note(batch):
        index, cuts = len(run.gradients) + first, loader.share
        if index == end and optimizer.param_groups[0]["params"][0].grad is not None:
            os._exit(9)
        update = PLAN.update(index)
        if len(range(*cuts.run(update.start, update.stop))):
            pairs = zip(batch[3].tolist(), batch[2].tolist(), strict=True)
            run.samples.setdefault(index, []).extend(pairs)

    model.note, first = note, 0
    saving = {"save_folder": folder, "save_interval": f"{save_at}ba", "save_filename": "{batch}.pt"}
    loading = {"load_path": f"{folder}/10.pt"}
    trainer = loader.trainer(
        model=model,
        optimizers=optimizer,
        device_train_microbatch_size=size,
        device="cpu",
        progress_bar=False,
        **(saving if save_at else loading if folder else trainer or {}),
    )
    first = loader.num_updates
    # After it: Composer makes the gradients within step(), and after a step by which it loads.
    optimizer.register_step_post_hook(lambda optimizer, *_: run.note(optimizer))
    trainer.fit()
    assert int(trainer.state.timestamp.sample) == PLAN.num_total_samples
    assert int(trainer.state.timestamp.batch) == PLAN.num_updates
    run.epochs = int(trainer.state.timestamp.epoch)
    run.weights = flat(model.net.parameters())
    trainer.close()
    return run


def train_in_ghost_batches(ghost_batch_size, counts_tokens):
    """``train`` in ghost batches, weighed by samples or by tokens, of which each has three."""
    spec = {"get_num_tokens_in_batch": lambda batch: 3 * len(batch[0])} if counts_tokens else {}
    weighed = {"accumulate_train_batch_on_tokens": counts_tokens}
    return train(8, trainer=weighed, ghost_batch_size=ghost_batch_size, data_spec=spec)

"""The Trainer on the reference's data, and on a small language model's, noting what it steps by."""

import os

import torch
from torch import nn
from transformers import TrainerCallback, TrainingArguments

from bsgrow.integrations.transformers import GrowingTrainer
from tests.hosts.reference import PLAN, Run, Samples, flat, loss_of, make_model, make_optimizer


class Network(nn.Module):
    """The reference's network, called by names as the Trainer does."""

    def __init__(self):
        super().__init__()
        self.network = make_model()

    def forward(self, features, labels, numbers, epochs):
        return {"loss": loss_of(self.network, (features, labels))}


def collate(samples):
    names = ("features", "labels", "numbers", "epochs")
    return dict(zip(names, torch.utils.data.default_collate(samples), strict=True))


class Recording(GrowingTrainer):
    """Notes the samples of each update."""

    def get_batch_samples(self, *arguments):
        updates, number = super().get_batch_samples(*arguments)
        for update in updates:
            for data, cut in update.micro_batches:
                self.run.read((data["numbers"], data["epochs"]), cut)
        return updates, number


class Exits(TrainerCallback):
    """Ends the process within an update, as a power cut would."""

    def __init__(self, index):
        self.index = index

    def on_pre_optimizer_step(self, args, state, control, **_):
        if state.global_step == self.index:
            os._exit(9)


def arguments_of(folder, **changed):
    given = {
        "data_seed": 0,
        "dataloader_pin_memory": False,
        "disable_tqdm": True,
        "learning_rate": 0.1,
        "max_grad_norm": 0.0,
        "output_dir": str(folder),
        "per_device_train_batch_size": 6,
        "remove_unused_columns": False,
        "report_to": "none",
        "save_strategy": "no",
        "use_cpu": True,
    }
    return TrainingArguments(**given | changed)


class Overriding(Recording):
    """Has a loss of its own, as many subclasses of the Trainer do."""

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        outputs = model(**inputs)
        return (outputs["loss"], outputs) if return_outputs else outputs["loss"]


def trainer_of(folder, *, kind=Recording, callbacks=(), **changed):
    model = Network()
    optimizer = make_optimizer(model.network)
    trainer = kind(
        model,
        arguments_of(folder, **changed),
        plan=PLAN,
        train_dataset=Samples(),
        data_collator=collate,
        optimizers=(optimizer, None),
        callbacks=list(callbacks),
    )
    trainer.run = Run.of(optimizer)
    return trainer


def train(folder, *, kind=Recording, resume=None, end=None, **changed):
    """Train to the plan's end, or to within an update; return what was made."""
    callbacks = () if end is None else [Exits(end)]
    trainer = trainer_of(folder, kind=kind, callbacks=callbacks, **changed)
    trainer.train(resume_from_checkpoint=resume)
    trainer.run.weights = flat(trainer.model.parameters())
    trainer.run.state = trainer.state
    return trainer.run


def train_rank(folder, resume=None, end=None, size=3):
    saves = {"save_strategy": "steps", "save_steps": 1}
    run = train(folder, resume=resume, end=end, per_device_train_batch_size=size, **saves)
    del run.state
    return run

"""What would not make the plan's updates is refused with a sentence, before any is made."""

import pytest
import torch
from torch.utils.data import IterableDataset
from transformers import Trainer, TrainingArguments

from bsgrow.errors import InputError
from bsgrow.integrations.transformers import GrowingTrainer
from tests.hosts.reference import PLAN, Samples, make_optimizer
from tests.hosts.transformers.runs import Network, arguments_of, collate, trainer_of

LENGTHS = (
    {"train_sampling_strategy": "group_by_length"}
    if hasattr(TrainingArguments, "train_sampling_strategy")
    else {"group_by_length": True}  # of transformers 4
)


def make(folder, optimizers=(None, None), dataset=None, **changed):
    return GrowingTrainer(
        Network(),
        arguments_of(folder, **changed),
        plan=PLAN,
        train_dataset=dataset or Samples(),
        data_collator=collate,
        optimizers=optimizers,
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"gradient_accumulation_steps": 2},
        {"dataloader_drop_last": True},
        LENGTHS,
        {"auto_find_batch_size": True},
        {"lr_scheduler_type": "cosine"},
        {"warmup_steps": 10},
        {"learning_rate": 0.01},
        {"optim": "adalomo"},
    ],
    ids=str,
)
def test_arguments_that_would_not_make_the_updates_are_refused(tmp_path, changed):
    with pytest.raises(InputError, match=next(iter(changed))):
        make(tmp_path, **changed)


def test_a_scheduler_beside_the_plan_is_refused(tmp_path):
    optimizer = make_optimizer(Network())
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    with pytest.raises(InputError, match="the plan sets the learning rate"):
        make(tmp_path, (optimizer, scheduler))


class Endless(IterableDataset):
    def __iter__(self):
        return iter([])


def test_an_iterable_data_set_is_refused(tmp_path):
    with pytest.raises(InputError, match="is not map-style, with __getitem__ and __len__"):
        make(tmp_path, dataset=Endless(), max_steps=3).train()


def test_a_checkpoint_of_a_run_without_the_plan_is_refused(tmp_path):
    saving = arguments_of(
        tmp_path, save_strategy="steps", save_steps=2, max_steps=2, save_only_model=True
    )
    Trainer(Network(), saving, train_dataset=Samples(), data_collator=collate).train()
    with pytest.raises(InputError, match="after 2 steps, and the plan after 0 updates"):
        trainer_of(tmp_path).train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))


def test_a_state_of_another_order_is_refused(tmp_path):
    trainer_of(tmp_path, save_strategy="steps", save_steps=2, max_steps=2).train()
    other = trainer_of(tmp_path, data_seed=1)
    with pytest.raises(InputError, match="seed: the state is of a loader with another"):
        other.train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))

"""A language model whose samples have unlike numbers of tokens: an update is the mean over all."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.utils.data import Dataset
from transformers import LlamaConfig, LlamaForCausalLM

from bsgrow.integrations.transformers import GrowingTrainer
from bsgrow.stream import SampleStream
from tests.hosts.forked import preload, run_ranks
from tests.hosts.reference import NUM_SAMPLES, PLAN, flat
from tests.hosts.transformers.runs import arguments_of

preload("tests.hosts.transformers.test_language_model")
LENGTHS = np.random.default_rng(2).integers(1, 12, NUM_SAMPLES)  # of 1 nothing is predicted
WORDS = np.random.default_rng(3).integers(0, 32, (NUM_SAMPLES, 12))


class Sentences(Dataset):
    def __len__(self):
        return NUM_SAMPLES

    def __getitem__(self, index):
        return torch.tensor(WORDS[index][: LENGTHS[index]])


def padded(sentences):
    tokens = torch.nn.utils.rnn.pad_sequence(sentences, batch_first=True, padding_value=-100)
    mask = tokens != -100
    return {"input_ids": tokens.where(mask, 0), "attention_mask": mask.long(), "labels": tokens}


def small_model():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        sizes = {"vocab_size": 32, "hidden_size": 8, "intermediate_size": 16}
        layers = {"num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2}
        return LlamaForCausalLM(LlamaConfig(**sizes, **layers)).double()


def sgd(model, gradients):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    parameters = list(model.parameters())
    optimizer.register_step_pre_hook(lambda *_: gradients.append(flat(p.grad for p in parameters)))
    return optimizer


def losses(logits, labels, reduction):
    # In this dtype, where the Trainer's models go by way of float32.
    logits, labels = logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten()
    return F.cross_entropy(logits, labels, reduction=reduction)


def sum_over_number(outputs, labels, num_items_in_batch):
    return losses(outputs.logits, labels, "sum") / num_items_in_batch


def train(folder, kind="its own", size=6):
    gradients, model = [], small_model()
    given = {"compute_loss_func": sum_over_number} if kind == "a function" else {}
    if kind == "counts":
        given["count"] = LENGTHS - 1
    trainer = GrowingTrainer(
        model,
        arguments_of(
            folder, per_device_train_batch_size=size, include_num_input_tokens_seen="non_padding"
        ),
        plan=PLAN,
        train_dataset=Sentences(),
        data_collator=padded,
        optimizers=(sgd(model, gradients), None),
        **given,
    )
    loss = trainer.train().training_loss
    return gradients, flat(model.parameters()), loss, trainer.state.num_input_tokens_seen


@pytest.fixture(scope="module")
def expected():
    """Gradients, weights and the mean loss of a loop over whole updates."""
    gradients, model, stream = [], small_model(), SampleStream(NUM_SAMPLES, 0)
    found = []
    optimizer = sgd(model, gradients)
    for update in PLAN.updates():
        for group in optimizer.param_groups:
            group["lr"], group["momentum"] = update.lr, update.momentum
        samples = stream[update.start : update.stop].samples.tolist()
        data = padded([Sentences()[sample] for sample in samples])
        optimizer.zero_grad()
        logits = model(input_ids=data["input_ids"], attention_mask=data["attention_mask"]).logits
        loss = losses(logits, data["labels"], "mean")
        loss.backward()
        found.append(loss.item())
        optimizer.step()
    return gradients, flat(model.parameters()), np.mean(found)


def assert_as_expected(made, expected):
    np.testing.assert_allclose(made[0], expected[0], rtol=0, atol=1e-7)
    np.testing.assert_allclose(made[1], expected[1], rtol=0, atol=1e-6)
    assert made[2] == pytest.approx(expected[2], rel=1e-5)


@pytest.mark.parametrize("kind", ["its own", "counts", "a function"])
def test_a_token_counts_the_same_in_every_micro_batch(tmp_path, expected, kind):
    made = train(tmp_path, kind)
    assert_as_expected(made, expected)
    assert made[3] == sum(LENGTHS[s] for s in SampleStream(NUM_SAMPLES, 0)[:303].samples)


def test_micro_batches_of_one_sentence_have_some_without_a_label(tmp_path, expected):
    assert_as_expected(train(tmp_path, size=1), expected)


@pytest.mark.parametrize("kind", ["its own", "a function"])
def test_tokens_are_counted_over_two_processes(tmp_path, expected, kind):
    ranks = run_ranks(2, train, str(tmp_path), kind, 3)
    loss = sum(made[2] for made in ranks) / 2  # each tells of its own, and logs of all
    for made in ranks:
        assert_as_expected((*made[:2], loss), expected)
        assert made[3] == sum(LENGTHS[s] for s in SampleStream(NUM_SAMPLES, 0)[:303].samples)

"""A small language model of bytes in plain PyTorch: the batch grows as AdamW's cosine falls.

The text is that of Python's own manual. A batch is counted in sequences of 32 tokens.
"""

from pydoc_data.topics import topics

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from bsgrow import GrowingLoader, Growth, Reference, compile_plan

LENGTH, EPOCHS, LR, BATCH = 32, 2, 0.01, 16
text = "".join(topics[name] for name in sorted(topics)).encode()[: LENGTH * 1700 + 1]
tokens = torch.frombuffer(bytearray(text), dtype=torch.uint8).long()
sequences = tokens.unfold(0, LENGTH + 1, LENGTH)  # each ends with what the next begins with
training, tested = sequences[:1600], sequences[1600:]


class LanguageModel(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.tokens, self.places = nn.Embedding(256, width), nn.Embedding(LENGTH, width)
        layer = {"dropout": 0.0, "batch_first": True, "norm_first": True}
        self.block = nn.TransformerEncoderLayer(width, 4, 4 * width, **layer)
        self.out = nn.Linear(width, 256)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(LENGTH))

    def forward(self, sequences):
        embedded = self.tokens(sequences[:, :-1]) + self.places.weight
        logits = self.out(self.block(embedded, src_mask=self.mask, is_causal=True))
        return cross_entropy(logits.flatten(0, 1), sequences[:, 1:].flatten())


# Of Adam the lr goes with the root of the batch: where the cosine has halved, the batch is four
# times as large. The warm-up, a tenth of the first epoch, stays in the lr.
warm, all_tokens = len(training) * LENGTH // 10, EPOCHS * len(training) * LENGTH
warmup = {"name": "LinearLR", "start_factor": 0.1, "total_iters": warm}
cosine = {"name": "CosineAnnealingLR", "T_max": all_tokens - warm}
curve = {"name": "SequentialLR", "schedulers": [warmup, cosine], "milestones": [warm]}
reference = Reference(EPOCHS, LR, BATCH, curve=curve, unit="tokens", tokens_per_sample=LENGTH)
plan = compile_plan(reference, Growth(rule="sqrt", max_batch_size=128), len(training))

torch.manual_seed(0)
model = LanguageModel()
optimizer = torch.optim.AdamW(model.parameters(), lr=LR)
loader = GrowingLoader(training, plan, micro_batch_size=16, optimizer=optimizer)
for _ in loader.epochs():
    for data, cut in loader:
        (model(data) * cut.weight).backward()
        if cut.closes_update:
            optimizer.step()
            optimizer.zero_grad()
loss = float(model(tested).detach())
print(
    f"test loss {loss:.3f} a byte, {plan.num_updates} updates, {plan.baseline_num_updates} before"
)

"""The loop of plain_loop.py, with a batch that grows where its learning rate decayed."""

import torch
from sklearn.datasets import load_digits
from torch.nn.functional import cross_entropy
from torch.utils.data import TensorDataset

from bsgrow import GrowingLoader, plan_from_lr_scheduler

pixels, digits = map(torch.tensor, load_digits(return_X_y=True))
dataset = TensorDataset(pixels[:1536].float() / 16, digits[:1536])
model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[6, 9], gamma=0.25)
plan = plan_from_lr_scheduler(scheduler, num_samples=1536, epochs=12, global_batch_size=32)
loader = GrowingLoader(dataset, plan, micro_batch_size=32, optimizer=optimizer)
for epoch in range(12):
    for (images, labels), cut in loader:
        loss = cross_entropy(model(images), labels) * cut.weight
        loss.backward()
        if not cut.closes_update:
            continue
        optimizer.step()
        optimizer.zero_grad()

accuracy = (model(pixels[1536:].float() / 16).argmax(1) == digits[1536:]).double().mean()
print(f"test accuracy {accuracy:.2%}, {plan.num_updates} updates")

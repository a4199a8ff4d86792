"""A loop with Hugging Face Accelerate whose batch grows where its learning rate would decay.

On several processes: accelerate launch examples/accelerate_loop.py
"""

import torch
from accelerate import Accelerator
from sklearn.datasets import load_digits
from torch.nn.functional import cross_entropy
from torch.utils.data import TensorDataset

from bsgrow import plan_from_lr_scheduler
from bsgrow.integrations.accelerate import AccelerateLoader

pixels, digits = map(torch.tensor, load_digits(return_X_y=True))
dataset = TensorDataset(pixels[:1536].float() / 16, digits[:1536])
accelerator = Accelerator(cpu=True)  # without gradient_accumulation_steps
model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[6, 9], gamma=0.25)
plan = plan_from_lr_scheduler(scheduler, num_samples=1536, epochs=12, global_batch_size=32)
model, optimizer = accelerator.prepare(model, optimizer)
loader = AccelerateLoader(accelerator, dataset, plan, micro_batch_size=32, optimizer=optimizer)
for epoch in loader.epochs():  # those that are left, also after accelerator.load_state(…)
    for (images, labels), cut in loader:
        with loader.accumulate(cut, model):  # in place of accelerator.accumulate(model)
            loss = cross_entropy(model(images), labels) * cut.weight
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()

with torch.no_grad():
    guesses = model(pixels[1536:].float().to(accelerator.device) / 16).argmax(1).cpu()
accuracy = (guesses == digits[1536:]).double().mean()
accelerator.print(f"test accuracy {accuracy:.2%}, {plan.num_updates} updates")

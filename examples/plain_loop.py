"""A training loop as many have it: digits, and a learning rate that decays."""

import torch
from sklearn.datasets import load_digits
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

pixels, digits = map(torch.tensor, load_digits(return_X_y=True))
dataset = TensorDataset(pixels[:1536].float() / 16, digits[:1536])
model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[6, 9], gamma=0.25)
loader = DataLoader(dataset, batch_size=32, shuffle=True)
for epoch in range(12):
    for images, labels in loader:
        loss = cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    scheduler.step()

accuracy = (model(pixels[1536:].float() / 16).argmax(1) == digits[1536:]).double().mean()
print(f"test accuracy {accuracy:.2%}")

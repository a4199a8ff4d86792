"""``torch.optim.AdamW``: Adam, with a weight decay of its own (arXiv 1711.05101)."""

from dataclasses import replace

from bsgrow.schedule.optimizers import adam

ADAMW = replace(adam.ADAM, torch_name="AdamW", decouples_decay=True)

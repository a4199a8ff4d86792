"""What docs/python.md does with torchvision, which is imported as Composer imports it."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bsgrow import GrowingLoader, Growth, Reference, compile_plan

PAGE = (Path(__file__).parents[3] / "docs/python.md").read_text()
NUM_SAMPLES = 6


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    (program,) = re.findall(r"```python with-torchvision\n(.*?)```", PAGE, re.DOTALL)
    folder = tmp_path_factory.mktemp("photographs")
    (folder / "class").mkdir()
    for number in range(NUM_SAMPLES):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 30, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"class/{number}.png")
    names = {}
    exec(program, names)
    return names["Photographs"](folder)


def images_of(photographs, num_workers, size):
    """The images of two epochs, in order."""
    plan = compile_plan(Reference(2, 0.1, 2), Growth(), NUM_SAMPLES)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    loader = GrowingLoader(
        photographs, plan, micro_batch_size=size, optimizer=optimizer, num_workers=num_workers
    )
    found = []
    for _ in loader.epochs():
        for (images, _), cut in loader:
            found.extend(images)
            if cut.closes_update:
                optimizer.step()
    return torch.stack(found)


def test_transforms_draw_the_same_whatever_the_workers(photographs):
    alone = images_of(photographs, 0, 2)
    assert alone.shape == (2 * NUM_SAMPLES, 3, 224, 224)
    assert torch.equal(images_of(photographs, 2, 1), alone)
    first, second = (list(each) for each in alone.split(NUM_SAMPLES))
    assert not any(torch.equal(one, other) for one in first for other in second)

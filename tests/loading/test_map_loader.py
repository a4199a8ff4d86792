"""A map-style data set is cut as the plan says, whatever the workers, the share and the size."""

import numpy as np
import pytest
import torch

from bsgrow.data.arrays.returned import dataset_of
from bsgrow.errors import InputError
from bsgrow.loading import make_loader, map_loader
from bsgrow.loading.map_loader import MapLoader
from bsgrow.loading.settings import LoaderSettings
from bsgrow.native import Augment
from bsgrow.schedule import Growth, Reference, compile_plan
from bsgrow.stream import SampleStream, Share, torch_sample_rng
from bsgrow.user_code.errors import UserCodeError

pytestmark = pytest.mark.forks  # workers of PyTorch's DataLoader

NUM = 23
PLAN = compile_plan(Reference(epochs=2.5, lr=0.1, global_batch_size=5), Growth(), NUM)


class Own:
    num_classes = 3

    def __init__(self, num, what="float", bad=None):
        self.num, self.what, self.bad = num, what, bad

    def __len__(self):
        return self.num

    def __getitem__(self, index):
        if index == self.bad:
            return self.instead(index)
        image = np.full((1, 2, 2), index, np.uint8 if self.what == "uint8" else np.float32)
        return torch.from_numpy(image), int(index) % 3

    def instead(self, index):
        if self.what == "shape":
            return np.zeros((1, 2, 3), np.float32), 0
        if self.what == "label":
            return np.zeros((1, 2, 2), np.float32), 3
        if self.what == "item":
            return None
        raise ValueError(f"no {index}")


def loader(train, test=None, **settings):
    settings = {"micro_batch_size": 2, "device": torch.device("cpu"), "seed": 3} | settings
    return make_loader(dataset_of("a:b", (train, test or Own(7)), None), LoaderSettings(**settings))


def taken(made, first=0):
    """Return of each update its index and the samples and weights of its micro-batches."""
    found = {}
    for update, micro_batches in made.updates(PLAN.updates(first)):
        parts = found[update.index] = []
        for each in micro_batches:
            samples = each.images[:, 0, 0, 0].round().int().tolist()
            assert each.labels.tolist() == [sample % 3 for sample in samples]
            assert len(samples) == each.num_samples
            parts.append((samples, each.weight))
    return found


def of(found, index):
    return [sample for samples, _ in found[index] for sample in samples]


@pytest.mark.parametrize(
    ("num_threads", "num_workers", "expected"), [(1, None, 0), (3, None, 3), (3, 0, 0), (1, 2, 2)]
)
def test_so_many_workers_read(num_threads, num_workers, expected):
    given = {"num_threads": num_threads, "num_workers": num_workers}
    assert map_loader._num_workers(LoaderSettings(2, torch.device("cpu"), **given)) == expected


@pytest.mark.parametrize("num_threads", [1, 2])
def test_each_update_has_its_samples_in_the_order_of_the_stream(num_threads):
    stream, found = SampleStream(NUM, 3), taken(loader(Own(NUM), num_threads=num_threads))
    assert [*found] == [*range(PLAN.num_updates)]
    for update in PLAN.updates():
        assert of(found, update.index) == [stream[p][1] for p in range(update.start, update.stop)]
        assert sum(weight for _, weight in found[update.index]) == pytest.approx(1)


def test_it_goes_on_anywhere_in_micro_batches_of_another_size():
    made = loader(Own(NUM))
    whole = taken(made)
    assert isinstance(made, MapLoader)
    late = taken(made.with_micro_batch_size(3), first=6)
    assert {k: of(late, k) for k in late} == {k: of(whole, k) for k in whole if k >= 6}


@pytest.mark.parametrize("world_size", [2, 7])
def test_shares_are_all_samples_each_once_empty_ones_too(world_size):
    whole = taken(loader(Own(NUM)))
    parts = [taken(loader(Own(NUM), share=Share(r, world_size))) for r in range(world_size)]
    for index in whole:
        assert [s for part in parts for s in of(part, index)] == of(whole, index)
    assert world_size < 7 or any(part[0] == [] for part in parts)


@pytest.mark.parametrize("size", [1, 3, 10])
def test_held_out_samples_come_in_order_each_once(size):
    batches = [*loader(Own(NUM), micro_batch_size=size).evaluation()]
    assert torch.cat([images[:, 0, 0, 0] for images, _ in batches]).tolist() == [*range(7)]
    assert torch.cat([labels for _, labels in batches]).tolist() == [k % 3 for k in range(7)]


def test_bytes_are_divided_by_255_and_floats_are_taken_as_they_are():
    (images, _), *_ = loader(Own(NUM, "uint8")).evaluation()
    assert images.dtype == torch.float32
    made = loader(Own(NUM, "uint8")).updates(PLAN.updates())
    first = next(next(made).micro_batches)
    assert (first.images * 255).round()[0].unique().tolist() == [SampleStream(NUM, 3)[0][1]]
    assert first.images.max() <= 22 / 255
    made.close()


class Text(Own):
    def __getitem__(self, index):
        return np.full(4, index, np.int32), np.full(2, index % 3)


def test_tokens_stay_whole_numbers_with_labels_of_their_own_shape():
    settings = {"dtype": torch.bfloat16, "memory_format": torch.channels_last}
    made, found = loader(Text(NUM), Text(7), **settings), []
    for _, micro_batches in made.updates(PLAN.updates()):
        found += [(each.images, each.labels) for each in micro_batches]
    assert sum(len(images) for images, _ in found) == PLAN.num_total_samples
    for images, labels in found:
        assert (images.dtype, images.shape[1:], labels.shape[1:]) == (torch.int64, (4,), (2,))
        assert labels.dtype == torch.int64
        assert (images[:, :2] % 3 == labels).all()


def test_an_augmentation_is_the_data_sets_own_affair():
    with pytest.raises(InputError, match="augment: has no effect"):
        loader(Own(NUM), augment=Augment(flip=True))


@pytest.mark.parametrize("num_threads", [1, 2])
@pytest.mark.parametrize(
    ("what", "kind", "said"),
    [
        ("float", UserCodeError, "raised ValueError: no 9"),
        ("shape", InputError, "is float32 [1, 2, 3] with one label, and the first is float32 [1"),
        ("label", InputError, "its label is 3, of 3 classes"),
        ("item", InputError, "is a builtins.NoneType"),
    ],
)
def test_a_bad_item_is_named(num_threads, what, kind, said):
    with pytest.raises(kind) as caught:
        taken(loader(Own(NUM, what, bad=9), num_threads=num_threads))
    assert caught.value.message.startswith(f"data.name = 'a:b': item 9: {said}")
    assert "bsgrow/" not in caught.value.message


def test_workers_of_each_rank_draw_numbers_of_their_own(monkeypatch):
    seeds = []

    def recorded(*numbers):
        generator = torch_sample_rng(*numbers)
        seeds.append(generator.initial_seed())
        return generator

    monkeypatch.setattr(map_loader, "torch_sample_rng", recorded)
    for rank in (0, 1, 0):
        taken(loader(Own(NUM), share=Share(rank, 2)))
    first, second, again = seeds
    assert first == again != second

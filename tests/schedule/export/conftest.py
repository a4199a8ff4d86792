"""Plans of any shape, without the compiler: batch sizes and a learning rate as the test says."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from types import SimpleNamespace

import pytest

from bsgrow.schedule import Growth, Phase, Reference, Update


@dataclass(frozen=True)
class DrawnPlan:
    """What the exporters read of a plan; lr is a function of (sample, whole batch size)."""

    phases: tuple
    num_samples: int
    num_total_samples: int
    lr_of: object
    is_smooth = True
    reference = Reference(1, 0.1, 8)  # what a way out would be compiled from
    growth = Growth(mode="decay")

    def last_lr(self, phase):
        return self.lr_of(phase.last_start, phase.global_batch_size)

    @property
    def num_updates(self):
        return self.phases[-1].first_index + self.phases[-1].num_updates

    def update(self, index):
        at = bisect_right(self.phases, index, key=lambda phase: phase.first_index) - 1
        phase = self.phases[at]
        start = phase.start_sample + (index - phase.first_index) * phase.global_batch_size
        stop = min(start + phase.global_batch_size, self.num_total_samples)
        lr = self.lr_of(start, stop - start)
        return Update(index, start, stop, lr, phase.momentum)

    def at(self, sample):
        indices = range(self.num_updates)
        return self.update(
            bisect_right(indices, sample, key=lambda index: self.update(index).start) - 1
        )

    def updates(self):
        return (self.update(index) for index in range(self.num_updates))


@pytest.fixture(scope="session")
def make_plan():
    def make(stretches, lr, *, num_samples=None, cut=0, momentum=0.0):
        """Return a plan of (batch size, number of updates) stretches, cut samples short."""
        momenta = momentum if isinstance(momentum, list) else [momentum] * len(stretches)
        lr_of = lr if callable(lr) else lambda sample, size: lr
        phases, index, sample = [], 0, 0
        for (size, count), m in zip(stretches, momenta, strict=True):
            stop = sample + size * count
            phases.append(Phase(index, count, sample, stop, size, m, lr_of(sample, size)))
            index, sample = index + count, stop
        total = sum(size * count for size, count in stretches) - cut
        return DrawnPlan(tuple(phases), num_samples or total, total, lr_of)

    return make


@pytest.fixture(scope="session")
def whole_updates():
    """(start, batch size, lr) of the updates, the last one whole."""

    def whole(plan):
        sizes = [p.global_batch_size for p in plan.phases for _ in range(p.num_updates)]
        starts = [0, *accumulate(sizes)]
        rates = [update.lr for update in plan.updates()]
        rates[-1] = plan.last_lr(plan.phases[-1])
        return list(zip(starts, sizes, rates, strict=False))

    return whole


@pytest.fixture(scope="session")
def run_python():
    """Run exported Python without what it imports; return its names."""

    def run(text, **names):
        lines = text.splitlines()
        body = [line for line in lines if not line.startswith(("from ", "import "))]
        sgd = SimpleNamespace(SGD=lambda parameters, **given: given, Adam=lambda p, **given: given)
        own = {"bisect_right": bisect_right, "torch": SimpleNamespace(optim=sgd)}
        namespace = {**own, "dataclass": dataclass, **names}
        exec(compile("\n".join(body), "exported", "exec"), namespace)  # what a user would run
        return namespace

    return run

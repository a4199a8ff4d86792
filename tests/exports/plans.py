"""The plans that are driven: one recipe each, and what it says of every update."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bsgrow.recipe import Recipe, load_recipe
from bsgrow.recipe.planning import plan_recipe
from bsgrow.schedule.plan import Plan
from tests.exports.case import Case, Update

FOLDER = Path(__file__).parent / "plans"


@dataclass(frozen=True)
class DrivenPlan:
    """A recipe by the name of its file."""

    name: str

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.toml"

    @cached_property
    def recipe(self) -> Recipe:
        return load_recipe(str(self.path))

    @cached_property
    def plan(self) -> Plan:
        return plan_recipe(self.recipe)

    @property
    def updates(self) -> list[Update]:
        return [(u.start, u.global_batch_size, u.lr) for u in self.plan.updates()]

    @property
    def is_cut(self) -> bool:
        """Whether the last update is cut, which no system does but Lightning at an epoch's end."""
        last = self.plan.update(self.plan.num_updates - 1)
        return last.global_batch_size != self.plan.phases[-1].global_batch_size

    def case(self, text: str, sources: str = "") -> Case:
        schedule, optimizer = self.recipe.schedule, self.recipe.optimizer
        return Case(
            text=text,
            num_samples=self.plan.num_samples,
            num_total_samples=self.plan.num_total_samples,
            sequence_length=schedule.tokens_per_sample,
            micro_batch_size=self.recipe.run.micro_batch_size,
            optimizer=optimizer.name,
            momentum=optimizer.momentum,
            sources=sources,
        )


PLANS = [DrivenPlan(path.stem) for path in sorted(FOLDER.glob("*.toml"))]

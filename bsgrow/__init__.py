"""Grow the batch instead of decaying the learning rate (arXiv 1711.00489).

What is named here is imported when it is first asked for: ``import bsgrow`` takes no time, plans
need the standard library alone, recipes no NumPy, and only training needs torch.
"""

TYPE_CHECKING = False  # of typing, which takes as long to import as all else that begins

if TYPE_CHECKING:
    from bsgrow.errors import BsgrowError, InputError
    from bsgrow.recipe import Recipe, load_recipe, plan_recipe
    from bsgrow.schedule import Growth, Phase, Plan, Reference, Update, compile_plan
    from bsgrow.stream import Cut, SampleStream, Share

__version__ = "0.1.0"

__all__ = [
    "BsgrowError",
    "Cut",
    "Growth",
    "InputError",
    "Phase",
    "Plan",
    "Recipe",
    "Reference",
    "SampleStream",
    "Share",
    "Update",
    "__version__",
    "compile_plan",
    "load_recipe",
    "plan_recipe",
]

_HOMES = {
    "errors": "BsgrowError InputError",
    "recipe": "Recipe load_recipe plan_recipe",
    "schedule": "Growth Phase Plan Reference Update compile_plan",
    "stream": "Cut SampleStream Share",
}


def __getattr__(name: str) -> object:
    from bsgrow.lazy import importing

    return importing(__name__, _HOMES)[0](name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

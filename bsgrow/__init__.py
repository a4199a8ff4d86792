"""Grow the batch instead of decaying the learning rate (arXiv 1711.00489).

What is named here is imported when it is first asked for: ``import bsgrow`` takes no time, plans
need the standard library alone, recipes no NumPy, and only training needs torch.
"""

TYPE_CHECKING = False  # of typing, which takes as long to import as all else that begins

if TYPE_CHECKING:
    from bsgrow import stream as stream
    from bsgrow.errors import BsgrowError, InputError
    from bsgrow.integrations.plain.growing_loader import GrowingLoader
    from bsgrow.integrations.plain.growing_lr import GrowingLR
    from bsgrow.integrations.plain.loop_error import LoopError
    from bsgrow.integrations.plain.lr_scheduler_plan import plan_from_lr_scheduler
    from bsgrow.loading.batch_sampler import UpdateCut
    from bsgrow.models.conversion import convert_batch_norm, restore_batch_norm
    from bsgrow.models.ghost_batch_norm import RunningStatistics
    from bsgrow.recipe import Recipe, load_recipe, plan_recipe
    from bsgrow.reporting.comparison import Arm
    from bsgrow.reporting.python_comparison import compare
    from bsgrow.schedule import Growth, Phase, Plan, Reference, Update, compile_plan
    from bsgrow.stream import Cut, SampleIndex, SampleStream, Share, sample_rng
    from bsgrow.trained.loading import load_model
    from bsgrow.training.events.events import RunFinished
    from bsgrow.training.python_run import train

__version__ = "0.1.0"

__all__ = [
    "Arm",
    "BsgrowError",
    "Cut",
    "GrowingLR",
    "GrowingLoader",
    "Growth",
    "InputError",
    "LoopError",
    "Phase",
    "Plan",
    "Recipe",
    "Reference",
    "RunFinished",
    "RunningStatistics",
    "SampleIndex",
    "SampleStream",
    "Share",
    "Update",
    "UpdateCut",
    "__version__",
    "compare",
    "compile_plan",
    "convert_batch_norm",
    "load_model",
    "load_recipe",
    "plan_from_lr_scheduler",
    "plan_recipe",
    "restore_batch_norm",
    "sample_rng",
    "train",
]

_HOMES = {
    "errors": "BsgrowError InputError",
    "integrations.plain.growing_loader": "GrowingLoader",
    "integrations.plain.growing_lr": "GrowingLR",
    "integrations.plain.loop_error": "LoopError",
    "integrations.plain.lr_scheduler_plan": "plan_from_lr_scheduler",
    "loading.batch_sampler": "UpdateCut",
    "models.conversion": "convert_batch_norm restore_batch_norm",
    "models.ghost_batch_norm": "RunningStatistics",
    "recipe": "Recipe load_recipe plan_recipe",
    "reporting.comparison": "Arm",
    "reporting.python_comparison": "compare",
    "schedule": "Growth Phase Plan Reference Update compile_plan",
    "stream": "Cut SampleIndex SampleStream Share sample_rng",
    "trained.loading": "load_model",
    "training.events.events": "RunFinished",
    "training.python_run": "train",
}


if not TYPE_CHECKING:  # which would take any name then

    def __getattr__(name: str) -> object:
        from importlib import import_module

        from bsgrow.lazy import importing

        if name == "stream":  # bsgrow.stream, without an import of its own
            return import_module("bsgrow.stream")
        return importing(__name__, _HOMES)[0](name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

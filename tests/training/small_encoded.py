"""A recipe that trains on a few photographs in seconds."""

from bsgrow.recipe import recipe_from_table


def make_recipe(path, *, checkpoint_every=0, **data):
    return recipe_from_table(
        {
            "description": "photographs, for a test",
            "data": {"name": "folder", "path": str(path), **data},
            "augment": {"flip": True},
            "images": {"size": 16, "scale": [0.3, 1.0]},
            "model": {"name": "wide_resnet", "depth": 10, "width": 1},
            "optimizer": {"momentum": 0.9},
            "schedule": {
                "epochs": 3,
                "lr": 0.05,
                "global_batch_size": 12,
                "curve": {"name": "MultiStepLR", "milestones": [1, 2], "gamma": 0.5},
            },
            "growth": {"max_batch_size": 40},
            "run": {
                "ghost_batch_size": 4,
                "micro_batch_size": 8,
                "device": "cpu",
                "num_threads": 1,
                "evaluate_every_epochs": 1,
                "checkpoint_every_seconds": checkpoint_every,
            },
        }
    )

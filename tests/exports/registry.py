"""The systems that are driven; a further one is a module in ``systems`` and a line here."""

from dataclasses import dataclass

TORCH = "torch==2.13.0"


@dataclass(frozen=True)
class System:
    """A system and what drives it.

    Attributes:
        format: its name in ``bsgrow plan --format``; the module in ``systems`` is named after it.
        requirements: what pip installs into an environment of its own.
        how: what of it runs.
        repository: name of the checkout that it is driven from, where it is not installed.
        commit: of that checkout.
    """

    format: str
    requirements: tuple[str, ...]
    how: str
    repository: str = ""
    commit: str = ""

    @property
    def module_name(self) -> str:
        return f"tests.exports.systems.{self.format.replace('-', '_')}"

    @property
    def at(self) -> str:
        """Where it is driven from, for the table."""
        return f", {self.repository} at {self.commit}" if self.repository else ""


SYSTEMS = [
    System("lightning", (TORCH, "lightning==2.6.6"), "Trainer.fit"),
    System("deepspeed", (TORCH, "deepspeed==0.19.8"), "an engine on one rank"),
    System("olmo-core", (TORCH, "ai2-olmo-core==3.0.0"), "Trainer.fit"),
    System(
        "nemo",
        (TORCH, "nemo-toolkit[lightning]==2.7.3", "megatron-core==0.16.1"),
        "MegatronDataSampler and scheduler, in the loop's order",
    ),
    System(
        "megatron",
        (TORCH, "numpy==2.4.6", "packaging==26.4", "triton==3.9.0"),
        "batch calculator and lr scheduler, in the loop's order",
        repository="Megatron-LM",
        commit="d98e8a64ddf3",
    ),
    System(
        "levanter",
        (
            "jax==0.7.2",
            "haliax==1.4.dev453",
            "equinox==0.13.8",
            "optax==0.2.8",
            "draccus==0.11.6",
            "pyyaml==6.0.4",
        ),
        "BatchSchedule and AdamConfig.lr_scheduler",
        repository="levanter",
        commit="9263f81e8b45",
    ),
]

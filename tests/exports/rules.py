"""The rule of each system, restated where the exporters are tested; a case in, updates out."""

from collections.abc import Callable, Iterable, Mapping

from tests.exports.case import Case, Update, run_text
from tests.schedule.export import systems

RANKS = 1

RULES: Mapping[str, Callable[[Case], Iterable[Update]]] = {
    "lightning": lambda case: systems.run_lightning(
        run_text(case.text, **systems.LIGHTNING), RANKS, case.num_samples
    ),
    "deepspeed": lambda case: systems.run_deepspeed(run_text(case.text, **systems.LAMBDA), RANKS),
    "olmo-core": lambda case: systems.run_olmo_core(
        run_text(case.text, **systems.OLMO_CORE), case.sequence_length, case.num_samples
    ),
    "megatron": lambda case: systems.run_megatron(case.text, case.sequence_length),
    "levanter": lambda case: systems.run_levanter(case.text),
    "nemo": lambda case: systems.run_nemo(run_text(case.text, **systems.NEMO)),
}

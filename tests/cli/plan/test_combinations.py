"""No option of `bsgrow plan` is ignored without a word."""

import pytest

from bsgrow.cli.plan.combinations import require_used
from bsgrow.cli.plan.options import Every, PlanFormat
from bsgrow.errors import InputError

IMPORT = ("megatron", "0:8")
TABLE, JSON, CSV, NEMO = PlanFormat.TABLE, PlanFormat.JSON, PlanFormat.CSV, PlanFormat.NEMO
PHASE, UPDATE = Every.PHASE, Every.UPDATE

REFUSED = [
    *(
        ((TABLE, PHASE, IMPORT), {name: value}, (flag, "--from"))
        for name, value, flag in [
            ("plot", "a.png", "--plot"),
            ("world_size", "1", "--world-size"),
            ("throughput", "a.json", "--throughput"),
            ("throughput_case", "train", "--throughput-case"),
            ("all_reduce", "latency=1us,bandwidth=1GB/s", "--all-reduce"),
            ("efficiency", 0.5, "--efficiency"),
            ("sketch", True, "--sketch"),
            ("sketch", False, "--no-sketch"),
            ("micro_batch_size", 8, "--micro-batch-size"),
            ("approximate", True, "--approximate"),
        ]
    ),
    ((CSV, UPDATE, IMPORT), {}, ("--every update", "--from")),
    ((NEMO, PHASE, IMPORT), {}, ("--format nemo", "--from")),
    ((NEMO, UPDATE, None), {}, ("--every update", "--format nemo")),
    ((NEMO, PHASE, None), {"sketch": True}, ("--sketch", "--format nemo")),
    ((NEMO, PHASE, None), {"throughput": "a.json"}, ("--throughput", "--format nemo")),
    ((JSON, UPDATE, None), {}, ("--every update", "--format json")),
    ((TABLE, UPDATE, None), {}, ("--every update", "--format table")),
    ((CSV, UPDATE, None), {"throughput": "a.json"}, ("--throughput", "--every update")),
    ((TABLE, PHASE, None), {"throughput_case": "train"}, ("--throughput-case", "--throughput,")),
    ((TABLE, PHASE, None), {"all_reduce": "a.json"}, ("--all-reduce", "--throughput,")),
    ((TABLE, PHASE, None), {"efficiency": 0.5}, ("--efficiency", "--throughput,")),
    (
        *((JSON, PHASE, None), {"efficiency": 0.5, "throughput": "a.json"}),
        ("--efficiency", "numbers of ranks"),
    ),
    ((TABLE, PHASE, None), {"approximate": True}, ("--approximate", "--format table")),
    ((JSON, PHASE, None), {"micro_batch_size": 8}, ("--micro-batch-size", "--format json")),
    ((JSON, PHASE, None), {"sketch": True}, ("--sketch", "--format json")),
    ((CSV, PHASE, None), {"world_size": "1,8"}, ("--world-size", "--format csv")),
]
USED = [
    ((TABLE, PHASE, None), {"sketch": True, "throughput": "a.json", "throughput_case": "train"}),
    ((JSON, PHASE, None), {"world_size": "1,8", "plot": "a.png", "sketch": False}),
    ((CSV, UPDATE, None), {"plot": "a.png"}),
    ((CSV, PHASE, None), {"world_size": "1,8", "throughput": "a.json", "efficiency": 0.5}),
    ((TABLE, PHASE, None), {"throughput": "a.json", "all_reduce": "b.json"}),
    ((NEMO, PHASE, None), {"world_size": "8", "micro_batch_size": 8, "approximate": True}),
    ((CSV, PHASE, IMPORT), {"approximate": None, "sketch": None}),
]


@pytest.mark.parametrize(("mode", "options", "named"), REFUSED, ids=lambda value: str(value)[:60])
def test_an_option_that_would_be_ignored_is_refused(mode, options, named):
    option, other = named
    with pytest.raises(InputError, match=f"^{option}: .*{other}") as error:
        require_used(*mode, **options)
    assert error.value.hint


@pytest.mark.parametrize(("mode", "options"), USED, ids=str)
def test_what_is_used_passes(mode, options):
    require_used(*mode, **options)

"""The loader bench as a whole: rows for all, in order, whatever fails."""

from bsgrow.bench.loader import bench_loader
from bsgrow.bench.measure import Pace
from bsgrow.bench.source import UnavailableError
from bsgrow.bench.systems import SYSTEMS, System
from bsgrow.bench.work import ArrayWork

PACE = Pace(num_rounds=3, seconds_per_round=0.0)


def refuse(work):
    raise UnavailableError("cannot crop")


def break_down(work):
    raise RuntimeError("out of luck")


def ignore(message):
    pass


def test_a_row_for_each_system_and_batch_size_in_order(array_work):
    works = [array_work(global_batch_size=size) for size in (16, 32)]
    systems = {
        "limit": SYSTEMS["limit"],
        "refusing": System("refusing", {ArrayWork: refuse}),
        "bsgrow": SYSTEMS["bsgrow"],
        "broken": System("broken", {ArrayWork: break_down}),
        "elsewhere": System("elsewhere", {}),
    }
    messages = []
    rows = bench_loader(works, systems, PACE, messages.append)
    names = ["limit", "refusing", "bsgrow", "broken"]
    assert [(row["global_batch_size"], row["system"]) for row in rows] == [
        (size, name) for size in (16, 32) for name in names
    ]
    assert [row.get("reason") for row in rows[:4]] == [
        None,
        "cannot crop",
        None,
        "RuntimeError: out of luck",
    ]
    assert all(row["n"] == 2 and row["of_limit"] > 0 for row in rows if "reason" not in row)
    assert "batch 16: round 3, bsgrow" in messages


def test_a_system_that_delivers_something_else_is_a_row_with_the_reason(array_work):
    def other_shape(work):
        return SYSTEMS["bsgrow"].open(array_work(images=work.images[:, :, :16].copy()))

    systems = {"other": System("other", {ArrayWork: other_shape})}
    (row,) = bench_loader([array_work()], systems, PACE, ignore)
    assert "delivers torch.float32 of (32, 3, 16, 32)" in row["reason"]

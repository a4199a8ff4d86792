"""How long a comparison of loaders takes, by its rows and rounds and the bytes of a delivery."""

from bsgrow.bench.foreseen import Foreseen, foresee
from bsgrow.bench.measure import Pace
from bsgrow.bench.systems import System
from bsgrow.bench.work import ArrayWork, BufferWork

HERE = System("here", {ArrayWork: "is not opened"})
BOTH = System("both", {ArrayWork: "is not opened", BufferWork: "is not opened"})
ABSENT = System("absent", {ArrayWork: "is not opened"}, package="no_such_package")
IMAGES_A_SECOND = (64 << 20) // (3 * 32 * 32 * 4)  # of the slowest, to one thread


def foreseen(works, systems, pace):
    return foresee(works, {system.name: system for system in systems}, pace)


def test_what_takes_the_work_and_is_there_is_a_row(array_work):
    works = [array_work(global_batch_size=1), array_work(BufferWork, global_batch_size=1)]
    found = foreseen(works, [HERE, BOTH, ABSENT], Pace(5, 0.5, seconds_per_row=100.0))
    assert (found.num_rows, found.least) == (3, 7.5)
    assert found.least < found.most < 7.6
    assert foreseen([], [HERE], Pace()) == Foreseen(0, 0, 0)
    assert foreseen(works, [ABSENT], Pace()) == Foreseen(0, 0, 0)


def test_deliveries_of_a_second_end_with_the_time_of_a_row(array_work):
    works = [array_work(global_batch_size=IMAGES_A_SECOND)]
    found = foreseen(works, [HERE], Pace(7, 1.0, seconds_per_row=10.0))
    assert round(found.most, 2) == 4 + 10 + 4  # a round is one second, and three deliveries
    assert round(foreseen(works, [HERE], Pace(2, 1.0, 10.0)).most, 2) == 8

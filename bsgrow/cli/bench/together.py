"""`bsgrow bench train` on the processes that torchrun started."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bsgrow.bench.measure import Pace
from bsgrow.bench.together import bench_together
from bsgrow.bench.training_job import measurable_job
from bsgrow.cli.bench.measuring import print_found, progress
from bsgrow.cli.bench.table import print_together
from bsgrow.cli.bench.values import batch_size_list
from bsgrow.cli.ending import ending_at_once
from bsgrow.cli.format import Format
from bsgrow.cli.terminal import err
from bsgrow.recipe import load_recipe
from bsgrow.training.alike import require_alike
from bsgrow.training.decisions import Decisions
from bsgrow.training.group.process_group import ProcessGroup
from bsgrow.training.group.torch_process_group import joined_group
from bsgrow.training.job import Job
from bsgrow.training.memory import explaining_memory


def measure_together(
    recipe: str, overrides: Sequence[str], batch_sizes: str, pace: Pace, output: Format
) -> None:
    """Measure training on all processes that torchrun started, two or more; rank 0 prints.

    Args:
        recipe: its name.
        overrides: what is changed in it.
        batch_sizes: as the user wrote them.
        pace: how many rounds, and how long.
        output: how it is printed.

    Raises:
        BsgrowError: what was asked for cannot be measured; on all processes.
    """

    def prepared() -> tuple[list[int], Job]:
        sizes = batch_size_list(batch_sizes)
        return sizes, measurable_job(load_recipe(recipe, overrides), group)

    with ending_at_once(err.show_cursor), explaining_memory(), joined_group() as group:
        sizes, job = Decisions(group).together(prepared)
        with _progress_of(group) as on_progress:
            group.open(job.device, job.recipe.run.timeout_seconds)
            require_alike(job)
            found = bench_together(job, sizes, pace, on_progress)
    if group.rank == 0:
        print_found(found, output, print_together)


@contextmanager
def _progress_of(group: ProcessGroup) -> Iterator[Callable[[str], None]]:
    """Yield what shows progress on rank 0, and nothing elsewhere."""
    if group.rank == 0:
        with progress() as on_progress:
            yield on_progress
    else:
        yield lambda message: None

"""`bsgrow bench`: how fast the loader and training are, beside others and the physical limit."""

from typing import TYPE_CHECKING

import typer

from bsgrow.cli.bench import options
from bsgrow.cli.bench.values import batch_size_list, image_shape, system_list
from bsgrow.cli.examples import with_examples
from bsgrow.cli.format import Format, FormatOption
from bsgrow.cli.options import RecipeArgument, SetOption
from bsgrow.errors import InputError
from bsgrow.text.printable import printable

if TYPE_CHECKING:
    from bsgrow.bench.systems import System

_commands = typer.Typer(
    no_args_is_help=True,
    help="Measure the loader and training, beside other systems and the physical limit.",
)


_LOADER_EXAMPLES = (
    "bsgrow bench loader",
    "bsgrow bench loader --data jpeg --path ~/imagenet/train --num-threads 8 --format json",
)


_TRAIN_EXAMPLES = (
    "bsgrow bench train",
    "bsgrow bench train cifar10-grow --format json > speed.json",
    "bsgrow plan cifar10-grow --throughput speed.json",
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.add_typer(_commands, name="bench")


@_commands.command("loader", cls=with_examples(*_LOADER_EXAMPLES))
def loader(
    data: options.DataOption = options.Data.ARRAY,
    path: options.PathOption = None,
    batch_sizes: options.BatchSizesOption = None,
    micro_batch_size: options.MicroBatchOption = None,
    systems: options.SystemsOption = None,
    dtype: options.DtypeOption = options.Dtype.FLOAT32,
    layout: options.LayoutOption = options.Layout.CONTIGUOUS,
    shape: options.ShapeOption = "3x32x32",
    pad: options.PadOption = 4,
    padding: options.PaddingOption = options.Padding.ZERO,
    num_photographs: options.PhotographsOption = 512,
    device: options.DeviceOption = "auto",
    num_threads: options.ThreadsOption = None,
    rounds: options.RoundsOption = 7,
    seconds_per_round: options.RoundOption = 0.5,
    seconds_per_row: options.RowOption = 3.0,
    output: FormatOption = Format.TABLE,
) -> None:
    """Measure the loader alone beside DALI, FFCV, SPDL and torch's DataLoader, in turn in one run.

    The limit is a row of the same table: for images in memory merely filling the same buffers (on
    a GPU a copy in its memory of as many bytes), for JPEG files merely decoding them in full, which
    decoding no more than a crop needs may beat. Images in memory are measured twice: delivered as
    in training, and always into one buffer.

    A system that is not installed, or cannot do the work, says so. Without options it takes two
    minutes and 2 GB on two cores at most; how long it may take is said before it begins.
    """
    if path is not None and data is not options.Data.JPEG:
        raise InputError(f"--path {printable(path)}: is for JPEG files", hint="add --data jpeg")
    sizes = batch_size_list(options.DEFAULT_SIZES[data] if batch_sizes is None else batch_sizes)
    compared = _compared(systems)
    if data is options.Data.ARRAY:
        image_shape(shape)  # which it raises for, before torch is imported
    from bsgrow.bench.measure import Pace
    from bsgrow.bench.works import Delivery, array_works, jpeg_works
    from bsgrow.cli.bench.measuring import measure_loaders, photographs, print_rows, scratch_folder
    from bsgrow.cli.bench.table import print_loader_rows
    from bsgrow.native import Augment

    with scratch_folder() as scratch:
        delivery = Delivery(
            batch_sizes=sizes,
            micro_batch_size=micro_batch_size,
            dtype=dtype.value,
            memory_format=layout.value,
            device=device,
            num_threads=num_threads,
            scratch=scratch,
        )
        if data is options.Data.ARRAY:
            augment = Augment(pad=pad, padding=padding.value, flip=True)
            works = array_works(delivery, image_shape(shape), augment)
        else:
            works = jpeg_works(delivery, photographs(path, scratch, num_photographs, max(sizes)))
        pace = Pace(rounds, seconds_per_round, seconds_per_row)
        rows = measure_loaders(list(works), compared, pace)
    print_rows(rows, output, print_loader_rows)


def _compared(systems: str | None) -> "dict[str, System]":
    """Return the systems that are named, or the usual ones."""
    from bsgrow.bench.systems import SYSTEMS

    usual = [name for name, system in SYSTEMS.items() if not system.only_named]
    names = usual if systems is None else system_list(systems, SYSTEMS)
    return {name: SYSTEMS[name] for name in names}


@_commands.command("train", cls=with_examples(*_TRAIN_EXAMPLES))
def train(
    recipe: RecipeArgument = "digits",
    overrides: SetOption = None,
    batch_sizes: options.TrainSizesOption = options.TRAIN_SIZES,
    rounds: options.RoundsOption = 4,
    seconds_per_round: options.RoundOption = 1.0,
    seconds_per_row: options.RowOption = 60.0,
    output: FormatOption = Format.TABLE,
) -> None:
    """Measure training at each global batch: with the loader, without one, and without bsgrow.

    `bsgrow` is the loop of `bsgrow train`, `limit` the same loop on one micro-batch that stays in
    memory, and `torch` the same network in a plain PyTorch loop with a DataLoader. A round ends
    after its seconds even within an update; `≈` marks the time of an update of which none was
    whole. Peak memory is that of a process that trains in this way alone, its workers included.
    Where the recipe's data set is not on this machine, random pixels stand in for it.

    Under torchrun all processes train together, beside one of them alone, and `limit` is each by
    itself; what summing the gradients takes is measured too, for `bsgrow plan --world-size`.
    """
    from bsgrow.processes.launched import is_launched, world_size
    from bsgrow.recipe import load_recipe

    if is_launched() and world_size() > 1:
        from bsgrow.bench.measure import Pace
        from bsgrow.cli.bench.together import measure_together

        pace = Pace(rounds, seconds_per_round, seconds_per_row)
        measure_together(recipe, overrides or (), batch_sizes, pace, output)
        return
    sizes, loaded = batch_size_list(batch_sizes), load_recipe(recipe, overrides or ())
    from bsgrow.bench.measure import Pace
    from bsgrow.bench.train import bench_train
    from bsgrow.bench.training_job import measurable_job
    from bsgrow.cli.bench.measuring import print_rows, progress
    from bsgrow.cli.bench.table import print_train_rows
    from bsgrow.cli.ending import ending_at_once
    from bsgrow.cli.terminal import err
    from bsgrow.training.memory import explaining_memory

    pace = Pace(rounds, seconds_per_round, seconds_per_row)
    with ending_at_once(err.show_cursor), explaining_memory():
        job = measurable_job(loaded)
        with progress() as on_progress:
            rows = bench_train(job, sizes, pace, on_progress)
    print_rows(rows, output, print_train_rows)

"""What ghost batch norm takes beside nn.BatchNorm2d: 1, 2 and 8 groups, forward and backward.

    python benchmarks/ghost_batch_norm.py [--seconds 60] [--modes eager compiled] [--threads N]
        [--clock wall|cpu] [--format table|json]

In a round each of them runs for a moment, one after the other, the first one another one each
time; ratios, to nn.BatchNorm2d, are medians of those of the rounds. Each call is a forward and a
backward with gradients of input, weight and bias, as a layer in a network has them.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

import bsgrow
from bsgrow.reporting.machine import describe_machine

SHAPES = [(16, 64, 8, 8), (128, 64, 8, 8), (128, 16, 32, 32), (256, 64, 16, 16)]
FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
GROUPS = (1, 2, 8)
TORCH = "nn.BatchNorm2d"
MOST = 1.15  # times nn.BatchNorm2d
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
_MOMENT = 0.02  # seconds of one of them in a round, at least
_FEWEST_ROUNDS = 5


def norms(shape: Sequence[int]) -> dict[str, nn.Module]:
    """Return the norms that are compared, by name."""
    num_samples, channels = shape[:2]
    ghosts = {
        f"ghost, {groups} group{'s' * (groups > 1)}": bsgrow.convert_batch_norm(
            nn.BatchNorm2d(channels), num_samples // groups
        )
        for groups in GROUPS
    }
    return {TORCH: nn.BatchNorm2d(channels)} | ghosts


def call(norm: nn.Module, function: Callable[[Tensor], Tensor], x: Tensor, above: Tensor) -> None:
    """Make one forward and backward."""
    norm.zero_grad(set_to_none=True)
    x.grad = None
    function(x).backward(above)


def seconds(once: Callable[[], None], num_calls: int, clock: Callable[[], float]) -> float:
    """Return the seconds of a call, over some."""
    begin = clock()
    for _ in range(num_calls):
        once()
    return (clock() - begin) / num_calls


def rounds(
    calls: dict[str, Callable[[], None]], limit: float, clock: Callable[[], float]
) -> Iterator[dict[str, float]]:
    """Yield the seconds of a call of each, round by round, until the time is over."""
    for once in calls.values():
        seconds(once, 3, clock)
    num_calls = {name: 1 + int(_MOMENT / seconds(once, 3, clock)) for name, once in calls.items()}
    names, end, index = list(calls), time.monotonic() + limit, 0
    while index < _FEWEST_ROUNDS or time.monotonic() < end:
        turned = names[index % len(names) :] + names[: index % len(names)]
        yield {name: seconds(calls[name], num_calls[name], clock) for name in turned}
        index += 1


def case(
    shape: Sequence[int], layout: str, mode: str, limit: float, clock: Callable[[], float]
) -> Iterator[dict[str, Any]]:
    """Yield a row for each norm at one size of input."""
    torch._dynamo.reset()  # whose limit on what is compiled anew is one of all cases
    memory_format = FORMATS[layout]
    x = torch.randn(*shape).contiguous(memory_format=memory_format).requires_grad_()
    above = torch.randn(*shape).contiguous(memory_format=memory_format)
    calls = {}
    for name, norm in norms(shape).items():
        function = torch.compile(norm, fullgraph=True) if mode == "compiled" else norm
        calls[name] = lambda norm=norm, function=function: call(norm, function, x, above)
    found = [*rounds(calls, limit, clock)]
    about = {"shape": list(shape), "layout": layout, "mode": mode, "n": len(found)}
    for name in calls:
        times = [1e6 * each[name] for each in found]
        ratios = [each[name] / each[TORCH] for each in found]
        row = {"norm": name, "us": spread(times), "ratio": spread(ratios)}
        yield about | row | {"within": statistics.median(ratios) <= MOST}


def spread(figures: Sequence[float]) -> dict[str, float]:
    """The median is the figure; quartiles are its spread."""
    low, median, high = statistics.quantiles(figures, n=4)
    return {"low": low, "median": median, "high": high}


def print_row(row: dict[str, Any]) -> None:
    """One line."""
    us, ratio = row["us"], row["ratio"]
    print(
        f"{row['shape']!s:<20} {row['layout']:<14} {row['mode']:<9} {row['norm']:<16} "
        f"{us['median']:>10.1f} us [{us['low']:.1f}, {us['high']:.1f}]  "
        f"{ratio['median']:.3f} [{ratio['low']:.3f}, {ratio['high']:.3f}] n={row['n']}"
        f"{'' if row['within'] else f'  over {MOST}'}",
        flush=True,
    )


def main() -> None:
    """Measure each case, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="in all, without compiling")
    parser.add_argument("--modes", nargs="+", choices=("eager", "compiled"), default=["eager"])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: of all threads")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    limit = options.seconds / (len(SHAPES) * len(FORMATS) * len(options.modes))
    rows = []
    for mode in options.modes:
        for shape in SHAPES:
            for layout in FORMATS:
                for row in case(shape, layout, mode, limit, CLOCKS[options.clock]):
                    rows.append(row)
                    if options.format == "table":
                        print_row(row)
    if options.format == "json":
        about = {"num_threads": options.threads, "clock": options.clock, "limit_of_ratio": MOST}
        json.dump(describe_machine() | about | {"rows": rows}, sys.stdout, indent=2)
        print()


if __name__ == "__main__":
    main()

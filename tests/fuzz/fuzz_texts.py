"""Recipes, tables and schedules of others: read, or refused in a short sentence; nothing else.

    python -m tests.fuzz.fuzz_texts [SECONDS]

The seed is printed, and FUZZ_SEED repeats it. What is read of a recipe is the same when it is
written and read again; what is refused is told in printable characters.
"""

import json
import random
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bsgrow.errors import BsgrowError
from bsgrow.recipe import (
    as_toml,
    load_recipe,
    plan_recipe,
    reading,
    recipe_from_table,
    shipped_recipes,
)
from bsgrow.recipe.toml_text import parse_toml
from bsgrow.reporting.all_reduce import AllReduce, read_all_reduce
from bsgrow.reporting.interference import Interference, read_interference
from bsgrow.reporting.throughput import read_throughput
from bsgrow.reporting.wall_clock import WallClock, total_seconds
from bsgrow.schedule.export import IMPORTS, Target, read_schedule
from bsgrow.text.printable import printable_lines
from tests.fuzz.running import base_seed, run_for

RECIPES = [
    (Path(reading.__file__).parent.parent / "recipes" / f"{name}.toml").read_text("utf-8")
    for name in shipped_recipes()
]
VALUES = (
    *("0", "-0.0", "-1", "1e400", "1e300", "5e-324", "nan", "-inf", "null", "true", '""', "''"),
    *("1" + "0" * 400, "9" * 5000, "0x" + "f" * 999, str(2**62), str(2**64), "1e-30", "0.5"),
    *("[]", "{}", "[" * 3000, "[" * 90 + "]" * 90, "{a=" * 90 + "1" + "}" * 90),
    *('"\\u001b[31m\\u202e"', '"\\ud800"', '"' + "x" * 3000 + '"', '"""\n"""', "'''\x1b"),
    *("1979-05-27T07:32:00Z", "07:32:00", "a" + ".a" * 20, "[1, 2, 3]", '{ name = "LinearLR" }'),
)
MARKS = ("=", ".", "[", "]", "[[", "{", "}", ",", '"', "'", '"""', "'''", "#", "\n", "\0", "\x9b")
KEYS = (
    *("run.seed", "run.micro_batch_size", "run.world_sizes", "run.max_world_size"),
    *("growth.max_batch_size", "growth.multiple_of"),
    *("growth.lr_scale", "growth.factor", "schedule.epochs", "schedule.lr", "schedule.unit"),
    *("schedule.curve.milestones", "schedule.curve.gamma", "schedule.curve", "model.depth", "time"),
    *("optimizer.momentum", "optimizer.betas", "data.path", "data.num_samples", "run", "x"),
)
TABLE = "epochs,lr\n0,0.1\n24,0.02\n36,0.004\n"
ROW = '{"case": "a", "system": "bsgrow", "global_batch_size": 16, "samples_per_second": 100.5}'
NETWORK = '"all_reduce": {"latency_seconds": 1e-5, "bandwidth_bytes_per_second": 1e9}'
COST = '"interference": {"slowdown": 1.25, "dispersion_seconds": 1e-3}'
ROWS = f'"rows": [{ROW}, {ROW.replace("16", "128")}]'
MEASURED = f'{{{ROWS}, "hardware": {{"gpu": "H"}}, {NETWORK}, {COST}}}'
SCHEDULES = {
    "megatron": "0:768 250B:1536 500000:3072",
    "levanter": '[{"start": 0, "value": 64}, {"start": 1000, "value": 128}]',
}


def damaged(rng: random.Random, text: str) -> str:
    """A text with a few words of it replaced, doubled or gone, or with marks in between."""
    for _ in range(rng.randrange(5)):
        at = rng.randrange(len(text) + 1)
        word = len(text[at:]) - len(text[at:].lstrip("abcdefghijklmnopqrstuvwxyz_0123456789.-"))
        other = rng.choice((rng.choice(VALUES), rng.choice(MARKS), text[at : at + word] * 2, ""))
        text = text[:at] + other + text[at + word * rng.randrange(2) :]
    return text


def accepted(read: Callable[[], object]) -> bool:
    """Whether something is read; what is refused is told in a sentence or two."""
    try:
        read()
    except BsgrowError as error:
        for text in (error.message, error.hint or ""):
            assert printable_lines(text) == text, ascii(text)
            assert len(text) < 20_000
        return False
    return True


def recipe_case(folder: Path, rng: random.Random) -> bool:
    path = folder / "recipe.toml"
    path.write_text(damaged(rng, rng.choice(RECIPES)), "utf-8", "replace")
    return accepted(partial(_read_recipe, path, []))


def setting_case(folder: Path, rng: random.Random) -> bool:
    setting = damaged(rng, f"{rng.choice(KEYS)}={rng.choice((*VALUES, '3', '0.5'))}")
    return accepted(partial(_read_recipe, "digits", [setting]))


def _read_recipe(name: str | Path, overrides: list[str]) -> None:
    recipe = load_recipe(str(name), overrides)
    assert recipe_from_table(parse_toml(as_toml(recipe))) == recipe
    if recipe.data.path is None and recipe.schedule.epochs <= 1000:
        plan_recipe(recipe)


def table_case(folder: Path, rng: random.Random) -> bool:
    path = folder / "lr.csv"
    path.write_text(damaged(rng, TABLE), "utf-8", "replace")
    curve = f"schedule.curve={{ name = 'TableLR', path = '{path}' }}"
    return accepted(partial(_read_recipe, "digits", [curve]))


def throughput_case(folder: Path, rng: random.Random) -> bool:
    path = folder / "bench.json"
    path.write_text(damaged(rng, MEASURED), "utf-8", "replace")

    def read() -> None:
        throughput, network = read_throughput(path), read_all_reduce(path)
        links, cost = AllReduce(**network) if len(network) == 2 else None, read_interference(path)
        clock = WallClock(throughput, links, 400, interference=Interference(**cost))
        assert 0 < total_seconds(PLAN, clock, 8) < 1e300
        json.dumps(dict(throughput.hardware), allow_nan=False)
        assert "".join(throughput.hardware.values()).isprintable()

    return accepted(read)


def schedule_case(folder: Path, rng: random.Random) -> bool:
    system = rng.choice(list(IMPORTS))
    text = damaged(rng, SCHEDULES[system])
    return accepted(lambda: read_schedule(text, system, Target(sequence_length=1)))


PLAN = plan_recipe(load_recipe("digits"))
CASES = (recipe_case, setting_case, table_case, throughput_case, schedule_case)


def main(seconds: float = 60.0) -> int:
    """Fuzzes the readers in turn; returns the number of cases."""
    first_seed = base_seed()
    print(f"fuzz_texts: FUZZ_SEED={first_seed}", flush=True)
    numbers = []
    with tempfile.TemporaryDirectory() as name:
        for case in CASES:
            each = partial(case, Path(name))
            numbers.append(run_for(seconds / len(CASES), each, first_seed=first_seed))
    counted = ", ".join(f"{n} of {c.__name__}" for n, c in zip(numbers, CASES, strict=True))
    print(f"fuzz_texts: {counted}, no findings")
    return sum(numbers)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]))

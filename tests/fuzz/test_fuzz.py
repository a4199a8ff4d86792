"""The fuzzing target itself, for a moment: `make fuzz` runs it for a minute, with sanitizers."""

from random import Random

import pytest

from tests.fuzz import fuzz_jpeg
from tests.fuzz.fuzz_jpeg import corpus, run
from tests.fuzz.mutate import MUTATIONS, mutate


def test_every_mutation_changes_a_file():
    files = corpus()
    for mutation in MUTATIONS:
        random = Random(1)
        changed = 0
        for content in files:
            broken = bytearray(content)
            mutation(random, broken, files)
            changed += bytes(broken) != content
        assert changed > len(files) / 2, mutation.__name__


def test_inputs_are_drawn_from_the_seed():
    files = corpus()
    assert mutate(Random(5), files) == mutate(Random(5), files) != mutate(Random(6), files)


def test_broken_files_are_decoded_or_reported(tmp_path):
    tried, decoded = run(seed=1, seconds=2.0, keep=tmp_path / "input")
    assert tried > decoded > 0


def test_pillow_is_not_fuzzed_in_place_of_the_decoder(monkeypatch):
    monkeypatch.setattr(fuzz_jpeg, "is_built", lambda: False)
    with pytest.raises(SystemExit, match="built without libjpeg-turbo"):
        fuzz_jpeg.main(1.0)

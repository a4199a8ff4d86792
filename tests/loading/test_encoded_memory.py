"""Host memory is bounded by the chunks in flight, not by the batch."""

import subprocess
import sys

import numpy as np
import pytest

from tests.loading.encoded_stream import DECODERS
from tests.photo_folder import write_photographs
from tests.photographs import encode

pytestmark = pytest.mark.memory

SCRIPT = """
import re, sys
from pathlib import Path
from bsgrow.loading import micro_batches_of
from tests.loading.encoded_stream import make_loader, updates

def resident_mib():
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmRSS:\\s+(\\d+) kB", status)[1]) / 1024

loader = make_loader(Path(sys.argv[1]), sys.argv[2], micro_batch_size=256)
seen, start = {}, 0
for size in (256, 256, 512, 1024, 2048, 4096, 8192, 16384):
    for batch in micro_batches_of(loader, updates(size, start=start)):
        seen[size] = max(seen.get(size, 0), resident_mib())
    start += size
print(seen[2048], seen[16384])
"""

NARROW = """
import re, sys
from pathlib import Path
from bsgrow.images.crops import CentreCrop, ResizedCrop
from tests.loading.encoded_stream import make_loader

def most_mib():
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) / 1024

crops = {"crop": ResizedCrop(224), "centre_crop": CentreCrop(224, 256)}
for path in sys.argv[2:]:
    loader = make_loader(Path(path), sys.argv[1], **crops)
    assert len(list(loader.evaluation())) == 1
    print(most_mib())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("decoder", DECODERS)
def test_memory_does_not_grow_with_the_batch(tmp_path, decoder):
    root = write_photographs(tmp_path, num_train=300, num_test=1, sides=(24, 40))
    words = [sys.executable, "-c", SCRIPT, str(root), decoder]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, after = map(float, done.stdout.split())
    # 14 336 samples more would take 168 MiB decoded; DALI's pools take a while to find their size.
    assert after < before + 32


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("decoder", DECODERS)
def test_of_a_narrow_image_only_the_middle_is_resized(tmp_path, decoder):
    roots = [write_photographs(tmp_path / name, num_train=1, num_test=1) for name in "ab"]
    for path in (roots[1] / "val").rglob("*.jpg"):
        path.write_bytes(encode(np.zeros((1, 4000, 3), np.uint8)))
    words = [sys.executable, "-c", NARROW, decoder, *map(str, roots)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, after = map(float, done.stdout.split())
    assert after < before + 200, "256 x 1 024 000 pixels would take 750 MiB each"

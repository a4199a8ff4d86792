"""Host memory is bounded by the chunks in flight, not by the batch."""

import subprocess
import sys

import pytest

from tests.loading.encoded_stream import DECODERS
from tests.photo_folder import write_photographs

SCRIPT = """
import re, sys
from pathlib import Path
from tests.loading.encoded_stream import make_loader, updates

def resident_mib():
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmRSS:\\s+(\\d+) kB", status)[1]) / 1024

loader = make_loader(Path(sys.argv[1]), sys.argv[2], micro_batch_size=256)
seen, start = {}, 0
for size in (256, 256, 512, 1024, 2048, 4096, 8192, 16384):
    for batch in loader.micro_batches(updates(size, start=start)):
        seen[size] = max(seen.get(size, 0), resident_mib())
    start += size
print(seen[2048], seen[16384])
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

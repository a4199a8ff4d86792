"""What is added to a plan for people if asked."""

from bsgrow.cli.plan.views import prediction
from bsgrow.reporting.throughput import Throughput
from bsgrow.reporting.wall_clock import WallClock


def test_predicted_seconds(named):
    throughput = Throughput("train", (128, 5120), (1000.0, 1000.0), {"gpu": "H200"})
    said = prediction(named("cifar10-grow")[0], WallClock(throughput))
    assert said.startswith("2 h 47 min predicted")
    assert said.endswith("takes 2 h 47 min (1.00×)")

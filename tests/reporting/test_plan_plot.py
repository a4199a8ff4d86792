"""What is in the picture, and which files it is written to."""

import math
import re

import pytest

from bsgrow.errors import BsgrowError, InputError
from bsgrow.reporting.log_axis import batch_labels
from bsgrow.reporting.plan_plot import plan_figure, plot_plan
from bsgrow.schedule import Growth, Reference, compile_plan


def data(panel, index):
    x, y = panel.lines[index].get_data()
    return list(x), list(y)


def test_three_labelled_log_panels_over_epochs(step_plan):
    figure = plan_figure([step_plan], ["cifar10-grow"])
    assert [panel.get_yscale() for panel in figure.axes] == ["log"] * 3
    labels = [panel.get_ylabel() for panel in figure.axes]
    assert [label.split("\n")[0] for label in labels] == [
        "global batch size",
        "learning rate ε",
        "SGD noise scale",
    ]
    assert figure.axes[-1].get_xlabel() == "epochs"
    assert figure.axes[-1].get_xlim() == (0, 200)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["as published: 78,125 updates", "cifar10-grow: 29,142 updates"]


def test_plan_and_reference_have_one_noise_scale(cosine_plan):
    batch, lr, noise = plan_figure([cosine_plan], ["cosine"]).axes
    assert set(data(batch, 0)[1]) == {128}
    assert set(data(batch, 1)[1]) == {128 << k for k in range(7)}
    assert max(data(lr, 1)[1]) <= 0.1 + 1e-12
    published = dict(zip(*data(noise, 0), strict=True))
    x, planned = data(noise, 1)
    for position, value in zip(x[:50], planned[:50], strict=True):
        nearest = min(published, key=lambda other: abs(other - position))
        assert published[nearest] == pytest.approx(value, rel=2e-3)


def test_a_curve_that_falls_to_nothing_keeps_the_axis_readable(cosine_plan):
    for panel in plan_figure([cosine_plan], ["cosine"]).axes[1:]:
        low, high = panel.get_ylim()
        assert 1 < math.log10(high / low) < 6


def test_a_curve_that_ends_above_nothing_is_shown_to_its_end():
    curve = {"name": "CosineAnnealingLR", "T_max": 20, "eta_min": 1e-4}
    plan = compile_plan(Reference(20, 0.1, 10, 0.0, curve), Growth(mode="decay"), 1000)
    lr = plan_figure([plan], ["plan"]).axes[1]
    assert 1e-5 < lr.get_ylim()[0] < 1e-4


def test_a_batch_of_all_samples_has_no_noise_to_draw():
    curve = {"name": "StepLR", "step_size": 2, "gamma": 0.1}
    plan = compile_plan(Reference(4, 0.1, 10, 0.0, curve), Growth(max_batch_size=100), 100)
    noise = plan_figure([plan], ["plan"]).axes[-1]
    assert [math.isnan(value) for value in data(noise, 1)[1]] == [False, False, True, True]
    assert noise.get_ylim()[0] < 0.1 < noise.get_ylim()[1]


def test_tokens_and_the_sqrt_rule(token_plan):
    figure = plan_figure([token_plan], ["wsd"])
    assert figure.axes[-1].get_xlabel() == "tokens (trillions)"
    assert figure.axes[-1].get_ylabel().startswith("held by the sqrt rule")
    published, planned = (max(data(figure.axes[-1], line)[1][1:]) for line in (0, 1))
    assert math.isnan(data(figure.axes[-1], 1)[1][0]), "a warm-up from 0 is not on the axis"
    assert planned == pytest.approx(published, rel=1e-3)


def test_plans_of_one_reference_share_its_line(step_plan, cosine_plan, continuous_plan):
    names = [
        text.get_text()
        for text in plan_figure([step_plan, cosine_plan, continuous_plan], list("abc"))
        .legends[0]
        .get_texts()
    ]
    assert names[:2] == ["as published, a: 78,125 updates", "as published, b and c: 78,125 updates"]
    assert len(names) == 5


def test_lines_differ_without_colour(step_plan, cosine_plan):
    panel = plan_figure([step_plan, cosine_plan], ["a", "b"]).axes[0]
    styles = {
        (line.get_linestyle(), line.get_linewidth(), line.get_color()) for line in panel.lines
    }
    dashes = [line.get_linestyle() for line in panel.lines[2:]]
    assert len(styles) == 4
    assert dashes == ["-", "--"]


def test_drawing_is_bounded(huge_plan):
    panels = plan_figure([huge_plan], ["10^13 samples"]).axes
    assert max(len(line.get_xdata()) for panel in panels for line in panel.lines) <= 4096


@pytest.mark.parametrize(
    ("suffix", "start"),
    [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF"), ("PNG", b"\x89PNG")],
)
def test_the_extension_decides(step_plan, tmp_path, suffix, start):
    path, again = tmp_path / f"plan.{suffix}", tmp_path / f"again.{suffix}"
    plot_plan([step_plan], ["plan"], path)
    plot_plan([step_plan], ["plan"], again)
    assert path.read_bytes().startswith(start)
    assert path.read_bytes() == again.read_bytes()


@pytest.mark.parametrize("name", ["plan.gif", "plan"])
def test_another_extension(step_plan, tmp_path, name):
    with pytest.raises(InputError, match=re.escape(name)) as error:
        plot_plan([step_plan], ["plan"], tmp_path / name)
    assert ".png" in error.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(step_plan, tmp_path):
    with pytest.raises(BsgrowError, match=r"none/plan\.png: cannot be written: No such file"):
        plot_plan([step_plan], ["plan"], tmp_path / "none" / "plan.png")


def test_too_many_plans(step_plan, tmp_path):
    with pytest.raises(InputError, match="5 plans: a picture holds up to 4"):
        plot_plan([step_plan] * 5, list("abcde"), tmp_path / "plan.png")


@pytest.mark.parametrize(
    ("sizes", "labels"),
    [
        ([128], [128]),
        ([128, 640, 3200, 5120], [128, 640, 3200, 5120]),
        ([100, 101, 1000], [100, 1000]),
        ([100, 990, 1000], [100, 1000]),
        (list(range(128, 5001)), [128, 256, 512, 1024, 2048, 5000]),
    ],
)
def test_batch_labels(sizes, labels):
    assert batch_labels(sizes) == labels


@pytest.mark.parametrize(("lr", "lowest"), [(5e-324, 0.0), (1e-225, 0.0), (1e300, 1e-300)])
def test_numbers_at_the_ends_of_a_float_are_drawn(lr, lowest):
    """matplotlib's own choice of limits overflows there; a warning is an error here."""
    curve = {"name": "TableLR", "positions": [0, 1], "lrs": [lr, lowest]}
    reference = Reference(2, lr, 10, curve=curve)
    plan = compile_plan(reference, Growth(max_batch_size=100), 1000)
    plan_figure([plan], ["plan"]).canvas.draw()

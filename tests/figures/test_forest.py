"""The forest plot: every area's ratio and interval where they belong, the mean below, and what is left out named."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import conflictts as ct
from conflictts.errors import TooLittleData, UnknownNameError
from conflictts.truce.window import NO_RATE
from tests.figures.test_figures import footer


def names(ax) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def points(ax) -> dict[int, float]:
    """Ratios by row, of the filled marks."""
    lines = [line for line in ax.lines if line.get_marker() == "o"]
    return {int(y): float(x) for line in lines for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)}


def test_each_area_on_its_interval_the_lowest_first_and_the_mean_below(areas_found, axes):
    ax = ct.plot_forest(areas_found, ax=axes[0])
    assert ax is axes[0]
    assert names(ax) == ["$F$", "B", "A", "C", "E", "D", "mean", "one more area"]
    ax.figure.canvas.draw()  # a dollar sign in a name is no formula
    assert points(ax) == pytest.approx(dict(enumerate([0.001, 0.08, 0.3, 0.5, 0.9, 1.6])))  # the scale ends at 0.001
    segments = {int(part[0, 1]): part[:, 0] for lines in ax.collections if hasattr(lines, "get_segments")
                for part in lines.get_segments()}  # fmt: skip
    assert segments[2] == pytest.approx([0.3 * np.exp(-0.4), 0.3 * np.exp(0.4)])
    (diamond,), mean = ax.patches, areas_found.pooled
    assert diamond.get_xy()[:3, 0] == pytest.approx([mean.lower, mean.rate_ratio, mean.upper])
    low, high = ax.get_xlim()
    assert low < 0.001
    assert high > points(ax)[5]


def test_colour_tells_lower_from_higher_from_unsure(areas_found, axes):
    ax = ct.plot_forest(areas_found, ax=axes[0])
    rows = {line.get_label(): sorted(line.get_ydata()) for line in ax.lines if line.get_marker() == "o"}
    assert rows == {"lower after the truce": [0, 1, 2, 3], "higher after the truce": [5], "interval holds 1": [4]}
    (shrunken,) = [line for line in ax.lines if line.get_label() == "drawn towards the mean"]
    expected = areas_found.pooled.areas["shrunken"].loc[names(ax)[:6]].clip(0.001)
    assert list(shrunken.get_xdata()) == pytest.approx(expected.tolist())


def test_areas_left_out_are_the_least_known_and_are_named(areas_found, axes):
    ax = ct.plot_forest(areas_found, most=3, ax=axes[0])
    assert set(names(ax)[:3]) == {"A", "C", "D"}  # with the smallest standard errors
    for part in (
        "3 of 6 areas with an effect drawn",
        "a source",
        "truce of 31 August",
    ):
        assert part in footer(ax)
    assert left(ax) == ["too little data to compare:", "silent"]


def left(ax) -> list[str]:
    return [text.get_text() for text in ax.texts if text.get_gid() == "left"]


def test_what_cannot_be_compared_is_named_by_what_is_in_the_way(idlib, axes):
    """By the reasons that an analysis gives, the highest total first."""
    panel = ct.daily_series(idlib, measure="civilians", by=("perpetrator", "admin1"))
    truces = {key: idlib.truces["TRC-5"] for key in panel if key[0] != "government"}
    assert left(ct.plot_forest(ct.analyse_panel(panel, truces=truces), ax=axes[0])) == [
        "no truce given:", "government, Idlib", "government, Aleppo", "government, Hama",
        "too little data to compare:", "armed groups, Aleppo", "Russia, Hama", "armed groups, Hama",
        "government or Russia, Hama", "armed groups, Latakia",
        "no count on any day compared:", "Russia, Aleppo", "unknown, Idlib",
    ]  # fmt: skip


@pytest.mark.parametrize("letters", [8, 60])
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "beside others"])
def test_names_of_many_that_cannot_be_compared_stay_on_the_figure_and_apart(areas_found, alone, letters):
    index = pd.Index([f"{k}".ljust(letters, "e") for k in range(100)], name="admin1")
    reasons = ["unexpected ZeroDivisionError", *["too few"] * 60, *[f"All 9 observed days are 0: {NO_RATE}."] * 39]
    rest = pd.DataFrame({"total": np.arange(100.0), "effect_reason": reasons, "rate_ratio": np.nan}, index=index)
    found = replace(areas_found, table=pd.concat([rest, areas_found.table]))
    figure = plt.figure(figsize=(12, 8))
    ax = ct.plot_forest(found, ax=None if alone else figure.subplots(1, 2)[1])
    assert len(left(ax)) == 80 + 2
    assert "80 of 101 areas without an effect named, those with the highest totals" in footer(ax)
    boxes = [text.get_window_extent() for text in ax.texts if text.get_gid() in ("left", "footer")]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert min(box.x0 for box in boxes) >= (0 if alone else ax.get_window_extent().x0 - 1)
    assert max(box.x1 for box in boxes) <= figure.bbox.x1
    if alone:
        assert min(box.y0 for box in boxes) >= 0
        assert ax.get_window_extent().height > 2.5 * figure.dpi
    plt.close(figure)


def test_without_a_mean_there_is_no_diamond(areas_found, axes):
    ax = ct.plot_forest(replace(areas_found, pooled=None), ax=axes[0])
    assert len(ax.patches) == 0
    assert "mean" not in names(ax)


LONG = "Governorate of a very long name in the north-eastern highlands, district {}"


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "on a sheet"])
def test_long_names_stay_on_the_figure_and_apart(areas_found, alone):
    table = areas_found.table.rename(index={"A": LONG.format(1), "B": LONG.format(2)})
    shrunken = areas_found.pooled.areas.rename(index={"A": LONG.format(1), "B": LONG.format(2)})
    found = replace(areas_found, table=table, pooled=replace(areas_found.pooled, areas=shrunken))
    figure = plt.figure(figsize=(9, 4))
    ax = ct.plot_forest(found, ax=None if alone else figure.add_axes((0.4, 0.25, 0.57, 0.6)))
    figure.canvas.draw()
    told = [label for label in ax.get_yticklabels() if label.get_text()]
    assert min(label.get_window_extent().x0 for label in told) >= 0
    low = [text.get_window_extent().y0 for text in ax.texts if text.get_gid() == "footer"]
    assert min(low) >= 0
    assert len(set(names(ax))) == 8
    assert sum("…" in name and name.startswith("Governorate") for name in names(ax)) == 2
    plt.close(figure)


@pytest.mark.parametrize("letters", range(20, 30))
def test_a_name_that_axes_made_room_for_is_whole(areas_found, letters):
    name = "N" * letters
    table, shrunken = (each.rename(index={"A": name}) for each in (areas_found.table, areas_found.pooled.areas))
    plt.figure(figsize=(9, 4))
    assert name in names(
        ct.plot_forest(replace(areas_found, table=table, pooled=replace(areas_found.pooled, areas=shrunken)))
    )


@pytest.mark.parametrize("width", [4, 6.4, 9, 12])
def test_numbers_of_the_scale_stand_apart(areas_found, width):
    plt.figure(figsize=(width, 4.8))
    ax = ct.plot_forest(areas_found)
    ax.figure.canvas.draw()
    low, high = ax.get_xlim()
    ticks = zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
    boxes = [label.get_window_extent() for at, label in ticks if low <= at <= high and label.get_text()]
    assert len(boxes) >= 4
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    plt.close(ax.figure)


def test_refusals(areas_found, axes):
    none = replace(areas_found, table=areas_found.table.assign(effect_reason="too few"))
    with pytest.raises(TooLittleData, match="None of 7 areas has an effect"):
        ct.plot_forest(none, ax=axes[0])
    with pytest.raises(UnknownNameError, match="1 or more; met 0"):
        ct.plot_forest(areas_found, most=0, ax=axes[0])

"""The forest plot: every area's ratio and interval where they belong, the mean below, and what is left out named."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest

import conflictts as ct
from conflictts.errors import TooLittleData, UnknownNameError
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
    for part in ("3 of 6 areas with an effect drawn", "1 area has too little data", "a source", "truce of 31 August"):
        assert part in footer(ax)


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

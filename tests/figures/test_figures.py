"""Figures by their artists: the given axes are returned, nothing is missing, every footer says what it must."""

from __future__ import annotations

import dataclasses
import re
from itertools import combinations, pairwise
from xml.sax.saxutils import escape

import matplotlib as mpl
import matplotlib.dates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.transforms import Bbox

import conflictts as ct
from conflictts.figures.sheet import draw_sheet
from conflictts.figures.style import CONTRAST, COUNTED, LEVEL, SET, TRUCE
from conflictts.series.coverage import consecutive
from tests.figures.drawings import names_of_figures, plots

WINDOW = ("2019-04-30", "2019-11-06")


@pytest.fixture(scope="module")
def daily(idlib: ct.Case) -> ct.DailySeries:
    return ct.daily_series(idlib, measure="civilians")


@pytest.fixture(scope="module")
def effect(daily: ct.DailySeries, idlib: ct.Case) -> ct.TruceEffect:
    return ct.estimate_truce_effect(daily, idlib.truces["TRC-5"], window=WINDOW)


@pytest.fixture(scope="module")
def changes(daily: ct.DailySeries) -> ct.Changepoints:
    return ct.detect_changepoints(daily)


def footer(ax: Axes, *, lines: str = " ") -> str:
    (text,) = [text.get_text() for text in ax.texts if text.get_gid() == "footer"]
    return text.replace("\n", lines)


def box_of(ax: Axes) -> Bbox:
    """Of the footer, in dots."""
    (text,) = [text for text in ax.texts if text.get_gid() == "footer"]
    return text.get_window_extent()


def legend(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_daily_draws_a_bar_a_day_the_mean_and_the_truces(daily, idlib, axes, bars_by_day):
    drawn, _ = axes
    assert ct.plot_daily(daily, truces=idlib.truces.values(), events=idlib.events, ax=drawn) is drawn
    counted = daily.counts[daily.counts > 0]
    pd.testing.assert_series_equal(bars_by_day(drawn), counted, check_names=False, check_index_type=False)
    begun_inside = [
        truce for truce in idlib.truces.values() if daily.coverage[0] <= truce.effective <= daily.coverage[1]
    ]
    solid = [line for line in drawn.lines if line.get_linestyle() == "-" and len(set(line.get_xdata())) == 1]
    assert len(solid) == len(begun_inside) == 5
    assert {text.get_text() for text in drawn.texts} >= {"1", "2", "3"}, "three events are numbered"
    assert drawn.get_ylabel() == "civilian deaths per day"
    assert len(legend(drawn)) == len(set(legend(drawn))), "each kind stands once in the legend"


@pytest.mark.parametrize(("weekly", "ranges"), [(False, [[3, 9], [2, 6]]), (True, [[21, 27], [20, 24]])])
def test_figures_out_of_order_are_drawn_from_the_least_to_the_greatest(weekly, ranges, axes):
    """A record of low 9, best 3, high 5 and one of 2, 6, 4: no whisker is left out or hangs above or below its bar."""
    counts = pd.Series(3.0, pd.date_range("2020-01-06", periods=28))
    counts.iloc[10] = 6
    daily = ct.DailySeries.from_counts(counts)
    table = daily.table.copy()
    table.loc[table.index[2], ["low", "high"]] = 9.0, 5.0
    table.loc[table.index[10], ["low", "high"]] = 2.0, 4.0
    daily = dataclasses.replace(daily, table=table)
    ax = ct.plot_weeks(ct.measure_escalation(daily), ax=axes[0]) if weekly else ct.plot_daily(daily, ax=axes[0])
    (drawn,) = [each for each in ax.collections if each.get_label() == "low to high"]
    assert [segment[:, 1].tolist() for segment in drawn.get_segments()] == ranges


@pytest.mark.parametrize("years", [1, 10])
def test_numbers_of_events_close_to_each_other_do_not_touch(years, axes):
    days = pd.date_range("2011-01-01", periods=365 * years)
    daily = ct.DailySeries.from_counts(pd.Series(np.arange(len(days)) % 4, days), measure="civilians")
    near = ["2011-06-01", "2011-06-03", "2011-06-02", "2011-06-04", "2011-06-05", "2011-06-30"] + ["2011-09-01"] * 6
    events = pd.DataFrame({"date": pd.to_datetime(near), "label": "x"})
    ax = ct.plot_daily(daily, truces=[ct.Truce("2011-06-02")], events=events, ax=axes[0])
    ax.figure.draw_without_rendering()
    numbers = [text for text in ax.texts if text.get_text().isdigit()]
    assert [text.get_text() for text in numbers] == ["1", "3", "2", "4", "5", "6", "7", "8", "9", "10", "11", "12"]
    boxes = [text.get_window_extent() for text in numbers]
    assert not [(a, b) for a, b in combinations(boxes, 2) if a.overlaps(b)]
    assert all(ax.get_window_extent().y0 < box.y0 for box in boxes)


def test_a_bar_can_be_seen_among_ten_years(axes):
    days = pd.date_range("2011-01-01", periods=3650)
    counts = pd.Series(np.where(np.arange(3650) == 1800, 80, 1), days)
    ax = ct.plot_daily(ct.DailySeries.from_counts(counts), ax=axes[0])
    ax.figure.canvas.draw()
    box = ax.get_window_extent()
    inside = np.asarray(ax.figure.canvas.buffer_rgba())[100:160, int(box.x0) + 5 : int(box.x1) - 5, :3].astype(int)
    assert np.abs(inside - np.array([0xA9, 0xB3, 0xBD])).max(axis=2).min() < 40, "the colour of a bar, hardly blended"


@pytest.mark.parametrize(("most", "whole"), [(18, True), (3, False)])
def test_heights_of_days_are_whole_numbers(most, whole, axes):
    counts = pd.Series([most, 0] * 20, pd.date_range("2019-01-01", periods=40))
    ax = ct.plot_daily(ct.DailySeries.from_counts(counts), ax=axes[0])
    assert all(tick == int(tick) for tick in ax.get_yticks()) == whole


@pytest.mark.parametrize(
    ("ended", "told", "ends"),
    [
        pytest.param(None, "truce, until declared over or the next", "2019-08-31", id="open"),
        pytest.param("2019-08-30", "truce, until declared over", "2019-08-30", id="over before the next"),
    ],
)
def test_the_legend_says_where_a_band_ends(ended, told, ends, daily, axes):
    truces = [ct.Truce("2019-08-27", ended=ended), ct.Truce("2019-08-31")]
    ax = ct.plot_daily(daily, truces=truces, ax=axes[0])
    assert [label for label in legend(ax) if label.startswith("truce, ")] == [told]
    (first, _) = (patch for patch in ax.patches if patch.get_label() == told)
    end = mpl.dates.num2date(first.get_x() + first.get_width()).replace(tzinfo=None)
    assert end + pd.Timedelta(hours=12) == pd.Timestamp(ends)


def test_changepoints_draw_every_regime_and_every_day_of_every_set(changes, idlib, axes):
    drawn, _ = axes
    assert ct.plot_changepoints(changes, truces=[idlib.truces["TRC-5"]], ax=drawn) is drawn
    rules = [line for line in drawn.lines if line.get_label().startswith("rate per day")]
    assert len(rules) == len(changes.dates) + 1
    blocks = [patch for patch in drawn.patches if patch.get_label().startswith("95% set")]
    assert len(blocks) == sum(len(consecutive(days)) for days in changes.location_sets)
    shaded = sum(round(patch.get_width()) for patch in blocks)
    assert shaded == sum(len(days) for days in changes.location_sets)


def test_effect_draws_both_rates_and_what_the_first_would_have_brought(effect, axes):
    drawn, _ = axes
    assert ct.plot_truce_effect(effect, ax=drawn) is drawn
    fitted = [line for line in drawn.lines if line.get_label() == "fitted rate"]
    heights = [set(np.round(line.get_ydata(), 9)) for line in fitted]
    assert heights[0] != heights[1]
    assert [len(side) for side in heights] == [1, 1], "one rate on each side"
    assert "had the rate before gone on" in legend(drawn)


def test_claims_draw_one_mark_per_claim_from_that_day(daily, idlib, axes):
    drawn, _ = axes
    held = ct.hold_claims(daily, idlib.claims)
    assert ct.plot_claims(daily, held, since="2019-04-30", ax=drawn) is drawn
    near = held[(held["period_start"] - pd.Timestamp("2019-04-30")).abs() <= pd.Timedelta(days=3)]
    marks = [box[0] for box in drawn.containers if box[0] is not None]
    assert sum(len(mark.get_xdata()) for mark in marks) == len(near) > 30
    arrows = sum(len(line.get_xdata()) for line in drawn.lines if line.get_marker() == 10)  # CARETUPBASE
    assert arrows == near["high"].isna().sum()
    with pytest.raises(ct.errors.CoverageError, match="No claim begins within 3 days of 2018-01-01"):
        ct.plot_claims(daily, held, since="2018-01-01", ax=drawn)


@pytest.mark.parametrize("name", names_of_figures())
def test_every_footer_names_measure_area_window_source_and_vintage(name, idlib, areas_found):
    """Whole and on nothing else, as on the page and in a figure of its own."""
    drawn = []

    def draw(ax: Axes | None) -> Axes:
        drawn.append(plots(idlib, areas_found)[name](ax))
        return drawn[-1]

    svg = draw_sheet(draw, name=name, png=False).svg
    with mpl.rc_context(mpl.rcParamsDefault):
        figure = plt.figure(figsize=(6.4, 4.8))
        assert draw(None).figure is figure
    month, day = r"\b[A-Z][a-z]{2} \d{4}", r"\b\d{1,2} [A-Z][a-z]{2} \d{4}"
    about = rf"(deaths|incidents)\b.* · (Idlib and north-west Syria|invented|area not stated)\b.* · {day} to {day}"
    source = "source: (press catalogue of the Idlib case, release 1|counts as given|a source)"
    if name == "vintages":  # which are of records, wherever they lie, and of two sources
        about, source = f"records by month of their first day, {month} to {month}", "old: .+, release .+ · new: .+, rel"
    for ax in drawn:
        ax.figure.draw_without_rendering()
        assert re.search(about, footer(ax))
        assert re.search(source, footer(ax))
        box, sheet = box_of(ax), ax.figure.bbox
        assert sheet.x0 <= box.x0 < box.x1 <= sheet.x1
        others = [text for text in ax.figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
        on_it = [text.get_text() for text in others if text.get_window_extent().overlaps(box)]
        assert on_it == [footer(ax, lines="\n")]
    assert all(escape(line) in svg for line in footer(drawn[0], lines="\n").split("\n"))
    plt.close(figure)


def test_unobserved_days_are_hatched_and_never_drawn_as_zero(axes, bars_by_day):
    drawn, _ = axes
    days = pd.date_range("2020-01-01", periods=40)
    counts = pd.Series(2.0, days)
    counts.iloc[10:15] = np.nan
    counts.iloc[20] = np.nan
    ct.plot_daily(ct.DailySeries.from_counts(counts), ax=drawn)
    hatched = [patch for patch in drawn.patches if patch.get_hatch()]
    assert [round(patch.get_width()) for patch in hatched] == [5, 1]
    assert len(bars_by_day(drawn)) == 34


@pytest.mark.parametrize("name", ["daily", "effect", "changes", "claims", "benchmark"])
def test_provisional_days_are_dotted_outlined_and_named_with_their_lag(name, idlib, axes, bars_by_day):
    """The eight days from 30 October to 6 November are provisional if a count takes nine days to settle."""
    drawn, _ = axes
    late = ct.daily_series(
        idlib, measure="civilians", coverage=("2019-04-30", "2019-11-06"), lag=9, retrieved_on="2019-11-07"
    )
    plots = {
        "daily": lambda: ct.plot_daily(late, ax=drawn),
        "effect": lambda: ct.plot_truce_effect(
            ct.estimate_truce_effect(late, idlib.truces["TRC-5"], window=WINDOW), ax=drawn
        ),
        "changes": lambda: ct.plot_changepoints(ct.detect_changepoints(late), ax=drawn),
        "claims": lambda: ct.plot_claims(
            late, ct.hold_claims(late, idlib.claims).assign(period_end=late.coverage[1]), since="2019-08-31", ax=drawn
        ),
        "benchmark": lambda: ct.plot_benchmark(
            ct.benchmark_to_claims(late, idlib.claims[idlib.claims["claim_id"] == "CLM-081"]), ax=drawn
        ),
    }
    plots[name]()
    (dotted,) = [patch for patch in drawn.patches if patch.get_hatch() == "..."]
    first = pd.Timestamp("2019-10-30")
    left = matplotlib.dates.date2num(first - pd.Timedelta(hours=12))
    assert (dotted.get_x(), dotted.get_width()) == (left, 8)
    assert "provisional" in legend(drawn)
    assert "reporting lag 9 days, declared; retrieved on 2019-11-07: 8 days provisional" in footer(drawn)
    late_counts = late.counts.loc[first:] if name != "claims" else late.counts.iloc[:0]  # which draws no bars
    np.testing.assert_array_equal(bars_by_day(drawn, "provisional"), late_counts[late_counts > 0])
    for line in drawn.lines:
        if line.get_label() == "7-day mean":
            assert np.isnan(line.get_ydata()[-8:]).all(), "the mean ends where counts are not final"


def test_dots_and_hatches_are_seen_in_the_legend(idlib):
    gap = [("2019-07-01", "2019-07-10")]
    late = ct.daily_series(idlib, measure="civilians", lag=9, retrieved_on="2020-01-16", gaps=gap)
    ax = ct.plot_daily(late, ax=plt.figure(figsize=(9, 4)).add_axes((0.1, 0.3, 0.85, 0.5)))
    ax.figure.canvas.draw()
    sheet = np.asarray(ax.figure.canvas.buffer_rgba())[::-1, :, :3].mean(axis=2)
    for name in ("provisional", "not observed"):
        box = ax.get_legend().legend_handles[legend(ax).index(name)].get_window_extent()
        inside = sheet[int(box.y0) + 2 : int(box.y1) - 1, int(box.x0) + 2 : int(box.x1) - 1]
        assert inside.size > 60
        assert 0.1 < (inside < 190).mean() < 0.9, name
    plt.close(ax.figure)


@pytest.mark.parametrize(
    ("first", "last"),
    [("2019-08-01", "2019-08-20"), ("2019-06-01", "2019-08-10"), ("2019-04-20", "2020-01-15"),
     ("2016-01-01", "2019-11-30"), ("1989-01-01", "2024-12-31")],
)  # fmt: skip
def test_date_labels_never_overlap_and_name_the_year(first, last, axes):
    drawn, _ = axes
    days = pd.date_range(first, last)
    ct.plot_daily(ct.DailySeries.from_counts(pd.Series(1.0, days)), ax=drawn)
    drawn.figure.canvas.draw()
    boxes = [label.get_window_extent() for label in drawn.get_xticklabels()]
    assert 2 <= len(boxes) <= 10
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert first[:4] in drawn.get_xticklabels()[0].get_text()


def test_a_dollar_sign_in_a_name_is_a_dollar_sign(axes):
    drawn, _ = axes
    days = pd.date_range("2020-01-01", periods=30)
    hostile = ct.DailySeries.from_counts(pd.Series(1.0, days), area=r"$\frac{a}$ $x$ <b>", unit=r"$\bad$")
    ct.plot_daily(hostile, ax=drawn)
    drawn.figure.canvas.draw()
    assert r"$\frac{a}$ $x$ <b>" in footer(drawn)


def test_colours_stay_apart_in_grey():
    def grey(colour: str) -> float:
        red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, middle, dark = grey(COUNTED), grey(CONTRAST), grey(LEVEL)
    assert light - middle > 50, "bars against the counterfactual"
    assert middle - dark > 40, "counterfactual against the fitted rate"
    assert grey(SET) - dark > 80
    assert grey(TRUCE) - dark > 80


def test_onset_draws_evidence_of_every_scanned_day(idlib, axes):
    ax, _ = axes
    daily = ct.daily_series(idlib, measure="civilians")
    onset = ct.scan_onset(daily, idlib.truces["TRC-5"], rng=np.random.default_rng(1), n_simulations=19)
    assert ct.plot_onset(onset, ax=ax) is ax
    marks = [line for line in ax.lines if line.get_marker() == "o"]
    assert marks[0].get_ydata().tolist() == onset.evidence.tolist()
    labels = ax.get_legend_handles_labels()[1]
    assert {"announced", "truce takes effect", f"detected (p = {onset.p_value:.3f})"} <= set(labels)


def test_onset_without_a_detected_day_says_so(idlib, axes):
    ax, _ = axes
    daily = ct.daily_series(idlib, measure="civilians")
    onset = ct.scan_onset(daily, idlib.truces["TRC-5"], rng=np.random.default_rng(1), n_simulations=19)
    none = dataclasses.replace(onset, detected=pd.NaT, p_value=1.0, onset_set=onset.onset_set[:0])
    ct.plot_onset(none, ax=ax)
    assert "no change near the date (p = 1)" in ax.get_legend_handles_labels()[1]
    assert [line for line in ax.lines if line.get_marker() == "v"] == []


@pytest.mark.parametrize("size", [(6.4, 4.8), (4, 3)])
@pytest.mark.parametrize("name", names_of_figures())
def test_a_figure_drawn_alone_holds_its_legend_and_its_footer(name, size, idlib, areas_found):
    """Without axes given: nothing is cut off by the figure's edge, however many rows the legend has."""
    with mpl.rc_context(mpl.rcParamsDefault):
        figure = plt.figure(figsize=size)
        ax = plots(idlib, areas_found)[name](None)
        assert ax.figure is figure
        figure.canvas.draw()
        holds_all(ax)
        plt.close(figure)


@pytest.mark.parametrize("size", [(6.4, 4.8), (4, 3)])
def test_the_only_axes_of_a_figure_make_room_for_what_is_written(size, idlib, areas_found):
    """As pyplot makes them; beside others, or placed by hand, they stay where they are."""
    for name, draw in plots(idlib, areas_found).items():
        with mpl.rc_context(mpl.rcParamsDefault):
            figure, ax = plt.subplots(figsize=size)
            draw(ax)
            figure.canvas.draw()
            holds_all(ax, name)
            plt.close(figure)


def holds_all(ax: Axes, name: str = "") -> None:
    kept, drawn = ax.figure.bbox, ax.get_tightbbox()
    for begins, ends in ((kept.x0, drawn.x0), (kept.y0, drawn.y0), (drawn.x1, kept.x1), (drawn.y1, kept.y1)):
        assert begins <= ends + 1, name  # a pixel


@pytest.mark.parametrize(
    "make", [lambda: plt.subplots(1, 2)[1][0], lambda: plt.figure().add_axes((0.1, 0.1, 0.8, 0.8))]
)
def test_axes_that_others_placed_stay_where_they_are(make, daily):
    ax = make()
    before = ax.get_position().bounds
    ct.plot_daily(daily, ax=ax)
    assert ax.get_position().bounds == before
    plt.close("all")

"""Escalation figures by their artists."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer
from matplotlib.patches import Rectangle

import conflictts as ct
from conflictts.figures.calendar import QUIET, STEPS, _edges, _step_words
from conflictts.figures.escalation import PHASE_LOOK
from tests.figures.test_figures import footer

FIGURES = [ct.plot_growth, ct.plot_phases, ct.plot_weeks]


@pytest.fixture(scope="module")
def daily(idlib: ct.Case) -> ct.DailySeries:
    return ct.daily_series(idlib, measure="civilians")


@pytest.fixture(scope="module")
def escalation(daily: ct.DailySeries) -> ct.Escalation:
    return ct.measure_escalation(daily)


def labels(ax) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("plot", FIGURES)
def test_given_axes_are_returned_with_footer_and_one_entry_a_kind(plot, escalation, axes):
    drawn, _ = axes
    assert plot(escalation, ax=drawn) is drawn
    assert "20 Apr 2019 to 15 Jan 2020" in footer(drawn)
    assert len(labels(drawn)) == len(set(labels(drawn)))


def test_growth_is_drawn_in_powers_of_two_with_its_phases(escalation, axes):
    drawn = ct.plot_growth(escalation, ax=axes[0])
    (line,) = [line for line in drawn.lines if line.get_label().startswith("growth in the 42 days")]
    np.testing.assert_allclose(2 ** np.asarray(line.get_ydata()), escalation.growth["growth"])  # rounding
    established = [patch for patch in drawn.patches if patch.get_label().endswith("established")]
    assert len(established) == escalation.phases["phase"].isin(["rising", "falling"]).sum() == 2
    assert [text.get_text() for text in drawn.get_yticklabels()] == ["÷4", "÷2", "×1", "×2", "×4"]


def test_phases_are_a_strip_without_gap_or_overlap(escalation, axes):
    drawn = ct.plot_phases(escalation, ax=axes[0])
    strip = [
        shape
        for shape in drawn.collections
        if isinstance(shape, FillBetweenPolyCollection) and shape.get_label() in PHASE_LOOK
    ]
    assert [shape.get_label() for shape in strip] == escalation.phases["phase"].tolist()
    spans = [shape.get_paths()[0].get_extents() for shape in strip]
    widths = [round(span.x1 - span.x0) for span in spans]
    assert widths == escalation.phases["days"].tolist()
    assert all((shape.get_hatch() or "") == PHASE_LOOK[shape.get_label()][1] for shape in strip)


def test_weeks_mark_what_differs_from_the_week_before(escalation, axes):
    weeks = escalation.weeks.copy()
    weeks.loc[3, ["lower", "upper"]] = 1.2, 4.0
    weeks.loc[[5, 6], ["lower", "upper"]] = 0.2, 0.9
    drawn = ct.plot_weeks(replace(escalation, weeks=weeks), ax=axes[0])
    bars = [bar for box in drawn.containers if isinstance(box, BarContainer) for bar in box]
    assert sorted(bar.get_height() for bar in bars) == pytest.approx(sorted(weeks["best"]))
    marked = {line.get_label().split(" than")[0]: len(line.get_xdata()) for line in drawn.lines}
    assert marked == {"more": 1, "less": 2}


def test_figures_of_nothing_but_zeros_are_drawn(axes):
    zeros = pd.Series(np.zeros(60), pd.date_range("2020-01-01", periods=60))
    found = ct.measure_escalation(ct.DailySeries.from_counts(zeros))
    for plot in FIGURES:
        axes[0].clear()
        drawn = plot(found, ax=axes[0])
        drawn.figure.canvas.draw()
        assert np.isfinite([*drawn.get_xlim(), *drawn.get_ylim()]).all()


def squares(ax) -> list[Rectangle]:
    return [patch for patch in ax.patches if isinstance(patch, Rectangle)]


def test_calendar_tells_quiet_unobserved_and_provisional_apart(daily, axes):
    table = daily.table.copy()
    table.loc["2019-05-06":"2019-05-08", ["low", "best", "high"]] = np.nan
    table.loc["2019-05-06":"2019-05-08", "status"] = "unobserved"
    table.loc["2020-01-10":, "status"] = "provisional"
    drawn = ct.plot_calendar(replace(daily, table=table), ax=axes[0])
    assert drawn is axes[0]
    drawn_squares = squares(drawn)
    assert len(drawn_squares) == len(table)
    looks = [(to_hex(square.get_facecolor()).upper(), square.get_hatch()) for square in drawn_squares]
    for (colour, hatch), best, status in zip(looks, table["best"], table["status"], strict=True):
        if status == "unobserved":
            assert hatch
            assert "/" in hatch
        else:
            assert (hatch is not None and "." in hatch) == (status == "provisional")
            assert (colour == QUIET) == (best == 0)
            assert best == 0 or colour in STEPS
    assert {"0", "not observed", "provisional"} <= set(labels(drawn))
    assert "20 Apr 2019 to 15 Jan 2020" in footer(drawn)


def test_calendar_places_weeks_in_columns_and_mondays_on_top(axes):
    days = pd.date_range("2020-01-01", periods=10)  # from a Wednesday
    drawn = ct.plot_calendar(ct.DailySeries.from_counts(pd.Series(np.arange(10.0), days)), ax=axes[0])
    places = [(round(square.get_x() + 0.5), round(square.get_y() + 0.5)) for square in squares(drawn)]
    assert places == [(0, 2), (0, 3), (0, 4), (0, 5), (0, 6), (1, 0), (1, 1), (1, 2), (1, 3), (1, 4)]


def test_calendar_of_years_gives_each_a_row(axes):
    days = pd.date_range("2018-01-01", "2019-12-31")
    drawn = ct.plot_calendar(ct.DailySeries.from_counts(pd.Series(1.0, days)), ax=axes[0])
    assert [text.get_text() for text in drawn.get_yticklabels()] == ["2018", "2019"]
    places = {(square.get_x(), square.get_y()) for square in squares(drawn)}
    assert len(places) == 730
    new_year = squares(drawn)[365]  # 1 January 2019, a Tuesday
    assert (round(new_year.get_x() + 0.5), round(new_year.get_y() + 0.5)) == (0, 9)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        pytest.param([0.0, 0.0], [], id="nothing"),
        pytest.param([1.0, 2.0, 3.0], ["1", "2", "3"], id="few"),
        pytest.param(np.arange(101.0), ["under 30", "30 to 49", "50 to 99", "100 or more"], id="hundred"),
    ],
)
def test_steps_of_the_calendar(counts, words):
    counts = pd.Series(counts)
    assert _step_words(_edges(counts), float(counts.max())) == words

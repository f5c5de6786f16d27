"""The evidence is drawn day by day on a log axis, with its threshold and what a reader must know of the days."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import conflictts as ct
from conflictts.series.coverage import consecutive
from tests.figures.test_escalation import labels

FIRST = pd.Timestamp("2020-01-01")
CALM = [0.0, 2.0, 1.0, 3.0] * 10
LATER = [1.0, np.nan, np.nan, 0.0, *[9.0] * 10, *[0.0] * 30]


@pytest.fixture(scope="module")
def monitor() -> ct.Monitor:
    days = pd.date_range(FIRST, periods=len(CALM) + len(LATER))
    daily = ct.DailySeries.from_counts(pd.Series(CALM + LATER, days), area="Area $A$", source="office")
    return ct.Monitor.fit(daily, window=(FIRST, days[len(CALM) - 1])).update(daily)


def test_monitor_draws_evidence_threshold_alarm_and_missing_days(monitor, axes):
    drawn, _ = axes
    assert ct.plot_monitor(monitor, ax=drawn) is drawn
    (line,) = [line for line in drawn.lines if line.get_label() == "evidence after each day"]
    np.testing.assert_allclose(line.get_ydata(), np.log10(np.maximum(monitor.evidence, 0.1)))
    (rule,) = [line for line in drawn.lines if line.get_label() == "threshold, 365"]
    np.testing.assert_allclose(rule.get_ydata(), np.log10(365))
    shaded = [patch for patch in drawn.patches if patch.get_label() == "alarm"]
    assert sum(round(patch.get_width()) for patch in shaded) == len(monitor.alarms) > 0
    assert len(shaded) == len(consecutive(monitor.alarms))
    hatched = [patch for patch in drawn.patches if patch.get_hatch()]
    assert [round(patch.get_width()) for patch in hatched] == [2]
    first = monitor.first_alarm
    assert f"first alarm, {first.day} {first:%b %Y}" in labels(drawn)
    (footer,) = [text.get_text() for text in drawn.texts if text.get_gid() == "footer"]
    assert all(part in footer.replace("\n", " ") for part in ("incidents", "Area $A$", "10 Feb 2020", "office"))


def test_revised_days_are_marked(monitor, axes):
    drawn, _ = axes
    ct.plot_monitor(monitor.update(monitor.counts.index[5], 2), ax=drawn)
    (rule,) = [line for line in drawn.lines if line.get_label().startswith("computed anew")]
    assert rule.get_xdata()[0] == monitor.counts.index[5] - pd.Timedelta(hours=12)


def test_axis_names_evidence_and_not_its_logarithm(monitor, axes):
    drawn, _ = axes
    ct.plot_monitor(monitor, ax=drawn)
    ticks = {text.get_text() for text in drawn.get_yticklabels()}
    assert {"0.1", "1"} & ticks or "10" in ticks
    assert len(ticks) <= 8


def test_without_a_day_there_is_nothing_to_draw(axes):
    days = pd.date_range(FIRST, periods=len(CALM))
    begun = ct.Monitor.fit(ct.DailySeries.from_counts(pd.Series(CALM, days)))
    with pytest.raises(ct.errors.TooLittleData, match="No day after the calm"):
        ct.plot_monitor(begun)

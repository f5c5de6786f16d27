"""The fitted series is drawn beside the counted one, and says what it is."""

from __future__ import annotations

import pandas as pd
import pytest

import conflictts as ct
from conflictts.errors import CoverageError

WINDOW = ("2019-04-30", "2019-11-06")


@pytest.fixture(scope="module")
def fitted(idlib) -> ct.Benchmark:
    chosen = idlib.claims[idlib.claims["claim_id"].isin(["CLM-081", "CLM-098", "CLM-078"])]
    return ct.benchmark_to_claims(ct.daily_series(idlib, measure="civilians"), chosen, target={"CLM-078": "best"})


def test_counts_are_bars_and_both_means_are_lines(fitted, axes, bars_by_day):
    ax = ct.plot_benchmark(fitted, window=WINDOW, ax=axes[0])
    assert ax is axes[0]
    counted = fitted.original.counts.loc[WINDOW[0] : WINDOW[1]]
    pd.testing.assert_series_equal(bars_by_day(ax), counted[counted > 0], check_names=False, check_index_type=False)
    means = {line.get_label(): line.get_ydata() for line in ax.lines if "mean" in line.get_label()}
    for daily, label in ((fitted.original, "7-day mean, counted"), (fitted.daily, "7-day mean, modelled")):
        around = daily.counts.loc["2019-07-07":"2019-07-13"].mean()
        assert means[label][(counted.index == "2019-07-10").argmax()] == pytest.approx(around)


def test_each_claim_that_was_met_is_a_bar_over_its_period(fitted, axes):
    """CLM-078 comes first and excludes CLM-081; CLM-098 shares 31 August with it, and so stands in a second row."""
    assert fitted.constraints.set_index("claim_id")["met"].to_dict() == {
        "CLM-078": True,
        "CLM-081": False,
        "CLM-098": True,
    }
    ax = ct.plot_benchmark(fitted, window=WINDOW, ax=axes[0])
    periods = [line for line in ax.lines if line.get_label() == "period of a claim met"]
    days = [round((line.get_xdata()[1] - line.get_xdata()[0]).days) for line in periods]
    assert days == [123, 67], "first day to last, inclusive, less one"
    assert len({line.get_ydata()[0] for line in periods}) == 2


def test_footer_and_legend_say_modelled(fitted, idlib, axes):
    ax = ct.plot_benchmark(fitted, truces=[idlib.truces["TRC-5"]], ax=axes[0])
    (footer,) = [text.get_text().replace("\n", " ") for text in ax.texts if text.get_gid() == "footer"]
    assert "modelled: fitted to claims of SOHR (CLM-078, CLM-098)" in footer
    assert "7-day mean, modelled" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_window_that_is_none_is_refused(fitted, axes):
    with pytest.raises(CoverageError, match=r"window 2019-11-06\.\.2019-04-30 ends before it starts"):
        ct.plot_benchmark(fitted, window=WINDOW[::-1], ax=axes[0])

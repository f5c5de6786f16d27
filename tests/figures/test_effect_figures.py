"""Figures around an effect: placebo dates, diagnostics, the mix of sources."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import conflictts as ct
from tests.figures.test_figures import footer

WINDOW = ("2019-04-30", "2019-10-18")


@pytest.fixture(scope="module")
def effect(idlib: ct.Case) -> ct.TruceEffect:
    daily = ct.daily_series(idlib, measure="civilians")
    return ct.estimate_truce_effect(daily, idlib.truces["TRC-5"], window=WINDOW)


@pytest.fixture(scope="module")
def mix(idlib: ct.Case) -> ct.SourceMix:
    return ct.source_mix(idlib, idlib.truces["TRC-5"], measure="civilians", window=WINDOW)


def test_placebos_draw_every_date_and_the_truce(effect, axes):
    found = ct.placebo_effects(effect)
    ax = ct.plot_placebos(found, ax=axes[0])
    assert ax is axes[0]
    (line,) = [line for line in ax.lines if line.get_label() == "rate ratio there"]
    assert line.get_ydata() == pytest.approx(found.steps["rate_ratio"].to_numpy())
    (bar,) = ax.containers
    assert bar[0].get_ydata() == pytest.approx([effect.rate_ratio])
    assert ax.get_yscale() == "log"
    low, high = ax.get_ylim()
    assert low < effect.lower < effect.upper < high
    assert "30 Apr 2019 to 18 Oct 2019" in footer(ax)


def test_diagnostics_draw_three_panels(effect, axes):
    found = ct.diagnose_effect(effect, rng=np.random.default_rng(1))
    ax = ct.plot_diagnostics(found, ax=axes[0])
    assert ax is axes[0]
    through_time, memory, transforms = ax.child_axes
    marks = through_time.lines[-1].get_ydata()
    weeks = (found.residuals.index - effect.truce.effective).days // 7
    assert len(marks) == len(set(weeks))
    assert [lines.get_label() for lines in memory.collections if hasattr(lines, "get_segments")] == [
        "before the date",
        "after the date",
    ]
    assert sum(bar.get_height() for bar in transforms.containers[0]) == len(found.pit)
    assert "press catalogue" in footer(ax)


def test_a_side_too_short_for_memory_falls_back_to_all_days(axes):
    counts = np.random.default_rng(0).negative_binomial(3, 0.4, 140).astype(float)
    daily = ct.DailySeries.from_counts(pd.Series(counts, pd.date_range("2020-01-06", periods=140)))
    effect = ct.estimate_truce_effect(daily, ct.Truce("2020-05-05"))
    ax = ct.plot_diagnostics(ct.diagnose_effect(effect, rng=np.random.default_rng(1)), ax=axes[0])
    labels = [text.get_text() for text in ax.child_axes[1].get_legend().get_texts()]
    assert labels == ["before the date"]


def test_sources_draw_two_bars_each_and_gather_the_rest(mix, axes):
    ax = ct.plot_source_mix(mix, ax=axes[0])
    assert ax is axes[0]
    shares = mix.table[mix.table["column"] == "reporting_body"]
    before, after = ax.containers
    widths = np.array([[bar.get_width() for bar in before], [bar.get_width() for bar in after]])
    assert widths.sum(axis=1) == pytest.approx([1, 1])
    assert widths[0, :5] == pytest.approx(shares["share_before"].iloc[:5].to_numpy())
    assert any(text.get_text() == f"{len(shares) - 5} others" for text in ax.texts)
    assert footer(ax).startswith("share of civilian deaths by reporting body · Idlib and north-west Syria · 30 Apr")
    assert "127 records before, 13 after" in footer(ax)

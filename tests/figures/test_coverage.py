"""Coverage ratio over time, and claims against the sum: artists counted, unsettled days never passed over."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.markers import CARETDOWNBASE

import conflictts as ct
from conflictts.errors import TooLittleData
from conflictts.figures.claims import looks_of
from conflictts.figures.style import LEVEL
from conflictts.report import drawing
from conflictts.report.claims import find_claims


@pytest.fixture(scope="module")
def daily(idlib) -> ct.DailySeries:
    return ct.daily_series(idlib, measure="civilians")


def points(ax) -> np.ndarray:
    """Heights of the marks that stand for claims."""
    marked = [line for line in ax.lines if line.get_marker() in ("o", "s") and len(line.get_xdata())]
    return np.concatenate([np.asarray(line.get_ydata(), float) for line in marked])


def test_each_claim_is_one_mark_at_its_ratio_and_each_ceiling_an_arrow(daily, idlib, axes):
    ratio = ct.coverage_ratio(daily, idlib.claims, body=["SOHR", "White Helmets"])
    ax = ct.plot_coverage_ratio(ratio, truces=[idlib.truces["TRC-5"]], ax=axes[0])
    assert ax is axes[0]
    np.testing.assert_allclose(np.sort(points(ax)), np.sort(ratio.table["ratio"]))
    arrows = sum(len(line.get_xdata()) for line in ax.lines if line.get_marker() == CARETDOWNBASE)
    assert arrows == ratio.table["high"].isna().sum() > 20
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert len(legend) == len(set(legend))
    assert {"SOHR", "White Helmets", "as many counted as claimed", "totals from one start day"} <= set(legend)
    assert ax.get_ylabel() == "counted / claimed"


def test_chained_claims_stand_at_their_end_and_others_over_their_period(daily, idlib, axes):
    claims = idlib.claims[idlib.claims["claim_id"].isin(["CLM-090", "CLM-093"])]
    ax = ct.plot_coverage_ratio(ct.coverage_ratio(daily, claims), ax=axes[0])
    (bars,) = [lines for lines in ax.collections if len(lines.get_segments()) == 2 and lines.get_linewidth()[0] > 1]
    days = [round(segment[1, 0] - segment[0, 0]) for segment in bars.get_segments()]
    assert days == [30, 31], "September and October"


def test_every_mark_and_range_lies_inside_the_axes(daily, idlib, axes):
    ax = ct.plot_coverage_ratio(ct.coverage_ratio(daily, idlib.claims, body="SOHR"), ax=axes[0])
    assert ax.get_ylim()[0] == 0
    assert points(ax).max() < ax.get_ylim()[1]
    segments = np.concatenate(
        [np.concatenate(lines.get_segments()) for lines in ax.collections if lines.get_segments()]
    )
    assert segments[:, 1].max() < ax.get_ylim()[1]


@pytest.mark.parametrize("figure", ["coverage", "claims"])
def test_footer_says_whether_the_series_is_modelled(figure, daily, idlib, axes):
    chosen = idlib.claims[idlib.claims["claim_id"].isin(["CLM-081", "CLM-098"])]
    fitted = ct.benchmark_to_claims(daily, chosen)
    footers = []
    for series, ax in ((fitted.original, axes[0]), (fitted.daily, axes[0])):
        ax.clear()
        if figure == "coverage":
            ct.plot_coverage_ratio(ct.coverage_ratio(series, chosen), ax=ax)
        else:
            ct.plot_claims(series, ct.hold_claims(series, chosen), since="2019-04-30", ax=ax)
        (footer,) = [text.get_text().replace("\n", " ") for text in ax.texts if text.get_gid() == "footer"]
        footers.append(footer)
    assert "modelled" not in footers[0]
    assert "modelled: fitted to claims of SOHR (CLM-081, CLM-098)" in footers[1]
    for footer in footers:
        assert "civilian deaths · Idlib and north-west Syria · 30 Apr 2019 to" in footer


def test_a_body_keeps_its_colour_and_mark_from_figure_to_figure(daily, idlib, axes):
    """In each of a report's figures of claims, however many of its claims that one shows; none has the series' own."""
    effect = ct.estimate_truce_effect(daily, idlib.truces["TRC-5"], window=("2019-04-30", "2019-11-06"))
    found = find_claims(daily, effect, idlib.claims)
    seen: dict[str, set[tuple[str, str]]] = {}

    def draw(plot, *, name):
        axes[0].clear()
        for handle, label in zip(*plot(ax=axes[0]).get_legend_handles_labels(), strict=True):
            mark = handle[0] if isinstance(handle, ErrorbarContainer) else handle
            if (body := label.removeprefix("claimed by ")) in found.by_body.index:
                seen.setdefault(body, set()).add((mark.get_color(), mark.get_marker()))

    drawn = drawing._claims(SimpleNamespace(claims=found, daily=daily, effect=effect), draw)
    assert list(drawn) == ["coverage", "claims-2019-04-30", "claims-2019-08-31"]
    assert {"SOHR", "White Helmets", "UN"} <= set(seen)
    assert [looks for looks in seen.values() if len(looks) > 1] == []
    assert LEVEL not in {colour for looks in seen.values() for colour, _ in looks}


def test_no_two_bodies_look_alike():
    """Not in their marks up to the twelfth, and not in mark and colour together up to the seventy-second."""
    looks = looks_of(pd.Series([f"body {number:02}" for number in range(72)]), None)
    assert len({mark for _, mark, _ in list(looks.values())[:12]}) == 12
    assert len({(colour, mark) for colour, mark, _ in looks.values()}) == 72
    assert LEVEL not in {colour for colour, _, _ in looks.values()}


def test_no_ratio_no_figure(daily, idlib, axes):
    unobserved = daily.table.assign(status="provisional")
    ratio = ct.coverage_ratio(replace(daily, table=unobserved), idlib.claims, body="SNHR")
    with pytest.raises(TooLittleData, match="None of 5 claims has a ratio"):
        ct.plot_coverage_ratio(ratio, ax=axes[0])


def test_sum_ends_where_a_day_was_not_observed(axes):
    days = pd.date_range("2020-01-01", periods=20)
    counts = pd.Series(1.0, days)
    counts.iloc[8:10] = np.nan
    daily = ct.DailySeries.from_counts(counts, measure="civilians")
    status = daily.table["status"].where(days < "2020-01-18", "provisional")
    daily = replace(daily, table=daily.table.assign(status=status))
    claim = {"claim_id": "C", "measure": "civilians", "reporting_body": "B", "period_start": days[0], "low": 9.0}
    claims = pd.DataFrame([claim | {"period_end": days[-1], "best": 9.0, "high": 9.0}])
    ax = ct.plot_claims(daily, ct.hold_claims(daily, claims), since=days[0], ax=axes[0])
    (line,) = [line for line in ax.lines if line.get_label() == "counted, best"]
    np.testing.assert_array_equal(line.get_ydata(), [*range(1, 9), *[np.nan] * 12])
    hatched = {patch.get_label(): round(patch.get_width()) for patch in ax.patches if patch.get_hatch()}
    assert hatched == {"not observed": 2, "provisional": 3}

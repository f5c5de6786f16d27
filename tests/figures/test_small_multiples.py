"""Small multiples: panels in order of their toll, shared days, a scale that is said, and a remainder that is named."""

from __future__ import annotations

import re
from itertools import combinations, pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

import conflictts as ct
from conflictts.errors import InputError, UnknownNameError
from conflictts.incidents.simulate import simulate_incidents
from conflictts.series.daily import series_of
from tests.figures.test_figures import footer


def panel_of(places: int, seed: int = 3) -> ct.DailyPanel:
    """Invented records laid on so many places with long names, the later ones with fewer."""
    invented = simulate_incidents(np.random.default_rng(seed)).incidents
    at = np.floor(places * np.random.default_rng(seed).random(len(invented.table)) ** 2).astype(int)
    invented.table["admin2"] = [f"Jabal al-Akhdar ash-Sharqi district {number}" for number in at]
    return ct.daily_series(invented, measure="deaths", by="admin2", coverage=("2019-04-01", "2019-12-31"))


def texts(ax, gid: str) -> list[str]:
    return [text.get_text() for small in ax.child_axes for text in small.texts if text.get_gid() == gid]


def test_panels_stand_in_order_of_their_toll_and_the_rest_is_named(axes):
    panel = panel_of(26)
    ax = ct.plot_small_multiples(panel, ax=axes[0])
    assert ax is axes[0]
    assert len(ax.child_axes) == 20
    shown = [int(total.replace(",", "")) for total in texts(ax, "total")]
    assert shown == sorted(shown, reverse=True)
    totals = panel.summary()["best"].sort_values()
    left = totals.iloc[: len(panel) - 20]
    said = f"20 of {len(panel)} drawn; {len(left)} others hold {left.sum():,.0f} of {totals.sum():,.0f}"
    assert said in footer(ax)
    for part in ("deaths by admin2", "1 Apr 2019 to 31 Dec 2019", panel.counting.source, panel.counting.area):
        assert part in footer(ax)


def test_names_too_long_for_their_panels_stay_apart_and_one_left_out_is_one():
    """They differ at the end alone."""
    figure = plt.figure(figsize=(9, 7))
    ax = ct.plot_small_multiples(panel_of(21), ax=figure.add_axes((0.02, 0.14, 0.96, 0.78)))
    assert all("…" in name for name in texts(ax, "name"))
    assert len(set(texts(ax, "name"))) == 20
    assert "20 of 21 drawn; 1 other holds " in footer(ax)
    plt.close(figure)


def test_each_line_is_the_mean_of_seven_settled_days(axes):
    panel = panel_of(4)
    ax = ct.plot_small_multiples(panel, ax=axes[0])
    heaviest = panel.summary()["best"].idxmax()
    (line,) = [line for line in ax.child_axes[0].lines if line.get_label() == "7-day mean"]
    by_hand = [panel[heaviest].counts.iloc[day - 3 : day + 4].mean() for day in (10, 100, 200)]
    assert line.get_ydata()[[10, 100, 200]] == pytest.approx(by_hand)


def test_each_has_its_own_scale_as_is_said_and_the_days_are_shared(axes):
    ax = ct.plot_small_multiples(panel_of(6), ax=axes[0])
    assert len({small.get_xlim() for small in ax.child_axes}) == 1
    assert len({small.get_ylim() for small in ax.child_axes}) > 1
    assert any("each on its own scale" in text.get_text() for text in ax.texts)
    for small in ax.child_axes:
        (line,) = [line for line in small.lines if line.get_label() == "7-day mean"]
        assert np.nanmax(line.get_ydata()) <= small.get_ylim()[1], "nothing leaves its panel"


@pytest.mark.parametrize(("width", "height"), [(9.0, 7.0), (6.4, 8.0), (3.2, 20.0)])
def test_twenty_panels_stay_apart(width, height):
    """No name, number or panel lies on another: at the size of a page, of a notebook and of a telephone."""
    with mpl.rc_context(mpl.rcParamsDefault):
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        ax = ct.plot_small_multiples(panel_of(20), ax=figure.add_axes((0.08, 0.15, 0.9, 0.78)))
        figure.canvas.draw()
        heads = [[text.get_window_extent() for text in small.texts] for small in ax.child_axes]
        assert all(name.x1 < total.x0 for name, total in heads)
        boxes = [small.get_tightbbox() for small in ax.child_axes]
        assert len(boxes) == 20
        assert min(small.get_window_extent().height for small in ax.child_axes) > 0.25 * figure.dpi
        assert all(overlap(box, other) <= 1.0 for box, other in combinations(boxes, 2))  # 0.01 inches, by rounding
        for small in ax.child_axes:
            ticks = [label.get_window_extent() for label in small.get_xticklabels() if label.get_text()]
            assert all(left.x1 < right.x0 for left, right in pairwise(ticks))


@pytest.mark.parametrize("size", [(6.4, 4.8), (6, 4), (9, 7)], ids=str)
@pytest.mark.parametrize("places", [1, 6, 20, 40])
def test_nothing_is_cut_off_and_nothing_lies_on_the_footer(places, size):
    """In plain axes of a figure: dates, names, numbers, legend and footer stand on it, and apart."""
    panel, truce = panel_of(places), ct.Truce("2019-08-31", announced="2019-08-25")
    with mpl.rc_context(mpl.rcParamsDefault):
        figure, ax = plt.subplots(figsize=size)
        if (places, size) == (40, (6, 4)):
            with pytest.raises(InputError, match=r"40 panels .* axes of 4\.7 by 3\.0 inches") as refusal:
                ct.plot_small_multiples(panel, truces=[truce], most=40, ax=ax)
            height, fewer = re.search(r"want (\S+) inches .* at most (\d+) of them", str(refusal.value)).groups()
            plt.close(figure)
            for tall, most in ((3.0, int(fewer)), (float(height), 40)):
                figure = plt.figure(figsize=(6, 0.92 + tall))
                place = (0.125, 0.44 / (0.92 + tall), 0.775, tall / (0.92 + tall))
                readable(ct.plot_small_multiples(panel, truces=[truce], most=most, ax=figure.add_axes(place)))
            return
        readable(ct.plot_small_multiples(panel, truces=[truce], most=40, ax=ax))


def readable(ax) -> None:
    figure = ax.figure
    figure.canvas.draw()
    ends = figure.bbox
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    boxes = {text: text.get_window_extent() for text in texts}
    cut = [text.get_text() for text, box in boxes.items()
           if not (ends.x0 <= box.x0 and box.x1 <= ends.x1 and ends.y0 <= box.y0 and box.y1 <= ends.y1)]  # fmt: skip
    assert cut == []
    over = [(one.get_text(), other.get_text()) for one, other in combinations(texts, 2)
            if overlap(boxes[one], boxes[other]) > 1]  # fmt: skip
    assert over == []
    footer_box = next(boxes[text] for text in ax.texts if text.get_gid() == "footer")
    assert all(footer_box.y1 < small.bbox.y0 for small in ax.child_axes)
    assert min(small.bbox.height for small in ax.child_axes) > 0.14 * figure.dpi
    assert any(label.get_text() for label in ax.child_axes[-1].get_xticklabels())
    plt.close(figure)


def overlap(one: Bbox, other: Bbox) -> float:
    """By so many dots in the direction in which they share less."""
    return min(min(one.x1, other.x1) - max(one.x0, other.x0), min(one.y1, other.y1) - max(one.y0, other.y0))


def test_changes_and_days_not_observed_are_drawn_in_their_panels(idlib, axes):
    panel = ct.daily_series(idlib, measure="civilians", by="admin1", gaps=[("2019-07-01", "2019-07-10")])
    changes = pd.DataFrame({"admin1": "Hama", "set_first": pd.to_datetime(["2019-05-01", "2019-08-28"])})
    changes["set_last"] = changes["set_first"] + pd.Timedelta(days=4)
    ax = ct.plot_small_multiples(panel, truces=[idlib.truces["TRC-5"]], changes=changes, ax=axes[0])
    for name, small in zip(texts(ax, "name"), ax.child_axes, strict=True):
        (hatched,) = [patch for patch in small.patches if patch.get_hatch() == "///"]
        assert round(hatched.get_width()) == 10
        shaded = [patch for patch in small.patches if "set" in patch.get_label()]
        assert [round(patch.get_width()) for patch in shaded] == ([5, 5] if name == "Hama" else [])


def test_changes_are_taken_as_the_analysis_of_the_panel_gives_them(axes):
    panel = panel_of(3)
    found = ct.analyse_panel(panel).changes
    assert len(found) > 0
    ax = ct.plot_small_multiples(panel, changes=found, ax=axes[0])
    shaded = [patch for small in ax.child_axes for patch in small.patches if "set" in patch.get_label()]
    assert len(shaded) == len(found)


def test_no_series_is_made_for_a_change(monkeypatch, axes):
    panel = panel_of(3)
    made = []
    monkeypatch.setattr("conflictts.series.panel.series_of", lambda *given: made.append(given[1]) or series_of(*given))

    def made_for(changes: pd.DataFrame) -> list[int]:
        made.clear()
        ct.plot_small_multiples(panel, changes=changes, ax=axes[0])
        return list(made)

    found = ct.analyse_panel(panel).changes
    assert made_for(pd.concat([found] * 20)) == made_for(found)


def test_refusals(idlib, axes):
    panel = ct.daily_series(idlib, measure="civilians", by="admin1")
    day = pd.Timestamp("2019-09-01")
    homs = pd.DataFrame({"admin1": ["Homs"], "set_first": [day], "set_last": [day]})
    with pytest.raises(UnknownNameError, match="No group 'Homs' by admin1"):
        ct.plot_small_multiples(panel, changes=homs, ax=axes[0])
    with pytest.raises(UnknownNameError, match="lacks set_first; it has admin1, set_last"):
        ct.plot_small_multiples(panel, changes=homs.drop(columns="set_first"), ax=axes[0])
    with pytest.raises(UnknownNameError, match="1 or more; met 0"):
        ct.plot_small_multiples(panel, most=0, ax=axes[0])


def test_groups_of_two_columns_and_a_dollar_sign(idlib, axes):
    table = idlib.table.assign(perpetrator=[r"$\frac{a}$"] * len(idlib.table))
    twin = ct.Incidents(table=table, ledger=idlib.ledger, provenance=idlib.provenance)
    panel = ct.daily_series(twin, measure="civilians", by=["admin1", "perpetrator"])
    ax = ct.plot_small_multiples(panel, ax=axes[0])
    ax.figure.canvas.draw()
    assert r"Idlib, $\frac{a}$" in texts(ax, "name")
    assert "by admin1 and perpetrator" in footer(ax)


def test_a_series_without_a_settled_day_has_an_empty_panel(axes):
    panel = ct.daily_series(
        panel_incidents(), measure="incidents", by="admin1", coverage=("2020-01-01", "2020-01-10"), lag=30,
        retrieved_on="2020-01-11",
    )  # fmt: skip
    ax = ct.plot_small_multiples(panel, ax=axes[0])
    assert len(ax.child_axes) == 2
    assert "10 days provisional" in footer(ax)


def panel_incidents() -> ct.Incidents:
    invented = simulate_incidents(np.random.default_rng(1)).incidents
    table = invented.table.iloc[:2].assign(
        date_start=pd.Timestamp("2020-01-03"), date_end=pd.Timestamp("2020-01-03"), admin1=["A", "B"]
    )
    return ct.Incidents(table=table.reset_index(drop=True), ledger=invented.ledger, provenance=invented.provenance)

"""The visual language that all figures share: colours, truces, date axis, footer."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.container import BarContainer

from conflictts.series.daily import DailySeries
from conflictts.series.reporting import LAG_UNKNOWN
from conflictts.truce.period import Truce

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Dark and light apart first, so that they read in grey; hues from Okabe & Ito's colour-blind-safe set.
COUNTED = "#A9B3BD"
LEVEL = "#0B3C5D"
CONTRAST = "#D55E00"
TRUCE = "#56B4E9"
SET = "#E69F00"
INK = "#333333"
FOOTER_POINTS = 7


def given_or_current(ax: Axes | None) -> Axes:
    """The axes given, or pyplot's current ones."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.gca()


def draw_bars(ax: Axes, daily: DailySeries, first: pd.Timestamp, last: pd.Timestamp) -> None:
    """One bar per day, outlined where provisional; a whisker where low and high differ; other days marked."""
    table = daily.table.loc[first:last]
    seen = table[table["best"].notna()]
    settled = seen["status"] != "provisional"
    best = seen["best"]
    ax.bar(best[settled].index, best[settled], width=0.9, color=COUNTED, linewidth=0, label=f"{daily.unit} per day")
    if not settled.all():
        ax.bar(
            best[~settled].index, best[~settled], width=0.8, facecolor="white", edgecolor=INK, linewidth=0.6,
            label="provisional",
        )  # fmt: skip
    ranged = seen[seen["high"] > seen["low"]]
    if len(ranged):
        ax.vlines(ranged.index, ranged["low"], ranged["high"], color=INK, linewidth=0.7, label="low to high")
    mark_days(ax, daily, first, last)


def mark_days(ax: Axes, daily: DailySeries, first: pd.Timestamp, last: pd.Timestamp) -> None:
    """Hatch the days that nobody observed, and dot those whose count is still provisional."""
    status = daily.table.loc[first:last, "status"]
    half = pd.Timedelta(hours=12)
    for name, hatch, label in (("unobserved", "///", "not observed"), ("provisional", "...", "provisional")):
        for block in consecutive(pd.DatetimeIndex(status.index[status == name])):
            ax.axvspan(
                block[0] - half, block[-1] + half, facecolor="none", edgecolor=COUNTED, hatch=hatch, linewidth=0,
                zorder=0.4, label=label,
            )  # fmt: skip


def draw_truces(
    ax: Axes, truces: Iterable[Truce], first: pd.Timestamp, last: pd.Timestamp, *, bands: bool = True
) -> None:
    """A solid line where a truce took effect, a dotted one where it was announced, a band until it ended.

    A truce that nobody ended is drawn until the next one begins, or to the last day.
    """
    half = pd.Timedelta(hours=12)
    in_order = sorted(truces, key=lambda truce: truce.effective)
    for position, truce in enumerate(in_order):
        following = in_order[position + 1 : position + 2]
        end = truce.ended or (following[0].effective if following else last + pd.Timedelta(days=1))
        if truce.effective > last or end <= first:
            continue
        if bands:
            begin, stop = max(truce.effective, first), min(end, last + pd.Timedelta(days=1))
            ax.axvspan(
                begin - half, stop - half, color=TRUCE, alpha=0.18, linewidth=0, zorder=0,
                label="truce, until declared over",
            )  # fmt: skip
        if truce.effective >= first:
            ax.axvline(truce.effective - half, color=LEVEL, linewidth=1.0, zorder=1, label="truce takes effect")
        if truce.announced is not None and first <= truce.announced < truce.effective:
            ax.axvline(truce.announced - half, color=LEVEL, linewidth=1.0, linestyle=":", zorder=1, label="announced")


def finish(ax: Axes, daily: DailySeries, first: pd.Timestamp, last: pd.Timestamp, *, ylabel: str) -> None:
    """Date axis, units, one legend entry per kind above the axes, and the footer every figure carries."""
    ax.set_xlim(first - pd.Timedelta(hours=20), last + pd.Timedelta(hours=20))
    ax.set_ylim(bottom=0)
    date_axis(ax, first, last)
    finish_frame(ax, ylabel=ylabel)
    write_footer(ax, what_is_drawn(daily, first, last))


def finish_frame(ax: Axes, *, ylabel: str, columns: int | None = None) -> None:
    """Units, quiet lines, and one legend entry per kind above the axes, in as many columns as fit or are given."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_ylabel(ylabel, parse_math=False)
    ax.set_xlabel("")
    ax.grid(axis="y", color="#E3E6E8", linewidth=0.6)
    ax.set_axisbelow(True)
    handles, labels = ax.get_legend_handles_labels()
    entries: dict[str, Any] = {}
    for label, handle in zip(labels, handles, strict=True):
        entries.setdefault(label, handle)
    bars = [label for label, handle in entries.items() if isinstance(handle, BarContainer)]
    order = bars + [label for label in entries if label not in bars]
    legend = ax.legend(
        [entries[label] for label in order], order, loc="lower left", bbox_to_anchor=(0, 1.01), frameon=False,
        fontsize=8, ncols=columns or max(1, int(_inches(ax) / 1.9)), columnspacing=1.4, handlelength=1.8,
        borderaxespad=0,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)  # a dollar sign in a name is a dollar sign


def write_footer(ax: Axes, parts: Iterable[str]) -> None:
    """What every figure says of itself below its axis: measure, area, window, source."""
    width = max(40, int(_inches(ax) * 72 / (FOOTER_POINTS * 0.56)))
    ax.annotate(
        "\n".join(textwrap.wrap(" · ".join(parts), width)),
        xy=(0, 0), xycoords="axes fraction", xytext=(0, -34), textcoords="offset points",
        va="top", ha="left", fontsize=FOOTER_POINTS, color="#595959", annotation_clip=False, gid="footer",
        parse_math=False,
    )  # fmt: skip


def _inches(ax: Axes) -> float:
    return float(ax.get_window_extent().width / ax.figure.dpi)


def date_axis(ax: Axes, first: pd.Timestamp, last: pd.Timestamp, *, most: int = 9) -> None:
    """At most so many ticks: Mondays, firsts of months, or years; the first tick and every January name the year."""
    span = (last - first).days + 1
    if span <= 75:
        ticks = pd.date_range(first, last, freq=f"{math.ceil(span / 7 / most)}W-MON")
        text = [f"{day.day} {day:%b}" for day in ticks]
    elif span <= 6 * 366:
        step = next(months for months in (1, 2, 3, 4, 6, 12) if span / 30.4 / months <= most or months == 12)
        ticks = pd.date_range(first, last, freq="MS")
        ticks = ticks[(ticks.month - 1) % step == 0]
        text = [f"{day:%b}" for day in ticks]
    else:
        ticks = pd.date_range(first, last, freq=f"{math.ceil(span / 366 / most)}YS")
        text = [""] * len(ticks)
    years = [f"\n{day.year}" if k == 0 or day.year != ticks[k - 1].year else "" for k, day in enumerate(ticks)]
    ax.set_xticks(ticks, [(label + year).strip() for label, year in zip(text, years, strict=True)])


def what_is_drawn(daily: DailySeries, first: pd.Timestamp, last: pd.Timestamp) -> list[str]:
    """Measure, area, window, source and vintage, for the footer."""
    parts = [
        daily.unit,
        daily.area,
        f"{first.day} {first:%b %Y} to {last.day} {last:%b %Y}",
        f"source: {daily.source}",
    ]
    if daily.allocated > 0:
        parts.append(f"{daily.allocated:.1%} of the total from records of several days ({daily.allocation})")
    if daily.no_upper_bound:
        parts.append(f"{daily.no_upper_bound:,} records state no upper bound")
    if daily.reporting_lag != LAG_UNKNOWN:
        provisional = int((daily.table.loc[first:last, "status"] == "provisional").sum())
        parts.append(f"reporting lag {daily.reporting_lag}: {provisional} days provisional")
    return parts


def consecutive(days: pd.DatetimeIndex) -> list[pd.DatetimeIndex]:
    """Cut days in order into runs without a gap."""
    if len(days) == 0:
        return []
    breaks = np.flatnonzero(np.diff(days.to_numpy()) > np.timedelta64(1, "D")) + 1
    return [days[begin:end] for begin, end in zip([0, *breaks], [*breaks, len(days)], strict=True)]

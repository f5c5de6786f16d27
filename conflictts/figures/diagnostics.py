"""What a regression leaves over: residuals through time, their memory, and the fit of the counts' law."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from conflictts.errors import require_kind
from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import (
    CONTRAST,
    COUNTED,
    HALF_DAY,
    INK,
    LEVEL,
    NARROW,
    TRUCE,
    date_axis,
    given_or_current,
    what_is_drawn,
    wide_of,
    wrapped,
    write_footer,
)
from conflictts.truce.diagnostics import BINS, EffectDiagnostics

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@legible
@remembered
def plot_diagnostics(found: EffectDiagnostics, *, ax: Axes | None = None) -> Axes:
    """Draw the diagnostics of an effect: weekly means of residuals, their autocorrelation, and the transforms.

    Parameters
    ----------
    found : EffectDiagnostics
    ax : Axes, optional
        Default: the current axes. Its frame is hidden; three panels stand inside it.

    Returns
    -------
    Axes
        The axes given.

    Examples
    --------
    >>> import numpy as np
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> effect = ct.estimate_truce_effect(daily, case.truces["TRC-5"], window=("2019-04-30", "2019-10-18"))
    >>> ax = ct.plot_diagnostics(ct.diagnose_effect(effect, rng=np.random.default_rng(1)))
    """
    require_kind(found, EffectDiagnostics, "found")
    ax = given_or_current(ax)
    ax.set_axis_off()
    head = 0.92 if wide_of(ax) >= NARROW else 0.84  # two lines of title
    panels = [ax.inset_axes((begin, 0.0, width, head)) for begin, width in ((0.0, 0.36), (0.43, 0.27), (0.79, 0.21))]
    for draw, panel in zip((_through_time, _memory, _transforms), panels, strict=True):
        draw(found, panel)
    if wide_of(ax) < NARROW:
        for panel in panels:
            panel.set_title(wrapped(panel.get_title(loc="left"), 16), fontsize=7, loc="left")
            panel.tick_params(labelsize=6.5)
            for name in (panel.xaxis.label, panel.yaxis.label):
                name.set_fontsize(6.5)
    effect = found.effect
    write_footer(ax, what_is_drawn(effect.daily, *effect.window))
    return ax


def _through_time(found: EffectDiagnostics, ax: Axes) -> None:
    """One mark per week counted from the truce's first day, so that no week holds days of both sides."""
    effect = found.effect
    week = (found.residuals.index - effect.truce.effective).days // 7
    means = found.residuals.groupby(week).mean().dropna()
    middle = effect.truce.effective + pd.to_timedelta(means.index * 7 + 3, unit="D")
    ax.axhline(0, color=INK, linewidth=0.7)
    ax.axvline(effect.truce.effective - HALF_DAY, color=TRUCE, linewidth=1.6)
    ax.plot(middle, means, color=LEVEL, linewidth=1.0, marker="o", markersize=3)
    ax.set_xlim(effect.window[0] - pd.Timedelta(days=2), effect.window[1] + pd.Timedelta(days=2))
    date_axis(ax, *effect.window, most=5)
    _finish(ax, "", "Residuals, weekly mean", "")


def _memory(found: EffectDiagnostics, ax: Axes) -> None:
    table = found.autocorrelation
    band = float(table["band"].iloc[0])
    ax.axhspan(-band, band, color=COUNTED, alpha=0.35, linewidth=0)
    ax.axhline(0, color=INK, linewidth=0.7)
    for name, colour, shift in (("before", LEVEL, -0.2), ("after", CONTRAST, 0.2)):
        if table[name].notna().all():
            ax.vlines(table.index + shift, 0, table[name], color=colour, linewidth=2.2, label=f"{name} the date")
    if not table[["before", "after"]].notna().all().any():
        ax.vlines(table.index, 0, table["all"], color=LEVEL, linewidth=2.2, label="all days")
    largest = float(np.nanmax(np.abs(table.drop(columns="band").to_numpy()), initial=band))
    lowest = float(np.nanmin(table.drop(columns="band").to_numpy(), initial=-band))
    ax.set_ylim(1.3 * lowest, 1.7 * largest)
    ax.set_xticks([1, 7, 14])
    ax.legend(loc="upper right", frameon=False, fontsize=7, handlelength=1.2, borderaxespad=0.1, labelspacing=0.25)
    _finish(ax, "", "Their autocorrelation", "days apart")


def _transforms(found: EffectDiagnostics, ax: Axes) -> None:
    heights, edges = np.histogram(found.pit, BINS, (0.0, 1.0))
    expected = len(found.pit) / BINS
    half = 2 * np.sqrt(expected * (1 - 1 / BINS))
    ax.bar(edges[:-1], heights, width=1 / BINS, align="edge", color=COUNTED, edgecolor="white", linewidth=0.8)
    ax.axhspan(max(expected - half, 0), expected + half, color=CONTRAST, alpha=0.14, linewidth=0)
    ax.axhline(expected, color=CONTRAST, linewidth=1.2, linestyle="--")
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.25 * max(heights.max(), expected + half))
    ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    _finish(ax, "days", "Place in the law", "0 lowest, 1 highest")


def _finish(ax: Axes, ylabel: str, title: str, xlabel: str) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_title(title, fontsize=9, loc="left")
    ax.set_ylabel(ylabel, fontsize=8)
    ax.set_xlabel(xlabel, fontsize=8)
    ax.tick_params(labelsize=8)

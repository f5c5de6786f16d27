"""Rate ratios of several areas and truces, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from conflictts.figures.style import CONTRAST, INK, LEVEL, given_or_current
from conflictts.truce.effect import TruceEffect

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST = 1e-3  # where the scale of ratios ends, since it has no zero


def plot_comparisons(effects: Sequence[TruceEffect], *, labels: Sequence[str], ax: Axes | None = None) -> Axes:
    """Draw each rate ratio as a point on its interval, on a scale of ratios; the first at the top.

    Parameters
    ----------
    effects : sequence of TruceEffect
    labels : sequence of str
        What to call each.
    ax : Axes, optional
        Default: the current axes.

    Returns
    -------
    Axes
        The axes given. A ratio of 0 and limits beyond a thousandfold stand at the end of the scale.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    ax = given_or_current(ax)
    ends = np.clip([(each.lower, each.upper) for each in effects], LEAST, 1 / LEAST)
    points = np.clip([each.rate_ratio for each in effects], LEAST, 1 / LEAST)
    for place, (effect, (lower, upper), point) in enumerate(zip(effects, ends, points, strict=True)):
        colour = INK if effect.lower <= 1 <= effect.upper else LEVEL if effect.upper < 1 else CONTRAST
        ax.hlines(place, lower, upper, color=colour, linewidth=2)
        ax.plot(point, place, "o", color=colour, markersize=6)
    ax.axvline(1, color=INK, linewidth=0.8, linestyle=":")
    ax.set_xscale("log")
    ax.set_xlim(min(0.5, ends.min() * 0.8), max(2.0, ends.max() * 1.25))
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=12))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_ylim(len(effects) - 0.5, -0.5)
    ax.set_yticks(range(len(effects)), [label.replace("$", r"\$") for label in labels])
    ax.set_xlabel(f"rate ratio, after over before ({effects[0].level:.0%} interval)")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax

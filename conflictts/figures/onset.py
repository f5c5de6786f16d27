"""How strongly each day around a truce's date stands for a change of the rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from conflictts.errors import require_kind
from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import LEVEL, SET, draw_truces, finish, given_or_current, shade_days
from conflictts.series.numerals import p_value
from conflictts.series.percent import of_level
from conflictts.truce.onset import Onset

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@legible
@remembered
def plot_onset(onset: Onset, *, ax: Axes | None = None) -> Axes:
    """Draw the evidence for a change by its first day, the days that may have been it, and the truce's own dates.

    Where a day outside the scan explains the days best, the legend says that no change is near.

    Parameters
    ----------
    onset : Onset
    ax : Axes, optional
        Default: the current axes.

    Returns
    -------
    Axes
        The axes given.

    Examples
    --------
    >>> import conflictts as ct, numpy as np
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> onset = ct.scan_onset(daily, case.truces["TRC-5"], rng=np.random.default_rng(1), n_simulations=19)
    >>> ax = ct.plot_onset(onset)
    """
    require_kind(onset, Onset, "onset")
    ax = given_or_current(ax)
    evidence = onset.evidence
    first, last = evidence.index[0], evidence.index[-1]
    draw_truces(ax, [onset.truce], first, last, bands=False)
    label = f"{of_level(onset.level)} set of the change's first day"
    shade_days(ax, onset.onset_set, color=SET, alpha=0.35, zorder=0.5, label=label)
    ax.vlines(evidence.index, 0, evidence, color=LEVEL, linewidth=1.2)
    ax.plot(
        evidence.index, evidence, color=LEVEL, marker="o", markersize=3, linestyle="none",
        label="evidence for a change from this day",
    )  # fmt: skip
    if isinstance(onset.detected, pd.Timestamp):
        ax.plot(
            onset.detected, 0.985, marker="v", markersize=6, color=LEVEL, linestyle="none",
            transform=ax.get_xaxis_transform(), clip_on=False, label=f"detected ({p_value(onset.p_value)})",
        )  # fmt: skip
    else:
        ax.plot([], [], linestyle="none", label=f"no change near the date ({p_value(onset.p_value)})")
    ax.set_ylim(top=1.2 * max(float(evidence.max()), 1.0))
    finish(ax, onset.daily, first, last, ylabel="twice the gain of log-likelihood\nover the memory factor")
    return ax

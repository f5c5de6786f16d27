"""What was counted after a truce's date, against what the rate before it would have brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from conflictts.figures.style import CONTRAST, LEVEL, draw_bars, draw_truces, finish, given_or_current
from conflictts.truce.effect import TruceEffect

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_truce_effect(effect: TruceEffect, *, ax: Axes | None = None) -> Axes:
    """Draw counts, fitted rate and counterfactual around a truce's date.

    Parameters
    ----------
    effect : TruceEffect
    ax : Axes, optional
        Default: the current axes.

    Returns
    -------
    Axes
        The axes given.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> effect = ct.estimate_truce_effect(daily, case.truces["TRC-5"], window=("2019-04-30", "2019-11-06"))
    >>> ax = ct.plot_truce_effect(effect)
    """
    ax = given_or_current(ax)
    first, last = effect.window
    expected = effect.expected
    after = expected.loc[effect.truce.effective :]
    draw_truces(ax, [effect.truce], first, last)
    draw_bars(ax, effect.daily, first, last)
    for side in (expected.loc[: effect.truce.effective - pd.Timedelta(days=1)], after):
        ax.plot(side.index, side["fitted"], color=LEVEL, linewidth=2.2, label="fitted rate")
    ax.plot(
        after.index, after["counterfactual"], color=CONTRAST, linewidth=1.6, linestyle="--",
        label="had the rate before gone on",
    )  # fmt: skip
    ax.fill_between(
        after.index, after["counterfactual_lower"], after["counterfactual_upper"], color=CONTRAST, alpha=0.16,
        linewidth=0, label=f"its {effect.level:.0%} interval",
    )  # fmt: skip
    finish(ax, effect.daily, first, last, ylabel=f"{effect.daily.unit} per day")
    return ax

"""What was counted after a truce's date, against what the rate before it would have brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from conflictts.errors import require_kind
from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import (
    CONTRAST,
    COUNTED,
    INK,
    LEVEL,
    date_axis,
    draw_bars,
    draw_truces,
    finish,
    finish_frame,
    given_or_current,
    what_is_drawn,
    write_footer,
)
from conflictts.series.percent import of_level
from conflictts.truce.effect import TruceEffect
from conflictts.truce.placebo import PlaceboEffects

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@legible
@remembered
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
    require_kind(effect, TruceEffect, "effect")
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
        linewidth=0, label=f"its {of_level(effect.level)} interval",
    )  # fmt: skip
    finish(ax, effect.daily, first, last, ylabel=f"{effect.daily.unit} per day")
    return ax


@legible
@remembered
def plot_placebos(placebos: PlaceboEffects, *, ax: Axes | None = None) -> Axes:
    """Draw the rate ratio that the same model finds at earlier dates, and the one at the truce's date.

    Parameters
    ----------
    placebos : PlaceboEffects
    ax : Axes, optional
        Default: the current axes.

    Returns
    -------
    Axes
        The axes given; the ratio is on a log scale.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> effect = ct.estimate_truce_effect(daily, case.truces["TRC-5"], window=("2019-04-30", "2019-11-06"))
    >>> ax = ct.plot_placebos(ct.placebo_effects(effect))
    """
    require_kind(placebos, PlaceboEffects, "placebos")
    ax = given_or_current(ax)
    effect, steps = placebos.effect, placebos.steps
    first, last = steps.index[0], effect.truce.effective
    ax.axhline(1, color=INK, linewidth=0.8)
    ax.fill_between(
        steps.index, steps["lower"], steps["upper"], color=COUNTED, alpha=0.45, linewidth=0,
        label=f"{of_level(effect.level)} interval at earlier dates",
    )  # fmt: skip
    ax.plot(steps.index, steps["rate_ratio"], color=LEVEL, linewidth=1.8, label="rate ratio there")
    ax.errorbar(
        [effect.truce.effective], [effect.rate_ratio],
        [[effect.rate_ratio - effect.lower], [effect.upper - effect.rate_ratio]], fmt="o", color=CONTRAST,
        markersize=5, linewidth=1.8, label="at the truce's date",
    )  # fmt: skip
    ax.set_yscale("log")
    ends = [steps["lower"].min(), steps["upper"].max(), effect.lower, effect.upper, 1.0]
    ax.set_ylim(max(min(ends), 1e-3) / 1.15, min(max(ends), 1e3) * 1.15)
    wanted = [tick for tick in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if _inside(tick, ax)]
    ax.set_yticks(wanted, [f"{tick:g}" for tick in wanted])
    ax.set_yticks([], minor=True)
    pad = pd.Timedelta(days=4)
    ax.set_xlim(first - pad, last + pad)
    date_axis(ax, first, last)
    finish_frame(ax, ylabel="rate ratio, after / before")
    write_footer(ax, what_is_drawn(effect.daily, *effect.window))
    return ax


def _inside(tick: float, ax: Axes) -> bool:
    low, high = ax.get_ylim()
    return low <= tick <= high

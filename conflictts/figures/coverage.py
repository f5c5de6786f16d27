"""How much of what others claim the series holds, over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from conflictts.errors import TooLittleData, require_kind
from conflictts.figures.claims import draw_arrows, looks_of
from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import HALF_DAY, INK, draw_truces, finish, given_or_current
from conflictts.series.chains import CoverageRatio
from conflictts.truce.period import Truces

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@legible
@remembered
def plot_coverage_ratio(
    result: CoverageRatio,
    *,
    truces: Truces = (),
    bodies: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw counted over claimed: each claim as a bar over its period, chains of totals as points at their ends.

    Parameters
    ----------
    result : CoverageRatio
        Of a few bodies.
    truces : Truce, or iterable or mapping of Truce, optional
        Marked, since a ratio that differs across a truce biases its effect.
    bodies : sequence of str, optional
        As in `plot_claims`; default the order of their number of claims.
    ax : Axes, optional
        Default: the current axes.

    Returns
    -------
    Axes
        The axes given. A thin line spans the ratios that the claimed and the counted range allow; an arrow downward
        means that the claim states no upper bound, so that its ratio is a ceiling.

    Raises
    ------
    TooLittleData
        If no claim has a ratio.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> ratio = ct.coverage_ratio(ct.daily_series(case, measure="civilians"), case.claims, body="SOHR")
    >>> ct.plot_coverage_ratio(ratio, truces=[case.truces["TRC-5"]]).get_ylabel()
    'counted / claimed'
    """
    require_kind(result, CoverageRatio, "result")
    told = result.table[result.table["ratio"].notna()]
    if told.empty:
        raise TooLittleData(
            f"None of {len(result.table)} claims has a ratio: their periods are not settled, or they claim nobody. "
            "See the column `verdict`."
        )
    ax = given_or_current(ax)
    first, last = told["period_start"].min(), told["period_end"].max()
    draw_truces(ax, truces, first, last)
    ax.axhline(1.0, color=INK, linewidth=1.0, linestyle=(0, (4, 3)), label="as many counted as claimed")
    top = 1.08 * max(1.0, told["ratio"].max(), told["ratio_high"].where(told["ratio_low"].notna()).max())
    looks = looks_of(told["reporting_body"], bodies)
    for body in told["reporting_body"].value_counts().index:
        look = looks[body]
        _draw_body(ax, told[told["reporting_body"] == body], str(body), look, arrow=0.045 * top)
    _explain(ax, told)
    finish(ax, result.daily, first, last, ylabel="counted / claimed")
    ax.set_ylim(0, top)
    return ax


def _draw_body(ax: Axes, told: pd.DataFrame, body: str, look: tuple[str, str, float], *, arrow: float) -> None:
    """One body: a line through each chain, a mark per claim at its end, a bar over the period of single claims."""
    colour, marker, size = look
    for _, chain in told[told["chained"]].groupby("period_start"):
        middle = chain.groupby("period_end")["ratio"].median()
        ax.plot(middle.index, middle, color=colour, linewidth=1.0, alpha=0.55)
    single = told[~told["chained"]]
    ax.hlines(
        single["ratio"], single["period_start"] - HALF_DAY, single["period_end"] + HALF_DAY, color=colour,
        linewidth=2.2, alpha=0.55,
    )  # fmt: skip
    at = told["period_end"].where(told["chained"], _middle(told))
    ceiling = told["ratio_low"].isna()
    ax.vlines(at[~ceiling], told["ratio_low"][~ceiling], told["ratio_high"][~ceiling], color=colour, linewidth=0.8)
    draw_arrows(ax, at[ceiling], told["ratio"][ceiling], -arrow, colour)
    for chosen, face in ((~ceiling, colour), (ceiling, "white")):
        ax.plot(
            at[chosen], told["ratio"][chosen], linestyle="none", marker=marker, markersize=4.2 * size, color=colour,
            markerfacecolor=face, markeredgewidth=1.0, zorder=3, clip_on=False,
        )  # fmt: skip
    ax.plot([], [], linestyle="none", marker=marker, markersize=4.2 * size, color=colour, label=body)


def _explain(ax: Axes, told: pd.DataFrame) -> None:
    """The marks that all bodies share, named once each in the legend."""
    if told["chained"].any():
        ax.plot([], [], color=INK, linewidth=1.0, alpha=0.55, label="totals from one start day")
    if (~told["chained"]).any():
        ax.plot([], [], color=INK, linewidth=2.2, alpha=0.55, label="total of a period")
    if told["ratio_low"].isna().any():
        ax.plot(
            [], [], linestyle="none", marker="o", markersize=4.2, markerfacecolor="white", color=INK,
            label="at most (“over N” claimed)",
        )  # fmt: skip


def _middle(told: pd.DataFrame) -> pd.Series:
    return told["period_start"] + (told["period_end"] - told["period_start"]) / 2

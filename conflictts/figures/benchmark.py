"""A series as counted, and the same fitted to totals that others claim: never the one without the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from conflictts.errors import require_kind
from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import CONTRAST, LEVEL, draw_bars, draw_truces, finish, given_or_current
from conflictts.series.benchmarking import Benchmark
from conflictts.series.daily import Day, pair_of_days
from conflictts.truce.period import Truces

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@legible
@remembered
def plot_benchmark(
    result: Benchmark, *, window: tuple[Day, Day] | None = None, truces: Truces = (), ax: Axes | None = None
) -> Axes:
    """Draw counts as bars, their 7-day mean, and that of the series fitted to claims; the periods claimed on top.

    Parameters
    ----------
    result : Benchmark
    window : (first, last), optional
        Days to draw; default all.
    truces : Truce, or iterable or mapping of Truce, optional
    ax : Axes, optional
        Default: the current axes.

    Returns
    -------
    Axes
        The axes given. The footer says that the fitted series is modelled, and on which claims.

    Raises
    ------
    CoverageError
        If `window` is no pair of dates in order.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> two = case.claims[case.claims["claim_id"].isin(["CLM-081", "CLM-098"])]
    >>> fitted = ct.benchmark_to_claims(ct.daily_series(case, measure="civilians"), two)
    >>> ct.plot_benchmark(fitted, truces=[case.truces["TRC-5"]]).get_ylabel()
    'civilian deaths per day'
    """
    require_kind(result, Benchmark, "result")
    ax = given_or_current(ax)
    first, last = pair_of_days(window, "window") if window is not None else result.original.coverage
    draw_truces(ax, truces, first, last, bands=False)
    draw_bars(ax, result.original, first, last)
    for daily, colour, dashes, label in (
        (result.original, LEVEL, "-", "7-day mean, counted"),
        (result.daily, CONTRAST, (0, (4, 1.5)), "7-day mean, modelled"),
    ):
        mean = daily.counts.rolling(7, center=True, min_periods=4).mean().loc[first:last]
        ax.plot(mean.index, mean, color=colour, linewidth=1.8, linestyle=dashes, label=label)
    _mark_periods(ax, result.constraints[result.constraints["met"]], first, last)
    finish(ax, result.daily, first, last, ylabel=f"{result.daily.unit} per day")
    return ax


def _mark_periods(ax: Axes, met: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> None:
    """A bar along the top for each period whose total was met, overlapping ones in rows."""
    ends: list[pd.Timestamp] = []
    part = pd.Timedelta(hours=4)  # less than half a day, so that months in a row stay apart
    for claim in met.sort_values(["period_start", "period_end"]).itertuples():
        begin, end = max(claim.period_start, first), min(claim.period_end, last)
        if begin > end:
            continue
        row = next((row for row, until in enumerate(ends) if begin > until), len(ends))
        ends[row : row + 1] = [end]
        ax.plot(
            [begin - part, end + part], [0.985 - 0.03 * row] * 2, transform=ax.get_xaxis_transform(), color=CONTRAST,
            linewidth=3.0, alpha=0.45, solid_capstyle="butt", label="period of a claim met",
        )  # fmt: skip

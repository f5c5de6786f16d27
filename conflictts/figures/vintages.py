"""What changed between two downloads of one source, month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from conflictts.errors import TooLittleData, require_kind
from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import CONTRAST, COUNTED, INK, LEVEL, finish_frame, given_or_current, write_footer
from conflictts.incidents.vintages import VintageComparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BARS = (("added", LEVEL, 1), ("changed", COUNTED, 1), ("removed", CONTRAST, -1))
MOST_LABELS = 9


@legible
@remembered
def plot_vintages(comparison: VintageComparison, *, ax: Axes | None = None) -> Axes:
    """Draw the records added, changed and removed per month between two vintages: removed ones below the line.

    Parameters
    ----------
    comparison : VintageComparison
    ax : Axes, optional
        Default: the current axes.

    Returns
    -------
    Axes
        The axes given.

    Raises
    ------
    TooLittleData
        If neither vintage has a record.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> ct.plot_vintages(ct.compare_vintages(case, case)).get_ylabel()
    'records per month'
    """
    require_kind(comparison, VintageComparison, "comparison")
    months = comparison.by_month
    if months.empty:
        raise TooLittleData("Both vintages have 0 records, so there is no month to draw. Compare files with records.")
    ax = given_or_current(ax)
    at = np.arange(len(months))
    for position, (outcome, colour, sign) in enumerate(BARS):
        ax.bar(
            at + (position - 1) * 0.27, sign * months[outcome], width=0.27, color=colour, linewidth=0, label=outcome
        )  # fmt: skip
    ax.axhline(0, color=INK, linewidth=0.7)
    _finish(ax, comparison)
    return ax


def _finish(ax: Axes, comparison: VintageComparison) -> None:
    """Months named sparsely, counts without a sign, legend above, and the footer every figure carries."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    months = comparison.by_month.index
    shown = np.arange(0, len(months), -(-len(months) // MOST_LABELS))
    years = [
        "" if k and months[k].year == months[shown[n - 1]].year else f"\n{months[k].year}" for n, k in enumerate(shown)
    ]
    ax.set_xticks(shown, [f"{months[k]:%b}{year}" for k, year in zip(shown, years, strict=True)])
    ax.set_xlim(-0.6, len(months) - 0.4)
    if ax.get_ylim() == (0.0, 0.0) or not comparison.by_month[["added", "removed", "changed"]].to_numpy().any():
        ax.set_ylim(-1, 1)  # equal vintages: an empty frame around the line
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{abs(count):,.0f}"))
    finish_frame(ax, ylabel="records per month", columns=len(BARS))
    counts = dict(zip(*comparison.summary().to_dict("list").values(), strict=True))
    write_footer(
        ax,
        [
            f"records by month of their first day, {months[0]:%b %Y} to {months[-1]:%b %Y}",
            f"{counts['same']:,} the same, {counts['changed']:,} changed, {counts['added']:,} added, "
            f"{counts['removed']:,} removed",
            f"old: {comparison.names[0]}",
            f"new: {comparison.names[1]}",
        ],
    )

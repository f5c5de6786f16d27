"""Who told of the violence, or was named for it, before and after a truce's date."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from conflictts.errors import require_kind
from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import CONTRAST, LEVEL, given_or_current, legend_above, span_in_words, write_footer
from conflictts.series.daily import UNITS
from conflictts.series.numerals import so_many
from conflictts.series.percent import percent
from conflictts.truce.sources import SourceMix

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 5  # values with a bar of their own; the rest stand together
LONGEST_NAME = 60


@legible
@remembered
def plot_source_mix(mix: SourceMix, *, ax: Axes | None = None) -> Axes:
    """Draw the share of the toll of each reporting body, before and after a truce's date.

    Parameters
    ----------
    mix : SourceMix
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
    >>> mix = ct.source_mix(case, case.truces["TRC-5"], measure="civilians", window=("2019-04-30", "2019-11-06"))
    >>> ax = ct.plot_source_mix(mix)
    """
    require_kind(mix, SourceMix, "mix")
    ax = given_or_current(ax)
    bodies = mix.table[mix.table["column"] == "reporting_body"]
    shares = bodies.set_index("value")[["share_before", "share_after"]].fillna(0.0)
    names = [textwrap.shorten(str(name), LONGEST_NAME, placeholder=" …") for name in shares.index[:MOST]]
    values = shares.to_numpy()
    if len(values) > MOST:
        names.append(so_many(len(values) - MOST, "other"))
        values = np.vstack([values[:MOST], values[MOST:].sum(axis=0)])
    at = np.arange(len(values))[::-1]
    ax.barh(at, values[:, 0], height=0.22, color=LEVEL, label="before the truce")
    ax.barh(at - 0.24, values[:, 1], height=0.22, color=CONTRAST, label="from its first day on")
    for y, name in zip(at, names, strict=True):  # above the bars: names are too long for the margin
        ax.text(0.004 * values.max(), y + 0.13, name, fontsize=7.5, va="bottom", parse_math=False)
    ax.set_yticks([])
    ax.set_ylim(-0.55, len(values) - 0.3)
    top = max(float(values.max()), 0.1)
    ax.set_xlim(0, min(1.03, 1.08 * top))  # room for the label at 100%
    ax.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.grid(axis="x", color="#E3E6E8", linewidth=0.6)
    ax.set_axisbelow(True)
    legend_above(ax)
    write_footer(ax, _about(mix))
    return ax


def _about(mix: SourceMix) -> list[str]:
    change = mix.changes.loc["reporting_body"]
    return [
        f"share of {UNITS[mix.measure]} by reporting body",
        *([mix.area] if mix.area else []),
        span_in_words(*mix.window),
        f"{so_many(change['records_before'], 'record')} before, {change['records_after']:,} after",
        f"mix changed by {percent(change['mix_change'])}, toll per day by {percent(change['count_change'])}",
        f"source: {mix.source}",
    ]

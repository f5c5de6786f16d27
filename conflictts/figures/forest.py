"""A truce's rate ratio in every area of a panel, one below the other, with their mean and where one more would lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from conflictts.errors import TooLittleData, UnknownNameError, require_kind
from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import (
    CONTRAST,
    FOOTER_POINTS,
    INK,
    LETTER,
    LEVEL,
    QUIET,
    SET,
    below_label,
    footer_letter,
    footer_line,
    given_or_current,
    gives_way,
    legend_above,
    points_of,
    shortened,
    span_in_words,
    wide_of,
    write_footer,
)
from conflictts.incidents.codes import codes_in_words, columns_in_words, groups_in_words
from conflictts.series.counting import all_stated
from conflictts.series.percent import of_level, percent
from conflictts.truce.panel import PanelAnalysis
from conflictts.truce.rows import FAULT, NO_TRUCE
from conflictts.truce.window import NO_RATE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from conflictts.truce.pooling import PooledEffect

MOST = 40  # areas, unless more are asked for
LEAST = 1e-3  # where the scale of ratios ends, since it has no zero
LEAST_LETTERS = 12  # of a name
BESIDE = 0.15  # inches between a name's end and the axes, and at its beginning
NAMED, NAME_LETTERS = 80, 40  # of those without an effect: how many are named, and in how many letters each
BETWEEN_TICKS = 1.4  # inches that a decade of the scale takes at least for ticks at 2 and 5, up to 0.002


@legible
@remembered
def plot_forest(found: PanelAnalysis, *, most: int = MOST, ax: Axes | None = None) -> Axes:
    """Draw the rate ratio of each area on its interval, the lowest at the top, and below them their mean.

    The open mark of an area is its ratio drawn towards the mean by as much as its own days leave unsure. The diamond is
    the mean with its interval, the bar beside it where the true ratio of one more area like these lies. Areas that
    could not be compared are named below, by what is in the way; of more than 80 those with the highest totals.

    Parameters
    ----------
    found : PanelAnalysis
        From `analyse_panel`, with a truce.
    most : int, default 40
        Areas at most: those with most days or deaths to tell by, that is with the smallest standard errors. How many
        are left out is said below; the mean is over all.
    ax : Axes, optional
        Default: the current axes. It wants about a fifth of an inch of height for every area, and on its
        left room for their names: longer ones are cut, while axes made here give way to them.

    Returns
    -------
    Axes
        The axes given. A ratio of 0 and limits beyond a thousandfold stand at the end of the scale.

    Raises
    ------
    TooLittleData
        If no area has an effect.
    UnknownNameError
        If `most` is below 1.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> panel = ct.daily_series(case, measure="civilians", by="admin1")
    >>> found = ct.analyse_panel(panel, truce=case.truces["TRC-5"], window=("2019-06-01", "2019-10-18"))
    >>> [label.get_text() for label in ct.plot_forest(found).get_yticklabels()]
    ['Idlib', 'mean', 'one more area']
    """
    require_kind(found, PanelAnalysis, "found")
    if most < 1:
        raise UnknownNameError(f"`most` is the number of areas to draw, 1 or more; met {most!r}.")
    effects = drawable_effects(found)
    shown = effects.nsmallest(most, "standard_error", keep="first").sort_values("rate_ratio", kind="stable")
    ax = given_or_current(ax)
    one, many = groups_in_words(found.by)
    bottom = draw_ratios(ax, shown, others=[f"one more {one}"])
    if found.pooled is not None:
        _draw_shrunken(ax, found.pooled.areas["shrunken"].loc[shown.index])
        bottom = _draw_pooled(ax, found.pooled, bottom, one, many)
    finish_ratios(ax, bottom, found.level)
    legend_above(ax)
    below, about = _name_those_left(ax, found), _about(found, effects, len(shown))
    write_footer(ax, about, below=below * 72)
    return ax


def drawable_effects(found: PanelAnalysis) -> pd.DataFrame:
    """The effects of a panel; raises TooLittleData where there are none."""
    effects = found.effects()
    if effects.empty:
        raise TooLittleData(
            f"None of {len(found.table)} areas has an effect to draw. `refusals()` says why; analyse the panel with a "
            "truce within its days."
        )
    return effects


def draw_ratios(ax: Axes, ratios: pd.DataFrame, *, others: Sequence[str] = ()) -> int:
    """One row per line of ``rate_ratio``, ``lower`` and ``upper``, named by the index; gives the number of rows.

    Room is made for names of `others` too. Dark where the interval lies below 1, in contrast where above, ink where it
    holds 1.
    """
    ends = np.clip(ratios[["lower", "upper"]].to_numpy(dtype=float), LEAST, 1 / LEAST)
    points = np.clip(ratios["rate_ratio"].to_numpy(dtype=float), LEAST, 1 / LEAST)
    below, above = ratios["upper"].to_numpy() < 1, ratios["lower"].to_numpy() > 1
    place = np.arange(len(ratios))
    for rows, colour, label in (
        (below, LEVEL, "lower after the truce"),
        (above, CONTRAST, "higher after the truce"),
        (~below & ~above, INK, "interval holds 1"),
    ):
        if rows.any():
            ax.hlines(place[rows], ends[rows, 0], ends[rows, 1], color=colour, linewidth=2)
            ax.plot(points[rows], place[rows], "o", color=colour, markersize=6, linestyle="none", label=label)
    names = [name_of(key) for key in ratios.index]
    ax.set_yticks(place, [shortened(name, _letters_beside(ax, [*names, *others])) for name in names])
    return len(ratios)


def _letters_beside(ax: Axes, names: list[str]) -> int:
    """How many letters of a name stand left of the axes; those that `given_or_current` made give way, to a third."""
    letter = LETTER * float(ax.yaxis.get_major_ticks(1)[0].label1.get_fontsize()) / 72
    wide, box = float(ax.figure.get_size_inches()[0]), ax.get_position()  # type: ignore[union-attr]
    free = box.x0 * wide
    if gives_way(ax):
        wanted = min(max(len(name) for name in names) * letter + BESIDE, wide / 3)
        left = max(free, wanted) / wide
        ax.set_position((left, box.y0, box.x1 - left, box.height))
        free = left * wide
    return max(LEAST_LETTERS, int((free - BESIDE) / letter + 1e-6))  # a hair, for what was made to measure


def finish_ratios(ax: Axes, rows: int, level: float) -> None:
    """A scale of ratios around 1, and the names without a spine."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    ax.axvline(1, color=INK, linewidth=0.8, linestyle=":")
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    ax.set_xlim(max(min(0.5, low), LEAST * 0.8), min(max(2.0, high), 1.25 / LEAST))
    decade = wide_of(ax) / float(np.log10(np.divide(*ax.get_xlim()[::-1])))
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decade > BETWEEN_TICKS else (1.0,), numticks=12))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_ylim(rows - 0.4, -0.6)
    for label in ax.get_yticklabels():
        label.set_parse_math(False)
    label = ax.set_xlabel(f"rate ratio, after over before ({of_level(level)} interval)")
    label.set_fontsize(points_of(ax, float(label.get_fontsize())))
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0, labelsize=points_of(ax, float(ax.yaxis.label.get_fontsize())))


def _draw_shrunken(ax: Axes, shrunken: pd.Series) -> None:
    ax.plot(
        np.clip(shrunken, LEAST, 1 / LEAST), np.arange(len(shrunken)), "d", markerfacecolor="white",
        markeredgecolor=INK, markersize=4.5, linestyle="none", label="drawn towards the mean",
    )  # fmt: skip


def _draw_pooled(ax: Axes, pooled: PooledEffect, row: int, one: str, many: str) -> int:
    """The mean as a diamond and the next area as a bar, each in a row of its own below a line."""
    numbers = [pooled.lower, pooled.rate_ratio, pooled.upper, pooled.prediction_lower, pooled.prediction_upper]
    lower, mean, upper, *next_ends = np.clip(numbers, LEAST, 1 / LEAST)
    ax.axhline(row - 0.4, color=INK, linewidth=0.6)
    ax.fill([lower, mean, upper, mean], [row, row - 0.28, row, row + 0.28], color=LEVEL, label=f"mean of {many}")
    ax.fill_between(next_ends, row + 0.85, row + 1.15, color=SET, linewidth=0, label=f"one more {one}")
    ticks = [*ax.get_yticks(), row, row + 1]
    ax.set_yticks(ticks, [*(label.get_text() for label in ax.get_yticklabels()), "mean", f"one more {one}"])
    return row + 2


def _about(found: PanelAnalysis, effects: pd.DataFrame, shown: int) -> list[str]:
    one, many = groups_in_words(found.by)
    parts = about_effects(found, effects)
    if shown < len(effects):
        parts.append(f"{shown} of {len(effects)} {many} with an effect drawn, those known best")
    named = int(all_stated(found.table.index).sum())
    if named - len(effects) > NAMED:
        parts.append(f"{NAMED} of {named - len(effects)} {many} without an effect named, those with the highest totals")
    if named < len(found.table):
        parts.append(f"records that state no {one} left out")
    if found.pooled is not None:
        parts.append(f"variance between {many} {percent(found.pooled.heterogeneity)} of the whole")
    return [*parts, f"source: {found.source}"]


def _name_those_left(ax: Axes, found: PanelAnalysis) -> float:
    """Names of those without an effect below the axes, in columns, by what is in the way; inches to where they end.

    Where the axes are alone on the figure, they begin at its edge.
    """
    told = found.table["effect_reason"].where(all_stated(found.table.index), "")
    left = found.table[told != ""].sort_values("total", ascending=False, kind="stable")[:NAMED]
    reason, letter, tall = left["effect_reason"], footer_letter(ax), footer_line(ax)
    kinds = np.select(
        [reason == NO_TRUCE, reason.str.contains(NO_RATE, regex=False), reason.str.startswith(FAULT)],
        ["no truce given", "no count on any day compared", "not compared for a fault"],
        "too little data to compare",
    )
    names = [shortened(name_of(key), NAME_LETTERS) for key in left.index]
    figure, below = ax.figure, below_label(ax) / 72
    begin = 0.0
    if figure.axes == [ax]:
        begin = BESIDE - float(ax.get_position().x0 * figure.get_size_inches()[0])  # type: ignore[union-attr]
    wide = (1.1 * max(map(len, names), default=0) + 3) * letter  # wide letters, and a space
    columns = max(1, int((wide_of(ax) - begin) / wide))

    def write(text: str, column: int, line: float, colour: str) -> None:
        ax.annotate(
            text, xy=(0, 0), xycoords="axes fraction", textcoords="offset points", va="top", ha="left",
            xytext=((begin + column * wide) * 72, -(below + line * tall) * 72), fontsize=points_of(ax, FOOTER_POINTS),
            color=colour, annotation_clip=False, gid="left", parse_math=False,
        )  # fmt: skip

    line = 0.0
    for kind in dict.fromkeys(kinds):
        some = [name for name, of in zip(names, kinds, strict=True) if of == kind]
        write(f"{kind}:", 0, line, INK)
        beside = -int(-(len(kind) + 3) * letter // wide)
        if beside + len(some) > columns:  # no room on its own line
            beside, line = 0, line + 1
        lines = -(-len(some) // (columns - beside))
        for position, name in enumerate(some):
            write(name, beside + position // lines, line + position % lines, QUIET)
        line += lines + 0.3
    return below + (line + 0.2) * tall


def about_effects(found: PanelAnalysis, effects: pd.DataFrame) -> list[str]:
    """What was counted, where, about which truce and over which days, for the footer."""
    parts = [f"{found.unit} by {columns_in_words(found.by)}", found.area]
    if found.truce is not None:
        parts.append(found.truce.name)
    return [*parts, span_in_words(effects["window_first"].min(), effects["window_last"].max())]


def name_of(key: object) -> str:
    """An area of a panel in words."""
    return ", ".join(parts_of(key))


def parts_of(key: object) -> list[str]:
    """What an area of a panel is named by, codes of a press catalogue in words."""
    return [codes_in_words(str(part)) for part in (key if isinstance(key, tuple) else (key,))]

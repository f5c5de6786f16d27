"""The visual language that all figures share: colours, truces, date axis, footer."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerLine2D
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from conflictts.errors import require_kind
from conflictts.incidents.unseen import visible
from conflictts.series.allocation import IN_WORDS
from conflictts.series.coverage import consecutive
from conflictts.series.daily import DailySeries
from conflictts.series.percent import percent
from conflictts.series.reporting import LAG_UNKNOWN
from conflictts.truce.period import Truces, listed

# Dark and light apart first, so that they read in grey; hues from Okabe & Ito's colour-blind-safe set.
COUNTED = "#A9B3BD"
LEVEL = "#0B3C5D"
CONTRAST = "#D55E00"
TRUCE = "#56B4E9"
SET = "#E69F00"
INK = "#333333"
FOOTER_POINTS, QUIET = 7, "#595959"
LEGEND_POINTS = 8
LEFT, RIGHT, BELOW, ABOVE = 0.85, 0.14, 0.92, 0.2  # inches around the axes of a figure that had none
LEAST_APART = 3  # points between what is written and the edge of a figure
BELOW_DATES = 34  # points from the axes to below two lines of dates
LEGEND_ROW = 1.5 * LEGEND_POINTS / 72  # inches
LEAST_TALL, MOST_ASIDE = 0.55, 0.4  # inches of axes that make room, and share of the figure's width that names take
NARROW, SMALLER = 3.6, 0.8  # inches of axes beside which legend and footer are written so much smaller
OWN = "own"  # the gid of such axes
LETTER = 0.6  # width of one in DejaVu Sans, in its size
LETTERS = {"day": len("28 sept."), "month": len("sept."), "year": len("2019")}  # the longest label of a date axis
ONE_DAY, HALF_DAY = pd.Timedelta(days=1), pd.Timedelta(hours=12)
THINNEST = 0.6  # points of a bar


def given_or_current(ax: Axes | None) -> Axes:
    """The axes given, or pyplot's current ones; in an empty figure, axes that leave room for legend and footer."""
    if ax is not None:
        require_kind(ax, Axes, "ax")
        return ax
    import matplotlib.pyplot as plt

    figure = plt.gcf()
    width, height = figure.get_size_inches()
    free_across, free_along = 1 - (LEFT + RIGHT) / width, 1 - (BELOW + ABOVE) / height
    if figure.axes or figure.get_layout_engine() is not None or min(free_across, free_along) <= 0:
        return plt.gca()
    return figure.add_axes((LEFT / width, BELOW / height, free_across, free_along), gid=OWN)


def draw_bars(ax: Axes, daily: DailySeries, first: pd.Timestamp, last: pd.Timestamp) -> None:
    """One bar per day, outlined where provisional; a whisker where low and high differ; other days marked.

    Over years a bar is as wide as can be seen, and stands before its neighbours.
    """
    table = daily.table.loc[first:last]
    seen = table[table["best"].notna()]
    settled = seen["status"] != "provisional"
    best = seen["best"]
    days_seen = THINNEST / (wide_of(ax) * 72) * ((last - first) / ONE_DAY + 1)
    if best.max() >= 5:
        ax.yaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))
    _columns(ax, best[settled], width=max(0.9, days_seen), color=COUNTED, linewidth=0, label=f"{daily.unit} per day")
    if not settled.all():
        _columns(
            ax,
            best[~settled],
            width=max(0.8, days_seen),
            facecolor="white",
            edgecolor=INK,
            linewidth=0.6,
            label="provisional",
        )
    least, greatest = range_of(seen)
    ranged = greatest - least > 1e-9  # shares of a day add up in another order
    if ranged.any():
        ax.vlines(
            seen.index[ranged], least[ranged], greatest[ranged], color=INK, linewidth=0.7, label="low to high"
        )  # fmt: skip
    mark_days(ax, daily, first, last)


def range_of(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Least and greatest of low, best and high, which a source does not always state in that order."""
    figures = table[["low", "best", "high"]]
    return figures.min(axis="columns"), figures.max(axis="columns")


def _columns(ax: Axes, heights: pd.Series, *, width: float, **look: Any) -> None:
    """A bar around each day as one path, which is drawn many times sooner than as many patches, and saved smaller."""
    ax.xaxis.update_units(heights.index)
    left = np.asarray(ax.convert_xunits(heights.index), dtype=float) - width / 2
    right, top = left + width, heights.to_numpy(dtype=float)
    corners = np.zeros((len(heights), 5, 2))
    corners[:, :, 0] = np.column_stack([left, right, right, left, left])
    corners[:, 2:4, 1] = top[:, None]
    codes = np.tile([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], int((top != 0).sum()))
    below_lines = 1 - 1e-6  # which stand at 1
    bars = PathPatch(Path(corners[top != 0].reshape(-1, 2), codes), zorder=below_lines, **look)
    ax.add_artist(bars)
    ax.update_datalim(corners.reshape(-1, 2))
    ax.autoscale_view()


def mark_days(ax: Axes, daily: DailySeries, first: pd.Timestamp, last: pd.Timestamp) -> None:
    """Hatch the days that nobody observed, and dot those whose count is still provisional."""
    status = daily.table.loc[first:last, "status"]
    for name, hatch, label in (("unobserved", "///", "not observed"), ("provisional", "...", "provisional")):
        days = pd.DatetimeIndex(status.index[status == name])
        shade_days(ax, days, facecolor="none", edgecolor=COUNTED, hatch=hatch, zorder=0.4, label=label)


def shade_days(ax: Axes, days: pd.DatetimeIndex, **look: Any) -> None:
    """A band over each run of days."""
    for run in consecutive(days):
        ax.axvspan(run[0] - HALF_DAY, run[-1] + HALF_DAY, linewidth=0, **look)


def draw_truces(ax: Axes, truces: Truces, first: pd.Timestamp, last: pd.Timestamp, *, bands: bool = True) -> None:
    """A solid line where a truce took effect, a dotted one where it was announced, a band until it ended.

    A truce that nobody ended is drawn until the next one begins, which the legend then says, or to the last day.
    """
    in_order = sorted(listed(truces), key=lambda truce: truce.effective)
    ends = [truce.ended or following.effective for truce, following in pairwise(in_order)]
    ends += [truce.ended or last + pd.Timedelta(days=1) for truce in in_order[-1:]]
    together = zip(in_order, ends, strict=True)
    spans = [(truce, end) for truce, end in together if truce.effective <= last and end > first]
    cut_short = any(truce.ended is None and end <= last for truce, end in spans)
    until = "truce, until declared over or the next" if cut_short else "truce, until declared over"
    look: dict[str, Any] = {"color": LEVEL, "linewidth": 1.0, "zorder": 1}
    for truce, end in spans:
        if bands:
            begin, stop = max(truce.effective, first), min(end, last + pd.Timedelta(days=1))
            span = begin - HALF_DAY, stop - HALF_DAY
            ax.axvspan(*span, color=TRUCE, alpha=0.18, linewidth=0, zorder=0, label=until)
        if truce.effective >= first:
            ax.axvline(truce.effective - HALF_DAY, **look, label="truce takes effect")
        if truce.announced is not None and first <= truce.announced < truce.effective:
            ax.axvline(truce.announced - HALF_DAY, **look, linestyle=":", label="announced")


def finish(ax: Axes, daily: DailySeries, first: pd.Timestamp, last: pd.Timestamp, *, ylabel: str) -> None:
    """Date axis, units, one legend entry per kind above the axes, and the footer every figure carries."""
    ax.set_xlim(first - pd.Timedelta(hours=20), last + pd.Timedelta(hours=20))
    ax.set_ylim(bottom=0)
    date_axis(ax, first, last)
    finish_frame(ax, ylabel=ylabel)
    write_footer(ax, what_is_drawn(daily, first, last))


def finish_frame(ax: Axes, *, ylabel: str, columns: int | None = None) -> None:
    """Units, quiet lines, and one legend entry per kind above the axes, in as many columns as fit or are given."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_ylabel(ylabel, parse_math=False)
    ax.set_xlabel("")
    ax.grid(axis="y", color="#E3E6E8", linewidth=0.6)
    ax.set_axisbelow(True)
    legend_above(ax, columns=columns)


def legend_above(ax: Axes, *, of: Iterable[Any] = (), columns: int | None = None, drop: float = 0.0) -> None:
    """One entry per kind drawn on `ax`, or on all axes of `of`, above `ax`, in as many columns as fit or are given.

    It stands so many inches lower than that.
    """
    drawn: dict[str, list[Any]] = {}
    for each in tuple(of) or (ax,):
        for handle, label in zip(*each.get_legend_handles_labels(), strict=True):
            drawn.setdefault(label, []).append(handle)
    entries = {label: _swatch(handles) for label, handles in drawn.items()}
    bars = [label for label, handle in entries.items() if isinstance(handle, (PathPatch, BarContainer))]
    order = bars + [label for label in entries if label not in bars]
    give_way_to_names(ax)
    columns = columns or columns_of(order, wide_of(ax))
    leave_room(ax, -(-len(order) // columns))
    legend = ax.legend(
        [entries[label] for label in order], order, loc="lower left", bbox_to_anchor=(0, 1.01 - drop / tall_of(ax)),
        frameon=False, fontsize=points_of(ax, LEGEND_POINTS), ncols=columns, columnspacing=1.4, handlelength=1.8,
        borderaxespad=0, handler_map={Line2D: _AsItStands()},
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)  # a dollar sign in a name is a dollar sign


def points_of(ax: Axes, usual: float) -> float:
    """The size of letters around axes, smaller around small ones."""
    return usual if wide_of(ax) >= NARROW else SMALLER * usual


def leave_room(ax: Axes, rows: int) -> None:
    """Take room for so many rows of a legend from axes that `given_or_current` or pyplot.subplots() made."""
    _give_way(ax, above=ABOVE + rows * points_of(ax, LEGEND_ROW))
    if ax.get_gid() == OWN:
        tall = ax.figure.get_size_inches()[1]  # type: ignore[union-attr]
        box = ax.get_position()
        ax.set_position(
            (box.x0, box.y0, box.width, max(1 - (ABOVE + rows * points_of(ax, LEGEND_ROW)) / tall - box.y0, 0.1))
        )


def _give_way(ax: Axes, *, below: float = 0.0, above: float = 0.0) -> None:
    """Shrink the only axes of a figure, as pyplot.subplots() makes them, where so many inches beside them want it.

    Else what stands there is cut off when the figure is saved.
    """
    if not gives_way(ax):
        return
    box, tall = ax.get_position(original=True), ax.figure.get_size_inches()[1]  # type: ignore[union-attr]
    least = min(box.height, LEAST_TALL / tall)
    bottom = min(max(box.y0, below / tall), box.y1 - least)
    top = max(min(box.y1, 1 - above / tall), bottom + least)
    if (bottom, top) != (box.y0, box.y1):
        ax.set_position((box.x0, bottom, box.width, top - bottom))


def give_way_to_names(ax: Axes) -> None:
    """The same at the sides, where the names of an axis or of its ticks want it."""
    if not (gives_way(ax) and ax.axison):
        return
    drawn = ax.yaxis.get_tightbbox()
    box, wide = ax.get_position(original=True), ax.figure.bbox.width
    lacking = 0.0 if drawn is None else LEAST_APART / 72 * ax.figure.dpi - drawn.x0
    left = min(box.x0 + lacking / wide, MOST_ASIDE)
    if lacking > 0 and left > box.x0:
        ax.set_position((left, box.y0, box.x1 - left, box.height))
    drawn, box = ax.xaxis.get_tightbbox(), ax.get_position(original=True)
    beyond = 0.0 if drawn is None else (drawn.x1 - wide) / wide
    if 0 < beyond < box.width / 4:
        ax.set_position((box.x0, box.y0, box.width - beyond, box.height))


def _wrap_name(ax: Axes) -> None:
    """The name of a y-axis that is longer than the axis, on several lines."""
    if not gives_way(ax):
        return
    label = ax.yaxis.label
    said, points = label.get_text(), float(label.get_fontsize())
    if max(map(len, said.split("\n"))) * LETTER * points / 72 > tall_of(ax) + ABOVE + BELOW:
        label.set_fontsize(SMALLER * points)
        room = int(tall_of(ax) * 72 / (LETTER * SMALLER * points))
        label.set_text(wrapped(" ".join(said.split()), max(14, room)))


def gives_way(ax: Axes) -> bool:
    """Whether axes may be made smaller: the only ones of a figure, placed neither by a caller nor by a layout."""
    figure = ax.figure
    alone = isinstance(figure, Figure) and figure.axes == [ax] and figure.get_layout_engine() is None
    return alone and (ax.get_subplotspec() is not None or ax.get_gid() == OWN)


def _swatch(handles: list[Any]) -> Any:
    """What stands for a kind in the legend: the first drawn, with the hatch of any, dense enough to be seen there."""
    first = handles[0]
    hatch = next((each.get_hatch() for each in handles if isinstance(each, Patch) and each.get_hatch()), "")
    if not hatch:
        return first
    look = {"facecolor": first.get_facecolor(), "edgecolor": INK, "linewidth": max(0.4, first.get_linewidth())}
    return PathPatch(Path(np.zeros((0, 2))), hatch=2 * hatch, **look)


class _AsItStands(HandlerLine2D):
    """A line that stands upright in the figure stands upright in its legend, and is not taken for a curve."""

    def create_artists(
        self, legend: Any, orig_handle: Any, xdescent: float, ydescent: float, width: float, height: float,
        fontsize: float, trans: Any,
    ) -> list[Any]:  # fmt: skip
        drawn = super().create_artists(legend, orig_handle, xdescent, ydescent, width, height, fontsize, trans)
        across = list(orig_handle.get_xdata(orig=True))
        if len(across) == 2 and across[0] == across[1] and orig_handle.get_linestyle() != "None":
            drawn[0].set(xdata=[width / 2, width / 2], ydata=[-0.2 * height, 1.2 * height])
        return list(drawn)


def columns_of(labels: list[str], room: float) -> int:
    """The most columns of a legend that fit into so many inches; entries fill one column after the other."""
    em = LEGEND_POINTS / 72 * (1.0 if room >= NARROW else SMALLER)
    for columns in range(len(labels), 1, -1):
        filled = np.array_split(labels, columns)
        width = sum(max(len(label) for label in part) * LETTER + 2.6 for part in filled) + 1.4 * (columns - 1)
        if width * em <= room:
            return columns
    return 1


def shortened(name: str, letters: int) -> str:
    """A name in so many letters at most, cut in its middle, since areas often differ at the end."""
    name = visible(name)
    if len(name) <= letters:
        return name
    head = letters // 2
    return f"{name[:head].rstrip()}…{name[len(name) - (letters - 1 - head) :].lstrip()}"


def write_footer(ax: Axes, parts: Iterable[str], *, below: float | None = None) -> None:
    """What every figure says of itself so many points below its axes, by default below what stands there already."""
    parts = list(parts)
    if below is None:
        below = max(BELOW_DATES, *(below_label(each) for each in (ax, *ax.child_axes)))
    _give_way(ax, below=(below + LEAST_APART) / 72 + footer_inches(ax, parts))
    _wrap_name(ax)
    give_way_to_names(ax)
    ax.annotate(
        _footer_lines(ax, parts),
        xy=(0, 0), xycoords="axes fraction", xytext=(0, -below), textcoords="offset points",
        va="top", ha="left", fontsize=points_of(ax, FOOTER_POINTS), color=QUIET, annotation_clip=False,
        gid="footer", parse_math=False,
    )  # fmt: skip


def footer_inches(ax: Axes, parts: Iterable[str]) -> float:
    """The height of a footer."""
    return footer_line(ax) * len(_footer_lines(ax, parts).split("\n"))


def _footer_lines(ax: Axes, parts: Iterable[str]) -> str:
    return wrapped(" · ".join(parts), max(40, int(wide_of(ax) / footer_letter(ax))))


def footer_line(ax: Axes) -> float:
    """The height of a line of a footer, in inches."""
    return 1.3 * points_of(ax, FOOTER_POINTS) / 72


def footer_letter(ax: Axes) -> float:
    """The width of a letter there, as letters are on average."""
    return 0.56 * points_of(ax, FOOTER_POINTS) / 72


def below_label(ax: Any) -> float:
    """Points from the axes to below the label of its x-axis; 0 if it has none."""
    if not ax.get_xlabel():
        return 0.0
    tick = ax.xaxis.get_major_ticks(1)[0]
    numbers = tick.get_tick_padding() + tick.get_pad() + 1.25 * float(tick.label1.get_fontsize())
    return float(numbers + ax.xaxis.labelpad + 1.5 * ax.xaxis.label.get_fontsize())


def wrapped(text: str, width: int) -> str:
    """Lines of so many letters at most; a dot between parts ends a line and begins none."""
    return "\n".join(textwrap.wrap(visible(text).replace(" ·", "\u00a0·"), width)).replace("\u00a0·", " ·")


def wide_of(ax: Axes) -> float:
    """Inches."""
    return float(ax.get_window_extent().width / ax.figure.dpi)


def tall_of(ax: Axes) -> float:
    """Inches."""
    return float(ax.get_window_extent().height / ax.figure.dpi)


def date_axis(ax: Axes, first: pd.Timestamp, last: pd.Timestamp, *, most: int = 9) -> None:
    """Ticks at days, Mondays, firsts of months or of years, as close as their labels allow, but at most so many.

    Room is left for the longer of the English and the French label. The first tick and every January name the year.
    """
    letter = LETTER * float(ax.xaxis.get_major_ticks(1)[0].label1.get_fontsize()) / 72
    day = wide_of(ax) / ((last - first) / ONE_DAY + 40 / 24)  # in inches; 20 hours stand free on either side
    for kind, ticks in _ticks_by_step(first, last):
        apart = day * min(np.diff(ticks) / np.timedelta64(1, "D"), default=np.inf)
        if 1 <= len(ticks) <= most and apart >= letter * (LETTERS[kind] + 1.5):
            break
    text = {"day": [f"{tick.day} {tick:%b}" for tick in ticks], "month": [f"{tick:%b}" for tick in ticks]}
    years = [f"\n{tick.year}" if k == 0 or tick.year != ticks[k - 1].year else "" for k, tick in enumerate(ticks)]
    words = text.get(kind, [""] * len(ticks))
    ax.set_xticks(ticks, [(word + year).strip() for word, year in zip(words, years, strict=True)])


def _ticks_by_step(first: pd.Timestamp, last: pd.Timestamp) -> Iterator[tuple[str, pd.DatetimeIndex]]:
    """Ever fewer ticks, and the kind of their labels; at the end the first day alone."""
    span = (last - first).days + 1
    if span <= 75:
        yield from (("day", pd.date_range(first, last, freq=f"{days}D")) for days in (1, 2, 3) if days * 7 >= span)
        yield from (("day", pd.date_range(first, last, freq=f"{weeks}W-MON")) for weeks in (1, 2, 4))
    if span <= 6 * 366:
        months = pd.date_range(first, last, freq="MS")
        yield from (("month", months[(months.month - 1) % step == 0]) for step in (1, 2, 3, 4, 6))
    years = pd.date_range(first, last, freq="YS")
    yield from (("year", years[::step]) for step in (1, 2, 5, 10, 20, 50, 100))
    yield "day", pd.DatetimeIndex([first])


def what_is_drawn(daily: DailySeries, first: pd.Timestamp, last: pd.Timestamp) -> list[str]:
    """Measure, area, window, source and vintage, for the footer."""
    parts = [daily.unit, daily.area, span_in_words(first, last), f"source: {daily.source}"]
    if daily.allocated > 0:
        laid, laid_how = percent(daily.allocated, digits=1), IN_WORDS.get(daily.allocation, daily.allocation)
        parts.append(f"{laid} of the total from records of several days ({laid_how})")
    if daily.no_upper_bound:
        states = "record states" if daily.no_upper_bound == 1 else "records state"
        parts.append(f"{daily.no_upper_bound:,} {states} no upper bound")
    provisional = int((daily.table.loc[first:last, "status"] == "provisional").sum())
    return [*parts, *lag_in_words(daily.reporting_lag, provisional)]


def span_in_words(first: pd.Timestamp, last: pd.Timestamp) -> str:
    """First and last day, for the footer."""
    return f"{first.day} {first:%b %Y} to {last.day} {last:%b %Y}"


def lag_in_words(lag: str, provisional: int) -> list[str]:
    """The reporting lag and the days still provisional by it, for the footer; nothing where no lag is known."""
    days = "day" if provisional == 1 else "days"
    return [] if lag == LAG_UNKNOWN else [f"reporting lag {lag}: {provisional} {days} provisional"]

"""Every combination of choices at once: the specification curve, and below it which choices each point made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from conflictts.errors import require_kind
from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import (
    CONTRAST,
    COUNTED,
    INK,
    LEVEL,
    columns_of,
    given_or_current,
    leave_room,
    points_of,
    what_is_drawn,
    write_footer,
)
from conflictts.incidents.codes import codes_in_words
from conflictts.incidents.table import Where
from conflictts.series.percent import of_level
from conflictts.truce.sensitivity import CHOICES, Sensitivity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
WIDEST = 1e3  # the axis is cut beyond this factor either way
MANY = 60  # combinations, above which their intervals touch
COLUMNS = 90  # of the matrix; each holds the combinations of neighbouring rank
TITLES = {
    "figures": "figures",
    "allocation": "several-day records",
    "imprecise_dates": "imprecise records",
    "perpetrator": "perpetrators",
    "window": "days before/after",
    "model": "model",
    "transition": "days left out",
}
LEFT, RIGHT = 1.15, 1.2  # inches for the names of options and of choices


@legible
@remembered
def plot_sensitivity(found: Sensitivity, *, ax: Axes | None = None) -> Axes:
    """Draw the rate ratio under every combination of choices in order of size, and which options gave which.

    Refused combinations stand at the right, without an estimate. In the matrix a cell is the darker, the more of the
    combinations above it made that choice. It wants about 5 inches of height.

    Parameters
    ----------
    found : Sensitivity
    ax : Axes, optional
        Default: the current axes. Its frame is hidden; two panels stand inside it.

    Returns
    -------
    Axes
        The axes given.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> found = ct.sensitivity(case, case.truces["TRC-5"], measure="civilians", models=["level"], transitions=[0])
    >>> ax = ct.plot_sensitivity(found)
    """
    require_kind(found, Sensitivity, "found")
    ax = given_or_current(ax)
    ax.set_axis_off()
    table = found.table.sort_values("rate_ratio", kind="stable", na_position="last").reset_index(drop=True)
    inches = max(ax.get_window_extent().width / ax.figure.dpi, 3.0)
    scale = points_of(ax, 1.0) * points_of(ax, 1.0)
    begin, width = scale * LEFT / inches, 1 - scale * (LEFT + RIGHT) / inches
    curve, matrix = ax.inset_axes((begin, 0.56, width, 0.44)), ax.inset_axes((begin, 0.0, width, 0.53))
    leave_room(ax, _curve(found, table, curve, 8 * scale))
    _matrix(found, table, matrix, 7.5 * scale)
    for panel in (curve, matrix):
        panel.set_xlim(-0.01 * len(table) - 0.5, 1.01 * len(table) - 0.5)
    refused = len(table) - found.answered
    parts = [
        f"stands under {int(table['stands'].sum()):,} of {found.answered:,} combinations, {refused:,} without an answer"
    ]
    parts += [f"{name}: {_in_words(where)}" for name, where in found.scopes.items() if where]
    about = parts + what_is_drawn(found.effect.daily, *found.effect.window)
    write_footer(ax, about, below=6)  # nothing else is written below the matrix
    return ax


def _curve(found: Sensitivity, table: pd.DataFrame, ax: Axes, letters: float) -> int:
    """The ratios and their intervals; returns how many rows the legend has."""
    answered = table[table["refused"] == ""]
    stands = answered["stands"].to_numpy(dtype=bool)
    at = answered.index.to_numpy()
    low = np.maximum(answered["lower"].to_numpy(dtype=float), 1 / WIDEST)
    high = np.minimum(answered["upper"].to_numpy(dtype=float), WIDEST)
    ratio = answered["rate_ratio"].to_numpy(dtype=float)
    points = max(ax.get_window_extent().width / ax.figure.dpi * 72, 1.0)
    width = min(max(0.7 * points / max(len(table), 1), 0.25), 3.0)
    for chosen, colour, label in (
        (stands, LEVEL, f"finding stands ({found.finding})"),
        (~stands, CONTRAST, "does not stand"),
    ):
        if chosen.any():
            half = 0.5 if len(table) > MANY else 0.25
            boxes = _boxes(at[chosen] - half, at[chosen] + half, low[chosen], high[chosen])
            ax.add_artist(PathPatch(boxes, facecolor=colour, alpha=0.35, linewidth=0, antialiased=False))
            ax.plot(
                at[chosen], ratio[chosen], marker="o", linestyle="none", color=colour,
                markersize=min(max(1.2 * width, 1.6), 4.0), markeredgewidth=0, label=label,
            )  # fmt: skip
    if len(answered) < len(table):
        ax.axvspan(
            len(answered) - 0.5, len(table) - 0.5, facecolor="none", edgecolor=COUNTED, hatch="///", linewidth=0,
            label="no answer",
        )  # fmt: skip
    effect = found.effect
    ax.axhline(1, color=INK, linewidth=0.9)
    ax.axhline(effect.rate_ratio, color=INK, linewidth=0.9, linestyle="--", label="first choices")
    ax.set_yscale("log")
    ends = np.concatenate([low, high, [effect.lower, 1.0]])
    ax.set_ylim(max(float(ends.min()), 1 / WIDEST) / 1.2, max(float(ends.max()), 1.0) * 1.3)
    bottom, top = ax.get_ylim()
    ticks = [tick for tick in TICKS if bottom <= tick <= top]
    ax.set_yticks(ticks[:: 1 + len(ticks) // 9], [f"{tick:g}" for tick in ticks[:: 1 + len(ticks) // 9]])
    ax.set_yticks([], minor=True)
    ax.set_xticks([])
    ax.spines[["top", "right", "bottom"]].set_visible(False)
    ax.tick_params(labelsize=letters)
    ax.set_ylabel(f"rate ratio, after / before\n({of_level(found.level)} intervals)", fontsize=letters)
    ax.grid(axis="y", color="#E3E6E8", linewidth=0.6)
    ax.set_axisbelow(True)
    labels = ax.get_legend_handles_labels()[1]
    columns = columns_of(labels, ax.get_window_extent().width / ax.figure.dpi + RIGHT)
    ax.legend(
        loc="lower left", bbox_to_anchor=(0, 1.01), frameon=False, fontsize=letters, ncols=columns, columnspacing=1.4,
        handlelength=1.6, borderaxespad=0, markerscale=2.0,
    )  # fmt: skip
    return -(-len(labels) // columns)


def _matrix(found: Sensitivity, table: pd.DataFrame, ax: Axes, letters: float) -> None:
    """One row per option of every choice that has more than one, in blocks."""
    edges = np.unique(np.linspace(0, len(table), min(COLUMNS, len(table)) + 1).round().astype(int))
    moving = set(found.influence.index)
    y, ticks, names, shades = 0.0, [], [], _shades()
    for choice in [choice for choice in CHOICES if choice in moving]:
        options = list(dict.fromkeys(found.table[choice]))
        top = y
        for option in options:
            chosen = (table[choice] == option).to_numpy(dtype=float)
            held = np.add.reduceat(chosen, edges[:-1]) / np.diff(edges)
            for share in np.unique(held):  # cells of one shade are one path: a tenth of the size of a mesh
                here = np.diff(np.concatenate([[0], held == share, [0]]))  # neighbours of one shade are one box
                begin, end = edges[np.flatnonzero(here == 1)], edges[np.flatnonzero(here == -1)]
                boxes = _boxes(begin - 0.5, end - 0.5, y + 0.06, y + 0.94)
                ax.add_artist(PathPatch(boxes, facecolor=shades(share), linewidth=0, antialiased=False))
            ticks.append(y + 0.5)
            names.append(str(option))
            y += 1
        ax.text(
            1.0, (top + y) / 2, TITLES[choice], transform=ax.get_yaxis_transform(), rotation=0, fontsize=letters,
            ha="left", va="center", color=INK,
        )  # fmt: skip
        y += 0.45
    ax.set_ylim(y - 0.45, 0)
    ax.set_yticks(ticks, names, fontsize=letters)
    for label in ax.get_yticklabels():
        label.set_parse_math(False)
    ax.set_xticks([])
    ax.tick_params(axis="y", length=0)
    ax.spines[:].set_visible(False)


def _boxes(left: np.ndarray, right: np.ndarray, low: np.ndarray | float, high: np.ndarray | float) -> Path:
    """Rectangles as one path."""
    corners = np.broadcast_arrays(left, low, left, high, right, high, right, low, left, low)
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    return Path(np.column_stack(corners).reshape(-1, 2), codes * len(left))


def _in_words(where: Where) -> str:
    values = (", ".join([value] if isinstance(value, str) else value) for value in where.values())
    return "; ".join(map(codes_in_words, values))


def _shades() -> LinearSegmentedColormap:
    return LinearSegmentedColormap.from_list("held", ["#F4F5F6", LEVEL])

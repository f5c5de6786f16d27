"""A truce's rate ratio on the map: every area in its outline, or as a disc where its records lie."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from conflictts.errors import UnknownNameError, require_kind
from conflictts.figures.forest import LEAST, about_effects, drawable_effects, name_of
from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import (
    CONTRAST,
    COUNTED,
    INK,
    LETTER,
    LEVEL,
    NARROW,
    given_or_current,
    legend_above,
    points_of,
    wide_of,
    write_footer,
)
from conflictts.incidents.files import shorten
from conflictts.incidents.outlines import Outlines, Polygon
from conflictts.series.counting import all_stated
from conflictts.truce.panel import PanelAnalysis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Shape = tuple[Polygon, ...]

NAMED = 25  # areas at most that have their names written beside them, as far as there is room
NAME_POINTS = 7
SMALLEST, LARGEST = 25.0, 420.0  # square points of a disc
AROUND = 0.08  # of the drawn width and height, free on each side
LEAST_SPAN = 0.5  # degrees that a map shows at least
FOR_SCALE = 0.2  # of the height, free below for the scale
DEGREE = 111.2  # kilometres of one of latitude, on average
LENGTHS = tuple(digit * 10**power for power in range(4) for digit in (1, 2, 5))  # kilometres of the bar
GRATICULE = "#E3E6E8"
STEPS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
SURE, UNSURE, SILENT, STRANGE = "interval without 1", "interval holds 1", "too little data to compare", "no records"
LOOKS: dict[str, dict[str, Any]] = {
    SURE: {"edgecolor": INK, "linewidth": 1.6},
    UNSURE: {"edgecolor": INK, "linewidth": 0.4},
    SILENT: {"edgecolor": COUNTED, "linewidth": 0.6, "hatch": "////"},
    STRANGE: {"edgecolor": "white", "linewidth": 0.4, "facecolor": "#E3E6E8"},
}
RATIOS = LinearSegmentedColormap.from_list("ratios", [LEVEL, "#8FB3C9", "#F5F3EE", "#EFB08A", CONTRAST])


@legible
@remembered
def plot_map(found: PanelAnalysis, where: Outlines | pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw each area in the colour of its rate ratio, on a scale that gives a halving and a doubling equal weight.

    Areas whose interval holds 1 have a thin border, the others a thick one. Those without a result are hatched.

    Parameters
    ----------
    found : PanelAnalysis
        From `analyse_panel`, with a truce.
    where : Outlines or DataFrame
        The areas' outlines, from `read_outlines`, under the names that the panel has for them (joined by ", " if it has
        several columns); or its ``places``, which are drawn as discs, the larger the more there is to tell by.
    ax : Axes, optional
        Default: the current axes.

    Returns
    -------
    Axes
        The axes given, in plate carrée, true to scale in the middle, for which the bar of kilometres holds. How many
        areas are not on it is said below.

    Raises
    ------
    TooLittleData
        If no area has an effect.
    UnknownNameError
        If none of the areas with an effect lies in `where`.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> panel = ct.daily_series(case, measure="civilians", by="admin1")
    >>> found = ct.analyse_panel(panel, truce=case.truces["TRC-5"], window=("2019-06-01", "2019-10-18"))
    >>> [text.get_text() for text in ct.plot_map(found, panel.places).texts[:2]]
    ['Idlib', 'Aleppo']
    """
    require_kind(found, PanelAnalysis, "found")
    of_areas = "Give read_outlines(path, key=...), or the `places` of the panel."
    require_kind(where, (Outlines, pd.DataFrame), "where", of_areas)
    effects = drawable_effects(found)
    shapes, strangers = _shapes_of(found, where)
    if not any(key in shapes for key in effects.index):
        known = sorted(where.areas) if isinstance(where, Outlines) else [name_of(key) for key in where.index]
        raise UnknownNameError(
            f"None of the {len(effects)} areas with an effect lies on the map. They are "
            f"{shorten([name_of(key) for key in effects.index])}; the map knows {shorten(known) or 'none'}. Name them "
            "alike."
        )
    ax = given_or_current(ax)
    kinds = _kinds(effects, [key for key in found.table.index if key in shapes])
    drawn = effects.loc[[key for key in effects.index if key in shapes]]
    ratios = drawn["rate_ratio"].clip(LEAST, 1 / LEAST)
    farthest = max(2.0, float(np.exp(np.abs(np.log(ratios)).max())))
    norm = LogNorm(1 / farthest, farthest)
    colours = {key: RATIOS(norm(ratio)) for key, ratio in ratios.items()}
    for label, look in LOOKS.items():
        if label in kinds.values() or (label == STRANGE and strangers):
            ax.add_patch(PathPatch(Path(np.zeros((0, 2))), label=label, **{"facecolor": "white", **look}))
    legend_above(ax)
    _frame(ax, shapes)
    weight = drawn["standard_error"] ** -2.0
    sizes = (LARGEST * weight / weight.max()).clip(lower=SMALLEST).to_dict()
    if isinstance(where, Outlines):
        _fill(ax, strangers, dict.fromkeys(strangers, STRANGE), colours)
        _fill(ax, shapes, kinds, colours)
    else:
        _dot(ax, shapes, kinds, colours, sizes)
    apart = np.abs(np.log(ratios)).sort_values(ascending=False, kind="stable").index
    _name(ax, shapes, [*(key for label in LOOKS for key in apart if kinds[key] == label), *kinds], kinds, sizes)
    _scale(ax, norm, farthest)
    _kilometres(ax)
    write_footer(ax, _about(found, effects, shapes, where))
    return ax


def _shapes_of(found: PanelAnalysis, where: Outlines | pd.DataFrame) -> tuple[dict[Any, Shape], dict[Any, Shape]]:
    """Polygons of each area of the panel that has them, or its place as a ring of one point; and the other outlines.

    Where that brings the areas closer together, longitudes go on beyond 180 degrees.
    """
    keys, strangers = found.table.index, {}
    if isinstance(where, Outlines):
        shapes = {key: where.areas[name_of(key)] for key in keys if name_of(key) in where.areas}
        known = {name_of(key) for key in keys}
        strangers = {name: polygons for name, polygons in where.areas.items() if name not in known}
    else:
        places = where[["longitude", "latitude"]].astype("float64")
        shapes = {key: ((places.loc[key].to_numpy().reshape(1, 2),),) for key in keys if key in places.index}
    if shapes:
        along = _points(shapes)[:, 0]
        if np.ptp(along) > 180 and np.ptp(along % 360) < np.ptp(along):
            shapes, strangers = ({key: _beyond(shape) for key, shape in each.items()} for each in (shapes, strangers))
    return shapes, strangers


def _beyond(shape: Shape) -> Shape:
    return tuple(
        tuple(ring + np.array([360.0 * (ring[:, 0].mean() < 0), 0.0]) for ring in polygon) for polygon in shape
    )


def _kinds(effects: pd.DataFrame, keys: Sequence[Any]) -> dict[Any, str]:
    """What is to be told of each area, in the words of the legend."""
    sure = (effects["upper"] < 1) | (effects["lower"] > 1)
    return {key: (SURE if sure[key] else UNSURE) if key in effects.index else SILENT for key in keys}


def _points(shapes: Mapping[Any, Shape]) -> np.ndarray:
    return np.concatenate([ring for shape in shapes.values() for polygon in shape for ring in polygon])


def _frame(ax: Axes, shapes: Mapping[Any, Shape]) -> None:
    """Limits around all areas of the panel, with room for the scale below; a degree of either is as long in the middle.

    That holds on the parallel in the middle of the map: there one of longitude is the cosine of one of latitude.
    """
    low, high = _points(shapes).min(axis=0), _points(shapes).max(axis=0)
    middle = (low + high) / 2
    narrow = float(np.cos(np.radians(np.clip(middle[1], -80, 80))))
    wide, tall = np.maximum(high - low, LEAST_SPAN) * (1 + 2 * AROUND) * [narrow, 1 / (1 - FOR_SCALE)]
    shape = ax.bbox.width / ax.bbox.height
    wide, tall = max(wide, tall * shape), max(tall, wide / shape)
    ax.set_xlim(middle[0] - wide / narrow / 2, middle[0] + wide / narrow / 2)
    ax.set_ylim(middle[1] - tall * (1 + FOR_SCALE) / 2, middle[1] + tall * (1 - FOR_SCALE) / 2)
    ax.set_aspect(1 / narrow)
    for axis, sides in ((ax.xaxis, " EW"), (ax.yaxis, " NS")):
        axis.set_major_locator(MaxNLocator(4))
        axis.set_major_formatter(FuncFormatter(partial(_degrees, sides=sides)))
    ax.tick_params(labelsize=NAME_POINTS, length=2, color=COUNTED)
    ax.spines[:].set_color(COUNTED)
    ax.grid(color=GRATICULE, linewidth=0.6)
    ax.set_axisbelow(True)


def _degrees(at: float, _: int, *, sides: str) -> str:
    """36.5° E, or 36.5° W where it is below 0."""
    around = at - 360 * (at > 180)
    return f"{abs(around):g}°{f' {sides[1 + (around < 0)]}' if around else ''}"


def _kilometres(ax: Axes) -> None:
    """A round length in the lower left corner, true on the parallel in the middle of the areas."""
    west, east = ax.get_xlim()
    across = DEGREE / float(ax.get_aspect()) * (east - west)
    length = max((step for step in LENGTHS if step <= across / 5), default=LENGTHS[0])
    share = length / across
    bar = Path([(0.04, 0.115), (0.04, 0.1), (0.04 + share, 0.1), (0.04 + share, 0.115)])
    ax.add_artist(PathPatch(bar, fill=False, edgecolor=INK, transform=ax.transAxes, gid="kilometres"))
    ax.text(
        0.04 + share / 2, 0.085, f"{length:,} km", ha="center", va="top", fontsize=points_of(ax, NAME_POINTS),
        transform=ax.transAxes, color=INK, zorder=3,
    )  # fmt: skip


def _fill(ax: Axes, shapes: Mapping[Any, Shape], kinds: Mapping[Any, str], colours: Mapping[Any, Any]) -> None:
    for key, label in kinds.items():
        rings = [ring for polygon in shapes[key] for ring in polygon]
        codes = np.concatenate([[Path.MOVETO, *[Path.LINETO] * (len(ring) - 2), Path.CLOSEPOLY] for ring in rings])
        look = {"facecolor": colours.get(key, "white"), **LOOKS[label]}
        ax.add_artist(PathPatch(Path(np.concatenate(rings), codes), **look))


def _dot(
    ax: Axes,
    shapes: Mapping[Any, Shape],
    kinds: Mapping[Any, str],
    colours: Mapping[Any, Any],
    sizes: Mapping[Any, float],
) -> None:
    for label in dict.fromkeys(kinds.values()):
        keys = [key for key, kind in kinds.items() if kind == label]
        keys.sort(key=lambda key: -sizes.get(key, SMALLEST))  # small ones over large ones
        places = _points({key: shapes[key] for key in keys})
        faces = [colours.get(key, "white") for key in keys]
        area = [sizes.get(key, SMALLEST) for key in keys]
        ax.scatter(places[:, 0], places[:, 1], s=area, zorder=2, facecolor=faces, **LOOKS[label])


def _name(
    ax: Axes, shapes: Mapping[Any, Shape], keys: Sequence[Any], kinds: Mapping[Any, str], sizes: Mapping[Any, float]
) -> None:
    """Names in outlines that are about as wide, or beside discs; those that stand out first, none over another.

    Where there is no room, the name of an area whose interval does not hold 1 stands farther off, at the end of a line.
    """
    em = NAME_POINTS * ax.figure.dpi / 72
    rings = {key: max((polygon[0] for polygon in shape), key=len) for key, shape in shapes.items()}
    radii = {key: sizes.get(key, SMALLEST) ** 0.5 / 2 * ax.figure.dpi / 72 for key in shapes}
    taken = [
        (*(centre - radii[key]), *(centre + radii[key]))
        for key, ring in rings.items()
        if len(ring) == 1
        for centre in ax.transData.transform(ring)
    ]
    for key in list(dict.fromkeys(keys))[:NAMED]:
        name = textwrap.shorten(name_of(key), 24, placeholder="…")
        ends = ax.transData.transform([rings[key].min(axis=0), rings[key].max(axis=0)])
        half = np.array([len(name) * LETTER * em / 2, 0.7 * em])
        out = half + (radii[key] if len(rings[key]) == 1 else 0.0) + [0.4 * em, 0.1 * em]
        steps = [[0.0, out[1]], [0.0, -out[1]], [out[0], 0.0], [-out[0], 0.0]]
        if len(rings[key]) > 1:
            steps = [[0.0, 0.0]] if ends[1, 0] - ends[0, 0] >= 1.7 * half[0] else []
        near = len(steps)
        if kinds[key] == SURE:
            steps += [
                [x * (out[0] + far * em), y * (out[1] + far * em)]
                for far in (1.5, 3.0, 5.0)
                for x, y in ((1, 1), (-1, 1), (1, -1), (-1, -1), (0, 1), (0, -1))
            ]
        for number, step in enumerate(steps):
            at = ends.mean(axis=0) + step
            box = (*(at - half), *(at + half))
            inside = ax.bbox.x0 < box[0] and box[2] < ax.bbox.x1 and ax.bbox.y0 < box[1] and box[3] < ax.bbox.y1
            if not inside or any(_overlap(box, other) for other in taken):
                continue
            taken.append(box)
            (x, y), (end_x, end_y) = ax.transData.inverted().transform([at, ends.mean(axis=0)])
            if number >= near:
                ax.plot([x, end_x], [y, end_y], color=INK, linewidth=0.6, zorder=1.9)
            ax.text(
                x, y, name, ha="center", va="center", fontsize=NAME_POINTS, color=INK, parse_math=False, zorder=3,
                path_effects=[withStroke(linewidth=1.8, foreground="white")],
            )  # fmt: skip
            break


def _overlap(box: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]


def _scale(ax: Axes, norm: LogNorm, farthest: float) -> None:
    """The colours and their ratios, in the lower right corner."""
    bar = ax.inset_axes((0.66, 0.1, 0.3, 0.03))
    edges = np.geomspace(1 / farthest, farthest, 129)
    bar.pcolormesh(edges, [0, 1], np.sqrt(edges[1:] * edges[:-1])[None, :], cmap=RATIOS, norm=norm, rasterized=True)
    bar.set_xscale("log")
    largest = max(step for step in STEPS if step <= farthest)
    ends = [step for step in (largest, max(step for step in STEPS if step**2 <= max(largest, 4))) if step <= farthest]
    ticks = sorted({*ends, 1.0, *(1 / end for end in ends)})
    bar.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    bar.minorticks_off()
    bar.set_yticks([])
    bar.tick_params(labelsize=points_of(ax, NAME_POINTS), length=2, pad=1)
    bar.set_title(
        "rate ratio, after over before", fontsize=points_of(ax, NAME_POINTS), pad=2, color=INK,
        loc="left" if wide_of(ax) >= NARROW else "right",
    )  # fmt: skip
    bar.spines[:].set_visible(False)


def _about(
    found: PanelAnalysis, effects: pd.DataFrame, shapes: Mapping[Any, Shape], where: Outlines | pd.DataFrame
) -> list[str]:
    parts = about_effects(found, effects)
    named = int(all_stated(found.table.index).sum())
    if named > len(shapes):
        parts.append(f"areas not on the map: {named - len(shapes)}")
    if named < len(found.table):
        parts.append("records that state no area left out")
    if isinstance(where, Outlines):
        parts.append(f"outlines: {where.file}")
    else:
        parts.append("discs at the mean of the best-placed records, rounded to 0.1 degree, the larger the better known")
    return [*parts, f"source: {found.source}"]

"""One figure on a sheet of its own, as SVG and PNG bytes that are the same on every run."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conflictts.figures.style import wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from matplotlib.ticker import Formatter


@dataclass(frozen=True, slots=True)
class Sheet:
    """A drawn figure: `svg` as text that can stand inside an HTML page, `png` as bytes at 200 dots per inch."""

    svg: str
    png: bytes


AXES = (0.08, 0.225, 0.905, 0.63)  # left, bottom, width, height as shares of the sheet; room for legend and footer
SMALLEST = 5.0  # points; how far a legend shrinks whose words grow longer when they are put over


def draw_sheet(
    plot: Callable[..., Axes],
    *,
    name: str,
    width: float = 9.0,
    height: float = 3.9,
    axes: tuple[float, float, float, float] = AXES,
    words: Callable[[str], str] | None = None,
) -> Sheet:
    """Draw on new axes and save.

    Parameters
    ----------
    plot : callable
        Draws on the axes given as `ax`.
    name : str
        Keeps the identifiers inside the SVG apart from those of other figures on the same page.
    width, height : float
        Inches.
    axes : (left, bottom, width, height)
        Where the axes stand, as shares of the sheet.
    words : callable, optional
        Puts each text of the drawing into another language.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    settings: dict[Any, Any] = {
        "svg.hashsalt": name,
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9,
        "axes.labelsize": 9,
        "hatch.linewidth": 0.6,
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        plot(ax=figure.add_axes(axes))
        if words is not None:
            _put_over(figure, words)
        svg, png = io.StringIO(), io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        figure.savefig(png, format="png", dpi=200, metadata={"Software": None}, pil_kwargs={"compress_level": 3})
    return Sheet(svg=_embeddable(svg.getvalue(), name), png=png.getvalue())


def _word_ticks(formatter: Formatter, words: Callable[[str], str]) -> None:
    """Put over what a formatter writes at ticks, line by line."""
    labels = formatter.format_ticks

    def put(values: list[float]) -> list[str]:
        return ["\n".join(words(line) for line in label.split("\n")) for label in labels(values)]

    formatter.format_ticks = put  # type: ignore[method-assign]


def _put_over(figure: Figure, words: Callable[[str], str]) -> None:
    """Every text of a figure in other words; what was wrapped is wrapped again."""
    from matplotlib.axis import Axis, Tick
    from matplotlib.legend import Legend
    from matplotlib.text import Text

    axes = figure.findobj(Axis)
    ticks = {label for tick in figure.findobj(Tick) for label in (tick.label1, tick.label2)}
    for text in figure.findobj(Text):
        said = text.get_text()
        if not said.strip() or text in ticks:
            continue
        width = max(len(line) for line in said.splitlines())
        parts = said.replace("\n", " ").split(" · ")
        put = " · ".join(words(part) for part in parts)
        text.set_text(wrapped(put, width) if "\n" in said else put)
    for axis in axes:
        _word_ticks(axis.get_major_formatter(), words)
    for legend in figure.findobj(Legend):  # laid out for the words that stood there before
        texts = legend.get_texts()
        points = float(texts[0].get_fontsize())
        while _right_end(figure, texts) > 0.99 and points > SMALLEST:
            points -= 0.25
            for text in texts:
                text.set_fontsize(points)


def _right_end(figure: Figure, texts: list[Text]) -> float:
    """Where the words of a legend end, once it is laid out, as a share of the figure's width."""
    dots = figure.dpi
    figure.set_dpi(400)  # at fewer dots letters are measured on the grid of the screen, and come out too narrow
    figure.draw_without_rendering()
    end = float(max(text.get_window_extent().x1 for text in texts) / figure.bbox.width)
    figure.set_dpi(dots)
    return end


def _embeddable(svg: str, name: str) -> str:
    """The <svg> element alone; identifiers that nothing refers to go, the others are made unique by the name."""
    svg = svg[svg.index("<svg") :]
    needed = set(re.findall(r'(?:url\(#|href="#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in needed else "", svg)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)

"""One figure on a sheet of its own, as SVG and PNG bytes that are the same on every run."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Sheet:
    """A drawn figure: `svg` as text that can stand inside an HTML page, `png` as bytes at 200 dots per inch."""

    svg: str
    png: bytes


def draw_sheet(plot: Callable[..., Axes], *, name: str, width: float = 9.0, height: float = 3.9) -> Sheet:
    """Draw on new axes and save.

    Parameters
    ----------
    plot : callable
        Draws on the axes given as `ax`.
    name : str
        Keeps the identifiers inside the SVG apart from those of other figures on the same page.
    width, height : float
        Inches.
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
        plot(ax=figure.add_axes((0.08, 0.225, 0.905, 0.63)))
        svg, png = io.StringIO(), io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        figure.savefig(png, format="png", dpi=200, metadata={"Software": None})
    return Sheet(svg=_embeddable(svg.getvalue(), name), png=png.getvalue())


def _embeddable(svg: str, name: str) -> str:
    """The <svg> element alone; identifiers that nothing refers to go, the others are made unique by the name."""
    svg = svg[svg.index("<svg") :]
    needed = set(re.findall(r'(?:url\(#|href="#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in needed else "", svg)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)

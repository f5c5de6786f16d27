"""One figure on a sheet of its own, as SVG and PNG bytes that are the same on every run."""

from __future__ import annotations

import io
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
    text = svg.getvalue()
    return Sheet(svg=text[text.index("<svg") :], png=png.getvalue())

"""A notebook's figures in, the same with a text in their place out."""

from __future__ import annotations

from typing import Any

from conflictts.figures.shown import shown_on
from conflictts.report.alternatives import alt_text


def tell_figures(ipython: Any) -> None:
    """Let a shell of IPython keep what `alt_text` tells of a figure with the image of it, where exports look for it."""
    ipython.display_formatter.mimebundle_formatter.for_type_by_name("matplotlib.figure", "Figure", _told)


def _told(figure: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Nothing in place of the figure's own images, and the text as metadata of the one in PNG."""
    told = " ".join(alt_text(ax) for ax in figure.axes if shown_on(ax) is not None)
    return {}, {"image/png": {"alt": told}} if told else {}

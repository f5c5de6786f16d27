"""The text of a drawn figure in, the same text in other letters or words out."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec

from matplotlib.axis import Axis
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

from conflictts.incidents.unseen import set_apart, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.ticker import Formatter

P = ParamSpec("P")


def legible(plot: Callable[P, Axes]) -> Callable[P, Axes]:
    """Make a figure whose text shows unseen characters by their numbers, wherever a name brought them in.

    Words from right to left are kept apart from the numbers beside them.
    """

    @wraps(plot)
    def drawn(*given: P.args, **named: P.kwargs) -> Axes:
        ax = plot(*given, **named)
        for text in ax.findobj(Text):
            said = text.get_text()
            if _seen(said) != said:
                text.set_text(_seen(said))
        for axis in ax.findobj(Axis):
            places, formatter = axis.get_major_locator(), axis.get_major_formatter()
            if isinstance(places, FixedLocator):  # the others are of numbers
                labels = formatter.format_ticks([*places()])
                if any(_seen(label) != label for label in labels):
                    word_ticks(formatter, _seen)
        return ax

    return drawn


def word_ticks(formatter: Formatter, words: Callable[[str], str]) -> None:
    """Put over what a formatter writes at ticks, line by line."""
    labels = formatter.format_ticks

    def put(values: list[float]) -> list[str]:
        return ["\n".join(words(line) for line in label.split("\n")) for label in labels(values)]

    formatter.format_ticks = put  # type: ignore[method-assign]


def _seen(text: str) -> str:
    return set_apart(visible(text))

"""Which figure each Axes holds, and of what, so that it can be told in words."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec
from weakref import WeakKeyDictionary

from conflictts.errors import require_kind

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Axes

Given = ParamSpec("Given")


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A figure on its Axes.

    Attributes
    ----------
    figure : str
        What follows ``plot_`` in the name of the function that drew it.
    given : dict
        What that function was given, by parameter, but for the Axes.
    """

    figure: str
    given: dict[str, Any]


_SHOWN: WeakKeyDictionary[Axes, Shown] = WeakKeyDictionary()


def remembered(plot: Callable[Given, Axes]) -> Callable[Given, Axes]:
    """Let the Axes that a function draws on be told by `shown_on` what it was given."""
    signature, figure = inspect.signature(plot), plot.__name__.removeprefix("plot_")

    @wraps(plot)
    def draw(*args: Given.args, **kwargs: Given.kwargs) -> Axes:
        bound = signature.bind(*args, **kwargs)
        for name, value in bound.arguments.items():
            if isinstance(value, Iterator):  # which could be read once only
                bound.arguments[name] = list(value)
        ax = plot(*bound.args, **bound.kwargs)
        _SHOWN[ax] = Shown(figure, {name: value for name, value in bound.arguments.items() if name != "ax"})
        return ax

    return draw


def shown_on(ax: Axes) -> Shown | None:
    """What was drawn on the Axes last; None where no figure of this package was."""
    from matplotlib.axes import Axes

    require_kind(ax, Axes, "ax")
    return _SHOWN.get(ax)

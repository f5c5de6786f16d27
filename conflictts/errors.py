"""The kinds of error this package raises. Each message says what is wrong, the value met, the bound, what to do."""

from __future__ import annotations


class ConflictTSError(ValueError):
    """Every error this package raises on purpose."""


class InputError(ConflictTSError):
    """A file or table cannot be read as records or counts: missing, empty, not text, without its columns."""


class UnknownNameError(ConflictTSError):
    """A measure, column, area or allocation that does not exist here. The message lists those that do."""


class NoRecordError(UnknownNameError):
    """A value to choose records by that stands in none of them. The message names the nearest that do."""


class CoverageError(ConflictTSError):
    """Dates that do not fit what the source covered."""


class UndeclaredCoverage(CoverageError):
    """Neither the caller nor the source says which days were watched."""


class TooLittleData(ConflictTSError):
    """The data cannot carry the estimate that was asked for. The message says what is missing."""


class ProviderError(ConflictTSError):
    """A provider's service refused, failed or contradicted itself. The message says whether to run again."""


def require_kind(value: object, kind: type, name: str, advice: str) -> None:
    """Refuse an argument of another type; the message says the type met, the one needed, and how to make it.

    Raises
    ------
    InputError
    """
    if not isinstance(value, kind):
        met = type(value)
        met_name = met.__name__ if met.__module__ == "builtins" else f"{met.__module__.split('.')[0]} {met.__name__}"
        raise InputError(f"`{name}` is a {met_name} where {kind.__name__} is needed. {advice}")


def require_within(name: str, value: float, lowest: float, highest: float) -> None:
    """Refuse a number outside its bounds."""
    if not lowest <= value <= highest:
        raise InputError(f"{name} = {value:g} lies outside {lowest:g}..{highest:g}. Give a value within.")

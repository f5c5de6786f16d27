"""The kinds of error this package raises. Each message says what is wrong, the value met, the bound, what to do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


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


MADE_BY = {  # each kind of argument, and how a caller comes by one
    "Incidents": "Read a file: read_incidents(path), or read_delimited(path, columns=...). Counts per day that exist "
    "already are DailySeries.from_counts(counts, measure=...).",
    "MergedIncidents": "Make it: merge_duplicates(a, b, pairs, prefer='a').",
    "VintageComparison": "Make it: compare_vintages(old, new).",
    "DailySeries": "Make it: daily_series(incidents, measure=...), or DailySeries.from_counts(counts). A panel holds "
    "one for each key: panel[key].",
    "DailyPanel": "Make it: daily_series(incidents, measure=..., by=...), or daily_panel(path, measure=..., by=...).",
    "Benchmark": "Make it: benchmark_to_claims(daily, claims).",
    "CoverageRatio": "Make it: coverage_ratio(daily, claims).",
    "Truce": "Make it: Truce('YYYY-MM-DD').",
    "TruceEffect": "Make it: estimate_truce_effect(daily, truce).",
    "PlaceboEffects": "Make it: placebo_effects(effect).",
    "EffectDiagnostics": "Make it: diagnose_effect(effect, rng=...).",
    "SourceMix": "Make it: source_mix(incidents, truce, measure=..., window=...).",
    "Sensitivity": "Make it: sensitivity(incidents, truce, measure=...).",
    "Changepoints": "Make it: detect_changepoints(daily).",
    "Onset": "Make it: scan_onset(daily, truce, rng=...).",
    "TruceCourse": "Make it: truce_course(daily, truce).",
    "Escalation": "Make it: measure_escalation(daily).",
    "Monitor": "Make it: Monitor.fit(daily).",
    "PanelAnalysis": "Make it: analyse_panel(panel).",
    "Generator": "Make it: numpy.random.default_rng(seed).",
    "DatetimeIndex": "Make it: pandas.DatetimeIndex(days).",
    "Axes": "Make it: matplotlib.pyplot.subplots(), of which the second is one, or several in an array to choose from.",
    "PathLike": "Give its name as text or Path.",
}


def require_kind(value: object, kind: type | tuple[type, ...], name: str, advice: str = "") -> None:
    """Refuse an argument of another type; the message says the type met, the one needed, and how to make it.

    Raises
    ------
    InputError
    """
    if not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        needed = " or ".join(each.__name__ for each in kinds)
        raise InputError(
            f"`{name}` is a {_kind_met(value)} where {needed} is needed. {advice or MADE_BY[kinds[-1].__name__]}"
        )


def require_path(value: object, name: str) -> None:
    """Refuse what names no file or folder."""
    require_kind(value, (str, PathLike), name)


def require_table(value: object, columns: Iterable[str], name: str, maker: str) -> None:
    """Refuse what is no DataFrame, or lacks a column."""
    import pandas as pd

    require_kind(value, pd.DataFrame, name, f"Give a table as from {maker}.")
    lacking = [column for column in columns if column not in value]  # type: ignore[operator]
    if lacking:
        raise InputError(f"`{name}` lacks the column {lacking[0]}. Give a table as from {maker}.")


def require_mapping(value: object, kind: type, name: str, keys: str) -> None:
    """Refuse what is no mapping, or holds anything of another type."""
    require_kind(value, Mapping, name, f"Give a dict from {keys} to {kind.__name__}.")
    for key, each in value.items():  # type: ignore[attr-defined]
        require_kind(each, kind, f"{name}[{key!r}]")


def require_several(value: object, name: str, of: str) -> None:
    """Refuse what is no list, set or the like; a text is one, of letters, and never meant."""
    if isinstance(value, str) or not isinstance(value, Collection):
        raise InputError(f"`{name}` is a {_kind_met(value)} where {of} are needed. Give them in a list.")


def require_numbers(value: Any, name: str) -> np.ndarray:
    """The array of what holds numbers alone; refuse anything else."""
    import numpy as np

    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise InputError(
            f"`{name}` is a {_kind_met(value)} where numbers are needed. Give them in a list, an array or a Series."
        ) from None


def _kind_met(value: object) -> str:
    met = type(value)
    return met.__name__ if met.__module__ == "builtins" else f"{met.__module__.split('.')[0]} {met.__name__}"


def require_within(name: str, value: float, lowest: float, highest: float) -> None:
    """Refuse a number outside its bounds."""
    if not lowest <= value <= highest:
        raise InputError(f"{name} = {value:g} lies outside {lowest:g}..{highest:g}. Give a value within.")

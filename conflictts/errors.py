"""The kinds of error this package raises. Each message says what is wrong, the value met, the bound, what to do."""

from __future__ import annotations


class ConflictTSError(ValueError):
    """Every error this package raises on purpose."""


class InputError(ConflictTSError):
    """A file or table cannot be read as records or counts: missing, empty, not text, without its columns."""


class UnknownNameError(ConflictTSError):
    """A measure, column, area or allocation that does not exist here. The message lists those that do."""


class CoverageError(ConflictTSError):
    """Dates that do not fit what the source covered."""


class TooLittleData(ConflictTSError):
    """The data cannot carry the estimate that was asked for. The message says what is missing."""


class ProviderError(ConflictTSError):
    """A provider's service refused, failed or contradicted itself. The message says whether to run again."""

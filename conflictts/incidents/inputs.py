"""A file that was read in, what tells it from any other out: its name, its rows and the digest of its bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from conflictts.incidents.files import RawRecords

Holds = Literal["records", "deletions", "download", "claims", "truces", "events"]


@dataclass(frozen=True, slots=True)
class Input:
    """What was read for a result.

    Attributes
    ----------
    holds : {"records", "deletions", "download", "claims", "truces", "events"}
        "download" is what a download of this package wrote beside its file.
    name : str
        Of the file, without its folder; blank for a table given in Python.
    rows : int or None
        Rows read, those in quarantine included; None where a file has none.
    sha256 : str
        Of the file's bytes; blank for a table given in Python.
    """

    holds: Holds
    name: str
    rows: int | None
    sha256: str

    @classmethod
    def of(cls, raw: RawRecords, holds: Holds) -> Input:
        """A table that was read."""
        return cls(holds, raw.name, raw.read, raw.sha256)

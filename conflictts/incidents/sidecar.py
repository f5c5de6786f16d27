"""A file that was downloaded in, what its download wrote beside it out, as far as the file is still the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from conflictts.incidents.files import RawRecords
from conflictts.incidents.inputs import Input
from conflictts.incidents.table import Provenance

ENDING = ".provenance.json"
FORMAT = 1
_LARGEST = 1_000_000  # bytes; a download writes about 2,000
_HIDDEN = ("pagesize", "limit", "_format", "with_total")  # how it was asked, not what
_DAYS = ("StartDate", "EndDate", "event_date", "event_date_where")  # of which days, not of what


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What stands beside one file about its download; blank or None where nothing does, or nothing to be believed.

    Attributes
    ----------
    release, query, restrictions : str
        The provider's name of the vintage; what was asked, as ``name=value; ...``; what the provider held back.
    left_out_after : str
        Last day of the window where the service leaves out events that end after it.
    retrieved_on, data_from, data_through : Timestamp or None
        The day (UTC) on which the download began; the first day it covers, None where it begins with the source's own
        first; and the last day it claims to cover.
    asked : str
        The query without its days.
    inputs : tuple of Input
        The file that all this stands in.
    fault : str
        Why nothing is believed, for the ledger.
    """

    release: str = ""
    query: str = ""
    restrictions: str = ""
    left_out_after: str = ""
    retrieved_on: pd.Timestamp | None = None
    data_from: pd.Timestamp | None = None
    data_through: pd.Timestamp | None = None
    asked: str = ""
    inputs: tuple[Input, ...] = ()
    fault: str = ""

    @classmethod
    def beside(cls, raw: RawRecords) -> Sidecar:
        """Read what lies beside a file, and believe it if the file's bytes are those that were downloaded."""
        path = raw.path.with_name(raw.path.name + ENDING)
        try:
            if not path.is_file():
                return cls()
        except OSError:  # a name too long to have one
            return cls()
        try:
            told, digest = _read(path)
            sha256, query = told["sha256"], told["query"]
            first = query.get("StartDate") or str(query.get("event_date") or "").partition("|")[0]
            found = cls(
                release=_text(told.get("release")),
                query=_in_words(query, _HIDDEN),
                restrictions=_text(told.get("held_back")),
                left_out_after=_text(query.get("EndDate")),
                retrieved_on=_day(datetime.fromisoformat(told["requested"]).astimezone(UTC).date()),
                data_from=_day(date.fromisoformat(first)) if first else None,
                data_through=_day(date.fromisoformat(told["data_through"])) if told.get("data_through") else None,
                asked=_in_words(query, (*_HIDDEN, *_DAYS)),
                inputs=(Input("download", f"{raw.name}{ENDING}", None, digest),),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            return cls(fault=f"{path.name} is not what a download writes; what it says of {raw.name} is not used")
        if sha256 != raw.sha256:
            return cls(
                fault=f"{raw.name} was changed after its download (SHA-256 {raw.sha256[:12]}, not the "
                f"{_text(sha256)[:12]} of {path.name}); what that says of it is not used"
            )
        return found


def with_faults(raws: Sequence[RawRecords], told: Sequence[Sidecar]) -> list[RawRecords]:
    """Hand what is wrong with a sidecar on to the ledger."""
    return [
        replace(raw, remarks=(*raw.remarks, one.fault)) if one.fault else raw
        for raw, one in zip(raws, told, strict=True)
    ]


def with_downloads(provenance: Provenance, told: Sequence[Sidecar]) -> Provenance:
    """Add what the downloads of all files say, and of days only if every file tells them.

    Retrieved is the earliest; covered is as far as downloads that were asked alike follow one another without a gap.
    """
    held_back = " ".join(
        f"The provider held records back from the account they were downloaded with: {words}."
        for words in _different(one.restrictions for one in told)
    )
    left_out = " ".join(
        f"The download leaves out events that ended after {day}, also those that began before."
        for day in _different(one.left_out_after for one in told if not _goes_on(one, told))
    )
    return replace(
        provenance,
        inputs=(*provenance.inputs, *(each for one in told for each in one.inputs)),
        query=" and ".join(_different(one.query for one in told)),
        retrieved_on=_earliest([one.retrieved_on for one in told]),
        data_through=_earliest([_reached([one for one in told if one.asked == asked]) for asked in _asked(told)]),
        caveat=" ".join(words for words in (provenance.caveat, held_back, left_out) if words),
    )


def _asked(told: Sequence[Sidecar]) -> list[str]:
    return list(dict.fromkeys(one.asked for one in told))


def _reached(alike: Sequence[Sidecar]) -> pd.Timestamp | None:
    """Last day up to which downloads asked alike, of one stretch of days after the other, cover every day."""
    reached: pd.Timestamp | None = None
    for one in sorted(alike, key=lambda one: one.data_from or pd.Timestamp.min):
        if one.data_through is None:
            return None
        if reached is None or one.data_from is None or one.data_from <= reached + pd.Timedelta(days=1):
            reached = one.data_through if reached is None else max(reached, one.data_through)
    return reached


def _goes_on(one: Sidecar, told: Sequence[Sidecar]) -> bool:
    """Whether another download, asked alike, has the days that follow: and so the events that ended on them."""
    through = one.data_through
    return through is not None and any(
        other.asked == one.asked
        and other.data_through is not None
        and (other.data_from is None or other.data_from <= through + pd.Timedelta(days=1))
        and other.data_through > through
        for other in told
    )


def _read(path: Path) -> tuple[Mapping[str, Any], str]:
    """What stands in the file, and the digest of its bytes."""
    with path.open("rb") as stream:
        content = stream.read(_LARGEST + 1)
    told = json.loads(content.decode("utf-8")) if len(content) <= _LARGEST else None
    if not isinstance(told, dict) or told.get("format") != FORMAT or not isinstance(told["sha256"], str):
        raise ValueError("no provenance")
    return told, hashlib.sha256(content).hexdigest()


def _in_words(query: Mapping[str, Any], without: Sequence[str]) -> str:
    return _text("; ".join(f"{name}={query[name]}" for name in sorted(query) if name not in without))


def _text(value: Any) -> str:
    """One line that any file can hold: a lone surrogate, which JSON may spell, has no bytes."""
    return " ".join(str(value).split())[:300].encode("utf-8", "replace").decode() if value is not None else ""


def _day(day: date) -> pd.Timestamp:
    return pd.Timestamp(day).as_unit("us")


def _earliest(days: Sequence[pd.Timestamp | None]) -> pd.Timestamp | None:
    known = [day for day in days if day is not None]
    return min(known) if known and len(known) == len(days) else None


def _different(words: Any) -> list[str]:
    return list(dict.fromkeys(word for word in words if word))

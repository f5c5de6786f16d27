"""Checked incidents in, what a person should look at before counting them out."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import pandas as pd

from conflictts.incidents.table import Incidents

NAMES = ("admin1", "admin2", "event_type", "perpetrator", "target")  # by which records are counted apart
TOLLS = ("deaths", "civilians", "combatants", "injured")
_SHOWN = 3  # names of one column


def doubts_about(incidents: Incidents, *, today: pd.Timestamp) -> list[str]:
    """Say what no reader can decide: tolls left blank, days that cannot have been seen, names that look like one.

    Parameters
    ----------
    incidents : Incidents
    today : Timestamp
        No incident begins after it.

    Returns
    -------
    list of str
        Sentences without their stop; what the reader noted of the file itself comes first.
    """
    return [
        *incidents.ledger.notes,
        *_blank_tolls(incidents.table),
        *_impossible_days(incidents, today),
        *_names_alike(incidents.table),
    ]


def trimmed_names(column: str, written: pd.Series) -> list[str]:
    """Names that stand in a file with and without blanks around them, which the reader takes for one."""
    counts = written.value_counts()
    found = [name for name in counts.index if name != name.strip() and name.strip() in counts.index]
    told = [f"{name!r} ({counts[name]:,}) as {name.strip()!r}" for name in found[:_SHOWN]]
    more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
    return [f"In {column} blanks around a name are left off: {', '.join(told)}{more}"] if found else []


def _blank_tolls(table: pd.DataFrame) -> Iterator[str]:
    counted = table[table["part_of"] == ""]
    blank = {kind: int(counted[f"{kind}_best"].isna().sum()) for kind in TOLLS}
    some = [f"{n:,} {'states' if n == 1 else 'state'} no {kind}" for kind, n in blank.items() if 0 < n < len(counted)]
    never = [kind for kind, n in blank.items() if n == len(counted)]
    if some:
        yield (
            f"Of {len(counted):,} records {', '.join(some)}. Blank is not 0: such a record counts as an incident and "
            "adds nothing to that toll of its day"
        )
    if len(counted) and {"deaths", "civilians"} & set(never):  # of the others many sources never tell
        yield f"No record states {_either(never)}, so that cannot be counted"


def _impossible_days(incidents: Incidents, today: pd.Timestamp) -> Iterator[str]:
    table, provenance = incidents.table, incidents.provenance
    late = table["date_start"] > today
    if late.any():
        yield f"{_so_many(table[late])} after today, {today:%Y-%m-%d}: {_where(table[late])}"
    ends = {"its download": provenance.retrieved_on, "the last day it claims to cover": provenance.data_through}
    known = [(day, words) for words, day in ends.items() if day is not None]
    if known:
        last, words = min(known)
        unseen = (table["date_start"] > last) & ~late
        if unseen.any():
            yield f"{_so_many(table[unseen])} after {words}, {last:%Y-%m-%d}: {_where(table[unseen])}"
    if provenance.coverage is not None:
        first, last = provenance.coverage
        outside = ((table["date_start"] > last) | (table["date_end"] < first)) & ~late
        if outside.any():
            yield (
                f"{_so_many(table[outside], 'lie')} outside the days declared as covered, {first:%Y-%m-%d} to "
                f"{last:%Y-%m-%d}: {_where(table[outside])}"
            )


def _names_alike(table: pd.DataFrame) -> Iterator[str]:
    for column in NAMES:
        counts = table.loc[table[column] != "", column].value_counts(sort=False)
        groups = [group for _, group in counts.groupby([_folded(name) for name in counts.index]) if len(group) > 1]
        for group in groups[:_SHOWN]:
            names = [f"{name!r} ({n:,})" for name, n in group.sort_values(ascending=False, kind="stable").items()]
            yield f"In {column} {' and '.join(names)} look like one name, and are counted apart"
        if len(groups) > _SHOWN:
            yield f"In {column} {len(groups) - _SHOWN:,} more names are written in several ways, and counted apart"


def _folded(name: str) -> str:
    """A name without case, accents, signs and blanks; itself where nothing is left of it."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(sign for sign in plain if sign.isalnum()) or name


def _so_many(records: pd.DataFrame, verb: str = "begin") -> str:
    return f"{len(records):,} records {verb}" if len(records) > 1 else f"1 record {verb}s"


def _where(records: pd.DataFrame) -> str:
    """The day that lies farthest on, and its area: an identifier may be a hash that nobody can look for."""
    latest = records.loc[records["date_start"].idxmax()]
    area = f" in {latest['admin1'] or latest['place']}" if latest["admin1"] or latest["place"] else ""
    return f"{'the latest on ' if len(records) > 1 else ''}{latest['date_start']:%Y-%m-%d}{area}"


def _either(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)

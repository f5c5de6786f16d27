"""Several sources in, one table of incidents out: pairs told twice stand once, and every merge can be undone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from conflictts.errors import InputError, UnknownNameError, require_kind, require_several, require_table
from conflictts.incidents.checks import warn_in_ledger
from conflictts.incidents.duplicates import find_duplicates, one_contains_other
from conflictts.incidents.table import COLUMNS, Incidents, Ledger, Provenance

TOLD_TWICE = "the other source seems to tell the event too, so that it counts twice; see merge_duplicates"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MergedIncidents(Incidents):
    """Incidents in which pairs of records stand as one; usable wherever incidents are.

    Attributes
    ----------
    merges : DataFrame, columns of `Duplicates.pairs`, then kept and gone
        One row per merge: the pair, the incident_id that stands for both, and the one that it replaced.
    sources : tuple of Incidents
        What was merged, exactly as it was given: the merge undone.
    prefer : {"a", "b"}
        Whose best figures, dates and words stand where both state them.

    Examples
    --------
    >>> import numpy as np
    >>> import conflictts as ct
    >>> invented = ct.simulate_incidents(np.random.default_rng(1), told_twice=0.5)
    >>> merged = ct.merge_duplicates(invented.incidents, invented.second, invented.pairs, prefer="a")
    >>> len(merged.merges), merged.merges[["kept", "gone"]].iloc[0].tolist()
    (317, ['A-000001', 'B-000001'])
    """

    merges: pd.DataFrame
    sources: tuple[Incidents, ...]
    prefer: Literal["a", "b"]


def merge_duplicates(
    a: Incidents, b: Incidents | None, pairs: pd.DataFrame, *, prefer: Literal["a", "b"]
) -> MergedIncidents:
    """Let one record stand for each pair, and keep what is needed to undo it.

    Parameters
    ----------
    a, b : Incidents
        The sources that were compared; `b` is None where the records of one were. Not modified.
    pairs : DataFrame, columns id_a and id_b
        As from `find_duplicates`, after a person has looked at it and struck out what is not one event.
    prefer : {"a", "b"}
        Whose record stands: its identifier, dates, site, words and best figures, the other's only where it is blank.

    Returns
    -------
    MergedIncidents
        All records of `a`, then those of `b`, less one for each pair. ``low`` is the smaller and ``high`` the larger of
        both; a low that is blank beside a best is that best, a high that is blank beside a figure stays blank: no upper
        bound was stated. The ledger excludes each record that was merged into another, by name, so that used +
        quarantined + excluded is what both sources read. Details of a record that is gone become details of the one
        that stands for it, and a record merged with a detail stays a detail: its total holds it already.

    Raises
    ------
    InputError
        If an identifier stands in both sources, or in more than one pair, or a pair is a detail and its total.
    UnknownNameError
        If a pair names a record that does not exist, or `prefer` is neither "a" nor "b".

    See Also
    --------
    undo_merges : takes some merges back, or all.

    Examples
    --------
    >>> import numpy as np
    >>> import conflictts as ct
    >>> invented = ct.simulate_incidents(np.random.default_rng(1), told_twice=0.5)
    >>> a, b = invented.incidents, invented.second
    >>> merged = ct.merge_duplicates(a, b, invented.pairs, prefer="a")
    >>> len(merged.table) == len(a.table) + len(b.table) - len(invented.pairs) == merged.ledger.used
    True
    """
    require_kind(a, Incidents, "a")
    if b is not None:
        require_kind(b, Incidents, "b")
    require_table(pairs, ("id_a", "id_b"), "pairs", "find_duplicates(a, b).pairs")
    if prefer not in ("a", "b"):
        raise UnknownNameError(f"prefer = {prefer!r} names no source. Choose 'a' or 'b'.")
    sources = (a,) if b is None else (a, b)
    pairs = pairs.astype({"id_a": "str", "id_b": "str"})  # read again, 27 is a number
    _require_mergeable(a.table, (a if b is None else b).table, pairs, one_table=b is None)
    union = pd.concat([source.table for source in sources], ignore_index=True)
    kept, gone = (pairs[f"id_{side}"].to_numpy() for side in (("a", "b") if prefer == "a" else ("b", "a")))
    row_of = pd.Series(union.index, union["incident_id"])
    at_kept, at_gone = row_of.loc[kept].to_numpy(), row_of.loc[gone].to_numpy()
    merged = union.copy()
    one, other = union.iloc[at_kept].reset_index(drop=True), union.iloc[at_gone].reset_index(drop=True)
    for column, values in _merge_values(one, other).items():
        merged[column] = merged[column].mask(merged.index.isin(at_kept), pd.Series(values.to_numpy(), at_kept))
    merged = merged.drop(index=at_gone).reset_index(drop=True)
    stands_for = dict(zip(gone, kept, strict=True))
    merged["part_of"] = pd.Series([stands_for.get(total, total) for total in merged["part_of"]], dtype="str")
    _require_a_whole(merged)
    merges = pairs.reset_index(drop=True).assign(kept=kept, gone=gone)
    return MergedIncidents(
        table=merged,
        ledger=_ledger_of_both(sources, len(merged), kept, gone),
        provenance=a.provenance if b is None else _provenance_of_both(a.provenance, b.provenance),
        merges=merges,
        sources=sources,
        prefer=prefer,
    )


def undo_merges(merged: MergedIncidents, incident_ids: Collection[str] | None = None) -> MergedIncidents:
    """Take merges back: the records stand as they did before.

    Parameters
    ----------
    merged : MergedIncidents
        Not modified.
    incident_ids : collection of str, optional
        Identifiers of the records whose merges are undone, kept or gone; default all.

    Returns
    -------
    MergedIncidents
        From the same sources with the other merges only. With none left its table is that of the sources, one after
        the other; each source as it was given is in ``merged.sources``.

    Raises
    ------
    UnknownNameError
        If an identifier stands in no merge.

    Examples
    --------
    >>> import numpy as np
    >>> import conflictts as ct
    >>> invented = ct.simulate_incidents(np.random.default_rng(1), told_twice=0.5)
    >>> merged = ct.merge_duplicates(invented.incidents, invented.second, invented.pairs, prefer="a")
    >>> apart = ct.undo_merges(merged)
    >>> len(merged.table) + len(merged.merges) == len(apart.table)
    True
    """
    require_kind(merged, MergedIncidents, "merged")
    if incident_ids is not None:
        require_several(incident_ids, "incident_ids", "identifiers")
    pairs = merged.merges.drop(columns=["kept", "gone"])
    if incident_ids is None:
        pairs = pairs.iloc[:0]
    else:
        unknown = sorted(set(incident_ids) - set(merged.merges["kept"]) - set(merged.merges["gone"]))
        if unknown:
            raise UnknownNameError(
                f"No merge holds {unknown[0]!r} ({len(unknown)} unknown of {len(incident_ids)} given). Take "
                f"identifiers from the columns kept and gone of `merges`, which has {len(pairs)} rows."
            )
        pairs = pairs[~(merged.merges["kept"].isin(incident_ids) | merged.merges["gone"].isin(incident_ids))]
    a, *rest = merged.sources
    return merge_duplicates(a, rest[0] if rest else None, pairs, prefer=merged.prefer)


def combine_incidents(a: Incidents, b: Incidents) -> Incidents:
    """Put the records of two sources into one table, each as it is.

    Parameters
    ----------
    a, b : Incidents
        Of any providers: ACLED and UCDP, or either and a table of one's own. Not modified. For more than two, combine
        the result with the next.

    Returns
    -------
    Incidents
        All records of `a`, then those of `b`. Rows read, used, quarantined and excluded are those of both; coverage is
        the days both watched. The ledger states how many events both sources seem to tell, which count twice; see
        `find_duplicates`. Nothing is merged.

    Raises
    ------
    InputError
        If an identifier stands in both sources.

    See Also
    --------
    merge_duplicates : combines, and lets one record stand for each pair that was found.

    Examples
    --------
    >>> import numpy as np
    >>> import conflictts as ct
    >>> invented = ct.simulate_incidents(np.random.default_rng(1), told_twice=0.5)
    >>> both = ct.combine_incidents(invented.incidents, invented.second)
    >>> both.ledger.used == len(invented.incidents.table) + len(invented.second.table)
    True
    >>> both.ledger.warnings["warning"].iloc[-1]
    'the other source seems to tell the event too, so that it counts twice; see merge_duplicates'
    """
    require_kind(a, Incidents, "a")
    require_kind(b, Incidents, "b")
    _require_apart(a.table, b.table)
    nothing = np.array([], dtype=object)
    table = pd.concat([a.table, b.table], ignore_index=True)
    both = Incidents(
        table=table,
        ledger=_ledger_of_both((a, b), len(table), nothing, nothing),
        provenance=_provenance_of_both(a.provenance, b.provenance),
    )
    seen = table["incident_id"].isin(find_duplicates(a, b).pairs["id_a"])
    return warn_in_ledger(both, seen, TOLD_TWICE)


def _require_mergeable(a: pd.DataFrame, b: pd.DataFrame, pairs: pd.DataFrame, *, one_table: bool) -> None:
    if not one_table:
        _require_apart(a, b)
    for side, table in (("id_a", a), ("id_b", b)):
        unknown = pairs.loc[~pairs[side].isin(table["incident_id"]), side]
        if len(unknown):
            raise UnknownNameError(
                f"{len(unknown)} of {len(pairs)} pairs name a record that source {side[-1]} lacks, the first "
                f"{unknown.iloc[0]!r}. Give the sources in the order in which they were compared."
            )
    ids = pd.concat([pairs["id_a"], pairs["id_b"]], ignore_index=True)
    twice = ids[ids.duplicated()]
    if len(twice):
        raise InputError(
            f"{twice.iloc[0]!r} stands in {int((ids == twice.iloc[0]).sum())} pairs, but a record can be merged once. "
            "Keep one of them, or find pairs with match='one_to_one'."
        )
    if one_table:
        inside = one_contains_other(pairs["id_a"], pairs["id_b"], a)
        if inside.any():
            first = pairs[inside].iloc[0]
            raise InputError(
                f"One of {first['id_a']!r} and {first['id_b']!r} details the other, whose total holds it already. "
                "Strike that pair out."
            )


def _require_a_whole(merged: pd.DataFrame) -> None:
    """Refuse details that hold one another: none of them would be counted."""
    details = merged[merged["part_of"] != ""]
    within = dict(zip(details["incident_id"], details["part_of"], strict=True))
    for detail in within:
        passed = [detail]
        while (total := within.get(passed[-1], "")) != "":
            if total in passed:
                raise InputError(
                    f"Merged so, {detail!r} would be a detail of itself, by way of {total!r}, and neither would be "
                    "counted: the sources disagree which of the two holds the other. Strike one of their pairs out."
                )
            passed.append(total)


def _require_apart(a: pd.DataFrame, b: pd.DataFrame) -> None:
    shared = sorted(set(a["incident_id"]) & set(b["incident_id"]))
    if shared:
        raise InputError(
            f"{len(shared)} identifiers stand in both sources, the first {shared[0]!r}, so that they would no longer "
            "name one record. Put a prefix before those of one source; for two downloads of one source there is "
            "compare_vintages."
        )


def _merge_values(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """The record preferred and the other, row by row, into one."""
    merged = pd.DataFrame(index=one.index)
    together = {"site": ["latitude", "longitude", "location_precision"], "days": ["date_start", "date_end"]}
    unsited = one["latitude"].isna() | one["longitude"].isna()
    for column in COLUMNS:
        if column in (*together["days"], "date_precision", "incident_id"):
            merged[column] = one[column]
        elif column in together["site"]:
            merged[column] = one[column].mask(unsited, other[column])
        elif one[column].dtype == "float64":
            merged[column] = one[column].fillna(other[column])
        else:
            merged[column] = one[column].mask(one[column] == "", other[column])
    for kind in ("deaths", "civilians"):
        lows = [side[f"{kind}_low"].fillna(side[f"{kind}_best"]) for side in (one, other)]
        highs = [side[f"{kind}_high"] for side in (one, other)]
        open_ended = [
            side[f"{kind}_high"].isna() & (side[f"{kind}_best"].notna() | side[f"{kind}_low"].notna())
            for side in (one, other)
        ]
        merged[f"{kind}_low"] = np.fmin(*lows)
        merged[f"{kind}_high"] = np.fmax(*highs).mask(open_ended[0] | open_ended[1])
    return merged


def _ledger_of_both(sources: tuple[Incidents, ...], used: int, kept: np.ndarray, gone: np.ndarray) -> Ledger:
    merges = pd.DataFrame(
        {"filter": [f"{lost} merged into {stands}" for stands, lost in zip(kept, gone, strict=True)], "records": 1}
    ).astype({"filter": "str", "records": "int64"})
    ledgers = [source.ledger for source in sources]
    quarantined = [ledger.quarantined for ledger in ledgers]
    if len(quarantined) == 2:
        quarantined[1] = _with_other_names(quarantined[1], set(quarantined[0]["file"]))
    return Ledger(
        read=sum(ledger.read for ledger in ledgers),
        used=used,
        quarantined=_stacked(quarantined),
        rejected=_stacked([ledger.rejected for ledger in ledgers]).fillna(""),
        excluded=_stacked([*(ledger.excluded for ledger in ledgers), merges]),
        warnings=_stacked([ledger.warnings for ledger in ledgers]),
        notes=tuple(note for ledger in ledgers for note in ledger.notes),
    )


def _with_other_names(quarantined: pd.DataFrame, taken: set[str]) -> pd.DataFrame:
    """Files of another source under names that are not taken, for a row is known by its file and number."""
    names: dict[str, str] = {}
    for file in quarantined["file"].unique():
        name, number = file, 2
        while name in taken:
            name, number = f"{file} (source {number})", number + 1
        names[file] = name
        taken.add(name)
    return quarantined.assign(file=quarantined["file"].replace(names))


def _stacked(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """One below the other; empty ones would only blur the types."""
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def _provenance_of_both(a: Provenance, b: Provenance) -> Provenance:
    def both(one: str, other: str) -> str:
        return one if one == other else "; ".join(part for part in (one, other) if part)

    def earlier(one: pd.Timestamp | None, other: pd.Timestamp | None) -> pd.Timestamp | None:
        return None if one is None or other is None else min(one, other)

    coverage = None
    if a.coverage and b.coverage:
        first, last = max(a.coverage[0], b.coverage[0]), min(a.coverage[1], b.coverage[1])
        coverage = (first, last) if first <= last else None
    return replace(
        a,
        provider=both(a.provider, b.provider),
        inputs=(*a.inputs, *b.inputs),
        rows=a.rows + b.rows,
        area=both(a.area, b.area),
        licence=both(a.licence, b.licence),
        citation=both(a.citation, b.citation),
        release=both(*(part.release or part.vintage if part.sha256 else part.release or "" for part in (a, b))) or None,
        coverage=coverage,
        retrieved_on=earlier(a.retrieved_on, b.retrieved_on),
        data_through=earlier(a.data_through, b.data_through),
        caveat=both(a.caveat, b.caveat),
        query=both(a.query, b.query),
        column_map=both(a.column_map, b.column_map),
    )

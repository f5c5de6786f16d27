"""ACLED exports in, incidents out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from os import PathLike

import numpy as np
import pandas as pd

from conflictts.errors import InputError
from conflictts.incidents.checks import (
    area_in_words,
    check_incidents,
    file_table,
    form_of,
    shared_names,
    superseded,
    tell_files,
    warn_in_ledger,
    warn_of_shared,
)
from conflictts.incidents.distinct import Distinct, map_distinct, numbers_at_once, plain_digits, stripped
from conflictts.incidents.files import RawRecords, paths_of, read_raw_records, require_columns, shorten, tell_apart
from conflictts.incidents.inputs import Input
from conflictts.incidents.sidecar import Sidecar, with_downloads, with_faults
from conflictts.incidents.splitting import Form
from conflictts.incidents.table import DEGREES, Incidents, Provenance

REQUIRED = ("event_id_cnty", "event_date", "event_type", "fatalities")
NAMES = {
    "incident_id": "event_id_cnty",
    "date_start": "event_date",
    "date_precision": "time_precision",
    "admin1": "admin1",
    "admin2": "admin2",
    "place": "location",
    "latitude": "latitude",
    "longitude": "longitude",
    "location_precision": "geo_precision",
    "event_type": "event_type",
    "perpetrator": "actor1",
    "target": "actor2",
    "deaths_best": "fatalities",
    "source": "source",
}
BESIDE = ("civilian_targeting", "timestamp", "country")  # read, but no column of the incident table by themselves
DATE_PRECISION = {"": "day", "1": "day", "2": "week", "3": "month"}
CONVENTIONS = ("0", "3", "10", "12", "100")  # may stand for a number that was not reported
CIVILIANS = "civilian targeting"
DELETED = "deleted by ACLED since (deletions list)"
OLDER = "older version of an event, by timestamp"
CONVENTIONAL = "fatalities of 3, 10, 12 or 100 may stand for a number not reported; no upper bound taken"
ZERO = "fatalities of 0 mean none or not known; no upper bound taken"
ATTRIBUTION = (
    "ACLED (Armed Conflict Location & Event Data), acleddata.com; Raleigh, C., Kishi, R. & Linke, A. (2023), Political "
    "instability patterns are obscured by conflict dataset scope conditions, sources, and coding choices, Humanities "
    "and Social Sciences Communications 10, 74. State the date of access and the filters used."
)
LICENCE = "ACLED terms of use: attribution required; raw data may not be passed on, only aggregates and analysis"
CAVEAT = (
    "Fatalities are one conservative estimate per event, of all sides; 0 means none or not known, and 3, 10, 12 or 100 "
    "may stand for a number that was not reported."
)
_DATE_FORMS = (
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "%Y-%m-%d"),
    (r"[0-9]{1,2}[ -][A-Za-z]{4,9}[ -][0-9]{4}", "%d %B %Y"),
    (r"[0-9]{1,2}[ -][A-Za-z]{3}[ -][0-9]{4}", "%d %b %Y"),
)


def read_acled(
    path_or_paths: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    deletions: str | PathLike[str] | Sequence[str] | None = None,
) -> Incidents:
    """Read exports of ACLED into checked incidents.

    Parameters
    ----------
    path_or_paths : path-like, or iterable of path-like
        One file of the export tool or the API, or several. Where an event stands in them more than once, the row with
        the newest ``timestamp`` is used (at equal timestamps that of the file given last), and the others are excluded
        in the ledger.
    deletions : path-like or sequence of str, optional
        Events that ACLED has deleted since: identifiers, or a table with a column ``event_id_cnty``. They are excluded
        in the ledger.

    Returns
    -------
    Incidents
        ``date_start``..``date_end`` is the span that ``time_precision`` stands for: 1 the day itself; 2 the seven days
        around the date, which is the middle of the week or similar period; 3 the calendar month of the date, which is
        its middle, or its first or last day where the source said "early" or "late". ACLED also codes 3 for "the past
        two or three weeks"; that the span is the calendar month then too is this library's choice.
        `deaths` low = best = ``fatalities``; high is the same, but blank (no upper bound stated) where the number is
        one of ACLED's conventions: 0 is coded for none and for not known; 3 and 10 for a number not reported, 10 for
        "tens", 12 for "dozens", 100 for "hundreds", of several reports the most conservative. A true 3 cannot be told
        from a conventional one. (What is said of 10, 12 and 100 was read in ACLED's FAQ of May 2024; 0 and 3 were not.)
        `civilians` is the same where ``civilian_targeting`` says that civilians were the main or only target, and not
        stated elsewhere. `combatants` are never stated: ACLED does not say which side the dead belonged to.
        `perpetrator` and `target` are ``actor1`` and ``actor2``, an order without meaning except that civilians, where
        they are the target, stand second.

    Raises
    ------
    InputError
        If a file is missing, not a table, or lacks the columns of ACLED.

    References
    ----------
    ACLED Codebook, sections on time precision and on fatalities; ACLED, "FAQs: Fatalities" (conservative estimates,
    the conventional numbers, civilian fatalities); ACLED, "Keeping your dataset updated" (timestamp and deletions);
    ACLED Terms of Use and Attribution Policy.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import conflictts as ct
    >>> table = (
    ...     "event_id_cnty,event_date,time_precision,event_type,actor1,country,admin1,location,source,fatalities\\n"
    ...     "SYR1,16 May 2019,2,Battles,Army,Syria,Idleb,Kafr Nabl,SOHR,7\\n"
    ... )
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "acled.csv")
    ...     _ = path.write_text(table)
    ...     incidents = ct.read_acled(path)
    >>> incidents.table[["date_start", "date_end", "date_precision", "deaths_best"]]  # a week, not a day
      date_start   date_end date_precision  deaths_best
    0 2019-05-13 2019-05-19           week          7.0
    """
    raws = [read_raw_records(path, wanted=wanted_columns) for path in paths_of(path_or_paths)]
    return acled_incidents(tell_apart(raws), deletions=deletions)


def wanted_columns(header: tuple[str, ...]) -> dict[str, Form]:
    """Those columns of a file that the incident table is made from, and what their cells are hoped to be."""
    forms: dict[str, Form] = dict.fromkeys((*NAMES.values(), *BESIDE), "text")
    forms |= {NAMES[degrees]: form_of(degrees) for degrees in DEGREES}
    named = {column: column if column in forms else column.lower() for column in header}
    return {column: forms[name] for column, name in named.items() if name in forms}


def _in_lower_case(raw: RawRecords) -> RawRecords:
    """The same file under the names of ACLED's export tool; its regional workbooks write EVENT_DATE."""
    header = tuple(column.lower() for column in raw.header)
    if set(REQUIRED) <= set(raw.header) or len(set(header)) < len(header):
        return raw
    return replace(raw, header=header, table=raw.table.rename(columns=str.lower))


def acled_incidents(
    raw: RawRecords | Sequence[RawRecords],
    *,
    deletions: str | PathLike[str] | Sequence[str] | None = None,
    shared: Sequence[str] | None = None,
) -> Incidents:
    """Check rows of ACLED exports that were read already; see `read_acled`.

    The names of areas that lie in several countries are told from the rows, if not given as `shared`.
    """
    raws = [_in_lower_case(one) for one in tell_files(raw)]
    for one in raws:
        require_columns(one, REQUIRED, kind="an ACLED export")
    told = [Sidecar.beside(one) for one in raws]
    raws = with_faults(raws, told)
    gone, lists = deleted(deletions)
    text = file_table(_with_precision(raws), {**NAMES, **{column: column for column in BESIDE}})
    records = text.drop(columns=[column for column in BESIDE if column in text])
    precision = precision_of(text)
    records["date_precision"] = map_distinct(precision, DATE_PRECISION)
    day = days_of(text["date_start"])
    records["date_start"], records["date_end"] = spans_of(text["date_start"], day, records["date_precision"])
    fatalities = stripped(text["deaths_best"])
    if "civilian_targeting" in text:
        targeted = Distinct.of(text["civilian_targeting"])
        civilians = pd.Series(targeted.rows(targeted.values.str.casefold() == CIVILIANS), text.index)
        # A number at fault is at fault once, as `fatalities`.
        counted = plain_digits(fatalities[civilians]).str.fullmatch(r"[0-9]+(\.0)?").astype(bool)
        records["civilians_best"] = fatalities[civilians][counted].reindex(text.index, fill_value="")
    timestamps = _timestamps(text)
    incidents = check_incidents(
        records,
        raw=raws,
        names={**NAMES, "date_end": "event_date", "civilians_best": "fatalities"},
        provenance=with_downloads(_provenance(text, timestamps, raws, lists), told),
        excluded={
            DELETED: stripped(text["incident_id"]).isin(gone),
            OLDER: superseded(text["incident_id"], timestamps, _file_numbers(raws)),
        },
        faults=[
            ("date_start", stripped(text["date_start"]), _no_date(text["date_start"], day)),
            ("date_precision", precision, _unknown_precision(records["date_precision"])),
            ("deaths_best", fatalities, _blank(fatalities)),
        ],
    )
    incidents = warn_of_shared(_with_bounds(incidents), shared_names(text) if shared is None else shared)
    best = incidents.table["deaths_best"]
    stated = best.isin([float(number) for number in CONVENTIONS if number != "0"])
    return warn_in_ledger(warn_in_ledger(incidents, stated, CONVENTIONAL), best == 0, ZERO)


def _with_precision(raws: Sequence[RawRecords]) -> Sequence[RawRecords]:
    """A file without time precisions is dated to days beside one that has them, too."""
    column = NAMES["date_precision"]
    if not any(column in one.table for one in raws):
        return raws
    return [
        one
        if column in one.table
        else replace(one, table=one.table.assign(**{column: pd.Series("1", one.table.index, dtype="str")}))
        for one in raws
    ]


def _with_bounds(incidents: Incidents) -> Incidents:
    """Low = best, and high = best unless the number is one of the conventions."""
    table = incidents.table
    bounds = {}
    for kind in ("deaths", "civilians"):
        best = table[f"{kind}_best"]
        bounds[f"{kind}_low"] = best
        bounds[f"{kind}_high"] = best.mask(best.isin([float(number) for number in CONVENTIONS]))
    return replace(incidents, table=table.assign(**bounds))


def precision_of(text: pd.DataFrame) -> pd.Series:
    """The code of each row's time precision, that of a day where there is no such column."""
    if "date_precision" not in text:
        return pd.Series("1", text.index, dtype="str")
    distinct = Distinct.of(text["date_precision"])
    plain = plain_digits(distinct.values).str.replace(r"\.0$", "", regex=True)
    return map_distinct(text["date_precision"], dict(zip(distinct.values, plain, strict=True)))


def _unknown_precision(precision: pd.Series) -> pd.Series:
    known = precision.isin(list(DATE_PRECISION.values()))
    return pd.Series("time_precision is 1, 2 or 3", precision.index).where(~known, "")


def _blank(fatalities: pd.Series) -> pd.Series:
    return pd.Series("blank, but ACLED states a number for every event", fatalities.index).where(fatalities == "", "")


def days_of(dates: pd.Series) -> pd.Series:
    """The day of each of the values of `Distinct.of(dates)`, NaT for what is none."""
    written = plain_digits(Distinct.of(dates).values)
    day = pd.Series(pd.NaT, written.index, dtype="datetime64[us]")
    for form, pattern in _DATE_FORMS:
        match = written.str.fullmatch(form).astype(bool)
        if match.any():
            spelt = written[match] if pattern == "%Y-%m-%d" else written[match].str.replace("-", " ")
            day[match] = pd.to_datetime(spelt, format=pattern, errors="coerce").astype("datetime64[us]")
    return day


def _no_date(dates: pd.Series, day: pd.Series) -> pd.Series:
    """What is wrong with each date, blank where nothing is."""
    distinct = Distinct.of(dates)
    form = "|".join(f"(?:{form})" for form, _ in _DATE_FORMS)
    known = plain_digits(distinct.values).str.fullmatch(form).astype(bool)
    reason = pd.Series("not a date as ACLED writes it, '16 May 2025' or '2025-05-16'", distinct.values.index)
    reason[known] = "no such day in the calendar"
    reason[distinct.values == ""] = "blank, but every event has its day"
    return distinct.text_rows(reason.where(day.isna(), "").astype("str")).set_axis(dates.index)


def spans_of(dates: pd.Series, day: pd.Series, precision: pd.Series) -> tuple[pd.Series, pd.Series]:
    """First and last day; as ISO text, and what is no date as it is, unless every date is one."""
    distinct = Distinct.of(dates)
    week = pd.Timedelta(days=3)
    month_end = day + pd.offsets.MonthEnd(0)
    first = {"week": day - week, "month": month_end.dt.to_period("M").dt.start_time.astype("datetime64[us]")}
    last = {"week": day + week, "month": month_end}
    choose = _choose_days if day.notna().all() else _choose
    return tuple(choose(distinct, day, spans, precision, dates.index) for spans in (first, last))


def _choose_days(
    distinct: Distinct, day: pd.Series, spans: dict[str, pd.Series], precision: pd.Series, index: pd.Index
) -> pd.Series:
    chosen = distinct.rows(day)
    for name, days in spans.items():
        mine = (precision == name).to_numpy()
        chosen[mine] = distinct.rows(days)[mine]
    return pd.Series(chosen, index)


def _choose(
    distinct: Distinct, day: pd.Series, spans: dict[str, pd.Series], precision: pd.Series, index: pd.Index
) -> pd.Series:
    iso = {name: days.dt.strftime("%Y-%m-%d").fillna(distinct.values) for name, days in {"day": day, **spans}.items()}
    chosen = distinct.text_rows(iso["day"].astype("str")).set_axis(index)
    for name in spans:
        mine = (precision == name).to_numpy()
        if mine.any():
            chosen[mine] = distinct.text_rows(iso[name].astype("str")).to_numpy()[mine]
    return chosen


def _timestamps(text: pd.DataFrame) -> np.ndarray:
    """Seconds since 1970, or the same from a date and time; -1 where there is none."""
    if "timestamp" not in text:
        return np.full(len(text), -1.0)
    if (numbers := numbers_at_once(text["timestamp"])) is not None and np.isfinite(numbers).all():
        return numbers
    distinct = Distinct.of(text["timestamp"])
    seconds = pd.to_numeric(distinct.values, errors="coerce").astype("float64")
    written = pd.to_datetime(distinct.values.where(seconds.isna()), errors="coerce", format="ISO8601", utc=True)
    # In microseconds: nanoseconds end in 2262, and a slip of the keyboard must not end the reading.
    instants = written.astype("datetime64[us, UTC]").dt.tz_localize(None).astype("int64").where(written.notna()) / 1e6
    return np.asarray(distinct.rows(seconds.fillna(instants).fillna(-1.0)))


def _file_numbers(raws: Sequence[RawRecords]) -> np.ndarray:
    return np.repeat(np.arange(len(raws)), [len(one.table) for one in raws])


def deleted(deletions: str | PathLike[str] | Sequence[str] | None) -> tuple[set[str], list[Input]]:
    """The identifiers in a list of deletions, see `read_acled`, and the file that was read for them."""
    if deletions is None:
        return set(), []
    if not isinstance(deletions, str | PathLike):
        return {str(identifier).strip() for identifier in deletions}, []
    raw = read_raw_records(deletions)
    if "event_id_cnty" not in raw.header:
        raise InputError(
            f"{raw.name} is no list of deletions: it lacks the column event_id_cnty. It has "
            f"{shorten(list(raw.header))}."
        )
    if len(raw.malformed):
        raise InputError(
            f"{raw.name} has {len(raw.malformed)} rows that cannot be split, the first in row "
            f"{raw.malformed.index[0]}. Mend them: an event left in by mistake would be counted."
        )
    return set(raw.table["event_id_cnty"].str.strip()) - {""}, [Input.of(raw, "deletions")]


def _provenance(
    text: pd.DataFrame, timestamps: np.ndarray, raws: Sequence[RawRecords], lists: Sequence[Input]
) -> Provenance:
    newest = float(timestamps.max(initial=-1.0))
    return Provenance(
        provider="ACLED",
        release=f"updated to {pd.Timestamp(newest, unit='s'):%Y-%m-%d}" if 0 < newest < 1e11 else None,
        inputs=(*(Input.of(one, "records") for one in raws), *lists),
        rows=sum(one.read for one in raws),
        area=area_in_words(text, raws),
        licence=LICENCE,
        citation=ATTRIBUTION,
        caveat=CAVEAT,
    )

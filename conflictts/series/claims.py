"""Totals told by others: read, and held against the series."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from os import PathLike

import numpy as np
import pandas as pd

from conflictts.errors import CoverageError, InputError, require_kind, require_table
from conflictts.incidents.dates import parse_period
from conflictts.incidents.distinct import stripped
from conflictts.incidents.files import read_raw_records, require_columns
from conflictts.incidents.inputs import Input
from conflictts.incidents.quantities import DecimalMark, parse_quantity
from conflictts.incidents.quantitywords import QUANTITY_WORDS, QuantityWords
from conflictts.series.daily import DailySeries

_REQUIRED = ("claim_id", "measure", "period_start", "period_end", "low", "best", "high", "wording", "reporting_body")
_STATED = ("claim_id", "measure", "reporting_body")
_DAYS = ["period_start", "period_end"]
_NUMBERS = ["low", "best", "high"]
_EXACT = 1e-9  # relative: sums of records' shares of days are exact to so much, and no verdict hangs on less
_MEASURES = {"civilians_killed": "civilians", "people_killed": "deaths", "combatants_killed": "combatants"}
_MEASURES["civilians_injured"] = "injured"
_READ = "conflictts.input"  # in `DataFrame.attrs`
_SHOWN = 5  # breaches named in one error

COUNTED = ["counted_low", "counted_best", "counted_high"]
_HELD = [*COUNTED, "ratio", "ratio_low", "ratio_high", "slack_days", "status", "verdict"]
HELD = ("reporting_body", "period_start", "period_end", "low", "best", "high", "ratio", "verdict")
SLACK_DAYS = 3
SLACK_SHARE = 0.1


def read_claims(
    path: str | PathLike[str], *, decimal_mark: DecimalMark | None = None, words: QuantityWords = QUANTITY_WORDS
) -> pd.DataFrame:
    """Read a table of claims: a body's total for a measure over a period.

    Parameters
    ----------
    path : path-like
        Table with columns claim_id, measure, period_start, period_end, low, best, high, wording, reporting_body and
        any others, which are kept. Where low, best and high are all blank, `wording` is read by `parse_quantity`
        ("nearly a thousand"). Where both days are blank and there is a column `period`, that is read by `parse_period`
        ("May 2019", "30 April to 31 August 2019"); a period without sharp ends ("late April") is an error.
    decimal_mark : {".", ","}, optional
    words : QuantityWords
        Both as in `parse_quantity`, for the wordings.

    Returns
    -------
    DataFrame
        One row per claim. `measure` is the series measure it speaks of where there is one ("civilians"), else as
        written; a blank `high` means that no upper bound was stated. `from_words` says what was read from words:
        "", "numbers", "period" or "numbers, period".

    Raises
    ------
    InputError
        If the file cannot be read, or a claim has a date or number that is none, a wording that is not known, no
        number at all, numbers not in order, no body, or the name of another claim; every breach is named.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import conflictts as ct
    >>> claims = ct.read_claims(files("conflictts") / "data" / "idlib_2019" / "claims.csv")
    >>> claims.loc[claims["claim_id"] == "CLM-081", ["wording", "low", "best", "high"]].values.tolist()
    [['nearly a thousand', 950.0, 975.0, 999.0]]
    """
    raw = read_raw_records(path)
    require_columns(raw, _REQUIRED, kind="a table of claims")
    text = raw.table.assign(**{name: stripped(cells) for name, cells in raw.table.items()})
    claims = text.copy()
    breaches = [f"row {row}: {reason}" for row, reason in raw.malformed["reason"].items()]
    period_in_words = _read_days(text, claims, breaches)
    number_in_words = _read_numbers(text, claims, breaches, decimal_mark=decimal_mark, words=words)
    breaches += _breaches(text, claims["period_end"] < claims["period_start"], "period_end", "lies before period_start")
    for column in _STATED:
        breaches += _breaches(text, text[column] == "", column, "is blank")
    twice = text["claim_id"].duplicated() & (text["claim_id"] != "")
    breaches += _breaches(text, twice, "claim_id", "names a claim above it too")
    if breaches:
        more = f"; and {len(breaches) - _SHOWN} more" if len(breaches) > _SHOWN else ""
        raise InputError(f"{raw.name} has claims that cannot be used: {'; '.join(breaches[:_SHOWN])}{more}. Mend them.")
    claims["measure"] = claims["measure"].replace(_MEASURES)
    both = number_in_words & period_in_words
    claims["from_words"] = np.select(
        [both, number_in_words, period_in_words], ["numbers, period", "numbers", "period"], ""
    )
    claims = claims.reset_index(drop=True)
    claims.attrs[_READ] = {**asdict(Input.of(raw, "claims")), "as_read": _digest(claims)}
    return claims


def input_of_claims(claims: pd.DataFrame) -> Input:
    """The file that a table of claims was read from, if it is still as it was read; else a table given in Python."""
    told = dict(claims.attrs.get(_READ, {}))
    if told and told.pop("as_read") == _digest(claims):
        return Input(**told)
    return Input("claims", "", len(claims), "")


def _digest(table: pd.DataFrame) -> str:
    return hashlib.sha256(table.to_csv(index=False).encode(errors="surrogatepass")).hexdigest()


def hold_claims(
    daily: DailySeries, claims: pd.DataFrame, *, slack_days: int = SLACK_DAYS, slack_share: float = SLACK_SHARE
) -> pd.DataFrame:
    """Hold claims against a series: what was claimed, what the series counts in the same period, and their ratio.

    Coverage, not chance, separates a claim from a catalogue, so there is no test of significance here.

    Parameters
    ----------
    daily : DailySeries
    claims : DataFrame
        As from `read_claims`.
    slack_days : int, default 3
        A claim is "within" if its range meets the series' range with either end of the period moved by so many days:
        bodies rarely say at which hour a period begins or ends.
    slack_share : float, default 0.1
        Neither end moves by more than this share of the period's length, rounded down to whole days: with the default
        by 0 days for a period under 10 days, 1 under 20, 2 under 30, and `slack_days` from there on. Of a series that
        is even over time, slack so bounded moves the total by at most a fifth; three days around a single day's toll
        would move it sevenfold and excuse nearly anything.

    Returns
    -------
    DataFrame, one row per claim on the series' measure whose period lies inside its coverage, ordered by period
        The claim's own columns, then

        ``counted_low``, ``counted_best``, ``counted_high``
            Sums of the series over the period; NaN if a day of it was not observed.
        ``ratio``, ``ratio_low``, ``ratio_high``
            Counted best / claimed best, counted low / claimed high, counted high / claimed low. NaN where the claim
            states no such number, or the period has days that are not observed or still provisional.
        ``slack_days``
            Days by which the ends were moved. Days outside coverage or not observed add nothing.
        ``status``
            Of the period: "unobserved" if any day is, else "provisional" if any day is, else "observed".
        ``verdict``
            The series counts "below", "within" or "above" the claimed range, from the lowest to the highest of its low,
            best and high; "not observed throughout"; or "still
            provisional", where the sums are those reported so far. Where records state no upper (lower) bound, which
            the series tells as `no_upper_bound` (`no_lower_bound`), their best figure stands in the sums: "below"
            ("above") then says that what they state is, and more (less) may have been meant.

    Raises
    ------
    CoverageError
        If the slack is negative.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> held = ct.hold_claims(ct.daily_series(case, measure="civilians"), case.claims).set_index("claim_id")
    >>> held.loc["CLM-081", ["counted_low", "counted_best", "counted_high", "ratio"]].astype(float).round(2).tolist()
    [644.0, 699.0, 740.0, 0.72]
    """
    require_kind(daily, DailySeries, "daily")
    require_claims(claims)
    if slack_days < 0 or not slack_share >= 0:
        raise CoverageError(f"Slack is 0 or more, met slack_days={slack_days!r} and slack_share={slack_share!r}.")
    claims = claims.drop(columns=_HELD, errors="ignore")  # a table held already is held anew
    speaks = account_for_claims(daily, claims)["outcome"].to_numpy() == "held"
    held = claims[speaks].sort_values(["period_start", "period_end", "claim_id"], ignore_index=True)
    days = _days_of(held)
    held = held.assign(slack_days=np.minimum(slack_days, np.floor(slack_share * days)).astype("int64"))
    periods = _Periods(daily, held)
    held["status"] = pd.Series(periods.status(), held.index, dtype="str")
    held[COUNTED] = periods.sums()
    held.loc[held["status"] == "unobserved", COUNTED] = np.nan
    settled = held["status"] == "observed"
    for name, counted, claimed in zip(
        ("ratio", "ratio_low", "ratio_high"), ("best", "low", "high"), ("best", "high", "low"), strict=True
    ):
        held[name] = (held[f"counted_{counted}"] / held[claimed].replace(0, np.nan)).where(settled)
    held["verdict"] = pd.Series(periods.verdicts(held), held.index, dtype="str")
    return held[[*claims.columns, *_HELD]]


def summarise_claims(held: pd.DataFrame) -> pd.DataFrame:
    """Say per body how often the series counts below, within or above its claims.

    Claims of one body overlap more often than not ("since late April: 230, 360, 470 ..."), so that one shortfall may
    count many times over. The numbers describe the claims; they are no sample of anything.

    Parameters
    ----------
    held : DataFrame
        As from `hold_claims`.

    Returns
    -------
    DataFrame, one row per reporting_body, those with most claims first
        ``claims``, ``below``, ``within``, ``above``, ``not_held`` (periods not observed throughout, or provisional),
        ``ratio_median``, ``ratio_least``, ``ratio_most`` (of counted best to claimed best).

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> held = ct.hold_claims(ct.daily_series(case, measure="civilians"), case.claims)
    >>> ct.summarise_claims(held).loc["White Helmets", ["claims", "below", "within", "above"]].astype(int).tolist()
    [11, 6, 5, 0]
    """
    require_table(held, HELD, "held", "hold_claims(daily, claims)")
    body = held["reporting_body"]
    verdicts = {name: (held["verdict"] == name).groupby(body).sum() for name in ("below", "within", "above")}
    summary = pd.DataFrame({"claims": held.groupby(body).size(), **verdicts}).astype("int64")
    summary["not_held"] = summary["claims"] - summary[list(verdicts)].sum(axis=1)
    for name, figure in (("median", "median"), ("least", "min"), ("most", "max")):
        summary[f"ratio_{name}"] = held["ratio"].groupby(body).agg(figure)
    summary.index.name = "reporting_body"
    return summary.sort_values("claims", ascending=False, kind="stable")


def account_for_claims(daily: DailySeries, claims: pd.DataFrame) -> pd.DataFrame:
    """Say of every claim whether the series can speak to it, and why not.

    Parameters
    ----------
    daily : DailySeries
    claims : DataFrame
        As from `read_claims`.

    Returns
    -------
    DataFrame, one row per claim in the order given, columns claim_id, measure, outcome
        ``outcome`` is "held", "another measure", "begins before coverage" or "ends after coverage".

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> account = ct.account_for_claims(ct.daily_series(case, measure="civilians"), case.claims)
    >>> account["outcome"].value_counts().sort_index().to_dict()
    {'another measure': 49, 'begins before coverage': 4, 'ends after coverage': 2, 'held': 81}
    """
    require_kind(daily, DailySeries, "daily")
    require_claims(claims)
    first, last = daily.coverage
    outcome = np.select(
        [claims["measure"] != daily.measure, claims["period_start"] < first, claims["period_end"] > last],
        ["another measure", "begins before coverage", "ends after coverage"],
        "held",
    )
    return claims[["claim_id", "measure"]].assign(outcome=pd.Series(outcome, claims.index, dtype="str"))


def require_claims(claims: object, *more: str) -> None:
    """Refuse what is no table of claims, or lacks one of the columns needed besides."""
    needed = ("claim_id", "measure", *_DAYS, *_NUMBERS, *more)
    require_table(claims, needed, "claims", "read_claims(path), such as `claims` of the bundled case")


def _days_of(claims: pd.DataFrame) -> np.ndarray:
    """Length of each claim's period in days, both ends counted."""
    return np.asarray((claims["period_end"] - claims["period_start"]).dt.days + 1)


class _Periods:
    """The days of each claim's period as positions in a series; sums over them are taken from arrays, not by date."""

    def __init__(self, daily: DailySeries, held: pd.DataFrame) -> None:
        day = daily.table.index
        self._begin = day.get_indexer(pd.DatetimeIndex(held["period_start"]))
        self._end = day.get_indexer(pd.DatetimeIndex(held["period_end"])) + 1
        self._numbers = daily.table[_NUMBERS].to_numpy(dtype="float64").T.copy()  # low, best and high in rows
        self._missing = np.isnan(self._numbers).any(axis=0) | (daily.table["status"] == "unobserved").to_numpy()
        self._provisional = (daily.table["status"] == "provisional").to_numpy()
        self._numbers[np.isnan(self._numbers)] = 0.0

    def status(self) -> np.ndarray:
        """Of each period: the worst of its days."""
        worst = [
            np.array([days[begin:end].any() for begin, end in zip(self._begin, self._end, strict=True)], dtype=bool)
            for days in (self._missing, self._provisional)
        ]
        return np.select(worst, ["unobserved", "provisional"], "observed")

    def sums(self) -> np.ndarray:
        """Low, best and high of each period, shape (n_claims, 3)."""
        sums = [self._numbers[:, days].sum(axis=1) for days in map(slice, self._begin, self._end)]
        return np.array(sums, dtype="float64").reshape(-1, 3)

    def verdicts(self, held: pd.DataFrame) -> list[str]:
        """Hold each row of a held table against the days, its ends moved by its slack."""
        low, high = held["low"] * (1 - _EXACT), held["high"] * (1 + _EXACT)  # a bound that is not stated is NaN ...
        rows = zip(held["status"], held["slack_days"], low, high, self._begin, self._end, strict=True)

        def sums(begin: int, end: int) -> np.ndarray:
            return np.asarray(self._numbers[:, max(begin, 0) : max(end, 0)].sum(axis=1))

        return [
            "not observed throughout" if status == "unobserved"
            else "still provisional" if status == "provisional"
            # ... and nothing lies beyond NaN; a source's best figure may lie above its high one
            else "below" if sums(begin - slack, end + slack).max() < low
            else "above" if sums(begin + slack, end - slack).min() > high
            else "within"
            for status, slack, low, high, begin, end in rows
        ]  # fmt: skip


def _read_days(text: pd.DataFrame, claims: pd.DataFrame, breaches: list[str]) -> pd.Series:
    """Turn the two columns of days into dates, from words where both are blank; say for which rows."""
    in_words = (text[_DAYS] == "").all(axis=1)
    in_words &= text["period"] != "" if "period" in text else False
    for column in _DAYS:
        days = pd.to_datetime(text[column], format="%Y-%m-%d", errors="coerce").astype("datetime64[us]")
        breaches += _breaches(text, days.isna() & ~in_words, column, "is not a date written as YYYY-MM-DD")
        claims[column] = days
    for row in text.index[in_words]:
        try:
            period = parse_period(text.loc[row, "period"])
        except InputError as error:
            breaches.append(f"row {row}: {error}")
            continue
        if period.precision == "approx":
            breaches.append(
                f"row {row}: period {period.text[:40]!r} has no sharp ends; fill period_start and period_end"
            )
        claims.loc[row, _DAYS] = [period.first, period.last]
    return in_words


def _read_numbers(
    text: pd.DataFrame,
    claims: pd.DataFrame,
    breaches: list[str],
    *,
    decimal_mark: DecimalMark | None,
    words: QuantityWords,
) -> pd.Series:
    """Turn low, best and high into numbers, from the wording where all are blank; say for which rows."""
    in_words = (text[_NUMBERS] == "").all(axis=1)
    for column in _NUMBERS:
        number = pd.to_numeric(text[column].where(text[column] != ""), errors="coerce").astype("float64")
        wrong = (text[column] != "") & ~(np.isfinite(number) & (number >= 0))
        breaches += _breaches(text, wrong, column, "is not a number of 0 or more")
        claims[column] = number
    for row in text.index[in_words]:
        if text.loc[row, "wording"] == "":
            breaches.append(f"row {row}: low, best, high and wording are all blank, so that nothing is claimed")
            continue
        try:
            quantity = parse_quantity(text.loc[row, "wording"], decimal_mark=decimal_mark, words=words)
        except InputError as error:
            breaches.append(f"row {row}: {error}")
            continue
        claims.loc[row, _NUMBERS] = [quantity.low, quantity.best, quantity.high]
    for lesser, greater in (("low", "best"), ("best", "high"), ("low", "high")):
        reason = f"lies below {lesser}"
        breaches += _breaches(text, ~in_words & (claims[greater] < claims[lesser]), greater, reason)
    return in_words


def _breaches(text: pd.DataFrame, wrong: pd.Series, column: str, reason: str) -> list[str]:
    return [f"row {row}: {column} {value[:40]!r} {reason}" for row, value in text.loc[wrong, column].items()]

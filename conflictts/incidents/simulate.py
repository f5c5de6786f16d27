"""Parameters of an invented conflict in; its incidents, as one or two sources would tell them, and the truth out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from conflictts.errors import CoverageError, InputError, require_kind, require_within
from conflictts.incidents.table import COLUMNS, COUNTS, DAYS, DEGREES, Incidents, Ledger, Provenance

KM_PER_DEGREE = 111.195  # of latitude, on a sphere of 6,371 km
CENTRE, HALF_SIDE_KM = (35.7, 36.6), 60.0
PREFIXES = ("Kafr", "Tall", "Khan", "Maarat", "Dayr", "Umm")
STEMS = (
    "Nabra", "al-Suwayf", "Rihan", "Qamis", "al-Zaytun", "Hamra", "Bsirta", "Mughar", "Tarmin", "Jubas", "al-Shalluf",
    "Wadiya", "Ramlat", "Sindan", "al-Qusayr", "Lubna", "Yaqut", "Farhud", "Ghazlan", "al-Thawra",
)  # fmt: skip
PLACES = tuple(f"{prefix} {stem}" for stem, prefix in product(STEMS, PREFIXES))
SPELLINGS = (("q", "k"), ("al-", "Al "), ("ay", "ei"), ("u", "ou"), ("i", "ee"), ("r", "rr"), ("a", "aa"))
KINDS = np.array(["airstrike", "shelling", "ground_clash"])
TOLD_NEXT_DAY = 0.15  # of the records of the second source that are a day off
RECOUNTED = 0.3  # of the records of the second source whose toll differs
RESPELT = 0.6  # of the records of the second source whose place is spelt in another way
MOST_EVENTS = 10_000_000
SITE_KM = 1.5  # standard deviation, in each direction, of where the second source puts the same place


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedIncidents:
    """Invented incidents and the truth behind them.

    Attributes
    ----------
    incidents : Incidents
        Every event once, as source A tells it; identifiers ``A-000001`` ... in order of the day.
    second : Incidents
        Source B: some of the same events, told differently, and events of its own; empty if none were asked for.
    pairs : DataFrame, columns id_a and id_b
        The events that both tell.
    truth : DataFrame, indexed by incident_id of source A
        ``day`` on which it happened, whatever the record says, and ``reported_on``, the day the record became known.
    rates : Series of shape (n_days,)
        Expected events per day before chance: the rate before the truce, times effect and erosion after it.
    counts : Series of shape (n_days,), int64
        Events that happened on each day, those that only the second source tells left out.
    truce : Timestamp
        First day of the truce.
    rate_ratio : float
        Rate on the first day of the truce / rate before it.
    erosion : float
        Growth of the log rate per week of truce.
    dispersion : float
        The variance of a day's count is ``rate + dispersion * rate ** 2``.
    autocorrelation : float
        Of the latent daily log intensity, from one day to the next.

    Examples
    --------
    >>> import numpy as np
    >>> import conflictts as ct
    >>> invented = ct.simulate_incidents(np.random.default_rng(1), rate=5.0, rate_ratio=0.2)
    >>> invented.incidents
    <Incidents: simulated source A, 656 records (0 of them details of another record), 0 quarantined of 656 read>
    >>> invented.summary()
       period  days  expected_per_day  counted_per_day
    0  before   120               5.0         4.466667
    1  during   120               1.0         1.000000
    """

    incidents: Incidents
    second: Incidents
    pairs: pd.DataFrame
    truth: pd.DataFrame
    rates: pd.Series
    counts: pd.Series
    truce: pd.Timestamp
    rate_ratio: float
    erosion: float
    dispersion: float
    autocorrelation: float

    def summary(self) -> pd.DataFrame:
        """One row before the truce and one during it: days, expected and counted events per day."""
        during = self.rates.index >= self.truce
        rows = [
            (name, int(part.sum()), float(self.rates[part].mean()), float(self.counts[part].mean()))
            for name, part in (("before", ~during), ("during", during))
        ]
        return pd.DataFrame(rows, columns=["period", "days", "expected_per_day", "counted_per_day"])


def simulate_incidents(
    rng: np.random.Generator,
    *,
    first_day: str | pd.Timestamp = "2019-01-01",
    days_before: int = 120,
    days_after: int = 120,
    rate: float = 5.0,
    rate_ratio: float = 0.2,
    erosion: float = 0.0,
    dispersion: float = 0.3,
    autocorrelation: float = 0.3,
    deaths: float = 2.5,
    week_share: float = 0.05,
    month_share: float = 0.02,
    lag_days: float = 3.0,
    told_twice: float = 0.0,
    only_second: float = 0.0,
) -> SimulatedIncidents:
    """Invent incidents around a truce, with all the faults of real records and a truth to compare with.

    Parameters
    ----------
    rng : Generator
        The only source of chance: the same state gives the same records.
    first_day : date, default 2019-01-01
        First covered day.
    days_before, days_after : int, default 120
        Covered days before the truce, and from its first day on.
    rate : float, default 5.0
        Events per day before the truce, above 0.
    rate_ratio : float, default 0.2
        What the truce makes of the rate: 1 is no change, 0 an end of all violence.
    erosion : float, default 0.0
        Growth of the log rate per week of truce; 0.1 is about 10 % a week.
    dispersion : float, default 0.3
        Var = rate + dispersion · rate²; 0 with no autocorrelation is a Poisson process.
    autocorrelation : float, default 0.3
        In [0, 1): of the latent daily log intensity from day to day.
    deaths : float, default 2.5
        Mean deaths of an event, 1 or more; geometric from 1 upward.
    week_share, month_share : float, default 0.05 and 0.02
        Share of records dated only to their week (Monday to Sunday) or calendar month. Their spans may reach beyond
        the covered days, as real ones do.
    lag_days : float, default 3.0
        Mean days from the event to its record; geometric from 0 upward.
    told_twice : float, default 0.0
        Share of the events that a second source tells too: 15 % of these a day off; 30 % counted anew, by 1 less, 1
        more or 2 more but never below 1, so that 26 % of the tolls differ where `deaths` is 2.5; 60 % spelt after
        another fashion, which changes 47 % of the names; all with the site moved by 1.9 km on average.
    only_second : float, default 0.0
        Events that only the second source tells, as a share of the number of all events of the first, on days drawn
        like those of the first: none falls on a day without one of the first.

    Returns
    -------
    SimulatedIncidents

    Raises
    ------
    InputError
        If a parameter lies outside its bounds, `first_day` is no day, or over 10 million events are to be expected.
    CoverageError
        If there is no day before or after the truce.

    Notes
    -----
    Counts are Poisson given a log-normal latent intensity with mean 1, variance `dispersion` and an AR(1) logarithm:
    the parameter-driven model of Zeger (1988). Places and names are invented. One event in ten is a clash, in which the
    dead are combatants and civilians are not stated; 15 % of the records state no upper bound. Tolls, kinds, lags and
    the precision of dates depend neither on the day nor on each other.

    References
    ----------
    Zeger (1988), A regression model for time series of counts, Biometrika 75(4), 621-629.

    Examples
    --------
    >>> import numpy as np
    >>> import conflictts as ct
    >>> invented = ct.simulate_incidents(np.random.default_rng(1), rate=4, rate_ratio=0.25, told_twice=0.5)
    >>> invented.rates.iloc[[0, -1]].tolist(), len(invented.incidents.table) == invented.counts.sum()
    ([4.0, 1.0], np.True_)
    >>> len(invented.pairs) == len(invented.second.table)
    True
    """
    require_kind(rng, np.random.Generator, "rng")
    _require_days(days_before, days_after)
    for name, value, lowest, highest in (
        ("week_share", week_share, 0.0, 1.0),
        ("month_share", month_share, 0.0, 1.0),
        ("told_twice", told_twice, 0.0, 1.0),
        ("week_share + month_share", week_share + month_share, 0.0, 1.0),
        ("autocorrelation", autocorrelation, 0.0, 0.99),
        ("rate", rate, 1e-9, 1e6),
        ("rate_ratio", rate_ratio, 0.0, 1e3),
        ("erosion", erosion, -5.0, 5.0),
        ("dispersion", dispersion, 0.0, 1e3),
        ("only_second", only_second, 0.0, 1e3),
        ("lag_days", lag_days, 0.0, 1e3),
        ("deaths", deaths, 1.0, 1e4),
    ):
        require_within(name, value, lowest, highest)

    calendar = _calendar(first_day, days_before + days_after)
    since = np.arange(len(calendar)) - days_before
    expected = rate * np.where(since < 0, 1.0, rate_ratio * np.exp(erosion * np.maximum(since, 0) / 7))
    _require_feasible(expected, only_second)
    counts = rng.poisson(expected * _intensity(len(calendar), dispersion, autocorrelation, rng))

    day = np.repeat(np.arange(len(calendar)), counts)
    events = _events(day, deaths, rng)
    dated = _date(calendar, day, week_share, month_share, rng)
    table = _table("A", events, dated, rng)
    lag = rng.geometric(1 / (1 + lag_days), len(day)) - 1
    truth = pd.DataFrame(
        {"day": calendar[day], "reported_on": calendar[day] + pd.to_timedelta(lag, unit="D")},
        index=pd.Index(table["incident_id"], name="incident_id"),
    )
    second, pairs = _second_source(calendar, day, events, told_twice, only_second, deaths, rng)
    coverage = (calendar[0], calendar[-1])
    return SimulatedIncidents(
        incidents=_incidents(table, "simulated source A", coverage),
        second=_incidents(second, "simulated source B", coverage),
        pairs=pairs,
        truth=truth,
        rates=pd.Series(expected, calendar, name="rate"),
        counts=pd.Series(counts, calendar, name="incidents"),
        truce=calendar[days_before],
        rate_ratio=rate_ratio,
        erosion=erosion,
        dispersion=dispersion,
        autocorrelation=autocorrelation,
    )


def _require_days(days_before: int, days_after: int) -> None:
    if min(days_before, days_after) < 1:
        raise CoverageError(
            f"{days_before} days before and {days_after} days after the truce cannot be simulated. Give 1 or more each."
        )


def _calendar(first_day: str | pd.Timestamp, n_days: int) -> pd.DatetimeIndex:
    try:
        return pd.date_range(first_day, periods=n_days, unit="us")
    except (ValueError, TypeError, OverflowError):
        raise InputError(f"first_day {first_day!r} is no day. Write it as YYYY-MM-DD.") from None


def _require_feasible(expected: np.ndarray, only_second: float) -> None:
    events = float(expected.sum()) * (1 + only_second)
    if events > MOST_EVENTS:
        raise InputError(
            f"These make {events:.3g} events in {len(expected):,} days, and {MOST_EVENTS:,} are the most that "
            "is simulated. Lower rate, rate_ratio or erosion, or simulate fewer days."
        )


def _intensity(n: int, dispersion: float, autocorrelation: float, rng: np.random.Generator) -> np.ndarray:
    """Mean 1, variance `dispersion`, the logarithm a stationary AR(1)."""
    spread = np.sqrt(np.log1p(dispersion))
    shocks = rng.standard_normal(n)
    latent = np.empty(n)
    latent[0] = shocks[0]
    for t in range(1, n):
        latent[t] = autocorrelation * latent[t - 1] + np.sqrt(1 - autocorrelation**2) * shocks[t]
    return np.asarray(np.exp(spread * latent - spread**2 / 2))


def _events(day: np.ndarray, deaths: float, rng: np.random.Generator) -> pd.DataFrame:
    """What happened, one row per event: its place (the first places are hit most), site and toll."""
    weights = 1 / np.sqrt(np.arange(1, len(PLACES) + 1))
    layout = np.random.default_rng(len(PLACES))  # the map is the same in every simulation
    north, east = layout.uniform(-HALF_SIDE_KM, HALF_SIDE_KM, (2, len(PLACES)))
    place = rng.choice(len(PLACES), len(day), p=weights / weights.sum())
    return pd.DataFrame(
        {
            "day": day,
            "place": np.array(PLACES)[place],
            "north": north[place],
            "east": east[place],
            "deaths": rng.geometric(1 / deaths, len(day)),
            "kind": KINDS[rng.choice(len(KINDS), len(day), p=[0.6, 0.3, 0.1])],
        }
    )


def _date(
    calendar: pd.DatetimeIndex, day: np.ndarray, week: float, month: float, rng: np.random.Generator
) -> pd.DataFrame:
    """First and last day as a source would state them."""
    drawn = rng.random(len(day))
    start = end = pd.Series(calendar[day])
    in_week, in_month = drawn < week, (drawn >= week) & (drawn < week + month)
    monday = start - pd.to_timedelta(start.dt.day_of_week, unit="D")
    first = start - pd.to_timedelta(start.dt.day - 1, unit="D")
    last = first + pd.to_timedelta(start.dt.days_in_month - 1, unit="D")
    start = start.mask(in_week, monday).mask(in_month, first)
    end = end.mask(in_week, monday + pd.Timedelta(days=6)).mask(in_month, last)
    precision = np.select([in_week, in_month], ["week", "month"], "day")
    return pd.DataFrame({"date_start": start, "date_end": end, "date_precision": precision})


def _second_source(
    calendar: pd.DatetimeIndex,
    day: np.ndarray,
    events: pd.DataFrame,
    told_twice: float,
    only_second: float,
    deaths: float,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    shared = np.flatnonzero(rng.random(len(day)) < told_twice)
    own_days = rng.choice(day, rng.poisson(only_second * len(day))) if len(day) else day
    told = events.iloc[shared].reset_index(drop=True)
    n = len(told)
    off = np.where(rng.random(n) < TOLD_NEXT_DAY, rng.choice([-1, 1], n), 0)
    told["day"] = np.clip(told["day"] + off, 0, len(calendar) - 1)
    told["north"] += rng.normal(0, SITE_KM, n)
    told["east"] += rng.normal(0, SITE_KM, n)
    recount = np.where(rng.random(n) < RECOUNTED, rng.choice([-1, 1, 2], n), 0)
    told["deaths"] = np.maximum(told["deaths"] + recount, 1)
    respelt = np.flatnonzero(rng.random(n) < RESPELT)
    told.loc[respelt, "place"] = [_respell(name, rng) for name in told.loc[respelt, "place"]]
    told["event"] = shared
    own = _events(own_days, deaths, rng).assign(event=-1)
    both = pd.concat([told, own], ignore_index=True).sort_values("day", kind="stable", ignore_index=True)
    dated = pd.DataFrame({"date_start": calendar[both["day"]], "date_end": calendar[both["day"]]})
    table = _table("B", both, dated.assign(date_precision="day"), rng)
    known = both["event"] >= 0
    pairs = pd.DataFrame(
        {"id_a": _identifiers("A", both.loc[known, "event"] + 1), "id_b": table.loc[known, "incident_id"].to_numpy()},
        dtype="str",
    )
    return table, pairs


def _respell(name: str, rng: np.random.Generator) -> str:
    """One or two letters as another transliteration has them, and now and then the word town."""
    for position in rng.choice(len(SPELLINGS), 2, replace=False):
        name = name.replace(*SPELLINGS[position], 1)
    return f"{name} town" if rng.random() < 0.3 else name


def _identifiers(source: str, number: np.ndarray | pd.Series) -> list[str]:
    return [f"{source}-{n:06d}" for n in number]


def _table(source: str, events: pd.DataFrame, dated: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    toll = events["deaths"].to_numpy(dtype=float)
    clash = (events["kind"] == "ground_clash").to_numpy()
    unbounded = rng.random(len(events)) < 0.15
    latitude = CENTRE[0] + events["north"] / KM_PER_DEGREE
    stated = {
        "incident_id": _identifiers(source, np.arange(1, len(events) + 1)),
        **dated,
        "admin1": np.where(events["north"] < 0, "South province", "North province"),
        "place": events["place"],
        "latitude": latitude.round(4),
        "longitude": (CENTRE[1] + events["east"] / (KM_PER_DEGREE * np.cos(np.radians(latitude)))).round(4),
        "event_type": events["kind"],
        "perpetrator": np.where(clash, "unknown", "government"),
        "deaths_low": toll,
        "deaths_best": toll,
        "deaths_high": np.where(unbounded, np.nan, toll),
        "civilians_low": np.where(clash, np.nan, toll),
        "civilians_best": np.where(clash, np.nan, toll),
        "civilians_high": np.where(clash | unbounded, np.nan, toll),
        "combatants_best": np.where(clash, toll, np.nan),
        "source": f"source {source}",
    }
    table = pd.DataFrame(index=pd.RangeIndex(len(events)))
    for column in COLUMNS:
        if column in DAYS:
            table[column] = pd.Series(stated[column], dtype="datetime64[us]")
        elif column in COUNTS or column in DEGREES:
            table[column] = pd.Series(stated.get(column, np.nan), table.index, dtype="float64")
        else:
            table[column] = pd.Series(stated.get(column, ""), table.index, dtype="str")
    return table


def _incidents(table: pd.DataFrame, name: str, coverage: tuple[pd.Timestamp, pd.Timestamp]) -> Incidents:
    ledger = Ledger(
        read=len(table),
        used=len(table),
        quarantined=pd.DataFrame(columns=["file", "row", "incident_id", "column", "value", "reason"]),
        rejected=pd.DataFrame(dtype="str"),
        excluded=pd.DataFrame({"filter": pd.Series(dtype="str"), "records": pd.Series(dtype="int64")}),
        warnings=pd.DataFrame(columns=["warning", "records", "example"]),
    )
    provenance = Provenance(
        provider=name,
        inputs=(),
        rows=len(table),
        area="invented places",
        licence="CC0 1.0",
        citation="Invented by conflictts.simulate_incidents; describes no real event.",
        release="invented",
        coverage=coverage,
        caveat="Invented records: they describe no real event.",
    )
    return Incidents(table=table, ledger=ledger, provenance=provenance)

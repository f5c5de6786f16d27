"""Alarms while a truce runs: each day's count against the calm before it, false alarms bounded."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from conflictts.errors import CoverageError, InputError, require_kind
from conflictts.series.coverage import window_within
from conflictts.series.daily import NO_AREA, DailySeries, Day, whole_day
from conflictts.truce._baseline import Baseline, baseline_of, cautions_of, refuse_thin
from conflictts.truce._contracts import Contract, check_options, evidence_under

FACTOR_QUANTILE = 0.99  # of the memory factor, for "yearly"
CEILING_LEVEL = 0.95
LATEST = 7  # days, of the rate that is told beside the calm's
N_SIMULATED, RISES, WATCHED = 99, (2.0, 3.0, 5.0), 90  # series for each rise, and their days, behind `reach`
_RECORDS_OF = re.compile(r"^.* \(records of .*?\)(?=, |$)")
STATE_VERSION = 3  # 1 and 2 had other evidence under "arl", and the same under the other contracts
_DAY = pd.Timedelta(days=1)


@dataclass(frozen=True, slots=True, eq=False)
class Monitor:
    """A calm, the days after it, and the evidence that the rate has risen since; made by `Monitor.fit`.

    A monitor is never changed: `update` returns another one.

    Attributes
    ----------
    calm : Series, shape (n_calm_days,)
        Settled counts per day of the calm, NaN where not observed.
    counts : Series, shape (n_days,)
        Settled counts of the days since, from the day after the calm; NaN where unobserved or provisional.
    evidence : Series, shape (n_days,)
        Evidence for a rise after each of these days; on a day that says nothing, as after the day before.
    threshold : float
        Evidence from which on there is an alarm.
    contract : {"arl", "provable", "yearly"}
        What is promised of false alarms; see `fit`.
    horizon : int or None
        Observed days for which "yearly" holds.
    ceiling : float
        Per day; for "provable" the mean that is taken as calm at most, else the upper limit of the calm's.
    rate : float
        The calm's mean per observed day.
    size : float
        Its likeliest negative binomial size: variance = mean + mean² / size.
    factor : float
        By how much memory between days is taken to multiply the variance of a mean; evidence is tempered by it.
    cautions : tuple of str
        What weakens the alarm.
    recomputed_from : Timestamp or None
        First of the days up to the last count known before that the last update changed or filled; from it on the
        evidence is computed anew. Days after that count, unobserved so far, were still to come.
    measure, unit, area, source : str
        As of the calm.
    """

    calm: pd.Series
    counts: pd.Series
    evidence: pd.Series
    threshold: float
    contract: Contract
    horizon: int | None
    ceiling: float
    rate: float
    size: float
    factor: float
    cautions: tuple[str, ...]
    recomputed_from: pd.Timestamp | None
    measure: str
    unit: str
    area: str
    source: str
    _baseline: Baseline = field(repr=False)

    @classmethod
    def fit(
        cls,
        calm: DailySeries,
        *,
        contract: Contract = "arl",
        window: tuple[Day, Day] | None = None,
        days_between: float = 365.0,
        false_alarm: float = 0.05,
        horizon: int = 365,
        ceiling: float | None = None,
    ) -> Self:
        """Learn the calm against which later days are held.

        Under "arl" and "yearly" each day's count changes the evidence by its likelihood ratio between a rise ("arl": by
        2 to 5; "yearly": by 1.25 to 5) and no rise, counts being negative binomial. Rate and size are not taken as
        known: both hypotheses are averaged over what calm and later days say of them. The likelihoods are raised to the
        power of one over the calm's memory factor ("arl": its excess over 1 taken threefold), which for days that
        remember each other is a rule found to work, not a theorem; ``benchmarks/alarms.py`` has what was measured. So
        is that "arl" raises the calm's own likelihood to the fourth power: later days then do less to the baseline,
        and a rise is met sooner, at as few false alarms on average but more unevenly from calm to calm. A slow drift
        upward is in part taken for the baseline.

        Parameters
        ----------
        calm : DailySeries
            Unobserved and provisional days contribute nothing.
        contract : {"arl", "provable", "yearly"}, default "arl"
            "arl": the first false alarm comes on average after `days_between` observed days or later. The scale of its
            evidence was set by simulation, at 365 days and a calm of 90: there it is measured, elsewhere near it.
            "provable": the first false alarm comes as late for any counts whose mean, given the past, never exceeds
            `ceiling`, whatever their distribution; by bets on the mean, and slower. "yearly": the probability of any
            false alarm within `horizon` observed days is at most `false_alarm`, by Ville's inequality if rate and size
            were known; that it holds with both averaged is measured (``benchmarks/alarms.py``). Memory is taken at its
            upper estimate.
        window : (first, last), optional
            Days of the series that are the calm, inclusive; default all.
        days_between : float, default 365
            For "arl", at least 90, below which it does not hold, and "provable".
        false_alarm : float, default 0.05
            For "yearly".
        horizon : int, default 365
            For "yearly".
        ceiling : float, optional
            For "provable": per day; default the upper 95 % limit of the calm's mean. Where days remember each other the
            mean given a violent day is higher than the mean, and the ceiling should be too.

        Returns
        -------
        Monitor
            Without days yet; the first is the day after the calm.

        Raises
        ------
        CoverageError
            If the window lies outside the series.
        TooLittleData
            If fewer than 28 days of the calm are observed, or fewer than 3 of them have a count above 0.
        UnknownNameError
            If there is no such contract.
        ValueError
            If an option is out of its range.

        References
        ----------
        Shin, Ramdas & Rinaldo (2023), New England Journal of Statistics in Data Science 2(2), 229-260 (e-detectors);
        Shiryaev (1963), Theory of Probability and Its Applications 8(1), 22-46 (the sum over first days).

        Examples
        --------
        >>> import pandas as pd
        >>> from conflictts import DailySeries, Monitor
        >>> days = pd.date_range("2020-01-01", periods=56)
        >>> monitor = Monitor.fit(DailySeries.from_counts(pd.Series([0.0, 2.0, 1.0, 1.0] * 14, days)))
        >>> for day in pd.date_range("2020-02-26", periods=5):
        ...     monitor = monitor.update(day, 6)
        >>> monitor.first_alarm.date().isoformat()
        '2020-02-27'
        """
        require_kind(calm, DailySeries, "calm")
        check_options(contract, days_between, false_alarm, horizon, ceiling)
        settled = _calm_counts(calm, window)
        threshold = 1 / false_alarm if contract == "yearly" else float(days_between)
        return cls._from_parts(
            settled,
            contract=contract,
            threshold=threshold,
            horizon=int(horizon) if contract == "yearly" else None,
            ceiling=None if contract != "provable" else ceiling,
            labels={name: getattr(calm, name) for name in ("measure", "unit", "area", "source")},
        )

    @classmethod
    def _from_parts(
        cls,
        calm: pd.Series,
        *,
        contract: Contract,
        threshold: float,
        horizon: int | None,
        ceiling: float | None,
        labels: dict[str, str],
    ) -> Self:
        quantile = FACTOR_QUANTILE if contract == "yearly" else None
        baseline = baseline_of(calm.to_numpy(dtype=float), quantile=quantile, level=CEILING_LEVEL)
        none = pd.Series([], pd.date_range(calm.index[-1] + _DAY, periods=0, freq="D", unit="us"), dtype="float64")
        return cls(
            calm=calm,
            counts=none,
            evidence=none.copy(),
            threshold=threshold,
            contract=contract,
            horizon=horizon,
            ceiling=baseline.ceiling if ceiling is None else float(ceiling),
            rate=baseline.mean,
            size=baseline.size,
            factor=baseline.factor,
            cautions=cautions_of(calm),
            recomputed_from=None,
            _baseline=baseline,
            **labels,
        )

    def update(self, day: DailySeries | Day, count: float | None = None) -> Self:
        """Take in one day's count, or a series.

        Parameters
        ----------
        day : DailySeries or date
            Of a series only settled days speak, and days up to the calm's last are passed over: the calm is fixed. Days
            between the last one known and the first one given become unobserved. Days known before are replaced by what
            is given, and the evidence from the first that differs on is computed anew (`recomputed_from`).
        count : float, optional
            With a date: its count; None or NaN is a day that was not observed.

        Returns
        -------
        Monitor

        Raises
        ------
        CoverageError
            If a date lies in the calm or before it, or a "yearly" contract has run out.
        InputError
            If the count is not 0 or more, or the series counts something else than the calm, or elsewhere.
        """
        given = self._one_day(day, count) if not isinstance(day, DailySeries) else self._later_days(day, count)
        if not len(given):
            return replace(self, recomputed_from=None)
        begin, known = self.calm.index[-1] + _DAY, self.counts
        last = max(given.index[-1], known.index[-1]) if len(known) else given.index[-1]
        counts = known.reindex(pd.date_range(begin, last, freq="D", unit="us"))
        counts.loc[given.index] = given
        spoken = known.last_valid_index()
        recomputed_from = None
        if spoken is not None:
            before, after = known.loc[:spoken].to_numpy(), counts.loc[:spoken].to_numpy()
            changed = np.flatnonzero(~((before == after) | (np.isnan(before) & np.isnan(after))))
            recomputed_from = known.index[changed[0]] if len(changed) else None
        evidence = pd.Series(self._follow(counts.to_numpy(dtype=float)), counts.index)
        kept = self.evidence.loc[: recomputed_from - _DAY if recomputed_from is not None else spoken]
        if spoken is not None:  # bit for bit what was said before
            evidence.loc[kept.index] = kept
        return replace(self, counts=counts, evidence=evidence, recomputed_from=recomputed_from)

    @property
    def alarms(self) -> pd.DatetimeIndex:
        """Days after which the evidence reached the threshold."""
        return pd.DatetimeIndex(self.evidence.index[(self.evidence >= self.threshold).to_numpy()])

    @property
    def first_alarm(self) -> pd.Timestamp | None:
        """First of `alarms`. What is promised holds up to it; once it has been looked into, fit a new calm."""
        return self.alarms[0] if len(self.alarms) else None

    @property
    def alarm(self) -> bool:
        """Whether the evidence is at the threshold or above it after the last day."""
        return bool(len(self.evidence) and self.evidence.iloc[-1] >= self.threshold)

    @property
    def daily(self) -> DailySeries:
        """Calm and later days as one series, for figures."""
        counts = pd.concat([self.calm, self.counts]) if len(self.counts) else self.calm
        return DailySeries.from_counts(counts, measure=self.measure, unit=self.unit, area=self.area, source=self.source)

    def reach(self, *, rng: np.random.Generator) -> pd.DataFrame:
        """How surely and how soon an alarm would follow a rise from the day after the calm on, by simulation.

        Counts are independent from day to day, negative binomial of the calm's size, their mean the calm's times the
        increase. Where days remember each other alarms scatter more widely about these days.

        Parameters
        ----------
        rng : numpy.random.Generator

        Returns
        -------
        DataFrame
            One row for each of the increases 2, 3 and 5: ``increase``, ``days`` watched (90; under "yearly" never more
            than its horizon), ``share`` of 99 simulated series with an alarm within them, ``median_days`` until it over
            all series, NaN where fewer than half have one.

        Examples
        --------
        >>> import numpy as np, pandas as pd
        >>> from conflictts import DailySeries, Monitor
        >>> calm = pd.Series([0.0, 2.0, 1.0, 1.0] * 14, pd.date_range("2020-01-01", periods=56))
        >>> Monitor.fit(DailySeries.from_counts(calm)).reach(rng=np.random.default_rng(1))["share"].tolist()[-1]
        1.0
        """
        require_kind(rng, np.random.Generator, "rng")
        watched = WATCHED if self.horizon is None else min(WATCHED, self.horizon)
        rows = []
        for increase in RISES:
            mean = self.rate * increase
            drawn = rng.negative_binomial(self.size, self.size / (self.size + mean), (N_SIMULATED, watched))
            over = np.array([self._follow(counts) >= self.threshold for counts in drawn.astype(float)])
            first = np.where(over.any(axis=1), over.argmax(axis=1) + 1.0, np.inf)
            middle = float(np.median(first))
            rows.append((increase, watched, float(over.any(axis=1).mean()), middle if middle < np.inf else np.nan))
        return pd.DataFrame(rows, columns=["increase", "days", "share", "median_days"])

    def summary(self) -> pd.DataFrame:
        """One row: contract, rates of the calm and the latest week, days watched, evidence, threshold, first alarm.

        `rate` is the calm's, in `unit` per observed day; `latest_rate` that of the last seven days, of which
        `latest_days` were observed.
        """
        latest = self.counts.iloc[-LATEST:]
        return pd.DataFrame(
            {
                "contract": [self.contract],
                "unit": [self.unit],
                "rate": [self.rate],
                "latest_rate": [float(latest.mean())],
                "latest_days": [int(latest.count())],
                "factor": [self.factor],
                "last_day": [self.counts.index[-1] if len(self.counts) else pd.NaT],
                "observed_days": [int(self.counts.count())],
                "evidence": [float(self.evidence.iloc[-1]) if len(self.evidence) else math.nan],
                "threshold": [self.threshold],
                "alarm": [self.alarm],
                "first_alarm": [self.first_alarm if self.first_alarm is not None else pd.NaT],
                "recomputed_from": [self.recomputed_from if self.recomputed_from is not None else pd.NaT],
            }
        )

    @property
    def state(self) -> str:
        """Everything the monitor knows, as JSON; `from_state` reads it back to the same bits."""
        parts = {
            "conflictts_monitor": STATE_VERSION,
            "contract": self.contract,
            "threshold": self.threshold,
            "horizon": self.horizon,
            "ceiling": self.ceiling if self.contract == "provable" else None,
            "labels": {name: getattr(self, name) for name in ("measure", "unit", "area", "source")},
            "calm": {"first": f"{self.calm.index[0]:%Y-%m-%d}", "counts": _listed(self.calm)},
            "days": {"counts": _listed(self.counts), "evidence": _listed(self.evidence)},
            "recomputed_from": None if self.recomputed_from is None else f"{self.recomputed_from:%Y-%m-%d}",
        }
        return json.dumps(parts, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_state(cls, text: str) -> Self:
        """Read a monitor from its `state`.

        Raises
        ------
        InputError
            If the text is no such state, is of another version, or its evidence does not follow from its counts.
        """
        require_kind(text, str, "text", "Give `state` of a monitor, as it was kept.")
        try:
            parts = json.loads(text)
            version = parts["conflictts_monitor"]
        except (ValueError, TypeError, KeyError):
            raise InputError(
                f"This is no state of a monitor: {text[:40]!r}. Give the text of `Monitor.state`, or fit anew."
            ) from None
        if version in (1, 2) and parts.get("contract") == "arl":
            raise InputError(
                f"The state is of version {version}, whose evidence under 'arl' was reckoned otherwise and is not held "
                "against the same threshold. Fit the calm anew; its counts stand in the state."
            )
        if version not in (1, 2, STATE_VERSION):
            raise InputError(
                f"The state is of version {version!r}; this release reads version {STATE_VERSION}, and versions 1 and "
                "2 under 'provable' and 'yearly'. Read it with the release that wrote it, or fit the calm anew."
            )
        try:
            return cls._restored(parts)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"The state of the monitor is damaged ({type(error).__name__}: {error}). Restore a copy, or fit anew."
            ) from None

    @classmethod
    def _restored(cls, parts: dict[str, Any]) -> Self:
        calm = _counted(parts["calm"]["counts"], pd.Timestamp(parts["calm"]["first"]))
        refuse_thin(calm)
        contract, horizon, ceiling = parts["contract"], parts["horizon"], parts["ceiling"]
        check_options(contract, parts["threshold"], 1 / parts["threshold"], horizon or 1, ceiling)
        fitted = cls._from_parts(
            calm,
            contract=contract,
            threshold=float(parts["threshold"]),
            horizon=horizon,
            ceiling=ceiling,
            labels={name: str(parts["labels"][name]) for name in ("measure", "unit", "area", "source")},
        )
        counts = _counted(parts["days"]["counts"], calm.index[-1] + _DAY)
        evidence = _counted(parts["days"]["evidence"], calm.index[-1] + _DAY)
        follows = fitted._follow(counts.to_numpy())
        if evidence.shape != follows.shape or not np.allclose(evidence, follows, rtol=1e-6, atol=1e-9):
            raise InputError(
                "The evidence in the state does not follow from its counts: the file was changed, or written by "
                "another release. Restore a copy, or fit anew."
            )
        since = parts["recomputed_from"]
        return replace(
            fitted,
            counts=counts,
            evidence=evidence,
            recomputed_from=None if since is None else pd.Timestamp(since).as_unit("us"),
        )

    def _follow(self, counts: np.ndarray) -> np.ndarray:
        """Evidence after each day, from the first."""
        evidence = evidence_under(self.contract, counts, self._baseline, self.ceiling, self.horizon)
        n_seen = np.cumsum(~np.isnan(counts))
        if self.horizon is not None and len(n_seen) and n_seen[-1] > self.horizon:
            over = self.calm.index[-1] + _DAY * (int(np.argmax(n_seen > self.horizon)) + 1)
            raise CoverageError(
                f"The contract covers {self.horizon} observed days after the calm; {over:%Y-%m-%d} is one more. Fit a "
                "newer calm, or one with a longer `horizon`."
            )
        return evidence

    def _one_day(self, day: Day, count: float | None) -> pd.Series:
        date = whole_day(day, "day")
        if date <= self.calm.index[-1]:
            raise CoverageError(
                f"{date:%Y-%m-%d} belongs to the calm, which ends on {self.calm.index[-1]:%Y-%m-%d} and is fixed. Give "
                "a later day, or fit the calm anew."
            )
        number = math.nan if count is None else float(count)
        if number < 0 or math.isinf(number):
            raise InputError(
                f"{count!r} on {date:%Y-%m-%d} is no count. Counts are 0 or more; None is a day nobody observed."
            )
        return pd.Series([number], pd.DatetimeIndex([date]))

    def _later_days(self, daily: DailySeries, count: float | None) -> pd.Series:
        if count is not None:
            raise InputError(f"count = {count!r} goes with one day, not with a series. Leave it out.")
        if daily.measure != self.measure:
            raise InputError(
                f"The calm counts {self.measure!r}, the series {daily.measure!r}. Give a series of the same measure."
            )
        if _elsewhere(self.area, daily.area):
            raise InputError(
                f"The calm is of {self.area!r}, the series of {daily.area!r}. Give a series of the same area, or fit a "
                "calm of that one."
            )
        return daily.settled.loc[self.calm.index[-1] + _DAY :]


def _elsewhere(calm: str, later: str) -> bool:
    """Whether two areas are stated that differ, the files that records came in and their countries apart."""
    if NO_AREA in (calm, later) or (_RECORDS_OF.match(calm) is None) != (_RECORDS_OF.match(later) is None):
        return False
    return _RECORDS_OF.sub("", calm) != _RECORDS_OF.sub("", later)


def _calm_counts(calm: DailySeries, window: tuple[Day, Day] | None) -> pd.Series:
    first, last = window_within(calm.coverage, window)
    settled = calm.settled.loc[first:last]
    refuse_thin(settled)
    return settled.loc[: settled.last_valid_index()].astype("float64")


def _listed(values: pd.Series) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


def _counted(values: list[float | None], first: pd.Timestamp) -> pd.Series:
    numbers = np.array([math.nan if value is None else float(value) for value in values], dtype=float)
    if (numbers < 0).any() or np.isinf(numbers).any():
        raise InputError("The state of the monitor holds numbers that are no counts. Restore a copy, or fit anew.")
    return pd.Series(numbers, pd.date_range(first, periods=len(numbers), freq="D", unit="us"))

"""How late records come in: against laws that are known, and what it makes of the last days of a series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import conflictts as ct
from conflictts.errors import CoverageError, InputError, TooLittleData
from conflictts.series import reporting
from conflictts.series.reporting import ReportingLag, estimate_reporting_lag

AGES = [0, 1, 2, 4, 7, 14]
RETRIEVED = [pd.Timestamp("2019-04-25") - pd.Timedelta(days=7 * weeks) for weeks in range(5, -1, -1)]


def invented(seed: int, **options: float) -> ct.SimulatedIncidents:
    level = {"rate_ratio": 1.0, "days_before": 60, "days_after": 60, "lag_days": 3.0} | options
    return ct.simulate_incidents(np.random.default_rng(seed), **level)


def vintages_of(case: ct.SimulatedIncidents, days: list[pd.Timestamp], reported: pd.Series | None = None) -> dict:
    """What had been reported by each day."""
    known = case.truth["reported_on"] if reported is None else reported
    tables = {day: case.incidents.table[(known <= day).to_numpy()] for day in days}
    return {day: ct.Incidents(table, case.incidents.ledger, case.incidents.provenance) for day, table in tables.items()}


def covered(n: int, truth: np.ndarray, **options: float) -> float:
    """Share of the intervals at AGES, over n simulations, that hold the truth."""
    held = []
    for seed in range(n):
        table = estimate_reporting_lag(vintages_of(invented(seed, **options), RETRIEVED)).table.loc[AGES]
        held.append((table["lower"] <= truth) & (truth <= table["upper"]))
    return float(np.mean(held))


def test_intervals_hold_the_true_curve():
    """Geometric lags with a mean of 3 days: the share after d days is 1 - (3/4)^(d + 1)."""
    # 12 simulations of 6 dependent intervals; benchmarks/series.py measures the coverage with 200.
    assert covered(12, 1 - 0.75 ** (np.array(AGES) + 1.0)) >= 0.85


def test_curve_comes_near_the_truth_with_many_records():
    lag = estimate_reporting_lag(vintages_of(invented(3, rate=80.0, week_share=0.0, month_share=0.0), RETRIEVED))
    # About 9,000 records, of which some 1,300 are late: standard errors of about 0.02 at age 0 and less later.
    np.testing.assert_allclose(lag.table["share"].loc[AGES], 1 - 0.75 ** (np.array(AGES) + 1.0), atol=0.04)
    assert lag.days in (10, 11, 12)  # 1 - (3/4)^11 = 0.958 is the first over 95 %
    assert "95% of the final count is in after" in lag.words
    assert "6 vintages" in lag.words


def test_ignoring_truncation_would_be_wrong():
    """The last vintage lacks late records of its own last days: the plain share of the records known is too high."""
    case = invented(3, rate=80.0, lag_days=20.0, week_share=0.0, month_share=0.0)
    vintages = vintages_of(case, RETRIEVED)
    truth = 1 - (20 / 21) ** 8
    last = case.truth[(case.truth["reported_on"] <= RETRIEVED[-1]) & (case.truth["day"] >= RETRIEVED[0])]
    naive = ((last["reported_on"] - last["day"]).dt.days <= 7).mean()
    lag = estimate_reporting_lag(vintages).table.loc[7]
    assert lag["lower"] < truth < lag["upper"] < naive


def test_records_of_a_day_coming_in_together_widen_the_interval():
    case = invented(4, rate=8.0)
    apart = estimate_reporting_lag(vintages_of(case, RETRIEVED)).table
    truth = case.truth
    delay = np.random.default_rng(4).geometric(1 / 4, truth["day"].nunique()) - 1
    together = truth["day"] + pd.to_timedelta(pd.Series(delay)[truth["day"].factorize()[0]].to_numpy(), unit="D")
    clustered = estimate_reporting_lag(vintages_of(case, RETRIEVED, together)).table
    width = (clustered["upper"] - clustered["lower"]) / (apart["upper"] - apart["lower"])
    assert width.loc[2] > 1.3  # 8 records a day in one go carry far less than 8 records


def test_a_search_that_ends_elsewhere_than_at_the_best_fit_is_begun_anew(monkeypatch):
    """Two fifths of the records come in about two months late; searched from the priors alone, 17 days told of all."""
    case = ct.simulate_incidents(np.random.default_rng(11), lag_days=3, week_share=0.0, month_share=0.0)
    rng, day = np.random.default_rng(1010), case.incidents.table["date_start"]
    late = np.where(rng.random(len(day)) < 0.4, rng.geometric(1 / 60, len(day)), rng.geometric(1 / 4, len(day))) - 1
    last = day.max()
    vintages = vintages_of(
        case, [last - pd.Timedelta(days=ago) for ago in (14, 7, 0)], day + pd.to_timedelta(late, "D")
    )
    lag = estimate_reporting_lag(vintages)
    assert lag.table[["lower", "upper"]].notna().all().all()
    assert lag.days > 60
    monkeypatch.setattr(reporting, "_STARTS", reporting._STARTS[:1])
    with pytest.raises(TooLittleData, match=r"No lag law could be fitted to \d+ records"):
        estimate_reporting_lag(vintages)


def test_order_of_vintages_does_not_matter():
    vintages = vintages_of(invented(5), RETRIEVED)
    backwards = dict(reversed(vintages.items()))
    pd.testing.assert_frame_equal(estimate_reporting_lag(vintages).table, estimate_reporting_lag(backwards).table)


@pytest.mark.parametrize("days", [[], RETRIEVED[:1], [RETRIEVED[-1], RETRIEVED[-1] + pd.Timedelta(days=200)]])
def test_what_vintages_cannot_show_is_refused(days):
    case = invented(6, lag_days=0.0)
    with pytest.raises(
        TooLittleData, match=r"2? ?vintages, of which the later add 0 records.*two vintages and 10 late"
    ):
        estimate_reporting_lag(vintages_of(case, days))


def test_a_day_corrected_since_is_no_record_of_the_future():
    vintages = vintages_of(invented(7), RETRIEVED)
    early, last = vintages[RETRIEVED[3]], vintages[RETRIEVED[-1]]
    table = last.table.copy()
    one = table.index[table["incident_id"].isin(early.table["incident_id"])][-1]
    table.loc[one, ["date_start", "date_end"]] = RETRIEVED[3] + pd.Timedelta(days=2)
    corrected = estimate_reporting_lag({**vintages, RETRIEVED[-1]: replace(last, table=table)})
    assert abs(corrected.days - estimate_reporting_lag(vintages).days) <= 1


def test_a_last_vintage_dated_too_early_is_refused():
    vintages = vintages_of(invented(7), RETRIEVED)
    early = RETRIEVED[-2] + pd.Timedelta(days=1)
    late = vintages.pop(RETRIEVED[-1])
    assert (late.table["date_start"] > early).any()
    with pytest.raises(CoverageError, match=f"vintage of {early:%Y-%m-%d} has records of later days"):
        estimate_reporting_lag({**vintages, early: late})


def test_vintage_with_records_of_the_future_is_refused():
    vintages = vintages_of(invented(7), RETRIEVED)
    early, late = vintages.pop(RETRIEVED[3]), RETRIEVED[0] - pd.Timedelta(days=1)
    with pytest.raises(CoverageError, match=f"vintage of {late:%Y-%m-%d} has records of later days"):
        estimate_reporting_lag({late: early, **vintages})


def test_two_vintages_of_one_day_are_refused():
    (day, one), *_ = vintages_of(invented(7), RETRIEVED[:1]).items()
    with pytest.raises(InputError, match="2 vintages of 1 days of retrieval"):
        estimate_reporting_lag({day: one, f"{day:%Y-%m-%d}": one})


DECLARED = [
    pytest.param({0: 0.5, 10: 1.0}, 9, id="straight line reaches 0.95 at 9"),
    pytest.param({0: 0.95, 10: 1.0}, 0, id="complete at once"),
    pytest.param({3: 0.9, 5: 0.97}, 5, id="nothing before the first age"),
]


@pytest.mark.parametrize(("shares", "days"), DECLARED)
def test_declared_curve(shares, days):
    lag = ReportingLag.declared(shares)
    assert lag.days == days
    assert lag.words.endswith("(declared)")


@pytest.mark.parametrize("shares", [{}, {0: 0.9, 5: 0.8}, {-1: 0.5, 3: 1.0}, {0: 0.2, 9: 0.6}, {0: 0.5, 9: 1.2}])
def test_declared_curve_that_is_none_is_refused(shares):
    with pytest.raises(InputError, match="is no lag curve"):
        ReportingLag.declared(shares)


def test_last_days_before_retrieval_are_provisional(idlib):
    """Retrieved on 20 January 2020, settled after 8 days: 13 to 15 January are younger."""
    daily = ct.daily_series(idlib, measure="civilians", lag=8, retrieved_on="2020-01-20", gaps=[("2020-01-14",) * 2])
    assert daily.table["status"].tail(5).tolist() == [
        "observed",
        "observed",
        "provisional",
        "unobserved",
        "provisional",
    ]
    plain = ct.daily_series(idlib, measure="civilians", gaps=[("2020-01-14",) * 2])
    pd.testing.assert_series_equal(daily.counts, plain.counts)
    assert daily.settled.tail(3).isna().all()
    pd.testing.assert_series_equal(daily.settled.iloc[:-3], plain.counts.iloc[:-3])
    assert daily.reporting_lag == "8 days, declared; retrieved on 2020-01-20"
    assert daily.summary().loc["2020-01", ["days", "provisional"]].tolist() == [14, 2]
    assert plain.reporting_lag == "not known"


def test_estimated_lag_marks_its_days(idlib):
    lag = estimate_reporting_lag(vintages_of(invented(8), RETRIEVED))
    daily = ct.daily_series(idlib, measure="civilians", lag=lag, retrieved_on="2020-01-15")
    assert (daily.table["status"] == "provisional").sum() == lag.days
    assert lag.words in daily.reporting_lag


def test_lag_that_the_table_does_not_reach_claims_nothing():
    """With lags of 60 days on average, no vintage of a month shows 95 % of the final count after 5 days."""
    lag = estimate_reporting_lag(vintages_of(invented(3, lag_days=60.0), RETRIEVED), longest=5)
    assert lag.table["share"].iloc[-1] < 0.95
    assert lag.words == "95% of the final count may not be in even after 5 days (estimated from 6 vintages)"


RETRIEVALS = [
    pytest.param({"lag": 5}, CoverageError, "day of retrieval, which is not known", id="no day of retrieval"),
    pytest.param({"retrieved_on": "2020-01-10"}, CoverageError, "ends on 2020-01-15.*2020-01-10", id="days to come"),
    pytest.param({"lag": -1, "retrieved_on": "2020-01-20"}, InputError, "lag = -1", id="negative"),
]


@pytest.mark.parametrize(("options", "kind", "message"), RETRIEVALS)
def test_retrieval_that_does_not_fit_is_refused(idlib, options, kind, message):
    with pytest.raises(kind, match=message):
        ct.daily_series(idlib, measure="civilians", **options)

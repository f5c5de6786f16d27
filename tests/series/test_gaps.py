"""Days nobody watched: cut out of a simulated series they leave its rates as they are; as zeros they would not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

import conflictts as ct

GAP = ("2019-02-10", "2019-03-01")  # 20 of 120 days


def unwatched(case: ct.SimulatedIncidents, gaps: list[tuple[str, str]]) -> ct.Incidents:
    """The records of events on the days that were watched."""
    lost = pd.Series(False, case.truth.index)
    for first, last in gaps:
        lost |= case.truth["day"].between(first, last)
    return replace(case.incidents, table=case.incidents.table[~lost.to_numpy()])


def series(incidents: ct.Incidents, gaps: list[tuple[str, str]]) -> ct.DailySeries:
    return ct.daily_series(incidents, measure="incidents", gaps=gaps)


def simulated(seed: int, rate_ratio: float) -> ct.SimulatedIncidents:
    return ct.simulate_incidents(
        np.random.default_rng(seed), days_after=60, rate_ratio=rate_ratio, dispersion=0.05, autocorrelation=0.0
    )


def log_ratio(daily: ct.DailySeries, case: ct.SimulatedIncidents) -> float:
    return float(np.log(ct.estimate_truce_effect(daily, ct.Truce(case.truce), weekday=False).rate_ratio))


def test_effect_is_unbiased_where_a_gap_is_declared():
    """Before the truce 100 of 120 days are left: as zeros they lower the rate before it to 100/120."""
    cut, zeros = [], []
    for seed in range(10):
        case = simulated(seed, 0.5)
        incidents, whole = unwatched(case, [GAP]), log_ratio(series(case.incidents, []), case)
        cut.append(log_ratio(series(incidents, [GAP]), case) - whole)
        zeros.append(log_ratio(series(incidents, []), case) - whole)
    # Means of 10 paired differences, each with a standard deviation of about 0.04: over four standard errors.
    assert abs(np.mean(cut)) < 0.055
    assert abs(np.mean(zeros) - np.log(120 / 100)) < 0.055
    assert np.log(120 / 100) > 3 * 0.055


def test_changes_are_not_found_where_a_gap_is_declared():
    """A constant rate of 5 a day: the gap as zeros is a lull that never was."""
    changes = {True: 0, False: 0}
    rates = {True: [], False: []}
    for seed in range(8):
        incidents = unwatched(simulated(seed, 1.0), [GAP])
        for declared in (True, False):
            found = ct.detect_changepoints(series(incidents, [GAP] if declared else []), weekday=False)
            changes[declared] += len(found.dates)
            rates[declared].append(found.regimes["rate"].iloc[0])
    assert changes[True] <= 1
    assert changes[False] >= 16  # in each of 8 series one change into the gap and one out of it
    # The mean of 8 rates from 160 days of about 5: standard error 0.07, of which this is four.
    assert abs(np.mean(rates[True]) - 5) < 0.28

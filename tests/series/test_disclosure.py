"""What may be shown to anyone: every withheld week can still be every small number, whatever is subtracted."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import product

import numpy as np
import pandas as pd
import pytest

import conflictts as ct
from conflictts.errors import InputError, TooLittleData
from conflictts.series.disclosure import (
    SafeWeeks,
    _told_together,
    on_grid,
    safe_places,
    weeks_told,
    withhold_small_weeks,
)

MONDAY = pd.Timestamp("2019-01-07")


def weekly(tolls: list[float], incidents: list[float] | None = None, measure: str = "incidents") -> ct.DailySeries:
    """A series whose weeks hold the given tolls, all on their Wednesdays."""
    counts = pd.Series(0.0, pd.date_range(MONDAY, periods=7 * len(tolls)))
    counts.iloc[2::7] = tolls
    daily = ct.DailySeries.from_counts(counts, measure=measure)
    daily.table["incidents"] = 0.0
    daily.table.loc[daily.table.index[2::7], "incidents"] = tolls if incidents is None else incidents
    return daily


def told(tolls: tuple[int, ...], incidents: tuple[int, ...], k: int, *, persons: bool) -> tuple[tuple[float, ...], ...]:
    """All that a reader has of the weeks of one stretch; -1 where not told."""
    weeks = np.arange(len(tolls))
    given = np.array(tolls, dtype=float), np.array(incidents, dtype=float), weeks >= 0, 0 * weeks, k
    return tuple(tuple(np.nan_to_num(part, nan=-1.0)) for part in weeks_told(*given, persons=persons))


def test_no_whole_week_is_refused():
    days = pd.date_range(MONDAY + pd.Timedelta(days=1), periods=12)  # Tuesday to the Saturday of the next week
    with pytest.raises(TooLittleData, match=r"No whole week, Monday to Sunday, lies inside coverage 2019-01-08"):
        withhold_small_weeks(ct.DailySeries.from_counts(pd.Series(5.0, days)))


def test_weeks_by_hand():
    safe = withhold_small_weeks(weekly([0, 1, 4, 5, 7, 8, 12]), k=5)
    assert safe.weeks["status"].tolist() == ["shown", "withheld", "withheld", *["shown"] * 4]
    assert safe.weeks["count"].dropna().tolist() == [0, 5, 5, 10, 10]
    assert safe.stretches[["withheld", "count"]].to_numpy().tolist() == [[2, 5]]
    assert safe.total(MONDAY, safe.weeks.index[-1]) == 35
    assert safe.filled().tolist() == [0, 2.5, 2.5, 5, 5, 10, 10]


def test_few_incidents_withhold_a_large_toll_and_one_week_alone_is_not_told():
    safe = withhold_small_weeks(weekly([40, 40, 3], [4, 5, 3], "deaths"), k=5, cuts=[MONDAY + pd.Timedelta(weeks=2)])
    assert safe.weeks["status"].tolist() == ["withheld", "shown", "withheld"]
    assert safe.stretches["count"].isna().all()
    assert safe.stretches["withheld"].tolist() == [1, 1]
    assert safe.total(MONDAY, MONDAY + pd.Timedelta(weeks=1)) == 45  # 40 shown, and half of k, to the nearest 5


def test_weeks_that_are_not_whole_or_not_watched_are_no_zeros():
    days = pd.date_range("2019-01-03", "2019-02-01")  # a Thursday to a Friday
    daily = ct.DailySeries.from_counts(pd.Series(6.0, days), gaps=[("2019-01-16", "2019-01-16")])
    safe = withhold_small_weeks(daily)
    assert safe.weeks.index[0] == MONDAY
    assert len(safe.weeks) == 3
    assert safe.weeks["status"].tolist() == ["shown", "not observed", "shown"]
    assert safe.weeks["count"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("k", [3, 4, 5])
def test_no_withheld_number_of_incidents_can_be_narrowed_down(k):
    """All series of three and four weeks: those that look the same hold every small number in every withheld week."""
    for n_weeks, values in ((3, range(k + 2)), (4, range(k))):
        seen: dict[tuple[object, ...], list[tuple[int, ...]]] = defaultdict(list)
        for tolls in product(values, repeat=n_weeks):
            seen[told(tolls, tolls, k, persons=False)].append(tolls)
        assert len(seen) > 10
        for (_, small, _), alike in seen.items():
            for week in np.flatnonzero(small):
                assert {tolls[week] for tolls in alike} == set(range(1, k))


def test_no_withheld_toll_can_be_narrowed_down():
    """The same of tolls, where a week of few incidents may hold any: all series of three weeks."""
    weeks = [(0, 0), *((1, toll) for toll in range(12)), *((6, toll) for toll in range(5))]
    seen: dict[tuple[object, ...], list[tuple[int, ...]]] = defaultdict(list)
    for chosen in product(weeks, repeat=3):
        incidents, tolls = zip(*chosen, strict=True)
        seen[told(tolls, incidents, 5, persons=True)].append(tolls)
    for (_, small, _), alike in seen.items():
        withheld = np.flatnonzero(small)
        within = all(sum(tolls[week] for week in withheld) <= 12 for tolls in alike)  # the trial goes to 11 in a week
        for week in withheld:
            assert {tolls[week] for tolls in alike} >= set(range(1, 5)) or not within


@pytest.mark.parametrize("persons", [False, True])
@pytest.mark.parametrize("k", [3, 4, 5, 10, 11])
@pytest.mark.parametrize("weeks", range(2, 20))
def test_a_sum_of_many_withheld_weeks_tells_of_none(k, weeks, persons):
    """From the least sum (all weeks hold 1) to the most: the others can always make up for any value of one week.

    A week holds one at least, and k - 1 at most; of persons a week of few incidents may hold any number.
    """
    alike = defaultdict(list)
    for total in range(weeks, weeks * (k - 1) + 1):
        alike[_told_together(float(total), weeks, k, persons=persons)].append(total)
    most = math.inf if persons else (weeks - 1) * (k - 1)
    for sums in alike.values():
        for value in range(1, k):
            assert any(weeks - 1 <= total - value <= most for total in sums)
    assert max(abs(told - total) for told, sums in alike.items() for total in sums) < 2 * k


def test_total_is_near_the_truth():
    rng = np.random.default_rng(1)
    for _ in range(50):
        tolls = rng.poisson(rng.choice([1, 3, 20], 12)).astype(float)
        safe = withhold_small_weeks(weekly(list(tolls)))
        assert safe.total(safe.weeks.index[0], safe.weeks.index[-1]) % 5 == 0
        assert abs(safe.total(safe.weeks.index[0], safe.weeks.index[-1]) - tolls.sum()) <= 2 * len(tolls) + 5


def test_a_threshold_that_hides_nothing_is_refused():
    with pytest.raises(InputError, match=r"fewer than 2 are to be withheld: that hides nothing\. Give 3 or more"):
        withhold_small_weeks(weekly([1.0]), k=2)


def test_places_are_cells_of_the_map_and_small_ones_are_not_listed(write_places):
    found = ct.read_incidents(write_places)
    days = ("2019-05-06", "2019-06-30")
    daily = ct.daily_series(found, measure="civilians", coverage=days)
    panel = ct.daily_series(on_grid(found), measure="civilians", coverage=days, by="place")
    places = safe_places(panel, withhold_small_weeks(daily))
    assert places.to_numpy().tolist() == [[35.9, 36.6, 60.0], [36.0, 0.0, 20.0]]


@pytest.fixture
def write_places(tmp_path):
    """Twenty deaths in ten incidents at one place, forty at two that lie in one cell, four in four, nine in one."""
    lines = [
        "incident_id,date_start,date_end,admin1,lat,lon,civilians_killed_low,civilians_killed_best,civilians_killed_high,unit"
    ]
    at = [("35.96", "0.04", 2)] * 10 + [("35.93", "36.63", 4), ("35.86", "36.58", 2)] * 10
    at += [("34.0", "36.0", 1)] * 4 + [("33.0", "36.0", 9)]
    for number, (latitude, longitude, toll) in enumerate(at):
        day = (pd.Timestamp("2019-05-06") + pd.Timedelta(days=number)).date()
        lines.append(f"I{number},{day},{day},Idlib,{latitude},{longitude},{toll},{toll},{toll},incident")
    path = tmp_path / "places.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_places_never_hold_more_than_the_weeks_that_are_shown(write_places):
    """Else a week that is withheld could be told from them: 23 in the places, at most 19 in the weeks shown."""
    found = ct.read_incidents(write_places)
    days = ("2019-05-06", "2019-06-30")
    panel = ct.daily_series(on_grid(found), measure="civilians", coverage=days, by="place")
    full = withhold_small_weeks(ct.daily_series(found, measure="civilians", coverage=days))
    few = full.weeks.assign(count=full.weeks["count"].where(full.weeks.index < pd.Timestamp("2019-05-20")))
    places = safe_places(panel, SafeWeeks(few, full.stretches, 5, full.measure, full.unit))
    shown = few["count"].dropna()
    assert 0 <= (places["count"] - 2).sum() <= (shown[shown > 0] - 2).sum()
    assert len(places) < 2

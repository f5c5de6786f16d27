from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from conflictts import DailySeries, daily_series, estimate_growth
from conflictts.errors import CoverageError, TooLittleData
from conflictts.truce.growth import factor_of, rolling_growth, times, weekday_offset, why_not
from tests.truce.invented import made

# "increasingly recurrent since the end of August": growth per week since 1 September 2019
SINCE_SEPTEMBER = [
    pytest.param("catalogue", "2019-11-06", (1.14, 0.86, 1.54), id="catalogue to 6 November"),
    pytest.param("catalogue", "2019-11-30", (1.18, 0.97, 1.43), id="catalogue to 30 November"),
    pytest.param("ucdp", "2019-11-06", (1.25, 1.04, 1.53), id="UCDP to 6 November"),
    pytest.param("ucdp", "2019-11-30", (1.23, 1.10, 1.40), id="UCDP to 30 November"),
]


@pytest.mark.parametrize(("source", "last", "expected"), SINCE_SEPTEMBER)
def test_growth_since_september(source, last, expected, idlib, greater_idlib):
    if source == "ucdp":
        daily = daily_series(greater_idlib, measure="civilians", coverage=("2018-01-01", "2019-11-30"))
    else:
        daily = daily_series(idlib, measure="civilians")
    found = estimate_growth(daily, window=("2019-09-01", last))
    assert (found.growth, found.lower, found.upper) == pytest.approx(expected, abs=0.006)  # quoted to two places


def test_exact_growth_is_met():
    counts = 50 * np.exp(np.log(2) * np.arange(70) / 14)  # doubles every 14 days
    found = estimate_growth(made(counts), weekday=False)
    assert found.growth == pytest.approx(np.sqrt(2), rel=1e-4)  # fractions stand in for counts, nothing is random
    assert found.doubling_days == pytest.approx(14, rel=1e-3)  # the same
    assert np.isnan(found.halving_days)
    assert found.days == 70


def test_a_window_that_is_one_day_is_said_to_be():
    counts = np.random.default_rng(2).poisson(3, 84).astype(float)
    counts[78] = counts.sum() + 100.0  # three hundred in a day amid three
    found = estimate_growth(made(counts))
    day = made(counts).table.index[78]
    assert found.warnings == (
        f"a single day, {day:%Y-%m-%d}, holds {counts[78] / counts.sum():.0%} of the counts: growth is the story of "
        "one day",
    )
    counts[78] = 3.0
    assert estimate_growth(made(counts)).warnings == ()


def test_unobserved_days_are_not_quiet_days():
    rng = np.random.default_rng(2)
    counts = rng.poisson(8, 84).astype(float)
    gap, quiet = counts.copy(), counts.copy()
    gap[60:72], quiet[60:72] = np.nan, 0.0
    whole, missing, wrong = (estimate_growth(made(each)).growth for each in (counts, gap, quiet))
    assert abs(missing - whole) < 0.02  # an eighth of the days is gone: growth moves by about one standard error
    assert abs(wrong - whole) > 0.02


def test_provisional_days_are_missing():
    counts = np.random.default_rng(2).poisson(8, 84).astype(float)
    daily = made(counts)
    table = daily.table.copy()
    table.loc[table.index[-10:], ["low", "best", "high"]] = 0.0
    table.loc[table.index[-10:], "status"] = "provisional"
    found = estimate_growth(replace(daily, table=table), weekday=False)
    assert found.days == 74
    assert found.growth == pytest.approx(estimate_growth(made(counts[:74]), weekday=False).growth)


def test_weekday_profile_is_taken_out():
    profile = np.array([2.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5])
    daily = made(np.tile(20 * profile, 12))
    offset = weekday_offset(daily)
    assert np.exp(offset[:7]) == pytest.approx(profile, rel=1e-9)  # mean 1, and no noise
    assert estimate_growth(daily).growth == pytest.approx(1.0, abs=1e-6)  # an exact fit


def test_one_enormous_day_makes_no_profile():
    counts = np.tile([3.0, 2.0, 4.0, 3.0, 2.0, 4.0, 3.0], 20)
    usual = weekday_offset(made(counts))
    counts[72] = 1e6
    assert np.abs(weekday_offset(made(counts)) - usual).max() < 0.4  # one ratio of 7 among twenty weeks


WHY = [
    pytest.param([1.0] * 9 + [0.0] * 5, "only 9 counts, 10 are needed", id="few"),
    pytest.param([1.0] + [0.0] * 13, "only 1 count, 10 are needed", id="one"),
    pytest.param([15.0] + [0.0] * 13, "counts on only 1 day, 3 are needed", id="one day"),
    pytest.param([5.0, 5.0] + [0.0] * 12, "counts on only 2 days, 3 are needed", id="two days"),
    pytest.param([4.0] * 11 + [np.nan] * 3, "3 of 14 days unobserved or provisional", id="gaps"),
    pytest.param([4.0] * 12 + [np.nan] * 2, "", id="enough"),
]


@pytest.mark.parametrize(("counts", "message"), WHY)
def test_what_cannot_be_told_says_why(counts, message):
    (reason,) = why_not(np.array(counts), len(counts))
    assert reason.startswith(message)
    assert bool(reason) == bool(message)
    if message:
        with pytest.raises(TooLittleData, match=message):
            estimate_growth(made(counts))


def test_window_must_fit():
    daily = made([3.0, 1.0, 2.0] * 20)
    with pytest.raises(CoverageError, match=r"2020-01-05\.\.2020-02-01 must lie inside .* 2020-01-06\.\.2020-03-05"):
        estimate_growth(daily, window=("2020-01-05", "2020-02-01"))
    with pytest.raises(TooLittleData, match="13 days; growth needs at least 14"):
        estimate_growth(daily, window=("2020-01-06", "2020-01-18"))
    with pytest.raises(ValueError, match="level = 95"):
        estimate_growth(daily, level=95)


@pytest.mark.parametrize(
    ("slope", "lower", "upper", "expected"),
    [
        pytest.param(np.log(2), 0.1, 2.0, (7.0, np.nan), id="doubles in a week"),
        pytest.param(-np.log(2) / 2, -0.9, -0.1, (np.nan, 14.0), id="halves in two"),
        pytest.param(np.log(2), 0.1, np.inf, (7.0, np.nan), id="open above"),
        pytest.param(-np.log(2), -np.inf, -0.1, (np.nan, 7.0), id="open below"),
        pytest.param(0.1, 0.0, 0.2, (np.nan, np.nan), id="interval reaches 0"),
        pytest.param(np.nan, np.nan, np.nan, (np.nan, np.nan), id="not determined"),
        pytest.param(0.0, 0.0, 0.0, (np.nan, np.nan), id="exactly level"),
    ],
)
def test_times_only_where_the_interval_excludes_no_change(slope, lower, upper, expected):
    assert [float(value) for value in times(slope, lower, upper)] == pytest.approx(expected, nan_ok=True)


def test_factors_stay_numbers_that_a_figure_can_draw():
    factors = [float(each) for each in factor_of(-np.inf, 900.0, 0.0, np.inf)]
    assert factors == pytest.approx([np.exp(-700), np.exp(700), 1.0, np.exp(700)])
    assert np.isnan(factor_of(np.nan)[0])


def with_draws(spread: float, n_draws: int = 6) -> DailySeries:
    """Counts of 70 days, and draws in which a share of them is drawn anew."""
    rng = np.random.default_rng(8)
    counts = rng.poisson(6.0, 70).astype(float)
    drawn = {k: np.where(rng.random(70) < spread, rng.poisson(6.0, 70), counts) for k in range(n_draws)}
    daily = made(counts)
    return replace(daily, draws=pd.DataFrame(drawn, index=daily.table.index, dtype=float))


def test_draws_are_pooled_by_rubins_rules():
    daily = with_draws(0.5)
    found = estimate_growth(daily, weekday=False)
    alone = [estimate_growth(made(daily.draws[k]), weekday=False) for k in daily.draws]
    slopes = np.log([one.growth for one in alone])
    assert np.log(found.growth) == pytest.approx(slopes.mean(), abs=1e-6)  # fits end at 1e-9
    # Half-widths of single fits differ with their own memory and scale, which the pooled fit shares: to a tenth.
    within = np.mean([(np.log(one.upper / one.lower) / 2 / 2.0) ** 2 for one in alone])
    total = np.sqrt(within + (1 + 1 / 6) * slopes.var(ddof=1))
    assert np.log(found.upper / found.lower) / 2 == pytest.approx(2.0 * total, rel=0.15)
    assert total > 1.1 * np.sqrt(within)


def test_equal_draws_change_nothing():
    daily = with_draws(0.0)
    found, plain = estimate_growth(daily), estimate_growth(replace(daily, draws=None))
    assert (found.growth, found.lower, found.upper) == pytest.approx((plain.growth, plain.lower, plain.upper), rel=1e-9)


def test_draws_that_leave_too_little_are_refused():
    daily = with_draws(0.0)
    with pytest.raises(TooLittleData, match="Draws leave under 10 counts"):
        estimate_growth(replace(daily, draws=daily.draws * 0))


def test_every_window_is_pooled_over_its_draws_as_one_declared_window_is():
    daily = with_draws(0.5)
    rolling = rolling_growth(daily.settled.to_numpy(), np.zeros(70), 70, daily.draws.to_numpy().T)
    assert rolling.reason.tolist() == [""]
    # the whole series is one window: what differs is whose memory is used, that of the draws or of the counts
    declared = estimate_growth(daily, weekday=False)
    found = [float(each) for each in factor_of(rolling.slope[0], *(end[0] for end in rolling.interval(0.95)))]
    assert found == pytest.approx([declared.growth, declared.lower, declared.upper], rel=0.02)
    alone = rolling_growth(daily.settled.to_numpy(), np.zeros(70), 70)
    assert rolling.interval(0.95)[1] - rolling.slope > alone.interval(0.95)[1] - alone.slope


def test_draws_of_windows_that_leave_too_little_say_so():
    daily = with_draws(0.0)
    draws = daily.draws.to_numpy().T.copy()
    draws[2, :30] = 0.0
    rolling = rolling_growth(daily.settled.to_numpy(), np.zeros(70), 28, draws)
    assert rolling.reason[0] == "draws leave too few counts, or counts on too few days"
    assert rolling.reason[-1] == ""
    assert np.isnan([rolling.slope[0], rolling.interval(0.95)[0][0]]).all()


def test_equal_draws_of_windows_change_nothing():
    daily = with_draws(0.0)
    pooled = rolling_growth(daily.settled.to_numpy(), np.zeros(70), 42, daily.draws.to_numpy().T)
    plain = rolling_growth(daily.settled.to_numpy(), np.zeros(70), 42)
    assert pooled.slope == pytest.approx(plain.slope, rel=1e-9)  # the same rows, many times
    for one, other in zip(pooled.interval(0.95), plain.interval(0.95), strict=True):
        assert one == pytest.approx(other, rel=1e-6)  # ends are found to 1e-8 standard errors


def test_a_burst_of_three_days_limits_growth_on_one_side_at_most():
    daily = made(np.concatenate([np.zeros(19), [400.0, 1.0, 1.0], np.zeros(20)]))
    found = estimate_growth(daily, weekday=False)
    assert found.lower < 1e-3
    assert found.upper > 1e3
    assert np.isnan([found.doubling_days, found.halving_days]).all()
    assert np.isfinite(found.summary()[["growth", "lower", "upper"]].to_numpy(dtype=float)).all()

"""Series fitted to claims: what is met, what cannot be, and that the result never passes for a count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import conflictts as ct
from conflictts.errors import InputError, TooLittleData, UnknownNameError
from conflictts.series import benchmarking

TOTAL = 1e-6  # of a total; the fit itself keeps 1e-9 of the ratio
NAN = np.nan


def series(counts, status=None) -> ct.DailySeries:
    daily = ct.DailySeries.from_counts(pd.Series(counts, pd.date_range("2020-01-01", periods=len(counts)), dtype=float))
    return daily if status is None else replace(daily, table=daily.table.assign(status=status))


def claims_of(*claims: tuple) -> pd.DataFrame:
    """(first and last day of January 2020, low, best, high), told by B on incidents."""
    table = pd.DataFrame(claims, columns=["period_start", "period_end", "low", "best", "high"])
    for column in ("period_start", "period_end"):
        table[column] = pd.to_datetime([f"2020-01-{day:02d}" for day in table[column]]).astype("datetime64[us]")
    table.insert(0, "claim_id", [f"C{number}" for number in range(len(claims))])
    return table.assign(measure="incidents", reporting_body="B").astype({"low": float, "best": float, "high": float})


def exactly(*claims: tuple) -> pd.DataFrame:
    return claims_of(*[(first, last, n, n, n) for first, last, n in claims])


# Counts, (first, last, claimed), fitted days. The step by hand: see test_denton.
KNOWN = [
    pytest.param([1, 2, 3, 4], [(1, 4, 20)], [2, 4, 6, 8], id="one claim multiplies"),
    pytest.param([1, 0, 3, 0], [(1, 4, 8)], [2, 0, 6, 0], id="zero days stay zero"),
    pytest.param([1, 1, 1, 1, 2, 2], [(1, 4, 2)], [0.5, 0.5, 0.5, 0.5, 1, 1], id="carried on outside"),
    pytest.param([1, 1, 1, 1, 1, 1], [(1, 3, 3), (4, 6, 6)], np.array([15, 18, 24, 33, 39, 42]) / 19, id="a step"),
    pytest.param([1, 2], [(1, 1, 3), (1, 2, 5)], [3, 2], id="overlapping, as a chain"),
    pytest.param([2, 2, 2, 2], [(1, 4, 0)], [0, 0, 0, 0], id="nobody, says the claim"),
]


@pytest.mark.parametrize(("counts", "told", "expected"), KNOWN)
def test_fitted_days_by_hand(counts, told, expected):
    fitted = ct.benchmark_to_claims(series(counts), exactly(*told))
    np.testing.assert_allclose(fitted.daily.counts, expected, atol=1e-8)  # ratios of order one
    assert fitted.constraints["met"].all()


# target, claimed (low, best, high) for a day count of 10; fitted total.
TARGETS = [
    pytest.param("best", (15, 20, 25), 20, id="best"),
    pytest.param("low", (15, 20, 25), 15, id="low"),
    pytest.param("high", (15, 20, 25), 25, id="high"),
    pytest.param("range", (15, 20, 25), 15, id="the end of the range that changes least"),
    pytest.param("range", (5, 20, 25), 10, id="inside the range: nothing to change"),
    pytest.param("range", (NAN, NAN, 8), 8, id="at most 8"),
    pytest.param("range", (12, 12, NAN), 12, id="at least 12"),
    pytest.param({"C0": "high"}, (15, 20, 25), 25, id="by name"),
    pytest.param({}, (15, 20, 25), 20, id="not named: best"),
]


@pytest.mark.parametrize(("target", "claimed", "total"), TARGETS)
def test_target_is_the_users_choice(target, claimed, total):
    fitted = ct.benchmark_to_claims(series([4, 6]), claims_of((1, 2, *claimed)), target=target)
    assert fitted.daily.counts.sum() == pytest.approx(total, rel=TOTAL)
    assert fitted.constraints["fitted"].tolist() == pytest.approx([total], rel=TOTAL)


# Days 1-10 count 1 each but 5-6 count 0; day 9 was not observed and day 10 is provisional. C0 is met in each.
SERIES = series([1, 1, 1, 1, 0, 0, 1, 1, NAN, 1], status=["observed"] * 8 + ["unobserved", "provisional"])
UNMET = [
    pytest.param((5, 6, 3), "the series counts 0 on every day of its period", id="zero days"),
    pytest.param((5, 6, 0), "the series counts 0 on every day of its period", id="nobody on zero days: nothing to do"),
    pytest.param((1, 4, 7), "cannot hold together with C0", id="contradicts"),
    pytest.param((1, 6, 7), "cannot hold together with C0", id="more, but only on zero days"),
    pytest.param((2, 3, 9), "cannot hold together with C0", id="a part larger than the whole"),
    pytest.param((8, 9, 3), "days of its period were not observed", id="not observed"),
    pytest.param((10, 10, 3), "days of its period are still provisional", id="provisional"),
    pytest.param((8, 31, 3), "its period is not inside coverage 2020-01-01..2020-01-10", id="outside"),
    pytest.param((7, 8, NAN), "states no such figure", id="no figure"),
]


@pytest.mark.parametrize(("told", "reason"), UNMET)
def test_claim_that_cannot_be_met_is_reported(told, reason):
    fitted = ct.benchmark_to_claims(SERIES, exactly((1, 4, 6), told))
    first, second = fitted.constraints.to_dict("records")
    assert first["met"]
    assert not second["met"]
    assert second["reason"].startswith(reason)
    assert fitted.daily.counts.iloc[:4].sum() == pytest.approx(6, rel=TOTAL)


def test_another_measure_is_not_met_and_nothing_met_is_refused():
    claims = exactly((1, 4, 6)).assign(measure="deaths")
    with pytest.raises(TooLittleData, match=r"None of 1 claims can be met \(C0: speaks of another measure than inci"):
        ct.benchmark_to_claims(SERIES, claims)


def test_first_claims_win_and_the_reason_names_only_those_in_the_way():
    daily = series([1.0] * 9)
    told = exactly((7, 9, 3), (1, 2, 3), (4, 5, 5), (1, 2, 4), (1, 5, 7))
    constraints = ct.benchmark_to_claims(daily, told).constraints
    assert constraints["met"].tolist() == [True, True, True, False, False]
    assert constraints["reason"].tolist()[3:] == ["cannot hold together with C1", "cannot hold together with C1 and C2"]
    turned = ct.benchmark_to_claims(daily, told.iloc[::-1].reset_index(drop=True)).constraints
    assert turned.set_index("claim_id")["met"].to_dict() == {
        "C4": True,
        "C3": True,
        "C2": False,
        "C1": False,
        "C0": True,
    }


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_totals_are_met_zero_days_stay_and_the_original_is_untouched(seed):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(1.2, 31).astype(float)
    daily = series(counts)
    cuts = np.sort(rng.choice(np.arange(2, 31), 3, replace=False))
    told = [(1, cuts[0]), (1, cuts[1]), (cuts[1] + 1, 31), (cuts[0], cuts[2])]
    claims = claims_of(*[(first, last, n, n * 1.1, n * 1.3) for first, last in told for n in [rng.integers(1, 60)]])
    before, given_claims = daily.table.copy(), claims.copy()
    try:
        fitted = ct.benchmark_to_claims(daily, claims, target=str(rng.choice(["best", "range", "low", "high"])))
    except TooLittleData:
        assert (counts[: cuts[0]] == 0).all()
        return
    for row in fitted.constraints[fitted.constraints["met"]].itertuples():
        total = fitted.daily.counts.loc[row.period_start : row.period_end].sum()
        assert row.claimed_low * (1 - TOTAL) <= total <= row.claimed_high * (1 + TOTAL)
    assert (fitted.daily.counts[counts == 0] == 0).all()
    assert (fitted.daily.counts >= 0).all()
    np.testing.assert_allclose(fitted.daily.counts, fitted.ratio * counts)
    assert fitted.original is daily
    pd.testing.assert_frame_equal(daily.table, before)
    pd.testing.assert_frame_equal(claims, given_claims)


def test_low_best_high_keep_their_order_and_gaps_stay_gaps():
    table = SERIES.table.assign(low=SERIES.table["low"] * 0.5, high=SERIES.table["high"] * 3)
    fitted = ct.benchmark_to_claims(replace(SERIES, table=table), exactly((1, 4, 6)))
    got = fitted.daily.table
    assert got["status"].tolist() == SERIES.table["status"].tolist()
    assert got.loc["2020-01-09", ["low", "best", "high"]].isna().all()
    assert (got["low"].dropna() <= got["best"].dropna()).all()
    assert got.loc["2020-01-01", ["low", "best", "high"]].tolist() == pytest.approx([0.75, 1.5, 4.5])
    assert fitted.outside == 6


def test_fitted_series_says_that_it_is_modelled(idlib):
    daily = ct.daily_series(idlib, measure="civilians")
    chosen = idlib.claims[idlib.claims["claim_id"].isin(["CLM-081", "CLM-098"])]
    fitted = ct.benchmark_to_claims(daily, chosen)
    assert fitted.daily.source.endswith("; modelled: fitted to claims of SOHR (CLM-081, CLM-098)")
    assert fitted.daily.source.startswith(fitted.original.source)
    assert "modelled" not in fitted.original.source
    assert fitted.daily.draws is None
    account = fitted.daily.account.set_index("outcome")["best"]
    assert account["added by fitting to claims"] == pytest.approx(fitted.daily.counts.sum() - daily.counts.sum())
    held = ct.hold_claims(fitted.daily, chosen)
    assert held["ratio"].tolist() == pytest.approx([1, 1], rel=TOTAL)


def test_truce_of_31_august_on_both_series(idlib):
    """699 before and 61 after become 975 and 50, so that against this body the raw fall understates."""
    daily = ct.daily_series(idlib, measure="civilians", coverage=("2019-04-30", "2019-11-06"))
    chosen = idlib.claims[idlib.claims["claim_id"].isin(["CLM-081", "CLM-098"])]
    fitted = ct.benchmark_to_claims(daily, chosen)
    assert fitted.constraints[["counted", "fitted"]].to_numpy().ravel() == pytest.approx([699, 975, 61, 50], rel=TOTAL)
    assert fitted.outside == 0
    truce, window = idlib.truces["TRC-5"], daily.coverage
    raw, modelled = (ct.estimate_truce_effect(each, truce, window=window) for each in (fitted.original, fitted.daily))
    # Both totals of a period of days change by a known factor; 31 August, with one death of 699, lies in both.
    known = (50 / 61) / (975 / 699)
    means = [effect.rates["best"].iloc[1] / effect.rates["best"].iloc[0] for effect in (raw, modelled)]
    assert means[1] / means[0] == pytest.approx(known, rel=0.005)
    assert modelled.rate_ratio / raw.rate_ratio == pytest.approx(known, rel=0.05)  # weekdays enter the model


def test_summary_by_month_sets_both_side_by_side():
    fitted = ct.benchmark_to_claims(series([1.0] * 40), exactly((1, 31, 62)))
    summary = fitted.summary()
    assert summary.loc["2020-01", ["counted_best", "fitted_best", "ratio"]].tolist() == pytest.approx([31, 62, 2])
    assert summary.loc["2020-02", ["counted_best", "fitted_best", "ratio"]].tolist() == pytest.approx([9, 18, 2])


REFUSED = [
    pytest.param(
        {"target": "middle"}, UnknownNameError, "No target 'middle'. Choose one of best, range, low", id="word"
    ),
    pytest.param({"target": {"C9": "best"}}, UnknownNameError, "No claim 'C9' among the 2 given", id="name"),
]


@pytest.mark.parametrize(("options", "error", "message"), REFUSED)
def test_options_that_do_not_exist_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        ct.benchmark_to_claims(SERIES, exactly((1, 2, 3), (3, 4, 3)), **options)


def test_two_claims_of_one_name_are_refused():
    with pytest.raises(InputError, match="Two claims are named 'C0'"):
        ct.benchmark_to_claims(SERIES, exactly((1, 2, 3), (3, 4, 3)).assign(claim_id="C0"))


def test_fit_that_is_not_found_is_one_clear_error(monkeypatch):
    def none_found(*_):
        raise ArithmeticError("no set of binding totals met the conditions of the smoothest ratio")

    monkeypatch.setattr(benchmarking, "fit_ratio", none_found)
    with pytest.raises(
        InputError, match=r"meets the 1 claims that can hold together: no set of .* Choose fewer of them"
    ):
        ct.benchmark_to_claims(SERIES, exactly((1, 2, 3)))


def test_all_claims_of_the_observatory_at_once(idlib):
    """45 claims, some of which exclude each other: the first are met, the others named with what bars them."""
    daily = ct.daily_series(idlib, measure="civilians")
    told = idlib.claims.query("reporting_body == 'SOHR' and measure == 'civilians' and claim_id != 'CLM-003'")
    unmet = ct.benchmark_to_claims(daily, told, target="range").constraints.set_index("claim_id").query("not met")
    assert unmet["reason"].to_dict() == {
        "CLM-016": "cannot hold together with CLM-014",
        "CLM-081": "cannot hold together with CLM-078",
        "CLM-082": "cannot hold together with CLM-079",
    }


def plainly_can_hold(ends: np.ndarray, bounds: np.ndarray, rows: list[int]) -> bool:
    """The same question to a general solver: totals of 0 or more, one for each day that carries counts."""
    inside = [(np.arange(ends.max()) >= ends[row, 0]) & (np.arange(ends.max()) < ends[row, 1]) for row in rows]
    asked = [
        (sign * days.astype(float), sign * bound)
        for row, days in zip(rows, inside, strict=True)
        for sign, bound in zip((-1, 1), bounds[row], strict=True)
        if np.isfinite(bound)
    ]
    system, limits = (np.array(each) for each in zip(*asked, strict=True))
    return linprog(np.zeros(system.shape[1]), A_ub=system, b_ub=limits, method="highs").status == 0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), exact=st.booleans())
def test_contradictions_are_those_of_a_general_solver(seed, exact):
    rng = np.random.default_rng(seed)
    n_claims = int(rng.integers(2, 14))
    first = rng.integers(0, 20, n_claims)
    ends = np.column_stack([first, first + rng.integers(1, 15, n_claims)])
    true = rng.integers(0, 4, int(ends.max())) * (rng.random() < 0.8)
    totals = np.array([true[a:b].sum() for a, b in ends]) + rng.integers(-2, 3, n_claims) * (not exact)
    bounds = np.maximum(np.column_stack([totals - rng.integers(0, 3, n_claims), totals]).astype(float), 0.0)
    bounds[rng.random(n_claims) < 0.2, 1] = NAN
    taken: list[int] = []
    for row in range(n_claims):
        possible = plainly_can_hold(ends, bounds, [*taken, row])
        assert benchmarking._can_hold(ends, bounds, [*taken, row]) == possible
        if possible:
            taken.append(row)
            continue
        against = list(taken)  # one at a time: without which could it hold
        for other in taken:
            fewer = [each for each in against if each != other]
            against = against if plainly_can_hold(ends, bounds, [*fewer, row]) else fewer
        assert benchmarking._in_the_way(ends, bounds, taken, row) == against
    assert len(taken) == n_claims or not exact


def test_sums_of_fractions_do_not_contradict_by_rounding():
    """0.1 and 0.2 add up to a little more than 0.3."""
    ends, bounds = np.array([[0, 1], [1, 2], [0, 2]]), np.array([[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]])
    assert benchmarking._can_hold(ends, bounds, [0, 1, 2])
    assert not benchmarking._can_hold(ends, bounds + np.array([[0], [0], [1e-6]]), [0, 1, 2])

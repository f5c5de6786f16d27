from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal, stats

from conflictts import DailySeries, daily_series, measure_escalation
from conflictts.errors import CoverageError, TooLittleData, UnknownNameError
from conflictts.report.escalation import phases_in_words
from conflictts.truce.comparison import Side, ratio_of_sides, remembered
from conflictts.truce.escalation import _established, shortest_run_of
from tests.truce.invented import START, made


def days_of(table: pd.DataFrame, phase: str) -> list[tuple[str, str]]:
    rows = table[table["phase"] == phase]
    return [(f"{row.first:%m-%d}", f"{row.last:%m-%d}") for row in rows.itertuples()]


IN_2019 = [
    # the rise of April holds 20 days in succession, where 21 establish one
    pytest.param("civilians", {"falling": "2019-08-31", "rising": "2019-11-01"}, id="civilians"),
    pytest.param(
        "deaths", {"rising": "2019-05-01", "falling": "2019-08-31", "rising again": "2019-11-01"}, id="deaths"
    ),
]


@pytest.mark.parametrize(("measure", "expected"), IN_2019)
def test_ucdp_falls_at_the_truce_and_rises_again(measure, expected, greater_idlib):
    daily = daily_series(greater_idlib, measure=measure, coverage=("2018-01-01", "2019-11-30"))
    found = measure_escalation(daily).phases
    of_2019 = found[(found["first"] >= "2019-01-01") & found["phase"].isin(["rising", "falling"])]
    assert of_2019["phase"].tolist() == [name.split()[0] for name in expected]
    for row, day in zip(of_2019.itertuples(), expected.values(), strict=True):
        assert row.first <= pd.Timestamp(day) <= row.last
        assert row.upper < 1 if row.phase == "falling" else row.lower > 1


def test_catalogue_falls_at_the_truce_is_silent_and_rises_again(idlib):
    found = measure_escalation(daily_series(idlib, measure="civilians")).phases
    assert days_of(found, "falling") == [("09-01", "09-19")]
    assert days_of(found, "silent") == [("10-01", "10-18")]
    assert days_of(found, "rising") == [("10-19", "10-31")]


def test_steady_rise_and_fall_are_named_with_their_times():
    days = np.arange(140)
    up = 2 * np.exp(np.log(2) * np.minimum(days, 139 - days) / 14)  # doubles in 14 days, then halves in 14
    counts = np.random.default_rng(3).poisson(up).astype(float)
    found = measure_escalation(made(counts)).phases
    assert found["phase"].tolist() == ["rising", "level", "falling"]
    assert found["doubling_days"].iloc[0] == pytest.approx(14, rel=0.25)  # 42 noisy days
    assert found["halving_days"].iloc[2] == pytest.approx(14, rel=0.25)  # the same
    level = found.iloc[1]
    assert level["first"] <= START + pd.Timedelta(days=70) <= level["last"]


@pytest.mark.parametrize(("gap", "silent"), [(1, True), (2, False)])
def test_a_silence_goes_on_over_a_single_unobserved_day(gap, silent):
    """Thirteen quiet days on each side of the gap: together a silence, else none."""
    counts = np.r_[np.full(60, 4.0), np.zeros(13), np.full(gap, np.nan), np.zeros(13), np.full(60, 4.0)]
    found = measure_escalation(made(counts))
    stretches = found.phases.loc[found.phases["phase"] == "silent", ["first", "last", "days"]].values.tolist()
    first = START + pd.Timedelta(days=60)
    assert stretches == ([[first, first + pd.Timedelta(days=25 + gap), 26 + gap]] if silent else [])
    said = [sentence for sentence in phases_in_words(found) if sentence.startswith("Silence")]
    assert [sentence.split(", ", 1)[1] for sentence in said] == (
        ["26 observed days without a single count, and 1 not observed."] if silent else []
    )


def test_the_period_before_begins_with_the_series():
    comparisons = measure_escalation(made(np.full(45, 4.0))).comparisons
    assert comparisons.loc["previous period", "other_first"] == START
    assert comparisons.loc["previous period", "other_days"] == 17


def test_every_tenth_day_unobserved_does_not_hide_a_silence():
    counts = np.r_[np.full(100, 4.0), np.zeros(100)]
    counts[5::10] = np.nan
    assert measure_escalation(made(counts)).phases["phase"].tolist()[-1] == "silent"


DEGENERATE = [
    pytest.param(np.zeros(100), ["silent"], id="all zeros"),
    pytest.param(np.zeros(10), ["undetermined"], id="ten zeros"),
    pytest.param(np.full(100, 4.0), ["level"], id="constant"),
    pytest.param(np.full(100, 1e6), ["level"], id="a million a day"),
    pytest.param(np.r_[np.zeros(50), 1e6, np.zeros(50)], ["silent", "undetermined", "silent"], id="one enormous day"),
    pytest.param(np.full(41, 4.0), ["undetermined"], id="a day short of a window"),
    pytest.param(np.full(42, 4.0), ["level"], id="one window"),
    pytest.param([5.0], ["undetermined"], id="one day"),
    pytest.param(np.r_[np.full(60, 3.0), np.full(60, np.nan), np.full(60, 3.0)], None, id="a long gap"),
]


@pytest.mark.parametrize(("counts", "phases"), DEGENERATE)
def test_degenerate_series_have_phases_and_no_unexplained_blank(counts, phases):
    found = measure_escalation(made(counts))
    expected = phases or ["level", "undetermined", "level"]
    assert found.phases["phase"].tolist() == expected
    assert found.phases["days"].sum() == len(counts)
    undetermined = found.phases["phase"] == "undetermined"
    assert (found.phases["reason"] != "").tolist() == undetermined.tolist()
    assert ((found.growth["growth"].isna()) == (found.growth["reason"] != "")).all()
    assert (found.rates[["trailing", "centred"]].isna().any(axis=1) == (found.rates["reason"] != "")).all()
    for table in (found.weeks, found.comparisons):
        assert (table["ratio"].isna() == (table["reason"] != "")).all()
    known = found.rates["trailing"].dropna().index
    assert (found.rates.loc[known, "trailing_lower"] <= found.rates.loc[known, "trailing"]).all()
    assert (found.rates.loc[known, "trailing"] <= found.rates.loc[known, "trailing_upper"]).all()


def test_nothing_settled_is_refused():
    daily = made(np.full(50, np.nan))
    with pytest.raises(TooLittleData, match="None of 50 days"):
        measure_escalation(daily)


def test_provisional_days_are_missing_not_quiet():
    counts = np.random.default_rng(1).poisson(4.0, 150).astype(float)
    table = made(counts).table.copy()
    table.loc[table.index[-20:], ["low", "best", "high"]] = 0.0
    table.loc[table.index[-20:], "status"] = "provisional"
    found = measure_escalation(replace(made(counts), table=table))
    assert found.phases["phase"].tolist() == ["level", "undetermined"]
    assert found.phases["reason"].iloc[-1] == "not observed, or provisional"
    assert found.growth["last"].iloc[-1] == table.index[-21]
    assert found.comparisons.loc["previous period", "last"] == table.index[-21]
    same = measure_escalation(made(counts[:-20]))
    pd.testing.assert_frame_equal(found.growth, same.growth, check_freq=False)


def test_a_provisional_day_between_settled_ones_enters_no_week():
    counts = np.full(70, 3.0)
    table = made(counts).table.copy()
    table.loc[table.index[30], ["low", "best", "high"]] = 500.0
    table.loc[table.index[30], "status"] = "provisional"
    weeks = measure_escalation(replace(made(counts), table=table)).weeks
    assert weeks["days"].tolist() == [7, 7, 7, 7, 6, 7, 7, 7, 7, 7]
    assert weeks["high"].max() == 21.0


def test_intervals_of_rates_and_ratios_widen_with_clustering():
    rng = np.random.default_rng(6)
    even, clustered = rng.poisson(4.0, 150), rng.negative_binomial(0.4, 0.4 / 4.4, 150)
    spans = []
    for counts in (even, clustered):
        found = measure_escalation(made(counts))
        ratio = found.comparisons.loc["previous period"]
        rate = found.rates.iloc[70]
        spans.append((np.log(ratio["upper"] / ratio["lower"]), rate["centred_upper"] - rate["centred_lower"]))
    assert spans[1][0] > 2 * spans[0][0]  # variance 11 times the mean against once: about 3.3 times, both estimated
    assert spans[1][1] > 1.5 * spans[0][1]  # the rates themselves differ, so less is asked


def test_a_gap_leaves_rates_where_they_were():
    counts = np.random.default_rng(4).poisson(6.0, 120).astype(float)
    gap = counts.copy()
    gap[50:55] = np.nan
    rates = measure_escalation(made(gap)).rates
    window = np.r_[counts[46:50], counts[55:60]]  # 14 days to day 59, of which 9 were watched
    assert rates["trailing"].iloc[59] == pytest.approx(window.mean())
    assert rates["trailing"].dropna().between(3, 9).all()


def test_rates_are_plain_averages_with_gamma_intervals():
    counts = np.tile([0.0, 2.0, 1.0, 3.0, 1.0, 2.0, 5.0], 10)
    found = measure_escalation(made(counts), weekday=False)
    assert found.rates["trailing"].iloc[13:].to_numpy() == pytest.approx(2.0)
    assert found.rates["centred"].iloc[7:-7].to_numpy() == pytest.approx(2.0)
    zeros = measure_escalation(made(np.zeros(30))).rates
    assert zeros["trailing_lower"].iloc[-1] == 0.0
    assert zeros["trailing_upper"].iloc[-1] == pytest.approx(stats.gamma.ppf(0.975, 0.5) / 14)


def test_rates_of_bursty_counts_lie_in_their_intervals_at_a_low_level():
    counts = np.zeros(400)
    counts[np.random.default_rng(2).choice(400, 6, replace=False)] = [1.0, 1.0, 1.0, 1.0, 900.0, 1.0]
    rates = measure_escalation(made(counts), level=0.8).rates
    for name in ("trailing", "centred"):
        known = rates[name].notna()
        assert (rates.loc[known & (rates[name] > 0), name] < 0.2).any(), "windows of a single death are there"
        lower, upper = (rates.loc[known, f"{name}_{end}"] for end in ("lower", "upper"))
        assert rates.loc[known, name].between(lower, upper).all()


RATIOS = [
    pytest.param((28, 40.0, 1.0), (28, 20.0, 1.0), 0.5, id="halved"),
    pytest.param((28, 40.0, 4.0), (14, 40.0, 2.0), 2.0, id="clustered, unlike lengths"),
    pytest.param((28, 40.0, 1.0), (28, 0.0, 1.0), 0.0, id="none now"),
]


@pytest.mark.parametrize(("then", "now", "ratio"), RATIOS)
def test_ratio_is_a_jeffreys_ratio_on_effective_counts(then, now, ratio):
    found = ratio_of_sides(Side(*then), Side(*now), 0.95, 14)
    assert found["ratio"] == pytest.approx(ratio)
    rng = np.random.default_rng(0)
    drawn = [rng.gamma(total / factor + 0.5, factor / days, 400_000) for days, total, factor in (now, then)]
    ends = np.quantile(drawn[0] / drawn[1], [0.025, 0.975])
    assert found["upper"] == pytest.approx(ends[1], rel=0.02)  # 400,000 draws know a tail to about half a percent
    assert found["lower"] == pytest.approx(ends[0] if ratio else 0.0, rel=0.02)  # the same


FEW = [
    pytest.param((7, 1.0, 8.0), (7, 1.0, 8.0), (np.nan, np.nan), "1 and 1, each worth less than one", id="both"),
    pytest.param((7, 1.0, 8.0), (7, 80.0, 8.0), (None, np.inf), "too few counts before: only a lower", id="before"),
    pytest.param((7, 0.0, 8.0), (7, 80.0, 8.0), (None, np.inf), "no counts before: only a lower", id="none before"),
    pytest.param((7, 80.0, 8.0), (7, 1.0, 8.0), (0.0, None), "", id="now"),
]


@pytest.mark.parametrize(("then", "now", "ends", "reason"), FEW)
def test_few_counts_give_no_end_that_the_prior_alone_would_set(then, now, ends, reason):
    found = ratio_of_sides(Side(*then), Side(*now), 0.95, 4)
    assert re.search(reason, found["reason"])
    for name, end in zip(("lower", "upper"), ends, strict=True):
        assert found[name] == pytest.approx(end, nan_ok=True) if end is not None else 0 < found[name] < 100


MEMORIES = [
    pytest.param([1.0, 2.0], [1.0, 2.0], [1.0, 0.5, 0.2, 0.1], (4 + 2 * 2 * 0.5 - 2 * (0.5 + 2 * 0.2 + 0.1)) / 4,
                 id="by hand"),
    pytest.param([1.0] * 7, [1.0, 2.0] * 3 + [1.0], [1.0] + [0.0] * 13, 1.0, id="none"),
    pytest.param([1.0] * 7, [1.0, 2.0] * 3 + [1.0], [1.0] * 14, 0.0, id="all shared"),
    pytest.param([1.0] * 7, [2.5] * 6 + [np.nan], [1.0] * 14, 7.0, id="one number each"),
    pytest.param([1.0, np.nan], [np.nan, 1.0], [1.0, 0.5, 0.2, 0.1], 0.9, id="days three apart"),
]  # fmt: skip


@pytest.mark.parametrize(("then", "now", "autocorrelation", "times"), MEMORIES)
def test_memory_of_a_difference(then, now, autocorrelation, times):
    found = remembered(np.array(then), np.array(now), np.array(autocorrelation))
    assert found == pytest.approx(times, abs=1e-12)  # sums of a few products


def test_week_ratios_of_weekly_bulletins_hold_the_truth():
    """Each week is one number, spread over its days; were they taken to share memory, 81 to 84 % of weeks held it."""
    rng, held = np.random.default_rng(2), []
    for _ in range(12):
        totals = pd.Series(
            rng.negative_binomial(5, 5 / 26, 40).cumsum(), pd.date_range("2020-01-12", periods=40, freq="7D")
        )
        weeks = measure_escalation(DailySeries.from_cumulative(totals, start="2020-01-06")).weeks.iloc[1:]
        held += ((weeks["lower"] <= 1) & (weeks["upper"] >= 1)).tolist()
    assert np.mean(held) >= 0.92  # of 468 weeks


def test_week_ratios_hold_the_truth_neither_too_seldom_nor_too_often():
    """Six weeks' memory in place of the difference's held 98 to 99.4 % of such weeks."""
    held = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        latent = signal.lfilter([0.8 * 0.8], [1, -0.6], rng.normal(size=365))
        weeks = measure_escalation(made(rng.poisson(3 * np.exp(latent - 0.32)))).weeks.iloc[1:]
        known = weeks[weeks["lower"].notna()]
        held += list((known["lower"] <= 1) & (known["upper"] >= 1))
    assert 0.935 <= np.mean(held) <= 0.979  # 620 neighbouring weeks: two standard errors are 1.8 points


def test_comparison_with_the_previous_period_and_a_baseline():
    counts = np.r_[np.tile([8.0, 9.0], 30), np.tile([2.0, 1.0], 28)]
    found = measure_escalation(made(counts), baseline=("2020-01-06", "2020-03-05")).comparisons
    assert found["best"].tolist() == [42.0, 42.0]
    assert found["other_best"].tolist() == [42.0, 510.0]
    assert found["ratio"].tolist() == pytest.approx([1.0, 1.5 / 8.5])
    assert (found["lower"] < found["ratio"]).all()
    assert (found["ratio"] < found["upper"]).all()
    assert found.loc["baseline", "upper"] < 1
    short = measure_escalation(made(counts[:40])).comparisons.loc["previous period"]
    assert short["reason"] == "only 12 settled days on one side, 14 are needed"


def test_a_baseline_that_shares_days_with_the_latest_period_is_refused():
    daily = made(np.tile([8.0, 9.0], 44))  # 88 days: the latest 28 from 6 March on
    assert "baseline" in measure_escalation(daily, baseline=("2020-01-06", "2020-03-05")).comparisons.index
    with pytest.raises(CoverageError, match=r"2020-01-06..2020-03-06 shares days with the latest period, 2020-03-06.."):
        measure_escalation(daily, baseline=("2020-01-06", "2020-03-06"))


def test_weeks_run_from_monday_and_add_up():
    counts = np.r_[np.full(10, 2.0), np.zeros(14), np.full(7, 1.0)]
    counts[4] = np.nan
    days = pd.date_range(START - pd.Timedelta(days=2), periods=33)
    weeks = measure_escalation(DailySeries.from_counts(pd.Series(np.r_[np.ones(2), counts], days))).weeks
    assert weeks["first"].dt.day_of_week.tolist() == [5, 0, 0, 0, 0, 0]
    assert weeks["days"].tolist() == [2, 6, 7, 7, 7, 3]
    assert weeks["best"].tolist() == [2.0, 12.0, 6.0, 0.0, 4.0, 3.0]
    reasons = ["first week", "only 2 settled", "", "", "no counts before", "only 3 settled"]
    assert [reason.startswith(start) for reason, start in zip(weeks["reason"], reasons, strict=True)] == [True] * 6
    assert weeks["best"].sum() == np.nansum(counts) + 2


RUNS = [
    pytest.param("..+++++..", 5, 0, "..+++++..", id="just long enough"),
    pytest.param("..++++...", 5, 0, ".........", id="a day short"),
    pytest.param(".+++.++..", 5, 1, ".++++++..", id="an interruption is bridged"),
    pytest.param(".+++..++.", 5, 1, ".........", id="a longer one is not"),
    pytest.param(".+++-+++.", 5, 1, ".........", id="the other sign ends a run"),
    pytest.param("+++++----", 4, 3, "+++++----", id="both"),
]


@pytest.mark.parametrize(("signs", "shortest", "bridge", "expected"), RUNS)
def test_runs(signs, shortest, bridge, expected):
    sign = np.array([{"+": 1.0, "-": -1.0, ".": 0.0}[one] for one in signs])
    kept = _established(sign, shortest, bridge)
    assert "".join({1.0: "+", -1.0: "-", 0.0: "."}[one] for one in kept) == expected


def test_shortest_run_of_grows_with_the_series():
    lengths = [shortest_run_of(days, 42) for days in (43, 84, 180, 365, 730, 1460)]
    assert lengths == sorted(lengths)
    assert lengths[0] == 2  # all windows there are
    assert 17 <= lengths[3] <= 20  # normal noise, white to AR(0.6): 95 % of the longest runs are 18 days or fewer


def remembering(rng: np.random.Generator) -> np.ndarray:
    """Counts of 3 a day on average, around a latent AR(0.6)."""
    shocks = rng.normal(0, 0.8, 200)
    latent = shocks.copy()
    for day in range(1, 200):
        latent[day] = 0.6 * latent[day - 1] + 0.8 * shocks[day]
    return rng.poisson(3 * np.exp(latent - 0.32))


def sparse(rng: np.random.Generator) -> np.ndarray:
    """Independent counts of 0.3 a day on average."""
    return rng.negative_binomial(1 / 0.9, 1 / (1 + 0.9 * 0.3), 200)


@pytest.mark.parametrize("counts", [remembering, sparse])
def test_intervals_and_phases_keep_their_promise(counts):
    rng = np.random.default_rng(11)
    held, false = [], 0
    for _ in range(24):
        found = measure_escalation(made(counts(rng)))
        known = found.growth[found.growth["growth"].notna()]
        held += list((known["lower"] <= 1) & (known["upper"] >= 1))
        false += bool(found.phase.isin(["rising", "falling"]).any())
    # 24 series of about 4 windows' worth: standard error about 2.3 points around the 94 to 96 % of the benchmark
    assert 0.88 < np.mean(held) < 0.99
    assert false <= 4  # at 5 % a series, 5 or more have a probability of about 1 %


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(0, 40)), min_size=30, max_size=110).filter(
        lambda counts: any(count is not None for count in counts)
    ),
    st.integers(-400, 400),
)
def test_every_day_has_one_phase_and_dates_only_shift(counts, shift):
    values = np.array([np.nan if count is None else float(count) for count in counts])
    daily = made(values)
    before = daily.table.copy()
    found = measure_escalation(daily)
    pd.testing.assert_frame_equal(daily.table, before)
    assert set(found.phase) <= {"rising", "falling", "level", "silent", "undetermined"}
    assert found.phases["days"].sum() == len(values)
    assert found.phases["best"].sum() == pytest.approx(np.nansum(values))
    # whole weeks, so that the days of the week stay
    moved = DailySeries.from_counts(
        pd.Series(values, pd.date_range(START + pd.Timedelta(days=7 * shift), periods=len(values)))
    )
    again = measure_escalation(moved)
    assert again.phase.tolist() == found.phase.tolist()
    np.testing.assert_array_equal(again.growth["growth"], found.growth["growth"])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        pytest.param({"window_days": 27}, UnknownNameError, "window_days = 27 is too short. Give 28", id="window"),
        pytest.param({"baseline": ("2019-01-01", "2019-02-01")}, CoverageError, "2019-01-01..2019-02-01", id="early"),
        pytest.param({"baseline": ("2020-01-06", "2021-01-06")}, CoverageError, "which are 2020-01-06", id="late"),
        pytest.param({"level": 95}, ValueError, "level = 95", id="level"),
    ],
)
def test_wrong_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        measure_escalation(made(np.full(60, 2.0)), **options)


def test_level_changes_intervals_but_not_phases(idlib):
    daily = daily_series(idlib, measure="civilians")
    usual, narrow = measure_escalation(daily), measure_escalation(daily, level=0.5)
    assert narrow.phase.tolist() == usual.phase.tolist()
    known = usual.growth["reason"] == ""
    assert (narrow.growth["upper"] < usual.growth["upper"])[known].all()


def test_rule_and_warnings_are_said():
    counts = np.tile([1.0, 2.0, 0.0], 30)
    counts[45] = 1400.25
    found = measure_escalation(made(counts))
    assert re.search(r"at least \d+ days in succession .* 42-day windows whose 95% interval", found.rule)
    assert f"at least {shortest_run_of(90, 42)} days" in found.rule
    assert "a single day holds over half" in found.warnings[0]
    assert "2020-02-20 with 1,400: growth there" in found.warnings[0]
    shares = [counts[start : start + 42].max() / counts[start : start + 42].sum() for start in range(49)]
    assert found.growth["largest_share"].tolist() == pytest.approx(shares)
    assert found.warnings[0].startswith(f"in {sum(share > 0.5 for share in shares)} of 49 windows ")
    even = made(np.tile([1.0, 2.0, 0.0], 30))
    assert measure_escalation(even).warnings == ()
    drawn = measure_escalation(replace(even, draws=pd.DataFrame({0: even.counts, 1: even.counts})))
    assert drawn.growth["growth"].notna().any()
    assert drawn.warnings[0].startswith("growth and phases are pooled over the draws; the intervals of rates")


def test_growth_of_an_established_phase_excludes_no_change():
    """Counts that drift; the window in the middle of the last fall is one that its run bridges."""
    rng = np.random.default_rng(14)
    counts = rng.negative_binomial(1, 1 / (1 + np.exp(np.cumsum(rng.normal(0, 0.12, 200)))))
    phases = measure_escalation(made(counts.astype(float))).phases.set_index("phase")
    assert phases.index[-1] == "falling"
    assert phases["upper"].iloc[-1] < 1
    assert phases["halving_days"].iloc[-1] > 0


def test_totals_too_clustered_to_compare_are_told_as_tolls(idlib):
    weeks = measure_escalation(daily_series(idlib, measure="civilians")).weeks.set_index("first")
    assert weeks.loc["2019-10-07", "reason"].startswith("too clustered to compare: 0.1 and 0, each worth less")

"""Chains of claims taken apart, and coverage over time: by hand, and in the bundled case."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import conflictts as ct
from conflictts.errors import CoverageError, UnknownNameError

NAN = np.nan
RANGE = ["low", "best", "high"]


def chain_of(*totals: tuple, body: str = "B") -> pd.DataFrame:
    """Claims of one body from 1 January 2020, each (last day of January, low, best, high)."""
    table = pd.DataFrame(totals, columns=["period_end", *RANGE])
    table["period_end"] = pd.to_datetime([f"2020-01-{day:02d}" for day in table["period_end"]]).astype("datetime64[us]")
    table.insert(0, "period_start", pd.Timestamp("2020-01-01").as_unit("us"))
    table.insert(0, "claim_id", [f"{body}{number}" for number in range(len(table))])
    return table.assign(measure="incidents", reporting_body=body).astype(dict.fromkeys(RANGE, "float64"))


# Totals told, and the last increment: low, best, high, verdict.
INCREMENTS = [
    pytest.param([(5, 230, 230, 230), (9, 360, 360, 360)], (130, 130, 130, "consistent"), id="exact"),
    pytest.param([(5, 230, 230, NAN), (9, 360, 360, NAN)], (0, 130, NAN, "consistent"), id="more than, twice"),
    pytest.param([(5, 230, 230, NAN), (9, 360, 360, 360)], (0, 130, 130, "consistent"), id="more than, then exact"),
    pytest.param([(5, 230, 230, 230), (9, 360, 360, NAN)], (130, 130, NAN, "consistent"), id="exact, then more than"),
    pytest.param([(5, 45, 50, 55), (9, 72, 80, 88)], (17, 30, 43, "consistent"), id="ranges"),
    pytest.param([(5, 45, 50, 55), (9, 45, 50, 55)], (0, 0, 10, "consistent"), id="said again"),
    pytest.param([(5, 285, 317, 348), (9, 300, 300, NAN)], (0, -17, NAN, "falls"), id="falls within its ranges"),
    pytest.param([(5, 230, 230, NAN), (9, 226, 226, 226)], (-np.inf, -4, -4, "contradictory"), id="cannot hold"),
    pytest.param([(5, 250, 250, 250), (9, 226, 226, 226)], (-24, -24, -24, "contradictory"), id="exact and less"),
    pytest.param([(5, 10, 10, 10), (9, 14, 14, 14), (9, 20, 20, 20)], (4, 7, 10, "consistent"), id="two on one day"),
    pytest.param([(5, 10, 10, 10), (9, 14, 14, NAN), (9, 12, 12, 12)], (2, 3, NAN, "consistent"), id="one unbounded"),
    pytest.param([(5, NAN, NAN, 8), (9, 10, 10, 10)], (2, NAN, 10, "consistent"), id="up to 8, then 10"),
]


@pytest.mark.parametrize(("totals", "expected"), INCREMENTS)
def test_last_increment_by_hand(totals, expected):
    last = ct.chain_claims(chain_of(*totals)).increments.iloc[-1]
    low = -np.inf if np.isnan(last["low"]) else last["low"]  # no floor of the difference, where it must be below 0
    np.testing.assert_array_equal([low, last["best"], last["high"]], expected[:3])
    assert last["link"] == expected[3]
    assert (f"{last['period_start']:%d}", f"{last['period_end']:%d}") == ("06", "09")


def test_last_total_is_that_of_the_last_day_stated_or_not():
    (row,) = ct.chain_claims(chain_of((5, 90, 100, 110), (9, NAN, NAN, 150))).summary().to_dict("records")
    assert (row["links"], row["until"]) == (2, pd.Timestamp("2020-01-09"))
    assert np.isnan(row["total"])


def test_first_increment_is_the_first_total_from_the_first_day():
    chains = ct.chain_claims(chain_of((9, 4, 5, 6), (5, 1, 2, 3)))
    first = chains.increments.iloc[0]
    assert first[["claim_id", *RANGE]].tolist() == ["B1", 1, 2, 3]
    assert chains.increments["claim_id"].tolist()[1] == "B0 less B1"
    assert f"{first['period_start']:%d %m}" == "01 01"


def test_one_end_is_no_chain_and_bodies_are_apart():
    alone = pd.concat([chain_of((5, 1, 1, 1), (5, 2, 2, 2)), chain_of((7, 1, 1, 1), body="C")], ignore_index=True)
    chains = ct.chain_claims(alone)
    assert chains.increments.empty
    assert chains.contradictions.empty
    assert chains.summary().empty
    two = pd.concat([chain_of((5, 1, 1, 1), (7, 9, 9, 9)), chain_of((6, 2, 2, 2), (8, 1, 1, 1), body="C")])
    assert ct.chain_claims(two).summary()[["reporting_body", "links", "total", "contradictory"]].values.tolist() == [
        ["B", 2, 9, 0],
        ["C", 2, 1, 1],
    ]


CONTRADICTIONS = [
    pytest.param([(5, 230, 230, NAN), (9, 226, 226, 226)], [("B0", 230, "B1", 226)], id="falls"),
    pytest.param([(5, 10, 10, 10), (9, 12, 12, 12), (11, 9, 9, 9)], [("B0", 10, "B2", 9), ("B1", 12, "B2", 9)],
                 id="falls below two"),
    pytest.param([(5, 1043, 1043, 1043), (5, 950, 975, 999), (9, 1100, 1100, 1100)], [("B0", 1043, "B1", 999)],
                 id="one day"),
    pytest.param([(5, 463, 463, NAN), (9, 460, 460, NAN)], [], id="more than 463, then more than 460: may both hold"),
    pytest.param([(5, 5, 5, 5), (9, 5, 5, 5)], [], id="level"),
]  # fmt: skip


@pytest.mark.parametrize(("totals", "expected"), CONTRADICTIONS)
def test_contradictions_are_named(totals, expected):
    found = ct.chain_claims(chain_of(*totals)).contradictions
    assert found[["earlier", "at_least", "later", "at_most"]].values.tolist() == [list(pair) for pair in expected]


@settings(max_examples=20, deadline=None)
@given(steps=st.lists(st.integers(0, 9), min_size=2, max_size=12), wide=st.integers(0, 5))
def test_increments_hold_the_truth_and_add_up_to_the_last_total(steps, wide):
    totals = np.cumsum(steps)
    chains = ct.chain_claims(chain_of(*[(day + 1, max(0, n - wide), n, n + wide) for day, n in enumerate(totals)]))
    increments = chains.increments
    assert increments["best"].sum() == totals[-1]
    assert increments["best"].tolist() == steps
    assert ((increments["low"] <= steps) & (increments["high"] >= steps)).all()
    assert (increments["low"] >= 0).all()
    assert chains.contradictions.empty
    assert (increments["period_start"].iloc[1:].to_numpy() > increments["period_end"].iloc[:-1].to_numpy()).all()


def test_chain_of_the_observatory(idlib):
    """230, 360, 470 ... since 30 April; "226" of 27 May and four of five totals to 31 August exclude one another."""
    chains = ct.chain_claims(idlib.claims)
    summary = chains.summary().set_index(["reporting_body", "measure", "since"])
    sohr = summary.loc[("SOHR", "civilians", pd.Timestamp("2019-04-30"))]
    assert sohr[["links", "total", "falls", "contradictory", "contradictory_pairs"]].tolist() == [27, 1200, 2, 0, 6]
    pairs = chains.contradictions[["earlier", "later"]].values.tolist()
    assert ["CLM-014", "CLM-016"] in pairs
    assert ["CLM-078", "CLM-081"] in pairs
    falls = chains.increments.loc[chains.increments["link"] == "falls", "claim_id"]
    assert falls.tolist() == ["CLM-026 less CLM-022", "CLM-034 less CLM-032"]
    since_truce = chains.increments.query("reporting_body == 'SOHR'")[lambda told: told["since"] == "2019-08-31"]
    assert since_truce[["best", "low"]].values.tolist() == [[11, 11], [39, 34], [200, 195]]


def test_increments_are_claims_that_can_be_held(idlib):
    daily = ct.daily_series(idlib, measure="civilians")
    increments = ct.chain_claims(idlib.claims).increments
    held = ct.hold_claims(daily, increments)
    assert len(held) == (increments["measure"] == "civilians").sum()
    assert not held["verdict"].str.contains("not observed").any()


def test_claims_given_stay_as_they_are(idlib):
    before = idlib.claims.copy()
    daily = ct.daily_series(idlib, measure="civilians")
    ct.chain_claims(idlib.claims)
    ct.coverage_ratio(daily, idlib.claims)
    ct.compare_coverage(daily, idlib.claims, "2019-08-31")
    pd.testing.assert_frame_equal(idlib.claims, before)


# The bundled case against the Observatory: README of the case, "Coverage against the claims".
SOHR = [
    ("CLM-014", 0.52), ("CLM-028", 0.63), ("CLM-062", 0.75), ("CLM-069", 0.73), ("CLM-079", 0.73), ("CLM-081", 0.72),
    ("CLM-082", 0.75), ("CLM-098", 1.22),
]  # fmt: skip


@pytest.fixture(scope="module")
def observatory(idlib) -> ct.CoverageRatio:
    return ct.coverage_ratio(ct.daily_series(idlib, measure="civilians"), idlib.claims, body="SOHR")


@pytest.mark.parametrize(("claim_id", "ratio"), SOHR)
def test_coverage_of_the_observatory_over_time(observatory, claim_id, ratio):
    row = observatory.table.set_index("claim_id").loc[claim_id]
    assert row["ratio"] == pytest.approx(ratio, abs=0.005)  # printed there as whole per cents
    assert row["chained"]


def test_ratio_has_a_range_from_both_sides(observatory):
    row = observatory.summary().set_index("claim_id").loc["CLM-098"]
    assert row["ratio_low"] == 61 / 55
    assert row["ratio_high"] == 62 / 45
    assert set(observatory.summary()["reporting_body"]) == {"SOHR"}


def test_body_unknown_or_silent_is_refused(idlib):
    daily = ct.daily_series(idlib, measure="civilians")
    with pytest.raises(UnknownNameError, match=r"No claim is told by 'NATO'\. Choose from .*SOHR"):
        ct.coverage_ratio(daily, idlib.claims, body=["SOHR", "NATO"])
    with pytest.raises(CoverageError, match="None of 1 claims by AFP speaks of civilian deaths inside 2019-04-20"):
        ct.coverage_ratio(daily, idlib.claims, body="AFP")


# The series counts 2 a day; the true toll by each body, before and from 16 January.
BIAS = [
    pytest.param([(1, 15, 60), (16, 31, 32)], (0.5, 1.0, 2.0, "understated"), id="half before, all after"),
    pytest.param([(1, 15, 30), (16, 31, 64)], (1.0, 0.5, 0.5, "overstated"), id="all before, half after"),
    pytest.param([(1, 15, 60), (16, 31, 64)], (0.5, 0.5, 1.0, "unbiased"), id="even"),
    pytest.param([(1, 10, 40), (3, 5, 1), (11, 15, 20), (16, 31, 32)], (0.5, 1.0, 2.0, "understated"),
                 id="the longest that do not overlap"),
    pytest.param([(1, 15, 20), (1, 15, 60), (1, 15, 90), (16, 31, 32)], (0.5, 1.0, 2.0, "understated"),
                 id="the median of several on one period"),
    pytest.param([(1, 16, 64), (16, 31, 32)], (0.5, 1.0, 2.0, "understated"), id="until the day counts as before"),
    pytest.param([(1, 15, 60), (16, 16, 99), (17, 31, 30)], (32 / 159, 1.0, 159 / 32, "understated"),
                 id="the day itself counts as before, and only so"),
    pytest.param([(1, 15, 60), (16, 20, 0), (21, 31, 16)], (0.5, 2.0, 4.0, "understated"), id="a claim of none is one"),
    pytest.param([(1, 15, 60), (10, 20, 1), (16, 31, 32)], (0.5, 1.0, 2.0, "understated"), id="across the day: unused"),
]  # fmt: skip


@pytest.mark.parametrize(("told", "expected"), BIAS)
def test_bias_of_the_fall_by_hand(told, expected):
    daily = ct.DailySeries.from_counts(pd.Series(2.0, pd.date_range("2020-01-01", periods=31)))
    claims = pd.concat([chain_of((last, n, n, n), body="B") for _, last, n in told], ignore_index=True)
    claims["period_start"] = pd.to_datetime([f"2020-01-{first:02d}" for first, *_ in told]).astype("datetime64[us]")
    claims["claim_id"] = [f"B{number}" for number in range(len(told))]
    found = ct.compare_coverage(daily, claims, "2020-01-16")
    assert found.loc["B", ["before", "after", "factor", "fall"]].tolist() == list(expected)


def test_bodies_disagree_on_the_bias_of_the_bundled_case(idlib):
    """Against the Observatory the raw fall is an underestimate, against the White Helmets an overestimate."""
    daily = ct.daily_series(idlib, measure="civilians")
    found = ct.compare_coverage(daily, idlib.claims, "2019-08-31", window=("2019-04-30", "2019-11-06"))
    assert found.loc["SOHR", "factor"] == pytest.approx((61 / 50) / (699 / 975))
    assert found.loc["SOHR", "fall"] == "understated"
    before, after = (182 + 240 + 138) / (272 + 343 + 136), (21 + 21) / (46 + 75)
    assert found.loc["White Helmets", ["before", "after"]].tolist() == pytest.approx([before, after])
    assert found.loc["White Helmets", "fall"] == "overstated"
    assert found.loc["White Helmets", ["claims_before", "claims_after"]].tolist() == [3, 2]
    assert found.loc["White Helmets", ["days_before", "days_after"]].tolist() == [31 + 31 + 31, 30 + 31]
    assert set(found.index) == {"SOHR", "White Helmets"}  # the UN's claim after the date tells of 4 days of 68


def test_no_body_on_both_sides_leaves_an_empty_table():
    daily = ct.DailySeries.from_counts(pd.Series(2.0, pd.date_range("2020-01-01", periods=31)))
    found = ct.compare_coverage(daily, chain_of((5, 1, 1, 1)), "2020-01-16")
    assert found.empty
    assert {"days_before", "days_after", "factor", "fall"} <= set(found.columns)
    claims = pd.concat([chain_of((last, n, n, n), body="B") for last, n in ((15, 60), (31, 0))], ignore_index=True)
    claims["period_start"] = pd.to_datetime(["2020-01-01", "2020-01-16"]).astype("datetime64[us]")
    found = ct.compare_coverage(daily, claims.assign(claim_id=["B1", "B2"]), "2020-01-16").loc["B"]
    assert (found["before"], found["fall"]) == (0.5, "not known")
    assert np.isnan(found["after"])
    with pytest.raises(CoverageError, match="day = 'soon' is not a date"):
        ct.compare_coverage(daily, chain_of((5, 1, 1, 1)), "soon")

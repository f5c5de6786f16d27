"""Claims held against the series: the bundled case's coverage table, and verdicts worked by hand."""

from __future__ import annotations

import csv
import datetime as dt
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

import conflictts as ct
from conflictts.errors import InputError

# data/idlib_2019/README.md, "Coverage against the claims": table low / best / high, share. Every figure is met as
# printed: check.py counts a raid of two dates on its evening, daily_series half on each, and none of these periods
# ends or begins between such two dates.
KNOWN = [
    ("CLM-014", 114, 120, 121, 0.52),
    ("CLM-025", 165, 182, 183, 0.67),
    ("CLM-028", 211, 228, 231, 0.63),
    ("CLM-035", 286, 312, 322, 0.66),
    ("CLM-041", 324, 353, 371, 0.65),
    ("CLM-049", 379, 409, 449, 0.68),
    ("CLM-062", 516, 554, 594, 0.75),
    ("CLM-065", 230, 240, 269, 0.70),
    ("CLM-069", 580, 623, 663, 0.73),
    ("CLM-077", 643, 698, 739, 0.64),
    ("CLM-078", 644, 699, 740, 0.67),
    ("CLM-079", 644, 699, 740, 0.73),
    ("CLM-080", 644, 699, 740, 0.70),
    ("CLM-081", 644, 699, 740, 0.72),
    ("CLM-082", 644, 699, 740, 0.75),
    ("CLM-085", 121, 138, 139, 1.01),
    ("CLM-087", 15, 15, 15, 1.36),
    ("CLM-090", 21, 21, 21, 0.46),
    ("CLM-092", 21, 21, 22, 0.78),
    ("CLM-093", 21, 21, 22, 0.28),
    ("CLM-098", 61, 61, 62, 1.22),
    ("CLM-104", 54, 55, 56, 0.98),
    ("CLM-109", 87, 89, 91, 0.77),
    ("CLM-110", 87, 89, 91, 0.82),
    ("CLM-116", 196, 206, 213, 0.82),
    ("CLM-121", 80, 93, 100, 1.16),
    ("CLM-127", 121, 139, 150, 0.92),
    ("CLM-128", 121, 139, 150, 0.88),
    ("CLM-129", 121, 139, 150, 0.96),
    ("CLM-133", 942, 1030, 1087, 0.68),
]
COUNTED = ["counted_low", "counted_best", "counted_high"]
EXACT = 1e-9  # one record is spread in fifteenths, which do not add up exactly in binary


@pytest.fixture(scope="module")
def held(idlib) -> pd.DataFrame:
    return ct.hold_claims(ct.daily_series(idlib, measure="civilians"), idlib.claims).set_index("claim_id")


@pytest.mark.parametrize(("claim_id", "low", "best", "high", "share"), KNOWN, ids=[claim[0] for claim in KNOWN])
def test_claim_of_the_bundled_case(held, claim_id, low, best, high, share):
    assert held.loc[claim_id, COUNTED].tolist() == pytest.approx([low, best, high], abs=EXACT)
    assert held.loc[claim_id, "ratio"] == pytest.approx(share, abs=0.005)  # printed as whole per cents


VERDICTS = [
    pytest.param("CLM-081", "below", id="nearly a thousand"),
    pytest.param("CLM-098", "within", id="about fifty, with three days of slack"),
]


@pytest.mark.parametrize(("claim_id", "verdict"), VERDICTS)
def test_verdict_of_the_bundled_case(held, claim_id, verdict):
    assert held.loc[claim_id, "verdict"] == verdict


def test_all_claims_against_a_plain_loop(shared, held):
    """Every claim on civilians inside the window, its records spread day by day in exact fractions."""
    folder = shared / "idlib_2019"
    window = (dt.date(2019, 4, 20), dt.date(2020, 1, 15))

    def rows(name):
        with (folder / name).open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    def day(text):
        return dt.date.fromisoformat(text)

    counted = [r for r in rows("incidents.csv") if not r["unit"].startswith("part_of") and r["civilians_killed_best"]]
    expected = {}
    for claim in rows("claims.csv"):
        first, last = day(claim["period_start"]), day(claim["period_end"])
        if claim["measure"] != "civilians_killed" or first < window[0] or last > window[1]:
            continue
        sums = [Fraction(0)] * 3
        for row in counted:
            start, end = day(row["date_start"]), day(row["date_end"])
            overlap = max((min(end, last) - max(start, first)).days + 1, 0)
            share = Fraction(overlap, (end - start).days + 1)
            figures = [
                row[f"civilians_killed_{part}"] or row["civilians_killed_best"] for part in ("low", "best", "high")
            ]
            sums = [total + share * int(figure) for total, figure in zip(sums, figures, strict=True)]
        expected[claim["claim_id"]] = [float(total) for total in sums]
    assert set(held.index) == set(expected)
    for claim_id, sums in expected.items():
        assert held.loc[claim_id, COUNTED].tolist() == pytest.approx(sums, abs=EXACT), claim_id


def claims_of(*claims: tuple) -> pd.DataFrame:
    """Claims from (first day of January 2020, last day, low, best, high) on incidents."""
    table = pd.DataFrame(claims, columns=["period_start", "period_end", "low", "best", "high"])
    for column in ("period_start", "period_end"):
        table[column] = pd.to_datetime([f"2020-01-{day:02d}" for day in table[column]]).astype("datetime64[us]")
    table.insert(0, "claim_id", [f"C{number}" for number in range(len(claims))])
    table.insert(1, "measure", "incidents")
    return table.astype({"low": float, "best": float, "high": float})


@pytest.fixture
def ten_days() -> ct.DailySeries:
    """One incident a day, 1-10 January 2020."""
    return ct.DailySeries.from_counts(pd.Series(1.0, pd.date_range("2020-01-01", periods=10)))


# The series counts 4 on 4-7 January; with its ends moved by a day, 2 to 6.
HAND = [
    pytest.param(4, 4, 0, "within", id="met"),
    pytest.param(5, 6, 0, "below", id="claim is more, no slack"),
    pytest.param(2, 3, 0, "above", id="claim is less, no slack"),
    pytest.param(6, 9, 1, "within", id="reached by a day on each side"),
    pytest.param(7, 9, 1, "below", id="out of reach of a day on each side"),
    pytest.param(0, 2, 1, "within", id="met without the first and last day"),
    pytest.param(0, 1, 1, "above", id="exceeded without the first and last day"),
    pytest.param(4, np.nan, 0, "within", id="at least 4"),
    pytest.param(5, np.nan, 0, "below", id="at least 5"),
    pytest.param(1, 1, 3, "within", id="slack longer than the period"),
]


@pytest.mark.parametrize(("low", "high", "slack_days", "verdict"), HAND)
def test_verdict_by_hand(ten_days, low, high, slack_days, verdict):
    held = ct.hold_claims(ten_days, claims_of((4, 7, low, low, high)), slack_days=slack_days)
    assert held["counted_best"].tolist() == [4]
    assert held["verdict"].tolist() == [verdict]


def test_claims_that_the_series_cannot_speak_to_are_left_out(ten_days):
    claims = claims_of((1, 10, 1, 1, 1), (1, 11, 1, 1, 1), (9, 12, 1, 1, 1))
    claims.loc[3] = ["C3", "deaths", *claims.loc[0, "period_start":]]
    assert ct.hold_claims(ten_days, claims)["claim_id"].tolist() == ["C0"]
    assert ct.hold_claims(ten_days, claims[1:]).columns.tolist() == [*claims, *COUNTED, "ratio", "verdict"]


def test_claims_stand_in_order_of_time_and_the_given_table_stays(ten_days):
    claims = claims_of((5, 6, 2, 2, 2), (1, 9, 9, 9, 9), (1, 2, 0, 0, 0))
    given = claims.copy()
    held = ct.hold_claims(ten_days, claims)
    assert held["claim_id"].tolist() == ["C2", "C1", "C0"]
    np.testing.assert_array_equal(held["ratio"], [np.nan, 1, 1])  # no ratio to a claim of nobody
    pd.testing.assert_frame_equal(claims, given)


CLAIM = "claim_id,measure,period_start,period_end,low,best,high,wording,reporting_body,note\n"
SOUND = "C1,people_killed,2019-04-30,2019-08-31,950,,,nearly,SOHR,kept\n"


def test_claims_are_read_with_their_measures_and_other_columns(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text(CLAIM + SOUND + SOUND.replace("C1,people_killed", "C2,displaced"))
    claims = ct.read_claims(path)
    assert claims["measure"].tolist() == ["deaths", "displaced"]
    assert claims["note"].tolist() == ["kept", "kept"]
    assert claims["period_end"].tolist() == [pd.Timestamp("2019-08-31")] * 2
    assert claims[["best", "high"]].isna().all(axis=None)


FAULTS = [
    pytest.param("2019-04-30", "30 April 2019", "row 2: period_start '30 April 2019' is not a date", id="date"),
    pytest.param("2019-08-31", "2019-02-30", "row 2: period_end '2019-02-30' is not a date", id="30 February"),
    pytest.param("2019-08-31", "2019-04-29", "row 2: period_end '2019-04-29' lies before period_start", id="reversed"),
    pytest.param("950", "many", "row 2: low 'many' is not a number of 0 or more", id="number in words"),
    pytest.param("950", "-1", "row 2: low '-1' is not a number of 0 or more", id="negative"),
    pytest.param("950", "inf", "row 2: low 'inf' is not a number of 0 or more", id="infinite"),
    pytest.param("950", "nan", "row 2: low 'nan' is not a number of 0 or more", id="nan"),
    pytest.param("nearly,", "", "row 2: 9 fields where the header has 10", id="field missing"),
]


@pytest.mark.parametrize(("old", "new", "message"), FAULTS)
def test_claim_that_cannot_be_used_is_named(tmp_path, old, new, message):
    path = tmp_path / "claims.csv"
    path.write_text(CLAIM + SOUND.replace(old, new) + SOUND)
    with pytest.raises(InputError, match=rf"^claims\.csv has claims that cannot be used: {message}.*Mend them"):
        ct.read_claims(path)


def test_every_fault_of_a_table_of_claims_is_counted(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text(CLAIM + 7 * SOUND.replace("950", "many"))
    with pytest.raises(InputError, match="row 6: low 'many' is not a number of 0 or more; and 2 more"):
        ct.read_claims(path)


def test_table_without_claims_is_refused(shared):
    with pytest.raises(InputError, match=r"incidents\.csv is not a table of claims: it lacks the columns claim_id"):
        ct.read_claims(shared / "idlib_2019" / "incidents.csv")


def test_nothing_is_held_against_days_nobody_observed():
    days = pd.date_range("2020-01-01", periods=4)
    daily = ct.DailySeries.from_counts(pd.Series([1, np.nan, np.nan, 1], days), measure="civilians")
    claim = {"claim_id": "C", "measure": "civilians", "period_start": days[0], "period_end": days[3]}
    claims = pd.DataFrame([claim | {"low": 4.0, "best": 4.0, "high": 4.0}])
    (held,) = ct.hold_claims(daily, claims).to_dict("records")
    assert held["verdict"] == "not observed throughout"
    assert np.isnan(held["counted_best"])
    assert np.isnan(held["ratio"])

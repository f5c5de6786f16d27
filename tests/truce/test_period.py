from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from conflictts import Truce, truce_periods
from conflictts.errors import CoverageError

DAY = pd.Timestamp("2019-08-31")
KNOWN = [
    pytest.param("2019-08-31", id="text"),
    pytest.param(date(2019, 8, 31), id="date"),
    pytest.param(datetime(2019, 8, 31, 6, 0), id="hour dropped"),
    pytest.param(np.datetime64("2019-08-31"), id="numpy"),
]
BLANK = [None, "", pd.NaT, np.nan]  # nan is what pandas reads from an empty cell


@pytest.mark.parametrize("value", KNOWN)
def test_dates_are_read(value):
    assert Truce(value).effective == DAY
    assert Truce("2019-08-01", announced=value, ended=value).announced == DAY


@pytest.mark.parametrize("blank", BLANK, ids=repr)
def test_blank_end_means_that_nobody_ended_it(blank):
    assert Truce("2019-08-31", announced=blank, ended=blank).ended is None


@pytest.mark.parametrize("blank", BLANK, ids=repr)
def test_truce_needs_a_first_day(blank):
    with pytest.raises(CoverageError, match="first day it was in force"):
        Truce(blank)


@pytest.mark.parametrize(
    ("dates", "message"),
    [
        pytest.param({"effective": "late August"}, "effective = 'late August' is not a date", id="words"),
        pytest.param({"effective": "2019-02-30"}, "effective = '2019-02-30' is not a date", id="no such day"),
        pytest.param({"effective": "01/06/2023"}, "'01/06/2023' is not a date written as YYYY-MM-DD", id="slashes"),
        pytest.param({"effective": "June"}, "'June' is not a date", id="a month's name"),
        pytest.param({"effective": "2019-8-31"}, "'2019-8-31' is not a date", id="short"),
        pytest.param({"effective": "2019-08-31T06:00"}, "is not a date", id="with an hour"),
        pytest.param({"effective": 20190831}, "effective = 20190831 is not a date", id="a number"),
        pytest.param({"effective": pd.Timestamp("2019-08-31T06:00+03:00")}, "time zone", id="time zone"),
        pytest.param({"effective": "2019-08-31", "ended": "soon"}, "ended = 'soon' is not a date", id="end"),
        pytest.param(
            {"effective": "2019-08-31", "ended": "2019-08-31"}, "2019-08-31 cannot have ended on", id="no day"
        ),
        pytest.param({"effective": "2019-08-31", "ended": "2019-08-30"}, "ended on 2019-08-30", id="ends before"),
    ],
)
def test_impossible_dates_are_refused(dates, message):
    with pytest.raises(CoverageError, match=message):
        Truce(**dates)


def test_name_is_the_date_unless_given():
    assert Truce("2019-08-31").name == "truce of 31 August 2019"
    assert Truce("2019-08-31", name="Sochi").name == "Sochi"


def test_repr_shows_the_dates_that_exist():
    assert repr(Truce("2019-08-31")) == "Truce(2019-08-31)"
    assert (
        repr(Truce("2019-08-31", announced="2019-08-30", ended="2019-12-19"))
        == "Truce(2019-08-31, announced=2019-08-30, ended=2019-12-19)"
    )


def test_truce_is_frozen():
    with pytest.raises(FrozenInstanceError):
        Truce("2019-08-31").effective = DAY


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        pytest.param(None, ["before", "before", "during", "during", "during"], id="never ended"),
        pytest.param("2019-09-01", ["before", "before", "during", "after", "after"], id="one day"),
        pytest.param("2019-09-02", ["before", "before", "during", "during", "after"], id="two days"),
        pytest.param("2020-01-01", ["before", "before", "during", "during", "during"], id="ended later"),
    ],
)
def test_days_are_labelled(ended, expected):
    days = pd.date_range("2019-08-29", periods=5)
    periods = truce_periods(days, Truce("2019-08-31", ended=ended))
    assert periods.tolist() == expected
    assert periods.index.equals(days)

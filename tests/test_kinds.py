"""Arguments of the wrong type: one sentence that says what was met, what is needed and how to make it."""

from __future__ import annotations

import pandas as pd
import pytest

import conflictts as ct
from conflictts.errors import InputError, UnknownNameError

FRAME = pd.DataFrame({"day": pd.date_range("2019-05-01", periods=200), "count": 1})
COUNTS = FRAME.set_index("day")["count"]
TRUCE = ct.Truce("2019-08-31")

WRONG = [
    pytest.param(
        lambda _: ct.daily_series(FRAME, measure="civilians"),
        "`incidents` is a pandas DataFrame.*Incidents is needed",
        id="frame",
    ),
    pytest.param(lambda _: ct.read_incidents(FRAME), "`path` is a pandas DataFrame.*to_csv", id="a frame as a file"),
    pytest.param(
        lambda _: ct.read_delimited(FRAME, columns={"date_start": "day"}), "`path` is a pandas DataFrame", id="mapped"
    ),
    pytest.param(
        lambda _: ct.DailySeries.from_counts(FRAME), r"`counts` is a pandas DataFrame.*\['count'\]", id="counts"
    ),
    pytest.param(
        lambda _: ct.estimate_truce_effect(COUNTS, TRUCE), "`daily` is a pandas Series.*from_counts", id="a series"
    ),
    pytest.param(
        lambda _: ct.estimate_truce_effect(ct.DailySeries.from_counts(COUNTS), "2019-08-31"),
        "`truce` is a str where Truce is needed.*Truce\\('YYYY-MM-DD'\\)",
        id="a date as a truce",
    ),
    pytest.param(
        lambda out: ct.write_report(ct.DailySeries.from_counts(COUNTS), TRUCE, out),
        "`incidents` is a conflictts DailySeries",
        id="a series as records",
    ),
    pytest.param(
        lambda out: ct.write_report(ct.load_idlib_2019(), "2019-08-31", out), "`truces` is a str", id="report's truce"
    ),
    pytest.param(
        lambda out: ct.write_report(ct.load_idlib_2019(), [TRUCE, "2019-08-31"], out), "`truces` is a str", id="among"
    ),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_a_wrong_type_is_told(tmp_path, call, message):
    with pytest.raises(InputError, match=message):
        call(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_truce_that_is_not_known_is_told_with_those_that_are(idlib):
    with pytest.raises(UnknownNameError, match=r"There is no truce 'TRC5' in this case\. Choose from TRC-1, .*TRC-5"):
        idlib.truces["TRC5"]

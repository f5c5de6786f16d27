"""Arguments of the wrong type: one sentence that says what was met, what is needed and how to make it."""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import conflictts as ct
from conflictts.errors import MADE_BY, ConflictTSError, InputError, UnknownNameError

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


METHODS = (
    ct.DailySeries.from_counts, ct.DailySeries.from_cumulative, ct.ReportingLag.declared, ct.Monitor.fit,
    ct.Monitor.from_state,
)  # fmt: skip
PUBLIC = [thing for thing in (*(getattr(ct, name) for name in ct.__all__), *METHODS) if inspect.isroutine(thing)]
KEYWORDS = {  # what some functions need besides
    "by": "admin1", "measure": "civilians", "window": ("2019-05-01", "2019-10-18"), "since": "2019-04-30",
    "prefer": "a", "key": "name", "rng": np.random.default_rng(1), "country": "Syria", "version": "25.1",
    "start": "2019-01-01", "end": "2019-01-02",
}  # fmt: skip
MAY_BE = {  # parameter -> the kinds below that it may be; no other parameter may be any of them
    "incidents": {"incidents"}, "a": {"incidents"}, "old": {"incidents"}, "new": {"incidents"},
    "b": {"incidents", "none"}, "daily": {"daily"},
    "calm": {"daily"}, "path": {"path", "list", "array"}, "path_or_paths": {"path", "list", "array"},
    "source": {"incidents", "frame", "path", "list", "array"},
    "out": {"path"}, "day": {"date"},
    "incident_ids": {"none", "list", "dict", "frame", "series", "array"}, "totals": {"series"},
    "DailySeries.from_counts: counts": {"series"}, "truce": {"truce"}, "truces": {"truce", "dict"},
    "controls": {"dict"}, "vintages": {"dict"}, "where": {"frame"}, "text": {"path"}, "shares": {"dict"},
}  # fmt: skip
SAID = {  # how a message names the parameter, where not by its name in backquotes
    "path_or_paths": "`path` is a", "source": "`path` is a", "day": "day = ", "of": "^No page", "weekday": "weekday",
    "counts": "counts", **dict.fromkeys(("before", "after", "exposure"), "before|after|exposure"),
    "parse_period: text": "met", "parse_quantity: text": "met",
}  # fmt: skip


def positional(function: Callable[..., Any]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]


CASES = [
    pytest.param(function, name, id=f"{function.__qualname__}: {name}")
    for function in PUBLIC
    for name in positional(function)
]


@pytest.fixture(scope="module")
def given(idlib) -> dict[str, Any]:
    """An argument of each kind."""
    return {
        "incidents": idlib, "frame": FRAME, "daily": ct.daily_series(idlib, measure="civilians"), "series": COUNTS,
        "path": "no-such-file.csv", "none": None, "list": ["Idlib", 2], "date": datetime.date(2019, 8, 31), "number": 3,
        "dict": {}, "array": np.array(["Idlib"]), "truce": TRUCE,
    }  # fmt: skip


@pytest.fixture(scope="module")
def right(idlib, given) -> dict[str, Any]:
    """What is right for a parameter; of a result, enough to pass for one."""
    results = {
        "effect": ct.TruceEffect, "panel": ct.DailyPanel, "found": ct.PanelAnalysis, "merged": ct.MergedIncidents,
    }  # fmt: skip
    return {
        **dict.fromkeys(("incidents", "a", "b", "old", "new"), idlib), "daily": given["daily"], "truce": TRUCE,
        "truces": TRUCE, "claims": idlib.claims, "days": COUNTS.index, "counts": np.ones(60), "out": "no-such-folder",
        "weekday": np.arange(60) % 7, **dict.fromkeys(("before", "after", "exposure"), [1.0] * 5),
        **{name: object.__new__(kind) for name, kind in results.items()},
    }  # fmt: skip


def test_public_functions_are_asked_for_each_of_their_arguments():
    names = [case.id for case in CASES]
    assert {"plot_map: where", "write_report: out", "daily_panel: source", "Monitor.fit: calm"} <= set(names)
    assert len(names) == len(set(names)) > 80
    assert [each.__name__ for each in PUBLIC if not positional(each)] == ["load_idlib_2019"]


@pytest.mark.parametrize(("function", "name"), CASES)
def test_an_argument_of_another_kind_is_told_by_the_name_of_its_parameter(function, name, given, right):
    parameters = inspect.signature(function).parameters
    others = {each: right.get(each) for each in positional(function) if each != name}
    others |= {each: KEYWORDS[each] for each in KEYWORDS if each in parameters}
    said = SAID.get(f"{function.__qualname__}: {name}", SAID.get(name, f"`{name}(\\[|`)"))
    fine = MAY_BE.get(f"{function.__qualname__}: {name}", MAY_BE.get(name, set()))
    refused = 0
    for kind, wrong in given.items():
        if kind not in fine:
            with pytest.raises(ConflictTSError, match=said):
                function(**(others | {name: wrong}))
            refused += 1
    assert refused >= 6


def test_a_truce_that_is_not_known_is_told_with_those_that_are(idlib):
    with pytest.raises(UnknownNameError, match=r"There is no truce 'TRC5' in this case\. Choose from TRC-1, .*TRC-5"):
        idlib.truces["TRC5"]


@pytest.mark.parametrize("name", MADE_BY)
def test_how_to_make_an_argument_names_what_there_is(name):
    made = [part for part in MADE_BY[name].replace("(", " ( ").split() if part.isidentifier() and hasattr(ct, part)]
    assert made or name in ("Generator", "DatetimeIndex", "Axes", "PathLike", "Monitor")


def test_what_is_meant_is_taken(idlib):
    """Records that were read already, one truce, and truces by their names."""
    choices = {"by": "admin1", "measure": "civilians"}
    pd.testing.assert_frame_equal(ct.daily_panel(idlib, **choices).table, ct.daily_series(idlib, **choices).table)
    daily, truce = ct.daily_series(idlib, measure="civilians"), idlib.truces["TRC-5"]
    effects = [
        ct.estimate_truce_effect(daily, truce, other_truces=others)
        for others in (idlib.truces, [*idlib.truces.values()])
    ]
    assert effects[0].other_truces == effects[1].other_truces == tuple(idlib.truces.values())
    assert ct.estimate_truce_effect(daily, truce, other_truces=truce).other_truces == (truce,)
    one, other = Figure().subplots(1, 2)
    ct.plot_daily(daily, truces=truce, ax=one)
    ct.plot_daily(daily, truces=[truce], ax=other)
    assert len(one.lines) == len(other.lines)
    with pytest.raises(InputError, match="`ax` is a numpy ndarray where Axes is needed"):
        ct.plot_daily(daily, ax=np.array([one, other]))

"""What is said of a finding under other choices: counted by hand from a grid, and blank where nothing is to say."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import conflictts as ct
from conflictts.report import sensitivity as chosen


@pytest.fixture(scope="module")
def found(idlib: ct.Case) -> ct.Sensitivity:
    return ct.sensitivity(
        idlib, idlib.truces["TRC-5"], measure="civilians", window=("2019-04-30", "2019-11-06"), windows=[(60, 60)],
        figures=["best"], allocations=["spread"], perpetrators={"all": {}}, max_span_days=[None],
    )  # fmt: skip


def changed(found: ct.Sensitivity, **columns: object) -> ct.Sensitivity:
    return dataclasses.replace(found, table=found.table.assign(**columns))


def test_how_often_it_stands_is_counted(found):
    """Twelve combinations: two windows, three models, two transitions; by hand four fall and one has no answer."""
    finding = ["lower"] * 7 + ["no detectable change"] * 3 + ["higher", ""]
    ratio = [0.1] * 7 + [0.5] * 3 + [2.0, np.nan]
    made = changed(
        found, finding=finding, stands=[each == "lower" for each in finding], rate_ratio=ratio,
        refused=[""] * 11 + ["Too short."],
    )  # fmt: skip
    said = chosen.choices_in_words(made)
    assert said[0] == (
        "The comparison was repeated under 12 combinations of defensible choices. In 7 of the 11 that have an answer "
        "(64%) the rate was lower after the date, as in the headline. In 3 no change is detectable. In 1 the rate was "
        "higher."
    )
    assert said[1] == "Combinations without an answer: 1, most often for this reason: Too short."
    assert said[2] == "The rate ratios run from 0.10 to 2.0; half of them lie from 0.10 to 0.50."
    assert said[3].startswith("It stands least often under one option: Days before and after, “60 before and 60 after”")
    assert "the finding stands in 64% of those with an answer" in chosen.shaky_choices(made)[0]


def test_options_that_weaken_alike_are_not_told_as_one(found):
    """It falls under the second window with the second transition, in three of six under either."""
    table = found.table
    falls = (table["window"] == table["window"].iloc[-1]) & (table["transition"] == table["transition"].iloc[-1])
    finding = np.where(falls, "no detectable change", "lower")
    made = changed(found, finding=finding, stands=~falls, rate_ratio=0.1, refused="")
    assert chosen.choices_in_words(made)[2].startswith("It stands least often under 2 options alike, among them ")


def test_a_headline_by_draws_is_asked_to_stand_and_not_the_grids_own(idlib):
    """The grid's series have no draws; its own finding may be another, and then it is not that of the headline."""
    given = {"measure": "civilians", "coverage": None, "gaps": (), "where": None, "allocation": "spread"}
    daily = ct.daily_series(idlib, measure="civilians", draws=2, rng=np.random.default_rng(1))
    effect = ct.estimate_truce_effect(daily, idlib.truces["TRC-5"], window=("2019-04-30", "2019-11-06"))
    undecided = dataclasses.replace(effect, lower=0.4, upper=1.1)
    found = chosen.find_sensitivity(idlib, undecided, **given, lag=None, retrieved_on=None)
    said = chosen.choices_in_words(found)
    unchanged = int((found.table["finding"] == "no detectable change").sum())
    assert f"In {unchanged} of the {found.answered} that have an answer" in said[0]
    assert f"In {found.answered - unchanged} the rate was lower." in said[0]
    assert said[-1] == "How records of several days were dated (draws) enters the headline alone, no combination."
    stood = chosen.find_sensitivity(idlib, effect, **given, lag=None, retrieved_on=None)
    assert stood.share == pytest.approx(1 - found.share)


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        ("higher", "the rate was higher after the date, as in the headline."),
        ("no detectable change", "no change is detectable, as in the headline."),
    ],
)
def test_what_stands_is_the_headlines_finding(found, finding, said):
    made = dataclasses.replace(changed(found, finding=finding, stands=True, refused=""), finding=finding)
    (first, *others) = chosen.choices_in_words(made)
    assert first.endswith(f"(100%) {said}")
    assert not any("least often" in sentence for sentence in others)
    assert chosen.shaky_choices(made) == []


OPTIONS = {"measure": "civilians", "coverage": None, "gaps": (), "lag": None, "retrieved_on": None}


@pytest.mark.parametrize("allocation", ["spread", "exact"])
def test_every_option_of_the_report_has_words_of_its_own(idlib, allocation):
    daily = ct.daily_series(idlib, measure="civilians", allocation=allocation)
    effect = ct.estimate_truce_effect(daily, idlib.truces["TRC-5"], window=("2019-04-30", "2019-11-06"), level=0.9)
    answer = chosen.find_sensitivity(idlib, effect, allocation=allocation, where=None, **OPTIONS)
    assert isinstance(answer, ct.Sensitivity)
    assert answer.level == 0.9
    assert answer.table["rate_ratio"].iloc[0] == effect.rate_ratio
    words = [(choice, chosen.option_in_words(choice, option)) for choice, option in answer.summary().index]
    assert len(set(words)) == len(words) == 3 + 2 + 2 + 2 + 3 + 3 + 2
    assert chosen.main_perpetrators(answer) == "government, government_or_russia, russia"


def test_what_refuses_the_grid_is_said(idlib):
    effect = ct.estimate_truce_effect(ct.daily_series(idlib, measure="civilians"), idlib.truces["TRC-5"])
    said = chosen.find_sensitivity(idlib, effect, allocation="spread", where={"admin1": "Atlantis"}, **OPTIONS)
    assert isinstance(said, str)
    assert "Atlantis" in said

"""The grid of choices: every combination there, each the same as alone, refusals kept, influence worked by hand."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import conflictts as ct
from conflictts.errors import CoverageError, TooLittleData, UnknownNameError
from conflictts.truce.sensitivity import CHOICES, _influence

SMALL = {
    "figures": ["best", "high"], "allocations": ["spread", "exact"], "models": ["level", "level+trend"],
    "windows": [(120, 60), (28, 28)], "transitions": [0, 7],
}  # fmt: skip


@pytest.fixture(scope="module")
def small(idlib):
    return ct.sensitivity(idlib, idlib.truces["TRC-5"], measure="civilians", **SMALL)


def test_every_combination_is_there_once(small):
    assert len(small.table) == 2 * 2 * 2 * 2 * 2 * 2 * 2
    combinations = set(small.table[list(CHOICES)].itertuples(index=False, name=None))
    options = [list(dict.fromkeys(small.table[choice])) for choice in CHOICES]
    assert combinations == set(itertools.product(*options))


def test_windows_cut_to_the_same_days_are_one_choice(idlib):
    choices = {**SMALL, "windows": [(120, 60), (60, 60), (90, 70)], "coverage": ("2019-07-15", "2019-10-10")}
    found = ct.sensitivity(idlib, idlib.truces["TRC-5"], measure="civilians", **choices)
    assert found.table["window"].unique().tolist() == ["120/60 days"]
    assert (found.table["first"] == pd.Timestamp("2019-07-15")).all()
    assert not found.table.duplicated(list(CHOICES)).any()


def test_a_share_near_all_or_none_is_not_rounded_to_it(small):
    stands = np.arange(len(small.table)) > 0
    nearly = replace(small, table=small.table.assign(stands=stands, refused=""))
    assert "127 of 128 combinations of choices (99%)" in nearly.sentence()
    table = pd.concat([nearly.table.assign(stands=True)] * 2 + [nearly.table])
    assert "383 of 384 combinations of choices (over 99%)" in replace(small, table=table).sentence()
    assert (
        "1 of 384 combinations of choices (under 1%)"
        in replace(small, table=table.assign(stands=~table["stands"])).sentence()
    )


def test_refused_combinations_stay_with_their_reason(small):
    refused = small.table[small.table["refused"] != ""]
    short = (small.table["window"] == "28/28 days") & (small.table["transition"] == 7)
    assert set(refused.index) >= set(small.table.index[short])
    assert refused.loc[short[short].index, "refused"].str.contains("Only 21 observed days before").all()  # 28 - 7
    assert refused["rate_ratio"].isna().all()
    assert not refused["stands"].any()
    assert small.answered + len(refused) == len(small.table)
    assert f"{len(refused)} more gave no answer" in small.sentence()


def test_shares_count_what_they_say(small):
    answered = small.table[small.table["refused"] == ""]
    assert small.finding == "lower"
    assert small.share == (answered["upper"] < 1).mean()
    summary = small.summary()
    for choice in CHOICES:
        assert summary.loc[choice, "combinations"].sum() == len(small.table)
        assert summary.loc[choice, "refused"].sum() == len(small.table) - small.answered


@pytest.mark.parametrize("row", [0, 5, 17, 40, 66, 90, 127])
def test_each_is_the_estimate_alone(idlib, small, row):
    """A second way: the same choices by hand, through the public functions."""
    choice = small.table.iloc[row]
    table = idlib.table
    if choice["imprecise_dates"] != "in":
        table = table[(table["date_end"] - table["date_start"]).dt.days < 7]
    daily = ct.daily_series(
        ct.Incidents(table=table, ledger=idlib.ledger, provenance=idlib.provenance), measure="civilians",
        allocation=choice["allocation"], where=small.scopes[choice["perpetrator"]],
    )  # fmt: skip
    daily = replace(daily, table=daily.table.assign(best=daily.table[choice["figures"]]))
    arguments = {
        "window": (choice["first"], choice["last"]), "model": choice["model"], "transition": int(choice["transition"])
    }  # fmt: skip
    if choice["refused"]:
        with pytest.raises(TooLittleData) as refusal:
            ct.estimate_truce_effect(daily, idlib.truces["TRC-5"], **arguments)
        assert str(refusal.value) == choice["refused"]
        return
    effect = ct.estimate_truce_effect(daily, idlib.truces["TRC-5"], **arguments)
    assert (effect.rate_ratio, effect.lower, effect.upper) == tuple(choice[["rate_ratio", "lower", "upper"]])
    assert effect.rates["best"].tolist() == choice[["before", "after"]].tolist()


def test_first_options_make_the_finding(idlib, small):
    daily = ct.daily_series(idlib, measure="civilians")
    effect = ct.estimate_truce_effect(daily, idlib.truces["TRC-5"])
    assert small.effect.rate_ratio == effect.rate_ratio == small.table["rate_ratio"].iloc[0]


def test_default_grid_has_at_least_200_fits():
    from inspect import signature

    given = signature(ct.sensitivity).parameters
    names = ("figures", "allocations", "max_span_days", "windows", "models", "transitions")
    assert np.prod([len(given[name].default) for name in names]) >= 200


def test_a_declared_window_comes_first(idlib):
    found = ct.sensitivity(
        idlib, idlib.truces["TRC-5"], measure="civilians", window=("2019-04-30", "2019-10-18"), windows=[(120, 60)],
        figures=["best"], allocations=["spread"], max_span_days=[None], models=["level"], transitions=[0],
    )  # fmt: skip
    assert found.table["window"].tolist() == ["30 Apr to 18 Oct", "120/60 days"] * 2
    np.testing.assert_allclose(
        found.table.loc[0, ["rate_ratio", "lower", "upper"]].astype(float), [0.075, 0.023, 0.248], atol=5e-4
    )  # the case's known answer, told to three digits


def grid(ratio_of) -> pd.DataFrame:
    """Three choices vary, the others have one option; the ratio is a function of the three."""
    rows = []
    for figure, window, transition in itertools.product(("best", "low"), ("long", "short"), (0, 7)):
        options = dict.fromkeys(CHOICES, "only") | {"figures": figure, "window": window, "transition": transition}
        rows.append(options | {"rate_ratio": ratio_of(figure, window, transition)})
    return pd.DataFrame(rows)


def test_influence_worked_by_hand():
    """The window doubles the ratio, the figures multiply it by 1.5, the transition does nothing."""
    table = grid(
        lambda figure, window, _: (1.5 if figure == "low" else 1.0) * (2.0 if window == "short" else 1.0) * 0.1
    )
    influence = _influence(table)
    assert influence.index.tolist() == ["window", "figures", "transition"]
    np.testing.assert_allclose(influence["factor"], [2.0, 1.5, 1.0], rtol=1e-12)  # logs there and back
    assert influence.loc["window", ["lowest", "highest", "settings"]].tolist() == ["long", "short", 4]


def test_influence_compares_only_settings_alike():
    """A refused combination leaves its pair out; the short window then shows in three settings of four."""
    table = grid(lambda _, window, __: 0.2 if window == "short" else 0.1)
    table.loc[0, "rate_ratio"] = np.nan
    influence = _influence(table)
    assert influence.loc["window", "settings"] == 3
    assert influence.loc["window", "factor"] == pytest.approx(2.0, rel=1e-12)
    assert influence.loc["figures", "factor"] == pytest.approx(1.0, rel=1e-12)


def test_influence_is_one_statistic():
    """Where windows differ unevenly over settings, number, rank and options all come of the geometric means.

    Short over long: 1/8, 2, 2 and 2 (long's product over short's is 1). The median setting would say a factor of 2, the
    means say none; the figures, by 1.3 throughout, move the ratio more.
    """
    window = {("best", 0): 1 / 8, ("best", 7): 2.0, ("low", 0): 2.0, ("low", 7): 2.0}
    table = grid(
        lambda figure, name, days: (1.3 if figure == "low" else 1.0) * (window[figure, days] if name == "short" else 1)
    )
    influence = _influence(table)
    assert influence.loc["window", "factor"] == pytest.approx(1.0, rel=1e-12)
    table = grid(lambda figure, name, days: 0.1 * (window[figure, days] ** 2 if name == "short" and days else 1))
    influence = _influence(table)
    assert influence.loc["window", ["lowest", "highest"]].tolist() == ["long", "short"]
    assert influence.loc["window", "factor"] == pytest.approx(2.0, rel=1e-12)  # (1 · 1 · 4 · 4) to the power 1/4


def test_influence_of_the_bundled_case_is_the_ratio_of_its_means(small):
    """A second way: the options' geometric means by hand, over settings that all of them answer."""
    for choice, row in small.influence.iterrows():
        others = [name for name in CHOICES if name != choice]
        complete = small.table.groupby(others).filter(lambda part: (part["refused"] == "").all())
        means = complete.groupby(choice)["rate_ratio"].apply(lambda ratios: np.exp(np.log(ratios.astype(float)).mean()))
        assert row["factor"] == pytest.approx(means[row["highest"]] / means[row["lowest"]], rel=1e-9)
        assert row["factor"] == pytest.approx(means.max() / means.min(), rel=1e-9)
        assert row["settings"] == len(complete) / small.table[choice].nunique()
    assert small.influence["factor"].is_monotonic_decreasing


def test_influence_leaves_out_settings_that_an_option_refuses():
    """Three windows at 0.1, 0.2, 0.4, the last refused in two settings of three: the whole setting tells 4.

    Refused in all three it is no option, and the other two tell 2; where no setting holds two answers, nothing is told.
    """
    ratios = {"long": 0.1, "middle": 0.2, "short": 0.4}
    rows = [
        dict.fromkeys(CHOICES, "only") | {"transition": transition, "window": window, "rate_ratio": ratio}
        for transition in (0, 1, 2)
        for window, ratio in ratios.items()
    ]
    table = pd.DataFrame(rows)
    table.loc[(table["window"] == "short") & (table["transition"] > 0), "rate_ratio"] = np.nan
    assert _influence(table).loc["window", "factor"] == pytest.approx(4.0, rel=1e-12)
    assert _influence(table).loc["window", "settings"] == 1
    table.loc[table["window"] == "short", "rate_ratio"] = np.nan
    assert _influence(table).loc["window", "factor"] == pytest.approx(2.0, rel=1e-12)
    assert _influence(table).loc["window", ["lowest", "highest", "settings"]].tolist() == ["long", "middle", 3]
    table.loc[table["window"] == "middle", "rate_ratio"] = np.nan
    assert np.isnan(_influence(table).loc["window", "factor"])
    assert _influence(table).loc["window", ["lowest", "highest", "settings"]].tolist() == ["", "", 0]


def test_imprecise_records_go_out(idlib):
    span = (idlib.table["date_end"] - idlib.table["date_start"]).dt.days + 1
    assert (span > 7).any()
    found = ct.sensitivity(
        idlib, idlib.truces["TRC-5"], measure="incidents", max_span_days=[None, 7, 1], figures=["best"],
        allocations=["spread"], models=["level"], transitions=[0], windows=[(120, 60)], perpetrators={"all": {}},
    )  # fmt: skip
    assert found.table["imprecise_dates"].tolist() == ["in", "over 7 days out", "over 1 days out"]
    assert (np.diff(found.table["before"] + found.table["after"]) < 0).all()


def test_windows_end_with_the_last_settled_day(idlib):
    """Of the 51 days after the date the last 15 are provisional under a lag of 20 days: no window holds them."""
    choices = SMALL | {"figures": ["best"], "allocations": ["spread"], "models": ["level"], "transitions": [0]}
    choices |= {"coverage": ("2019-04-30", "2019-10-20"), "lag": 20, "retrieved_on": "2019-10-25"}
    choices |= {"measure": "incidents", "perpetrators": {"all": {}}, "max_span_days": [None]}
    found = ct.sensitivity(idlib, idlib.truces["TRC-5"], **choices)
    assert (found.table["refused"] == "").all()
    assert found.table["last"].dt.strftime("%m-%d").tolist() == ["10-05", "09-27"]  # 60 cut to 36 days; 28 days
    kept = {name: choices[name] for name in ("measure", "coverage", "lag", "retrieved_on")}
    alone = ct.estimate_truce_effect(ct.daily_series(idlib, **kept), idlib.truces["TRC-5"])
    assert alone.window == tuple(found.table.loc[0, ["first", "last"]])
    assert (alone.rate_ratio, alone.lower) == tuple(found.table.loc[0, ["rate_ratio", "lower"]])


def test_an_effect_with_an_answer_has_choices_to_compare():
    """An invented truce whose last fortnight is provisional: the finding and every window have their answer."""
    incidents = ct.simulate_incidents(np.random.default_rng(1), rate_ratio=0.3).incidents
    known = {"coverage": ("2019-01-01", "2019-06-20"), "lag": 14, "retrieved_on": "2019-06-20", "measure": "incidents"}
    found = ct.sensitivity(
        incidents, ct.Truce("2019-05-01"), figures=["best"], models=["level"], transitions=[0], allocations=["spread"],
        **known,
    )  # fmt: skip
    effect = ct.estimate_truce_effect(ct.daily_series(incidents, **known), ct.Truce("2019-05-01"))
    assert found.effect.rate_ratio == effect.rate_ratio == pytest.approx(0.33, abs=0.005)  # told to two digits
    assert (found.table["refused"] == "").all()


def test_the_incidents_are_not_changed(idlib):
    kept = idlib.table.copy()
    ct.sensitivity(idlib, idlib.truces["TRC-5"], measure="civilians", **(SMALL | {"figures": ["best"]}))
    pd.testing.assert_frame_equal(idlib.table, kept)


def test_errors_say_what_was_met(idlib):
    truce = idlib.truces["TRC-5"]
    with pytest.raises(UnknownNameError, match="No option 'trend' of models"):
        ct.sensitivity(idlib, truce, measure="civilians", models=["trend"])
    with pytest.raises(UnknownNameError, match="transitions has no option"):
        ct.sensitivity(idlib, truce, measure="civilians", transitions=[])
    with pytest.raises(UnknownNameError, match=r"figures = \['low', 'low'\] names an option twice"):
        ct.sensitivity(idlib, truce, measure="civilians", figures=["low", "low"])
    with pytest.raises(UnknownNameError, match="No option 'sprad' of allocations"):
        ct.sensitivity(idlib, truce, measure="civilians", allocations=["spread", "sprad"])
    with pytest.raises(UnknownNameError, match="nobody"):
        ct.sensitivity(idlib, truce, measure="civilians", perpetrators={"all": {}, "x": {"perpetrator": "nobody"}})
    with pytest.raises(UnknownNameError, match="No window is given"):
        ct.sensitivity(idlib, truce, measure="civilians", windows=[])
    with pytest.raises(TooLittleData, match="Only 20 observed days before"):
        ct.sensitivity(idlib, truce, measure="civilians", windows=[(20, 60)])
    with pytest.raises(CoverageError, match="not inside the days covered"):
        ct.sensitivity(idlib, ct.Truce("2021-01-01"), measure="civilians")

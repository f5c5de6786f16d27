"""Sentences beside the headline: careful about what is shown, plain about what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import conflictts as ct
from conflictts.report import claims as told
from conflictts.report import escalation as rising
from conflictts.report import opinions as beside
from conflictts.report import wording
from conflictts.report.language import translator

WINDOW = ("2019-04-30", "2019-11-06")


@pytest.fixture(scope="module")
def effect(idlib: ct.Case) -> ct.TruceEffect:
    daily = ct.daily_series(idlib, measure="civilians")
    return ct.estimate_truce_effect(daily, idlib.truces["TRC-5"], window=WINDOW)


@pytest.fixture(scope="module")
def found(idlib: ct.Case, effect: ct.TruceEffect) -> told.ClaimFindings:
    answer = told.find_claims(effect.daily, effect, idlib.claims)
    assert answer is not None
    return answer


def poisson(mean: np.ndarray | float, n_days: int = 240) -> ct.DailySeries:
    days = pd.date_range("2020-01-01", periods=n_days)
    counts = np.random.default_rng(5).poisson(mean, n_days)
    return ct.DailySeries.from_counts(pd.Series(counts.astype(float), days))


def made_claims(*rows: tuple[str, str, str, str, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["claim_id", "reporting_body", "period_start", "period_end", "best"])
    table[["period_start", "period_end"]] = table[["period_start", "period_end"]].astype("datetime64[us]")
    return table.assign(measure="incidents", low=table["best"], high=table["best"], wording="", ratio=1.0)


TRUCE = ct.Truce("2020-06-01")
LEVEL = np.where(np.arange(240) < 152, 6.0, 3.0)


def effect_of(mean: np.ndarray | float) -> ct.TruceEffect:
    return ct.estimate_truce_effect(poisson(mean), TRUCE, window=("2020-02-01", "2020-07-31"))


def test_longest_claims_that_do_not_overlap_are_chosen_on_each_side():
    claims = made_claims(
        ("whole", "A", "2020-02-05", "2020-05-20", 100.0),
        ("part", "A", "2020-02-05", "2020-04-10", 60.0),
        ("rest", "A", "2020-05-21", "2020-06-01", 20.0),
        ("high", "A", "2020-06-01", "2020-07-10", 70.0),
        ("low", "A", "2020-06-01", "2020-07-10", 50.0),
        ("middle", "A", "2020-06-01", "2020-07-10", 60.0),
        ("across", "A", "2020-03-01", "2020-07-20", 300.0),
        ("over the end", "A", "2020-07-11", "2020-08-20", 9.0),
        ("over it too", "A", "2020-06-20", "2020-08-25", 90.0),
        ("over the start", "A", "2020-01-10", "2020-02-04", 9.0),
        ("before it", "A", "2020-01-02", "2020-01-09", 9.0),
        ("past it", "A", "2020-08-01", "2020-08-20", 9.0),
        ("other", "B", "2020-06-01", "2020-07-30", 9.0),
    )
    assert told.totals_of_sides(claims, effect_of(LEVEL), "A") == [
        *("whole", "rest", "over the start", "middle", "over the end")
    ]


def test_fitting_to_claims_moves_the_ratio_by_the_ratio_of_coverage():
    """Claims of half the counts before and of all after: the fitted ratio is twice the counted one."""
    effect = effect_of(LEVEL)
    counts = effect.daily.counts
    before, after = counts.loc["2020-02-01":"2020-05-31"].sum(), counts.loc["2020-06-01":"2020-07-31"].sum()
    claims = made_claims(
        ("one", "A", "2020-02-01", "2020-05-31", before / 2), ("two", "A", "2020-06-01", "2020-07-31", after)
    )
    found = told.find_claims(effect.daily, effect, claims.drop(columns="ratio"))
    assert found is not None
    (fitted,) = found.fitted
    assert isinstance(fitted.effect, ct.TruceEffect)
    assert fitted.effect.rate_ratio / effect.rate_ratio == pytest.approx(2, rel=0.1)  # Denton bends the join
    (sentence,) = told.bias_in_words(found)
    assert "holds 200% of what is claimed up to the truce and 100% from it on" in sentence
    assert "(overstated)" in sentence


def test_bias_is_told_per_body_and_disagreement_is_named(found, effect):
    *bodies, last = told.bias_in_words(found)
    assert [sentence.split(" the series")[0] for sentence in bodies] == ["Against SOHR", "Against White Helmets"]
    assert bodies[0].endswith(f"(understated). {told.ONE_CLAIM}")
    assert told.ONE_CLAIM not in bodies[1]
    assert "(3 claims before, 2 claims after, none overlapping): a fall in this series is larger" in bodies[1]
    assert last.startswith("The bodies disagree on the sign")
    (weakness,) = told.uneven_coverage(found)
    assert weakness.startswith(
        "Coverage is not even: the series holds 72% up to the truce and 122% from it on of what "
    )
    assert "of what SOHR claims (1 claim before, 1 claim after); 75%" in weakness
    assert "UN" not in weakness, "of two bodies only: the others rest on few claims"
    assert "from 0.088 to 0.26; the direction is the same" in told.fitted_in_words(found, effect)


def test_coverage_told_by_single_claims_alone_is_said_with_caution(found):
    single = dataclasses.replace(found, bias=found.bias.loc[["SOHR"]])
    (weakness,) = told.uneven_coverage(single)
    assert weakness.startswith("Coverage may not be even, though a single claim on a side cannot show it: the series")
    assert told.uneven_coverage(dataclasses.replace(single, bias=single.bias.assign(fall="unbiased"))) == []


def test_fitted_series_without_a_finding_share_no_direction(found, effect):
    undecided = [dataclasses.replace(effect, rate_ratio=ratio, lower=0.7, upper=1.4) for ratio in (0.95, 1.05)]
    made = dataclasses.replace(found, fitted=(dataclasses.replace(found.fitted[0], effect=undecided[1]),))
    neither, differing = (told.fitted_in_words(made, each) for each in (undecided[0], effect))
    assert neither.endswith("from 0.95 to 1.1; no change is detectable in any of them.")
    assert differing.endswith("from 0.15 to 1.1; they do not agree on the finding.")
    assert "aucun changement" in translator("fr")(neither)
    assert "constat" in translator("fr")(differing)


def test_bodies_that_agree_and_none_at_all(found, effect):
    agreeing = dataclasses.replace(found, bias=found.bias.loc[["SOHR"]])
    assert len(told.bias_in_words(agreeing)) == 1
    nobody = dataclasses.replace(found, bias=found.bias.iloc[:0], fitted=())
    assert told.bias_in_words(nobody) == told.uneven_coverage(nobody) == []
    assert told.fitted_in_words(nobody, effect) == ""
    refused = dataclasses.replace(found, fitted=(told.FittedEffect("A", ("x",), "None of 1 claims can be met."),))
    assert told.fitted_in_words(refused, effect) == ""


def test_latest_weeks_are_compared_with_those_before_and_a_baseline(effect):
    escalation, words = rising.find_escalation(effect.daily, effect, None)
    assert isinstance(escalation, ct.Escalation)
    previous, baseline = rising.comparisons_in_words(escalation, words)
    assert previous == (
        "19 December 2019 to 15 January 2020, the latest 28 settled days: 4.29 civilian deaths a day, against 3.07 in "
        "the days before (21 November to 18 December 2019): a ratio of 1.4 (95% interval 0.15 to 13): no change is "
        "shown."
    )
    assert "5.67 in the days compared before the truce (30 April to 30 August 2019)" in baseline
    declared, words = rising.find_escalation(effect.daily, effect, ("2019-05-01", "2019-05-31"))
    assert "in the declared baseline (1 to 31 May 2019)" in rising.comparisons_in_words(declared, words)[1]


ONE_END = "no counts before: only a lower end"


@pytest.mark.parametrize(
    ("ratio", "lower", "upper", "reason", "said"),
    [
        (0.5, 0.3, 0.8, "", "a ratio of 0.50 (95% interval 0.30 to 0.80): lower."),
        (3.0, 1.2, 8.0, "", "a ratio of 3.0 (95% interval 1.2 to 8.0): higher."),
        (2.0, 0.001, 4000.0, "", "(95% interval under 0.01 to over 100): no change is shown."),
        (np.nan, np.nan, np.nan, "no counts on either side", "No ratio: no counts on either side."),
        *(
            (np.nan, lower, np.inf, ONE_END, f"{ONE_END} (95% interval {lower} to over 100 for the ratio): {finding}.")
            for lower, finding in ((2.0, "higher"), (0.33, "no change is shown"))
        ),
    ],
)
def test_a_comparison_is_read_off_its_interval(effect, ratio, lower, upper, reason, said):
    escalation = ct.measure_escalation(effect.daily)
    row = escalation.comparisons.iloc[[0]].assign(ratio=ratio, lower=lower, upper=upper, reason=reason)
    (sentence,) = rising.comparisons_in_words(dataclasses.replace(escalation, comparisons=row), "")
    assert said in sentence
    assert " to " not in translator("fr")(sentence)


def test_baseline_that_overlaps_the_latest_weeks_is_left_out():
    """The series ends 20 days after the date, so its latest 28 days reach back before it."""
    daily = poisson(5.0, 172)
    effect = ct.estimate_truce_effect(daily, TRUCE)
    escalation, _ = rising.find_escalation(daily, effect, None)
    assert isinstance(escalation, ct.Escalation)
    assert escalation.comparisons.index.tolist() == ["previous period"]


def test_rises_are_told_with_growth_and_level_is_not_called_calm():
    grown = ct.measure_escalation(poisson(2 * 1.15 ** (np.arange(240) / 7)))
    said = rising.phases_in_words(grown)
    assert said[0].startswith("A rise is established around ")
    assert "doubling in about" in said[0]
    assert said[-1].startswith("Latest window, 17 July to 27 August 2020: ×1.")
    phases = grown.phases.assign(growth=150.0, upper=1e304, doubling_days=0.97)
    said = rising.phases_in_words(dataclasses.replace(grown, phases=phases))[0]
    assert said.endswith(" to over 100), doubling in about 1 day.")
    assert ": over ×100 a week" in said
    assert "plus de ×100 par semaine" in translator("fr")(said)
    level = rising.phases_in_words(ct.measure_escalation(poisson(5.0)))
    assert level[0] == "No rise and no fall is established; that is not to say that there was none."
    short = rising.phases_in_words(ct.measure_escalation(poisson(5.0, 30)))
    assert short[-1] == "Latest growth: not told (30 days are fewer than the 42 of a window)."


def test_weeks_that_were_not_seen_are_dashes():
    daily = poisson(5.0, 70)
    counts = daily.counts.copy()
    counts.iloc[20:34] = np.nan
    rows = rising.weeks_table(ct.measure_escalation(ct.DailySeries.from_counts(counts)))
    assert [row["toll"] for row in rows].count("–") == 1
    assert rows[-1]["reason"] == "first week"
    assert rows[0]["week"] == "9 to 10 March 2020"


def test_series_without_a_settled_day_is_refused_in_words(effect):
    nothing = effect.daily.table.assign(status="provisional")
    escalation, _ = rising.find_escalation(
        dataclasses.replace(effect.daily, table=nothing), effect, ("2019-05-01", "2019-05-31")
    )
    assert escalation == "None of 271 days is observed and settled. Wait, or widen the coverage."


def test_turns_are_counted_and_read(effect):
    test = ct.shift_test(effect)
    sentence = beside.shift_in_words(test)
    assert "give 191 orders, the true one included; 6 of them" in sentence
    assert "(p = 0.031)" in sentence
    assert "is rare in this series" in sentence
    assert "are common in this series" in beside.shift_in_words(dataclasses.replace(test, p_value=0.4))


def test_turns_and_an_interval_that_disagree_are_reconciled(effect):
    """Only then, in one sentence, in either direction, in both languages."""
    test, unsure = ct.shift_test(effect), dataclasses.replace(effect, upper=1.2)
    common = dataclasses.replace(test, p_value=0.4)
    agreeing = [test, dataclasses.replace(common, effect=unsure)]
    assert not [each for each in agreeing if "contradiction" in beside.shift_in_words(each)]
    french = translator("fr")
    for each, why in (
        (dataclasses.replace(test, effect=unsure), "which includes no change: turning takes the counts as they came"),
        (common, "which excludes no change: it asks whether the mean rates of the two sides differ"),
    ):
        sentence = beside.shift_in_words(each)
        assert sentence.count("That is no contradiction to the interval of the rate ratio") == 1
        assert why in sentence
        assert "Cela ne contredit pas l’intervalle du rapport de taux" in french(sentence)
    assert not french.unknown


def test_envelope_says_whether_the_direction_hangs_on_the_bounds(effect):
    envelope = ct.effect_envelope(effect)
    assert beside.envelope_in_words(effect, envelope).endswith("does not hang on which of them is right.")
    unanswered = envelope.assign(refused=["Only 3 counts.", "", "", ""])
    assert beside.envelope_in_words(effect, unanswered).endswith("the same wherever there is an answer.")
    envelope.loc[["high", "envelope"], "upper"] = 1.2
    assert beside.envelope_in_words(effect, envelope).endswith("the finding hangs on which is right.")


def test_a_fall_in_the_low_figures_alone_hangs_on_them(effect):
    undecided = dataclasses.replace(effect, lower=0.7, upper=1.1)
    limits = {"lower": [0.6, 0.7, 0.7, 0.6], "upper": [0.9, 1.1, 1.1, 1.1], "refused": ""}
    envelope = pd.DataFrame(limits, index=["low", "best", "high", "envelope"])
    said = beside.envelope_in_words(undecided, envelope)
    assert said.endswith("the interval runs from 0.60 to 1.1: the finding hangs on which is right.")
    assert "dépend de laquelle est juste" in translator("fr")(said)


def test_onset_is_told_by_its_set_and_never_by_its_point(effect):
    onset = ct.scan_onset(effect.daily, effect.truce, rng=np.random.default_rng(1), n_simulations=99)
    vague = beside.onset_in_words(onset)
    assert wording.date_set(onset.onset_set) in vague
    assert vague.endswith("22 of 29 scanned days remain, so it is not dated well.")
    sharp = beside.onset_in_words(dataclasses.replace(onset, onset_set=onset.onset_set[:3]))
    assert "not dated well" not in sharp
    none = beside.onset_in_words(dataclasses.replace(onset, p_value=0.3))
    assert none == "A scan of 24 August to 21 September 2019 for one change of the rate shows none (p = 0.30)."
    elsewhere = dataclasses.replace(onset, p_value=1.0, other_changes=onset.onset_set[:1])
    assert beside.onset_in_words(elsewhere).endswith("shows none (p = 1); the rate changed on another day.")
    several = dataclasses.replace(onset, other_changes=onset.onset_set[:2])
    assert beside.onset_in_words(several) == f"{vague} The rate changed on other days too."
    assert beside.onset_in_words("Too short.") == "Scan for a change near the date: not done. Too short."


@pytest.mark.parametrize(
    ("statuses", "lag", "said"),
    [
        ([], "not known", "The source's reporting lag is not known, so no day is marked provisional"),
        ([], "7 days, declared", "No day is provisional. Reporting lag: 7 days, declared."),
        (["provisional"] * 3, "7 days, declared", "3 days are provisional (28 to 30 March 2020)"),
        (
            ["provisional", "unobserved"] * 4,
            "7 days, declared",
            "4 days are provisional (23 to 29 March 2020, with gaps)",
        ),
        (["unobserved"] * 2, "not known", "2 days in it were not observed"),
    ],
)
def test_days_that_are_not_settled_are_said(statuses, lag, said):
    daily = poisson(5.0, 90)
    table = daily.table.copy()
    if statuses:
        table.loc[table.index[-len(statuses) :], "status"] = statuses
    assert said in " ".join(wording.days_not_settled(dataclasses.replace(daily, table=table, reporting_lag=lag)))


def test_no_sentence_claims_a_cause(effect, found):
    escalation, words = rising.find_escalation(effect.daily, effect, None)
    said = [*told.bias_in_words(found), *told.uneven_coverage(found), told.fitted_in_words(found, effect)]
    said += [*rising.comparisons_in_words(escalation, words), *rising.phases_in_words(escalation)]
    said += [beside.shift_in_words(ct.shift_test(effect)), beside.envelope_in_words(effect, ct.effect_envelope(effect))]
    text = " ".join(said).casefold()
    for word in ("because", "caused", "due to", "thanks to", "saved", "prevented", "as a result"):
        assert word not in text

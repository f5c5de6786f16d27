"""What is said: numbers as a careful journalist would print them, and never a point without its set."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

import conflictts as ct
from conflictts.report import wording
from conflictts.report.language import translator


@pytest.fixture(scope="module")
def effect(idlib: ct.Case) -> ct.TruceEffect:
    daily = ct.daily_series(idlib, measure="civilians")
    return ct.estimate_truce_effect(daily, idlib.truces["TRC-5"], window=("2019-04-30", "2019-11-06"))


@pytest.fixture(scope="module")
def changes(idlib: ct.Case) -> ct.Changepoints:
    return ct.detect_changepoints(ct.daily_series(idlib, measure="civilians"))


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        *((0.0729, "0.073"), (0.040377, "0.040"), (0.1316, "0.13"), (12.3, "12"), (0.0, "0")),
        *((1.0376, "1.04"), (0.9962, "0.996"), (0.99974, "0.9997"), (1.0, "1.0"), (1.0 + 1e-12, "1.0"), (1.06, "1.1")),
    ],
)  # fmt: skip
def test_ratio_has_two_significant_digits_below_ten(number, expected):
    assert wording.ratio(number) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0.0, "0.00"), (0.0027, "under 0.01"), (0.0051, "0.01"), (5.671, "5.67"), (12345.0, "12,345.0")],
)
def test_a_rate_that_is_not_none_is_not_printed_as_none(number, expected):
    assert wording.rate(number) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1.76e22, "over ×100"), (3969991.96, "over ×100"), (1.234, "×1.2"), (0.0, "×0"), (3e-11, "under ×0.01")],
)
def test_growth_that_few_counts_limit_has_no_figures_it_cannot_know(number, expected):
    assert wording.factor(number, "×") == expected
    assert wording.factor(number) == expected.replace("×", "")
    french = expected.replace("over", "plus de").replace("under", "moins de").replace(".", ",")
    assert translator("fr")(expected) == french


@pytest.mark.parametrize(
    ("rate", "english", "french"),
    [
        (0.0, "0 civilian deaths", "0 civil tué"), (1.0, "1.0 civilian deaths", "1,0 civil tué"),
        (1.04, "1.04 civilian deaths", "1,04 civil tué"), (1.44, "1.4 civilian deaths", "1,4 civil tué"),
        (2.0, "2.0 civilian deaths", "2,0 civils tués"), (21.0, "21 civilian deaths", "21 civils tués"),
    ],
)  # fmt: skip
def test_a_rate_has_two_digits_and_in_french_the_singular_below_two(rate, english, french, idlib):
    course = ct.truce_course(ct.daily_series(idlib, measure="civilians"), idlib.truces["TRC-5"])
    phases = course.phases.assign(rate=[rate, *course.phases["rate"][1:]])
    sentence = dataclasses.replace(course, phases=phases).sentence()
    assert sentence.endswith(f"; before it {english} a day.")
    assert translator("fr")(sentence).endswith(f" avant elle, {french} par jour.")


@pytest.mark.parametrize(
    ("number", "expected"), [(61.0, "61"), (698.6, "699"), (3.25, "3.2"), (1045.0, "1,045"), (-7.7, "−7.7"), (0.0, "0")]
)
def test_count_is_whole_where_it_can_be(number, expected):
    assert wording.count(number) == expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2019-04-30", "2019-08-30", "30 April to 30 August 2019"),
        ("2019-08-03", "2019-08-09", "3 to 9 August 2019"),
        ("2019-04-20", "2020-01-15", "20 April 2019 to 15 January 2020"),
        ("2019-08-31", "2019-08-31", "31 August 2019"),
    ],
)
def test_days_say_a_year_once(first, last, expected):
    assert wording.days(pd.Timestamp(first), pd.Timestamp(last)) == expected


def test_headline_states_rates_windows_and_interval(effect):
    assert wording.headline(effect) == (
        "Counted civilian deaths were lower after the truce of 31 August 2019: 0.90 a day (31 August to 6 November "
        "2019) against 5.67 a day before it (30 April to 30 August 2019), a rate ratio of 0.15 (95% interval 0.068 to "
        "0.32)."
    )


@pytest.mark.parametrize(
    ("lower", "upper", "said"),
    [(0.5, 1.2, "did not change detectably"), (1.1, 3.0, "were higher after"), (0.2, 0.9, "were lower after")],
)
def test_verdict_follows_the_interval(effect, lower, upper, said):
    assert said in wording.headline(dataclasses.replace(effect, lower=lower, upper=upper))


def test_what_was_not_possible_is_told_where_there_is_any(effect):
    one = SimpleNamespace(effect=effect, daily=effect.daily)
    assert wording.overview([one, one], []) == (
        "Counted civilian deaths before a truce and from it on, 2 comparisons: lower after it in 2, higher in 0, not "
        "detectably different in 0."
    )
    assert wording.overview([one], [one]).endswith("2 comparisons: lower after it in 1, higher in 0, not detectably "
                                                   "different in 0, not possible in 1.")  # fmt: skip


@pytest.mark.parametrize(
    ("truce", "first", "declared", "said", "french"),
    [
        pytest.param("TRC-5", "2019-04-30", True, "come with the bundled case", "cas fourni", id="the case's own"),
        pytest.param("TRC-5", "2019-05-01", True, "Whoever made this report declared them", "L’auteur", id="declared"),
        pytest.param("TRC-5", "2019-04-30", False, "No window was declared", "Aucune fenêtre", id="usual"),
        pytest.param("TRC-4", "2019-04-30", True, "Whoever made this report declared them", "L’auteur", id="truce"),
    ],
)
def test_who_chose_the_days_compared_is_said(truce, first, declared, said, french, effect, idlib):
    window = pd.Timestamp(first), effect.window[1]
    compared = dataclasses.replace(effect, truce=idlib.truces[truce], window=window)
    found = SimpleNamespace(effect=compared, incidents=idlib, window_declared=declared)
    assert wording.days_compared(found).startswith(f"Days compared: {wording.days(*window)}. ")
    assert said in wording.days_compared(found)
    assert french in translator("fr")(wording.days_compared(found))


def test_what_the_series_adds_up_to_has_its_bounds():
    days = pd.date_range("2020-01-01", periods=2)
    daily = ct.DailySeries.from_counts(pd.Series([1.0, 0.0], days), unit="civilian deaths")
    wide = dataclasses.replace(daily, table=daily.table.assign(low=[0.0, 0.0], high=[2.0, 0.0]))
    assert wording.added_up(daily) == "The series adds up to 1 civilian death (low, best and high alike)."
    assert wording.added_up(wide) == "The series adds up to 0–1–2 civilian deaths (low–best–high)."
    assert translator("fr")(wording.added_up(daily)).startswith("La série totalise 1 civil tué (")


@pytest.mark.parametrize(
    ("averted", "said"),
    [
        ((341.0, 163.0, 519.0), "58 by the fitted rate. Against the fitted rate that is 341 (163 to 519) fewer."),
        ((-50.0, -90.0, -10.0), "Against the fitted rate that is 50 (10 to 90) more, not fewer."),
        ((20.0, -30.0, 70.0), "an interval that includes zero (−30 to 70 fewer): no difference is shown."),
    ],
)
def test_averted_is_said_plainly_whatever_its_sign(effect, averted, said):
    fields = dict(zip(("averted", "averted_lower", "averted_upper"), averted, strict=True))
    assert said in wording.averted(dataclasses.replace(effect, **fields))


def test_no_sentence_claims_a_cause(effect, changes):
    said = [wording.headline(effect), wording.averted(effect), *wording.changes_in_words(changes, effect.truce)]
    text = " ".join(said).casefold()
    for word in ("because", "caused", "due to", "thanks to", "saved", "prevented", "as a result"):
        assert word not in text


def test_a_change_is_told_by_its_set_before_its_point(effect, changes):
    first, second = wording.changes_in_words(changes, effect.truce)
    days, best = changes.location_sets[0], changes.dates[0]
    assert f"{wording.date_set(days)}. {wording.day(best)} fits best" in first
    assert wording.date_set(days).endswith(f"({len(days)} days)")
    assert "the other days of the set cannot be ruled out" in first
    assert "The set contains 31 August 2019, the first day of the truce." in first
    assert "first day of the truce" not in second


def test_no_change_is_an_answer(idlib, effect):
    days = pd.date_range("2020-01-01", periods=90)
    level = ct.detect_changepoints(ct.DailySeries.from_counts(pd.Series([1.0, 2.0, 3.0] * 30, days)))
    (sentence,) = wording.changes_in_words(level, effect.truce)
    assert sentence.startswith("No change of rate was found between 1 January 2020 and 30 March 2020")


STUDIES = (Path(__file__).resolve().parents[2] / "benchmarks" / "README.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Cells of the tables under a heading of benchmarks/README.md, names first."""
    section = STUDIES.split(f"## {heading}\n")[1].split("\n## ")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]


def spread(cells: list[str]) -> str:
    """Least and greatest of all percentages, as a page says them."""
    numbers = [float(number) for cell in cells for number in re.findall(r"\d+(?:\.\d+)?", cell)]
    return f"{min(numbers):.0f} to {max(numbers):.0f}%"


def bounds(cell: str) -> tuple[str, str]:
    """Of "130 of 132 (92.1-97.4 %)" the percentages, as a page says them, and how many kinds of series there were."""
    kinds, least, greatest = re.fullmatch(r".*?([\d.]+)(?: %)? \(([\d.]+)–([\d.]+) %\)", cell).groups()
    return f"{float(least):.0f} to {float(greatest):.0f}%", kinds


def test_coverage_quoted_is_what_the_studies_measured():
    own, others = {}, {}
    for row in rows("The truce's effect"):
        if row[0] == "all":
            (others if row[1] in own else own)[row[1]] = bounds(row[2])
    (short, n_short), (long, n_long) = own["up to 0.6"], own["0.8"]
    expected = (
        f"{short} of the series of each of {n_short} kinds with a memory of up to 0.6 from day to day, and in {long} "
        f"of each of {n_long} kinds with a memory of 0.8; plain Poisson regression held it in "
        f"{others['up to 0.6'][0]} and in {others['0.8'][0]} (python benchmarks/effect_coverage.py)"
    )
    assert expected == wording.EFFECT_COVERAGE
    sets = [row for row in rows("The location sets of changes") if row[3][:1].isdigit()]
    few = [row[3] for row in sets if not row[1].startswith("up to five")]
    assert spread(few) + " of detected changes in series with one or two" in wording.LOCATION_COVERAGE
    several = [row[3] for row in sets if row[1].startswith("up to five")]
    assert len(several) == 5
    assert f"{spread(several)} in series with up to five" in wording.LOCATION_COVERAGE
    weeks = [row for row in rows("The anonymised report") if row[0].isdigit()]
    short, long = ([row[4] for row in weeks if (row[1] == "0.8") == remembers] for remembers in (False, True))
    memory = f"{spread(short)} with a memory of up to 0.6 from day to day, and in {spread(long)} with one of 0.8"
    assert memory in wording.ANONYMISED_COVERAGE
    steady = [row for row in rows("A report's statements together") if row[0] == "nothing changed"]
    bursts = [row[13] for row in steady if row[2:4] == ["0.3", "INAR(0.4)"]]
    others = [row[13] for row in steady if row[13] not in bursts]
    assert len(others) == 9
    assert f"{spread(others)} of the series of nine kinds" in wording.STATEMENTS_TOGETHER
    assert f"in {float(bursts[0][:-1]):.0f}% of those of a tenth kind" in wording.STATEMENTS_TOGETHER


def test_coverage_quoted_of_series_fitted_to_claims_is_what_the_study_measured():
    """Of four cells such as "0.57, 63.3%" each: fitted to exact claims, to claims a fifth off, and not fitted."""
    study = [row for row in rows("Fitting to claims") if "%" in row[-1]]
    asked = {"exact": [row[3] for row in study if row[1] == "exact"],
             "off": [row[3] for row in study if row[1] != "exact"], "unfitted": [row[2] for row in study]}  # fmt: skip
    shares = {name: [float(cell.split(", ")[1][:-1]) for cell in cells] for name, cells in asked.items()}
    said = " ".join((ct.benchmark_to_claims.__doc__ or "").split())
    quoted = {name: f"{min(numbers):.0f}-{max(numbers):.0f} %" for name, numbers in shares.items()}
    assert f"in {quoted['exact']} of 60 simulated series where the claims are exact" in said
    assert f"and in {quoted['off']} where each is off by a fifth" in said
    assert f"on the unfitted catalogue in {quoted['unfitted']}" in said


def test_a_rate_of_one_day_is_told_as_one_event():
    days = pd.date_range("2019-01-01", "2019-12-31")
    counts = pd.Series(0.0, days)
    counts[["2019-04-02", "2019-06-11", "2019-07-20", "2019-10-03"]] = [1, 30, 1, 1]
    first, second = wording.changes_in_words(
        ct.detect_changepoints(ct.DailySeries.from_counts(counts)), ct.Truce("2019-08-31")
    )
    told = "That rate holds on 11 June 2019 alone: read this change and the next as one event."
    assert told in first
    assert told not in second
    assert translator("fr")(told).startswith("Ce taux ne vaut que pour le 11 juin 2019")


@pytest.mark.parametrize(
    ("told", "english", "french"),
    [
        ("russia", "Russia", "Russie"),
        (
            "main perpetrators: armed_groups, russia",
            "main perpetrators: armed groups, Russia",
            "principaux auteurs\u00a0: groupes armés, Russie",
        ),
        (
            "Idlib, perpetrator russia or government_or_russia",
            "Idlib, perpetrator “Russia” or “government or Russia”",
            "Idlib, auteur «\u00a0Russie\u00a0» ou «\u00a0gouvernement ou Russie\u00a0»",
        ),
        *((own, own, own) for own in ("police_force", "government (state)", "benchmarks/ground_clash.py")),
    ],
)
def test_codes_are_words_on_a_page_but_not_those_of_others(told, english, french):
    assert translator("en")(told) == english
    assert french is None or translator("fr")(told) == french


@pytest.mark.parametrize(
    ("name", "phrase", "french"),
    [
        ("", "truce of 31 August 2019", "trêve du 31 août 2019"), ("Sochi memorandum", "Sochi memorandum", None),
        ("spring", "truce “spring”", "trêve «\u00a0spring\u00a0»"),
        ("trêve de mai", "truce “trêve de mai”", "trêve de mai"),
        ("Sochi: the pact", "truce “Sochi: the pact”", "trêve «\u00a0Sochi: the pact\u00a0»"),
    ],
)  # fmt: skip
def test_any_name_of_a_truce_reads_well(name, phrase, french, effect, idlib):
    truce = dataclasses.replace(effect.truce, name=name)
    course = dataclasses.replace(ct.truce_course(effect.daily, idlib.truces["TRC-5"]), truce=truce)
    assert wording.headline(dataclasses.replace(effect, truce=truce)).startswith(
        f"Counted civilian deaths were lower after the {phrase}: 0."
    )
    assert course.sentence().startswith(f"The {phrase}: calm from 31 August 2019")
    if french is not None:
        assert translator("fr")(course.sentence()).startswith(f"La {french}\u00a0: calme à partir du 31 août 2019")


@pytest.mark.parametrize(
    ("english", "french"),
    [
        (
            "the toll before the date is 0, so there are no shares of each perpetrator to compare",
            "le bilan d’avant la date est",
        ),
        (
            "the toll after the date is 0, so there are no shares of each perpetrator to compare",
            "parts par auteur à comparer",
        ),
        ("no record states its perpetrator, so whether their shares changed cannot be told", "champ « auteur »"),
        (
            "“government_or_russia”, with 44% of the toll before the date, is named as perpetrator by no counted "
            "record after it: the naming may have changed, not the violence",
            "« gouvernement ou Russie », avec 44 % du bilan",
        ),
    ],
)
def test_the_mix_is_told_in_french(english, french):
    assert french in translator("fr")(english).replace("\u202f", " ").replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("announced", "said"),
    [
        ("2018-08-30", "announced on 30 August 2018, 366 days before its first day in force, 31 August 2019"),
        ("2020-08-31", "announced on 31 August 2020, 366 days after"),
        ("2019-08-30", None),
        (None, None),
    ],
)
def test_an_announcement_far_off_is_doubted(announced, said):
    sentences = wording.announced_far_off(ct.Truce("2019-08-31", announced=announced))
    assert len(sentences) == (said is not None)
    assert all(said in sentence for sentence in sentences)
    french = translator("fr")
    assert all("vérifier ces deux dates" in french(sentence) for sentence in sentences)


def test_one_of_a_thing_is_one_thing(idlib):
    """One unobserved day, one provisional day, one record without bounds, one row in quarantine."""
    daily = ct.daily_series(idlib, measure="civilians", gaps=[("2019-05-01", "2019-05-01")], lag=1,
                            retrieved_on="2020-01-15")  # fmt: skip
    unobserved, provisional = wording.days_not_settled(daily)
    assert unobserved.startswith("1 day in it was not observed: it is hatched")
    assert provisional.startswith("1 day is provisional (15 January 2020): late records may still raise it.")
    assert "Reporting lag: 1 day, declared" in provisional
    lost = idlib.ledger.quarantined.iloc[:0].reindex([0]).assign(file="a.csv", row=2)
    ledger = dataclasses.replace(idlib.ledger, read=idlib.ledger.read + 1, quarantined=lost)
    told = [unobserved, provisional, wording.quarantined(ledger)]
    for bounds in ({"no_lower_bound": 1, "no_upper_bound": 1}, {"no_lower_bound": 0, "no_upper_bound": 1}):
        told += wording.missing_bounds(dataclasses.replace(daily, **bounds))
    assert told[2].startswith(f"1 of {ledger.read} rows is in quarantine")
    assert [text.split(" state")[0] for text in told[3:]] == ["1 record", "1 record"]
    french = translator("fr")
    put = [french(text) for text in told]
    assert list(french.unknown) == []
    assert not any(re.search(r"\b1 \w+s\b(?! sur)", text) for text in put)


def test_days_of_bounds_out_of_order_are_said():
    daily = ct.DailySeries.from_counts(pd.Series(3.0, pd.date_range("2020-01-01", periods=9)))
    table = daily.table.copy()
    assert wording.missing_bounds(daily) == []
    for n_days, (name, value) in enumerate((("low", 9.0), ("high", 2.0)), 1):
        table.loc[table.index[n_days], name] = value
        (said,) = wording.missing_bounds(dataclasses.replace(daily, table=table))
        assert said.startswith(f"On {n_days} day{'s' * (n_days > 1)} low, best and high do not lie in this order")
        french = translator("fr")
        assert "la plus petite à la plus grande" in french(said)
        assert not french.unknown


def test_days_declared_as_gaps_are_not_said_to_be_covered():
    year = pd.date_range("2019-01-01", "2019-12-31")
    first, last = pd.Timestamp("2019-02-05"), pd.Timestamp("2019-10-31")
    counts = pd.Series(1.0, year)

    def said(watched: object) -> list[str]:
        return wording.silences(ct.DailySeries.from_counts(counts.where(watched)), first, last, None)

    before, after = said(counts > 0)
    assert "in 35 days declared as covered (1 January to 4 February 2019)" in before
    assert "in 61 days declared as covered (1 November to 31 December 2019)" in after
    assert said((year >= first) & (year <= last)) == [], "the rest are gaps"
    (december,) = said(~year.month.isin([1, 11]))
    assert "in 31 days declared as covered (1 to 31 December 2019)" in december


def test_a_change_within_the_days_compared_is_told_where_the_comparison_is(idlib):
    """The rise of October lies among the days after the truce; of days that end before it the comparison has none."""
    daily, truce = ct.daily_series(idlib, measure="civilians"), idlib.truces["TRC-5"]
    changes = ct.detect_changepoints(daily)
    for last, told in (("2019-11-06", 1), ("2019-10-18", 0)):
        effect = ct.estimate_truce_effect(daily, truce, window=("2019-04-30", last))
        said = wording.changed_too(changes, effect)
        assert len(said) == told  # the fall's set holds the truce's own day
    (said,) = wording.changed_too(changes, ct.estimate_truce_effect(daily, truce, window=("2019-04-30", "2019-11-06")))
    assert said == (
        "The rate also changed within the days compared, from 0.03 to 3.38 a day, first day among 10 to 24 October "
        "2019 (15 days): the comparison is of averages."
    )

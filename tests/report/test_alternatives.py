"""The text in place of every figure: a finding with its numbers, the same on the page, on axes and in French."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from bs4 import BeautifulSoup

import conflictts as ct
from conflictts.errors import UnknownNameError
from conflictts.report import alternatives
from conflictts.report.language import translator
from tests.figures.conftest import areas_found as areas_found
from tests.figures.drawings import names_of_figures, plots

NUMBER = r"\d+(?:[.,]\d+)*"
WITH_INTERVAL = {"comparisons", "forest", "growth", "map", "onset", "phases", "placebos", "truce_effect"}


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def test_every_figure_can_be_told():
    assert set(alternatives.TELLERS) == set(names_of_figures())


@pytest.mark.parametrize("name", names_of_figures())
def test_every_figure_tells_what_it_finds_in_both_languages(name, idlib, areas_found):
    with mpl.rc_context(mpl.rcParamsDefault):
        plt.figure()
        ax = plots(idlib, areas_found)[name](None)
    english, french = ct.alt_text(ax), ct.alt_text(ax, language="fr")
    finding = english.partition(". ")[2]
    assert len(re.findall(NUMBER, finding)) >= 2, english
    if name in WITH_INTERVAL:
        assert re.search(rf"\({NUMBER} to {NUMBER}\)|95% interval|p [=<] ", finding)
    words = translator("fr")
    words(english)
    assert list(words.unknown) == []

    def numbers(text: str, thousands: str, point: str) -> Counter[str]:
        plain = re.sub(rf"(?<=\d){thousands}(?=\d\d\d)", "", text).replace(point, ".")
        return Counter(re.findall(r"\d+(?:\.\d+)?", plain.replace("1er ", "1 ")))

    told, put = numbers(english, ",", "."), numbers(french, "\u202f", ",")
    assert told.keys() == put.keys()


def test_the_page_has_the_same_text_in_place_of_the_figure(bundled, idlib):
    daily = ct.daily_series(idlib, measure="civilians")
    effect = ct.estimate_truce_effect(daily, idlib.truces["TRC-5"], window=("2019-04-30", "2019-11-06"))
    page = BeautifulSoup((bundled / "report.html").read_text(encoding="utf-8"), "html.parser")
    alone = {
        "calendar": lambda: ct.plot_calendar(daily),
        "effect": lambda: ct.plot_truce_effect(effect),
        "placebos": lambda: ct.plot_placebos(ct.placebo_effects(effect)),
        "claims-2019-04-30": lambda: ct.plot_claims(daily, ct.hold_claims(daily, idlib.claims), since="2019-04-30"),
    }
    for name, draw in alone.items():
        plt.figure()
        assert page.find(id=f"figure-{name}").find("svg")["aria-label"] == ct.alt_text(draw())


def test_no_text_in_place_of_a_figure_of_the_page_only_describes_the_drawing(bundled):
    figures = BeautifulSoup((bundled / "report.html").read_text(encoding="utf-8"), "html.parser")("figure")
    assert len(figures) == 15
    for figure in figures:
        shows, text = figure.find(role="group")["aria-label"], figure.find("svg")["aria-label"]
        assert text.startswith(shows)
        assert re.search(rf"{NUMBER}.*{NUMBER}", text.removeprefix(shows)), figure["id"]
    daily = next(figure for figure in figures if figure["id"] == "figure-daily").find("svg")["aria-label"]
    assert "the most on one day, 64, on 22 July 2019." in daily
    assert "a rate ratio of 0.15 (95% interval 0.068 to 0.32)." in daily


def test_it_is_of_what_was_drawn_last_and_reads_what_can_be_read_once(idlib):
    daily = ct.daily_series(idlib, measure="civilians")
    ax = plt.figure().add_subplot()
    ct.plot_calendar(daily, ax=ax)
    ct.plot_daily(daily, truces=iter([idlib.truces["TRC-5"]]), ax=ax)
    assert len([line for line in ax.lines if line.get_label() == "truce takes effect"]) == 1
    assert ct.alt_text(ax).startswith(
        "Civilian deaths per day with the 7-day mean, 20 April 2019 to 15 January 2020, and"
    )


@pytest.mark.parametrize("body", ["SOHR", None])
def test_records_without_a_reporting_body_tell_nothing_of_tellers(body, idlib):
    """The largest group of tellers is none where it has no name; without any name nothing is said to have moved."""
    bodies = idlib.table["reporting_body"]
    table = idlib.table.assign(reporting_body=bodies.where((bodies != body) & (body is not None), ""))
    window = ("2019-04-30", "2019-11-06")
    mix = ct.source_mix(replace(idlib, table=table), idlib.truces["TRC-5"], measure="civilians", window=window)
    plt.figure()
    told = ct.alt_text(ct.plot_source_mix(mix))
    unstated = "for 100% of the toll before the truce and for 100% from it on." if body is None else "for 70% of"
    assert f"No reporting body is stated {unstated}" in told
    assert ("told by White Helmets" in told) == ("from teller to teller" in told) == (body is not None)
    assert "told by not stated" not in told
    assert "–" not in told
    words = translator("fr")
    words(told)
    assert list(words.unknown) == []


def test_a_page_of_records_without_a_reporting_body_draws_no_tellers(write_records, tmp_path, blank_figures):
    incidents = ct.read_incidents(write_records(tmp_path / "records.csv"))
    page = ct.write_report(
        incidents, ct.Truce("2019-08-31"), tmp_path / "out", coverage=("2019-05-01", "2019-11-30"), formats=("html",)
    )
    html = page.read_text(encoding="utf-8")
    assert "No record states its reporting body" in html
    assert 'id="figure-diagnostics"' in html
    assert "figure-sources" not in html


def test_refusals():
    ax = plt.figure().add_subplot()
    with pytest.raises(UnknownNameError, match="No figure of conflictts is on these axes"):
        ct.alt_text(ax)
    with pytest.raises(UnknownNameError, match="No language 'ar'"):
        ct.alt_text(ax, language="ar")


def test_a_character_that_hides_in_a_name_is_shown_by_its_number(areas_found):
    table = areas_found.table.rename(index={"D": "D\u202e"})
    ax = ct.plot_forest(replace(areas_found, table=table, pooled=None))
    assert "for D⟨U+202E⟩" in ct.alt_text(ax)

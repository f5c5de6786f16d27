"""One report over several areas and truces: the same numbers as each alone, one page, hostile names, French."""

from __future__ import annotations

import csv
import html as markup
import json
import re
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup

import conflictts as ct
from conflictts.errors import InputError, UnknownNameError
from conflictts.report import drawing
from conflictts.report import page as page_module
from conflictts.report.language import translator
from tests.report.test_language import words_of_records
from tests.report.test_numbers import without_a_table

HOSTILE = 'Hama <b>&amp; "x" {{ 7*7 }} =1+1'
AREAS = {"Idlib": {"admin1": "Idlib"}, HOSTILE: {"admin1": ["Hama", "Aleppo"]}, "Latakia": {"admin1": "Latakia"}}
SHORT = ct.Truce("2019-08-02", ended="2019-08-05")
LATER = ct.Truce("2019-11-20", name="lull <i>")


@pytest.fixture(scope="module")
def folder(idlib: ct.Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two areas and one with few records, two truces and one too short: three comparisons of nine can be made."""
    return ct.write_report(
        idlib, [idlib.truces["TRC-5"], SHORT, LATER], tmp_path_factory.mktemp("areas") / "out", areas=AREAS,
        other_truces=idlib.truces.values(), claims=idlib.claims, events=idlib.events,
    ).parent  # fmt: skip


@pytest.fixture(scope="module")
def numbers(folder: Path) -> dict:
    return json.loads((folder / "findings.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def html(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def test_each_is_what_it_would_be_alone(numbers, idlib):
    """A second way: the library's own calls, area by area."""
    assert len(numbers["findings"]) + len(numbers["not_compared"]) == 9
    assert len(numbers["findings"]) == 3
    for finding in numbers["findings"]:
        daily = ct.daily_series(idlib, measure="civilians", where=AREAS[finding["area"]])
        truce = next(each for each in (idlib.truces["TRC-5"], LATER) if each.name == finding["truce"]["name"])
        effect = ct.estimate_truce_effect(daily, truce)
        assert finding["effect"]["estimates"][0]["estimate"] == pytest.approx(effect.rate_ratio, rel=1e-12)
        assert finding["effect"]["estimates"][0]["upper"] == pytest.approx(effect.upper, rel=1e-12)


def test_what_cannot_be_compared_is_listed_with_its_reason_and_stops_nothing(numbers, html):
    refused = {(each["area"], each["truce"]["name"]): each["reason"] for each in numbers["not_compared"]}
    assert "Only 3 observed days after the truce" in refused["Idlib", SHORT.name]
    assert refused["Idlib", SHORT.name].endswith("No window makes so short a truce comparable.")
    assert {area for area, _ in refused} >= {"Latakia"}
    rows = BeautifulSoup(html, "html.parser").find(id="overview")("tr")
    told = {row("td")[-1].get_text(): row for row in rows if "Not compared" in row.get_text()}
    assert len(rows) == 2 + len(numbers["findings"]) + len(told)
    assert len(told) == len(set(refused.values())), "each reason once"
    brief = next(row for reason, row in told.items() if reason.startswith("Not compared. Only 3 observed days"))
    assert "after the truce, 2 to 4 August 2019 (it was over on 5 August 2019)" in brief.get_text()
    assert [name.get_text() for name in brief.th("span")] == list(AREAS)
    assert all(name["translate"] == "no" for name in brief.th("span"))
    assert brief.td.get_text() == "Truce of 2 August 2019"
    assert rows[-1].td.get_text() == "lower: 2, higher: 0, not detectably different: 1, not compared: 6"
    assert "<title>Civilian deaths before truces and from them on</title>" in html
    assert "9 comparisons: lower after it in" in html
    assert f"not possible in {len(refused)}." in html


def test_every_anchor_is_once_on_the_page_and_every_link_leads_somewhere(folder, html):
    page = BeautifulSoup(html, "html.parser")
    ids, links = [tag["id"] for tag in page(id=True)], {tag["href"] for tag in page(href=True)}
    levels = [int(tag.name[1]) for tag in page(re.compile("^h[1-6]$"))]
    assert len(set(ids)) == len(ids)
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    assert {"overview", "contents", "quality", "methods", "glossary", "sources", "again"} <= set(ids)
    for link in {each for each in links if not each.startswith("#")}:
        assert (folder / link.partition("#")[0]).is_file(), link
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(low - high <= 1 for high, low in pairwise(levels))


def test_every_figure_names_its_window_source_and_vintage_and_where_its_numbers_are(folder, html):
    figures = BeautifulSoup(html, "html.parser")("figure")
    assert len(figures) > 10
    for figure in figures:
        drawn = " ".join(text.get_text() for text in figure.find("svg")("text"))
        assert re.search(
            r"\d{4} to \d{1,2} [A-Z][a-z]{2} \d{4} · .*source: press catalogue of the Idlib case, release 1", drawn
        )
        caption = figure.find("figcaption")
        assert "Its numbers: " in caption.get_text(), caption.get_text()
    overview = next(figure for figure in figures if figure["id"] == "figure-overview")
    assert overview.find("a", href="#overview").get_text() == "table"


def test_every_number_leads_to_a_table_that_holds_it(html, folder):
    lost, checked = without_a_table(html, folder)
    assert lost == []
    assert checked > 100


def test_names_of_areas_and_truces_are_text(html, numbers, folder):
    assert HOSTILE in markup.unescape(html)
    for raw in ("<b>&amp; ", "lull <i>", "<i>"):
        assert raw not in html
    assert "49" not in re.findall(r"x&#34; (\S+)", html), "templates in names are not evaluated"
    assert any(each["area"] == HOSTILE for each in numbers["findings"])
    for path in folder.rglob("*"):
        assert re.fullmatch(r"[\w.-]+", path.name), path


def test_the_days_of_every_area_stand_in_one_table(folder, numbers, idlib):
    with (folder / "series.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    areas = list(dict.fromkeys(row["area"] for row in rows))
    assert areas == list(dict.fromkeys(each["area"] for each in numbers["findings"]))
    for area in areas:
        daily = ct.daily_series(idlib, measure="civilians", where=AREAS[area])
        assert sum(float(row["best"]) for row in rows if row["area"] == area) == pytest.approx(daily.counts.sum())


def test_every_sentence_has_its_french(html, numbers, idlib):
    words = translator("fr")
    french = words.page(re.sub(r'(?<=<a )([^>]*) aria-label="[^"]*"', r"\1", html))  # those are made of the French
    said = json.dumps(words.numbers(numbers), ensure_ascii=False)
    allowed = words_of_records(idlib) | {HOSTILE, *AREAS, LATER.name, "Lull <i>", "armed groups, government, Russia"}
    allowed |= {"government, government or Russia, Russia"}
    assert [text for text in words.unknown if text not in allowed] == []
    assert "trêve du 12 janvier 2020, lull <i>" in said, "a given name is left as it is, the others are not"
    assert "9 comparaisons\u00a0: moins après elle dans" in french


def test_claims_are_held_only_against_all_that_the_source_counts(numbers):
    assert all(each["claims"] == [] for each in numbers["findings"]), "they are not the toll of one area"


def test_one_area_with_a_name_is_a_page_of_its_own(write_records, tmp_path, monkeypatch):
    sheets, draw = [], drawing.draw_sheet
    monkeypatch.setattr(
        drawing, "draw_sheet", lambda *given, **named: sheets.append(draw(*given, **named)) or sheets[-1]
    )
    incidents = ct.read_incidents(write_records(tmp_path / "records.csv"))
    page = ct.write_report(
        incidents, ct.Truce("2019-08-31"), tmp_path / "out", coverage=("2019-05-01", "2019-11-30"),
        areas={"the north": {"admin1": "Idlib"}}, formats=("html",),
    )  # fmt: skip
    html = page.read_text(encoding="utf-8")
    assert 'id="overview"' not in html
    assert "the north" in html
    assert re.search(r"<h1><a[^>]*>Counted civilian deaths were lower after the truce of 31 August 2019", html)
    assert sorted(each.name for each in page.parent.iterdir()) == ["report.html", "report.toml"]
    assert "findings.json" not in re.sub(r"<pre.*?</pre>", "", html, flags=re.DOTALL), "no link to what is not there"
    assert len(sheets) > 9
    assert {sheet.png for sheet in sheets} == {b""}, "no file of figures, no PNG"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"areas": {}}, "`areas` names no area"),
        ({"areas": {"a": {}, " ": {}}}, "has no name"),
        ({"areas": {"a": {"admin1": "Idlib"}}, "where": {"admin1": "Hama"}}, "both say something of 'admin1'"),
        ({"window": {"other": ("2019-05-01", "2019-10-01")}}, "`window` names no truce 'other'"),
        ({"formats": ("html", "docx")}, r"No format 'docx'"),
        ({"formats": ()}, "No format is asked for"),
    ],
)
def test_what_cannot_be_meant_is_refused(given, reason, idlib, tmp_path):
    with pytest.raises((InputError, UnknownNameError), match=reason):
        ct.write_report(idlib, idlib.truces["TRC-5"], tmp_path / "out", **given)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("anonymise", [None, 5])
def test_an_area_without_any_record_is_left_out_and_said_to_be(anonymise, write_records, tmp_path, blank_figures):
    incidents = ct.read_incidents(write_records(tmp_path / "records.csv"))
    truce = ct.Truce("2019-07-01")
    given = {
        "coverage": ("2019-05-01", "2019-11-30"), "formats": ("html", "json"), "language": "fr", "anonymise": anonymise,
    }  # fmt: skip
    areas = {"Idlib": {"admin1": "Idlib"}, "Misspelt": {"admin1": "Idleb"}}
    page = ct.write_report(incidents, truce, tmp_path / "out", areas=areas, **given)
    html, numbers = page.read_text("utf-8"), json.loads((page.parent / "findings.json").read_text("utf-8"))
    assert numbers["areas_without_records"] == ["Misspelt"]
    assert "Une zone est laissée de côté, faute de tout relevé\u00a0: Misspelt." in html
    if anonymise is None:
        (refused,) = numbers["not_compared"]
        assert refused["reason"] == (
            "Aucun relevé ne porte admin1 = «\u00a0Idleb\u00a0». Vouliez-vous dire «\u00a0Idlib\u00a0»\u202f?"
        )
    else:
        assert [each["area"] for each in numbers["areas"]] == ["Idlib"]
        assert "Idleb" not in html, "no values of the records are offered instead"
    for fault in ({"areas": {"Misspelt": {"admin1": "Idleb"}}}, {"areas": areas, "where": {"perpetrator": "nobody"}}):
        with pytest.raises(UnknownNameError, match="No record has"):
            ct.write_report(incidents, truce, tmp_path / "none", **given | fault)


def test_truces_that_cannot_be_told_apart_are_refused(idlib, tmp_path):
    truce = idlib.truces["TRC-5"]
    with pytest.raises(InputError, match="Two truces are called"):
        ct.write_report(idlib, [truce, truce], tmp_path / "out")
    with pytest.raises(InputError, match="`truces` is empty"):
        ct.write_report(idlib, [], tmp_path / "out")
    with pytest.raises(InputError, match="One window cannot serve several truces"):
        ct.write_report(idlib, [truce, SHORT], tmp_path / "out", window=("2019-05-01", "2019-10-01"))


@pytest.mark.parametrize("names", [("Ma'arrat", "Ma arrat"), ("حماة", "إدلب"), ("x-2", "x", "x"), ("1", "")])
def test_places_on_the_page_are_plain_and_apart(names):
    class Found:
        def __init__(self, area: str) -> None:
            self.area = area
            self.effect = type("Effect", (), {"truce": ct.Truce("2019-08-31")})

    places = page_module._places([Found(name) for name in names])
    assert len(set(places)) == len(places)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]*-", place) for place in places)


def test_translator_leaves_names_alone():
    words = translator("fr")
    assert words.page('<th scope="row" translate="no">Deaths</th>') == '<th scope="row" translate="no">Deaths</th>'


def test_links_of_areas_have_names_of_their_own(html, links_told_apart):
    names = links_told_apart(html)
    area, truce = next(iter(AREAS)), "truce of 31 August 2019"
    assert {f"Truce of 31 August 2019, {area}", f"table, Phases of the truce, {area}, {truce}"} <= names


def test_an_area_without_a_name_leaves_no_comma_in_the_overview(idlib):
    daily = ct.daily_series(idlib, measure="civilians")
    truces = [idlib.truces["TRC-5"], LATER]
    found = [SimpleNamespace(area="", effect=ct.estimate_truce_effect(daily, truce)) for truce in truces]
    (drawn,) = drawing.draw_overview(found, translator("en"), png=False).values()
    assert ">truce of 31 August 2019<" in drawn.sheet.svg
    assert ">lull &lt;i&gt;<" in drawn.sheet.svg
    assert "for truce of 31 August 2019, the highest" in drawn.alternative


def test_truces_of_one_area_without_a_name_head_their_own_rows(write_records, tmp_path, blank_figures):
    incidents = ct.read_incidents(write_records(tmp_path / "records.csv"))
    truces = [ct.Truce("2019-08-31"), ct.Truce("2019-08-01", name="lull <i>")]
    days = ("2019-05-01", "2019-11-30")
    out = ct.write_report(incidents, truces, tmp_path / "out", coverage=days, formats=("html",))
    table = BeautifulSoup(out.read_text(encoding="utf-8"), "html.parser").find(id="overview")
    heads = [each.get_text() for each in table.find("thead")("th")]
    assert heads[:2] == ["Truce", "After the truce"]
    assert [row.find("th", scope="row").get_text() for row in table.find("tbody")("tr")] == [
        "Truce of 31 August 2019", "Lull <i>",
    ]  # fmt: skip
    assert {len(row(["th", "td"])) for row in table.find("tbody")("tr")} == {len(heads)}

"""The page of many areas: whole without the network and without scripts, hostile names as text, and in French."""

from __future__ import annotations

import base64
import hashlib
import html
import itertools
import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import conflictts as ct
from conflictts.errors import InputError, TooLittleData, UnknownNameError
from conflictts.figures import small_multiples
from conflictts.incidents.checks import SHARED
from conflictts.report import panel as page
from conflictts.report.areas import extremes_in_words
from conflictts.report.language import translator
from conflictts.truce.latest import latest_of_rows
from tests.report.test_numbers import in_both, without_a_table

HOSTILE = {
    "Hama": '<img src=x onerror="alert(1)">\u202egpj', "Aleppo": "=HYPERLINK(1)", "Latakia": "</script><b>$x$ حلب",
}  # fmt: skip


@pytest.fixture(scope="module")
def panel(idlib) -> ct.DailyPanel:
    """Areas with names that no page, spreadsheet or figure may take for its own."""
    table = idlib.table.assign(admin1=idlib.table["admin1"].replace(HOSTILE))
    return ct.daily_series(replace(idlib, table=table), measure="civilians", by="admin1")


@pytest.fixture(scope="module")
def found(panel) -> ct.PanelAnalysis:
    return ct.analyse_panel(panel, truce=ct.Truce("2019-08-31"), window=("2019-06-01", "2019-10-18"))


@pytest.fixture(scope="module")
def written(panel, found, tmp_path_factory) -> str:
    path = ct.write_panel_report(panel, found, tmp_path_factory.mktemp("page") / "out")
    assert path.name == "panel.html"
    return path.read_text(encoding="utf-8")


def rows(source: str) -> list[list[str]]:
    body = re.search(r'<table class="sortable.*?<tbody>(.*?)</tbody>', source, re.DOTALL)[1]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>.*?</tr>", body)]
    return [[html.unescape(re.sub("</?bdi>", "", cell)) for cell in row] for row in cells]


def test_plain_table_holds_every_area_and_its_numbers(written, found):
    told = rows(written)
    assert [row[0] for row in told] == [name.replace("\u202e", "⟨U+202E⟩") for name in found.table.index]
    idlib = told[[row[0] for row in told].index("Idlib")]
    titles = [title for title, *_ in page._columns(found)]
    assert (idlib[titles.index("Total")], idlib[titles.index("Rate ratio")]) == ("945", "0.082 (0.019 to 0.35)")
    latakia = told[[row[0] for row in told].index(HOSTILE["Latakia"])]
    assert latakia[-3:] == ["–", "–", "–"]
    assert idlib[titles.index("Days that may be the latest change’s first")] == "7 to 31 October 2019, with gaps"
    assert "Before and after the truce can be compared for 1 of 4 areas" in written


@pytest.mark.parametrize("truce", [None, ct.Truce("2019-08-31", announced="2019-03-01")], ids=["none", "a truce"])
def test_every_number_leads_to_a_table_that_holds_it(idlib, truce, tmp_path):
    """Also of what weakens them: a doubtful announcement, silent months, shared names, records of no stated area."""
    table = idlib.table.assign(admin1=idlib.table["admin1"].replace("Hama", ""))
    panel = ct.daily_series(
        replace(idlib, table=table), measure="civilians", by="admin1", coverage=("2019-01-01", "2020-03-15")
    )
    shared = pd.DataFrame([{"warning": SHARED, "records": 1204, "example": "Idlib"}])
    panel = replace(panel, ledger=replace(panel.ledger, warnings=shared))
    path = ct.write_panel_report(panel, ct.analyse_panel(panel, truce=truce), tmp_path / "out")
    told = path.read_text(encoding="utf-8")
    lost, checked = without_a_table(told, path.parent)
    assert lost == []
    assert checked >= 7
    assert told.count("1,204") == 2
    assert "Counted records that state no area: 22, with 47 of 1,045 civilian deaths. They are a line of" in told
    assert ("In records that state no area are 7% of civilian deaths before the truce took effect" in told) == bool(
        truce
    )
    assert "A change of the rate is found for 2 of 3 areas" in told
    assert rows(told)[-1][0] == "not stated"
    assert in_both(translator("fr").page(told)) == in_both(told)


def test_growth_out_of_silence_is_told_as_far_as_it_is_known(found):
    titles = [title for title, *_ in page._columns(found)]
    _, _, cell = page._columns(found)[titles.index("Growth a week")]
    row = found.table.iloc[0].copy()
    row["growth"], row["growth_lower"], row["growth_upper"] = 3969991.96, 60.5, 1.76e22
    assert cell(row.name, row)[0] == "over 100 (60 to over 100)", "its day of 132 deaths after six weeks of none"


def test_the_heading_names_the_truce(written, panel, found):
    heading = "Civilian deaths in 4 areas before and after the truce of 31 August 2019, and what changed in each."
    assert f'<h1><a href="#table-together">{heading}</a></h1>' in written
    french = translator("fr")
    one = replace(found, table=found.table.iloc[:1])
    headings = [page._headline(each) for each in (found, one, replace(found, truce=None), replace(one, truce=None))]
    assert "in 1 area before and after the truce of 31 August 2019" in headings[1]
    assert headings[2:] == [
        "Civilian deaths in 4 areas, and what changed in each.", "Civilian deaths in 1 area, and what changed in it.",
    ]  # fmt: skip
    assert french(headings[0]).startswith("Civils tués dans 4 zones avant et après la trêve du 31 août 2019")
    assert all(french(heading) != heading for heading in headings)


def test_map_of_discs_and_of_outlines_with_what_it_finds_in_words(written, panel, found, tmp_path):
    assert "The rate ratio is 0.082 for Idlib, with an interval from 0.019 to 0.35." in written
    two = found.effects().loc[["Idlib"] * 2].assign(rate_ratio=[0.082, 0.1]).set_axis(["Idlib", "Hama"])
    finding = "The lowest rate ratio is 0.082 (0.019 to 0.35) for Idlib, the highest 0.10 (0.019 to 0.35) for Hama;"
    assert extremes_in_words(two).startswith(finding)
    words = translator("fr")
    assert "intervalles au-dessous de 1\u00a0: 2 sur 2, au-dessus\u00a0: 0" in words(extremes_in_words(two))
    assert "larger the better known" in written
    assert "blue below 1 and orange above it; a thick border where the interval does not hold 1" in written
    ring = np.array([[36.0, 35], [37, 35], [37, 36], [36, 35]])
    outlines = ct.Outlines("areas.geojson", {"Idlib": ((ring,),)})
    out = ct.write_panel_report(panel, found, tmp_path / "out", outlines=outlines)
    assert re.search(r"outlines:\s+areas.geojson", re.sub("<[^>]*>", " ", out.read_text(encoding="utf-8")))
    assert (out.parent / "figures" / "map.svg").exists()
    nowhere = replace(panel, places=panel.places.iloc[:0])
    assert "map" not in page.draw_panel(nowhere, found, translator("en"))
    with pytest.raises(UnknownNameError, match="Name them alike"):
        ct.write_panel_report(panel, found, tmp_path / "out", outlines=replace(outlines, areas={"Homs": ((ring,),)}))


def test_names_are_text_and_nothing_is_loaded(written, tmp_path, panel, found):
    for name in HOSTILE.values():
        assert name not in written or name == "=HYPERLINK(1)"
    assert "<img" not in written
    assert "\u202e" not in written
    assert "<bdi>&lt;/script&gt;&lt;b&gt;$x$ حلب</bdi>" in written
    assert not re.search(r'(?:src|href)="(?:https?:)?//', written)
    out = ct.write_panel_report(panel, found, tmp_path / "out").parent
    areas = (out / "areas.csv").read_text(encoding="utf-8-sig")
    assert '"\'=HYPERLINK(1)"' in areas


def test_days_of_the_series_drawn_stand_in_a_file(panel, found, tmp_path, monkeypatch):
    """The highest first, each as in the panel; those of more series than are drawn do not."""
    monkeypatch.setattr(page, "MOST_SERIES", 3)
    monkeypatch.setattr(small_multiples, "MOST", 3)
    path = ct.write_panel_report(panel, found, tmp_path / "out")
    source = path.read_text(encoding="utf-8")
    figure = source.partition('id="figure-series"')[2].partition("</figure>")[0]
    assert 'Its numbers: <a href="series.csv"' in figure
    told = pd.read_csv(path.parent / "series.csv", encoding="utf-8-sig", parse_dates=["day"], keep_default_na=False)
    largest = panel.summary()["best"].sort_values(ascending=False).index[:3]
    assert list(dict.fromkeys(told["admin1"])) == [name if name[0] != "=" else f"'{name}" for name in largest]
    for (_, part), name in zip(told.groupby("admin1", sort=False), largest, strict=True):
        assert part["high"].tolist() == panel[name].table["high"].tolist()
        assert part["day"].tolist() == panel.days.tolist()


def test_only_what_was_counted_is_named_and_checked_only_what_the_command_names(panel, found, written):
    table = written.partition('id="table-inputs"')[2].partition("</table>")[0]
    assert re.findall(r"<td><span[^>]*>([^<]*)<", table) == ["incidents.csv"], (
        "no claims, truces and events of the case"
    )
    assert "sha256sum" not in page._page(panel, found, {}, "conflictts panel --by admin1")
    assert ">sha256sum incidents.csv<" in page._page(panel, found, {}, "conflictts panel incidents.csv --by admin1")


def test_only_its_own_script_may_run(written):
    (script,) = re.findall(r"<script>(.*?)</script>", written, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', written)[1]
    assert policy.endswith(f"script-src 'sha256-{digest}'")
    assert "default-src 'none'" in policy


def test_every_sentence_has_its_french(panel, found):
    words = translator("fr")
    figures = page.draw_panel(panel, found, words)
    source = words.page(page._page(panel, found, figures, None))
    kept = {
        "SVG",
        "PNG",
        page.AREAS,
        page.CHANGES,
        page.SERIES,
        page.NUMBERS,
        "<img src=x…",
        "<img src=x…⟨U+202E⟩gpj",
        '<img src=x…"alert(1)">⟨U+202E⟩gpj',
        "</script><b>$x$ \u200eحلب\u200e",
    }  # names as cut
    kept |= {"Idlib"}  # names spoken in a sentence
    assert set(words.unknown) <= kept
    assert "l’avant et l’après de la trêve" in source
    assert "0,082 (0,019 à 0,35)" in source


def test_french_of_a_mean_and_of_no_refusals(panel, found):
    """What this panel is too small to say."""
    many = found.table.loc[["Idlib"] * 5].set_axis(pd.Index([*"ABCDE"], name="admin1"))
    pooled = ct.pool_effects(*(many[name] for name in ("effective_before", "effective_after", "exposure")))
    changes = pd.concat([found.changes[found.changes["admin1"] == "Idlib"].assign(admin1=area) for area in "ABCDE"])
    whole = replace(found, table=many.assign(single_days=["2019-06-11", *[""] * 4]), changes=changes, pooled=pooled)
    words = translator("fr")
    for sentence in (*page._sentences(whole), *page._methods(whole), "Every part of every area has an answer."):
        words(sentence)
    assert list(words.unknown) == []
    assert any(said.startswith("A single day stands out alone for 1 of them") for said in page._sentences(whole))
    below = "; below them their mean and where one more area would lie."
    mean = replace(pooled, areas=pooled.areas.iloc[:1].set_axis(found.effects().index))
    drawn = [page.draw_panel(panel, replace(found, pooled=each), words)["ratios"].shows for each in (None, mean)]
    assert [shows.endswith(below) for shows in drawn] == [False, True], "a mean of one area is not drawn"
    assert "leur moyenne" in words(drawn[1])
    assert words(drawn[0]).endswith("sur une échelle de rapports.")
    told = {title: [cell("A", row)[0] for _, row in whole.table.iterrows()] for title, _, cell in page._columns(whole)}
    assert told["Single days"] == ["11 June 2019", *["none"] * 4]
    assert "Single days" not in [title for title, *_ in page._columns(found)]


def test_one_of_many_is_said_as_one(panel, found):
    """In numbers of areas, and in the reasons of what has no answer; each has its French."""
    phases, p = ["rising", *["level"] * 4], [0.01, *[0.9] * 4]
    table = found.table.loc[["Idlib"] * 5].set_axis(pd.Index([*"ABCDE"], name="admin1"))
    said = page._sentences(replace(found, table=table.assign(phase=phases, p_adjusted=p)))
    assert "over the latest weeks a rise is established for 1 and a fall for 0" in said[0]
    assert "a change is shown for 1 of them (adjusted p-value" in " ".join(said)
    counts = np.zeros((3, 60))
    counts[0, -1], counts[1, -1], counts[2, :-1] = 1.0, 15.0, np.nan
    latest = latest_of_rows(counts, np.arange(60) % 7, 0.95)
    reasons = [reason for now in latest for reason in (now.growth_reason, now.ratio_reason) if "1" in reason]
    assert reasons == [
        "only 1 count, 10 are needed",
        "counts on only 1 day, 3 are needed",
        "1 day is less than the 42 of a window",
        "only 0 settled days on one side, 14 are needed",
    ]
    none = page._sentences(replace(found, table=table.assign(effect_reason="too few")))
    assert none[-1] == "Before and after the truce can be compared for none of 5 areas."
    words = translator("fr")
    for sentence in (
        *said,
        *none,
        extremes_in_words(found.effects()),
        *reasons,
        "only 1 settled day on one side, 14 are needed",
    ):
        words(sentence)
    with pytest.raises(TooLittleData, match="Only 1 observed day;") as refused:
        ct.find_levels(np.r_[1.0, np.full(20, np.nan)], np.arange(21) % 7)
    words(str(refused.value))
    assert list(words.unknown) == []


def test_perpetrators_are_named_in_words_and_lie_nowhere(idlib, tmp_path):
    panel = ct.daily_series(idlib, measure="civilians", by=["admin1", "perpetrator"])
    found = ct.analyse_panel(panel, truce=idlib.truces["TRC-5"], window=("2019-05-01", "2019-10-18"))
    told = {}
    for language in ("en", "fr"):
        path = ct.write_panel_report(panel, found, tmp_path / language, language=language)
        told[language] = path.read_text(encoding="utf-8")
        assert "map" not in page.draw_panel(panel, found, translator(language))
    assert "<p>On this page “group” stands for each admin1 and perpetrator.</p>" in told["en"]
    assert ">Idlib, government or Russia</text>" in told["en"]
    assert '<span translate="no">Idlib</span>, <span>gouvernement ou Russie</span></th>' in told["fr"]
    assert ">Idlib, gouvernement ou Russie</text>" in told["fr"]
    heading = "Civilian deaths by admin1 and perpetrator, 12 in all, before and after the truce of 31 August 2019, and"
    assert f">{heading} what changed in each.<" in told["en"]
    assert ">Civils tués par admin1 et auteur, 12 en tout, avant et après la trêve du 31 août 2019" in told["fr"]
    alone = replace(found, by=("perpetrator",), truce=None)
    assert page._head(found) == "Group"
    assert page._headline(alone) == "Civilian deaths by perpetrator, 12 in all, and what changed in each."
    assert translator("fr")(page._headline(alone)).startswith("Civils tués par auteur, 12 en tout, et ce qui a changé")
    assert not re.search(r"[a-z]_[a-z]*russia|armed_groups", re.sub('data-v="[^"]*"', "", told["en"] + told["fr"]))


@pytest.mark.parametrize(
    ("by", "one", "many", "french"),
    [
        ("perpetrator", "perpetrator", "perpetrators", "un auteur de plus"),
        ("event_type", "event type", "event types", "un type d’événement de plus"),
    ],
)
def test_a_panel_of_no_places_speaks_of_no_areas(idlib, by, one, many, french):
    """But in the names of its files, and where the records as a whole lie."""
    panel = ct.daily_series(idlib, measure="civilians", by=by)
    found = ct.analyse_panel(panel, truce=idlib.truces["TRC-5"])
    words = translator("fr")
    figures = page.draw_panel(panel, found, translator("en"))
    source = page._page(panel, found, figures, None)
    told = re.sub(r"<style.*?</style>|<script.*?</script>", "", source, flags=re.DOTALL)
    told = re.sub(r"Widen the window or the area|Check measure and area", "", re.sub("<[^>]*>", "\n", told))
    of_areas = [line for line in told.splitlines() if re.search(r"\bareas?\b", line, re.IGNORECASE)]
    assert set(of_areas) <= {"areas.csv", "findings.json#/areas"}
    for said in (
        f"What changed at the truce for every {one}",
        f"The {many} side by side",
        f"Every {one}",
        f"one more {one} would lie",
        f"mean of {many}",
        f"the {many} with the highest toll first",
    ):
        assert said in told
    put = words.page(source)
    assert f"celui d’{french} du même genre" in put
    assert f"où se situerait {french}" in put
    assert not [text for text in words.unknown if one in text or many in text]
    assert not re.search(r"\bzone\b(?!, ou choisir|\.$)", re.sub("<[^>]*>", "\n", put), re.MULTILINE)


def test_one_area_and_one_without_a_name(idlib, tmp_path):
    table = idlib.table.assign(admin1=idlib.table["admin1"].replace("Hama", ""))
    panel = ct.daily_series(replace(idlib, table=table), measure="civilians", by="admin1")
    assert {"Idlib", "not stated"} <= set(panel)
    source, french = (
        ct.write_panel_report(panel, ct.analyse_panel(panel), tmp_path / code, language=code).read_text("utf-8")
        for code in ("en", "fr")
    )
    assert set(re.findall('<th scope="row"[^>]* translate="no">(Idlib|not stated)<', source)) == {"Idlib"}
    assert [row[0] for row in rows(french)] == [key if key != "not stated" else "non indiqué" for key in panel]
    assert ">not stated<" not in french
    assert f"<span>{panel.counting.source}</span>" in source.replace("&#39;", "'")
    words = translator("fr")
    for sentence, *figures in page._not_stated(panel, ct.analyse_panel(panel, truce=ct.Truce("2019-08-31"))):
        for text in (sentence, *itertools.chain(*figures)):
            words(text)
    assert list(words.unknown) == []
    none = replace(idlib, table=idlib.table.assign(admin1=""))
    nowhere = ct.analyse_panel(ct.daily_series(none, measure="civilians", by="admin1"))
    assert page._headline(nowhere) == "Civilian deaths in records that state no area."
    assert page._sentences(nowhere) == []
    whole = replace(idlib, table=idlib.table.assign(admin1="Idlib"))
    alone = ct.analyse_panel(ct.daily_series(whole, measure="civilians", by="admin1"), truce=ct.Truce("2019-08-31"))
    said = page._sentences(alone)
    assert said == [f"Changes of the rate found over all days: {len(alone.changes)}."]
    assert len(alone.changes) == 2
    words = translator("fr")
    french = words(said[0])
    assert french.replace("\N{NO-BREAK SPACE}", " ") == "Changements du taux trouvés sur l’ensemble des jours : 2."


def test_numbers_are_strict_json_and_the_same_again(panel, found, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1600000000")
    one, two = (ct.write_panel_report(panel, found, tmp_path / name).parent for name in ("one", "two"))
    for path in one.rglob("*.*"):
        assert path.read_bytes() == (two / path.relative_to(one)).read_bytes()
    numbers = json.loads((one / "findings.json").read_text(), parse_constant=pytest.fail)
    assert numbers["made_on"] == "2020-09-13"
    assert numbers["areas"][0]["rate_ratio"] is None or np.isfinite(numbers["areas"][0]["rate_ratio"])


def test_refusals(panel, found, tmp_path, idlib):
    other = ct.daily_series(idlib, measure="civilians", by="perpetrator")
    with pytest.raises(UnknownNameError, match="of other areas than `panel`"):
        ct.write_panel_report(other, found, tmp_path / "out")
    with pytest.raises(UnknownNameError, match="No language 'ar'"):
        ct.write_panel_report(panel, found, tmp_path / "out", language="ar")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    with pytest.raises(InputError, match=r"thesis\.txt"):
        ct.write_panel_report(panel, found, tmp_path / "mine")


def test_rows_in_quarantine_and_silence_are_told(tmp_path):
    days = pd.date_range("2019-03-01", "2019-08-31", freq="2D")
    rows = [f"{day:%Y-%m-%d},{'North' if number % 3 else 'South'},2" for number, day in enumerate(days)]
    (tmp_path / "desk.csv").write_text("\n".join(["Date,Where,Killed", *rows, "2019-13-01,North,9"]), encoding="utf-8")
    columns = {"date_start": "Date", "admin1": "Where", "civilians_best": "Killed"}
    read = ct.read_delimited(tmp_path / "desk.csv", columns=columns)
    panel = ct.daily_series(read, measure="civilians", by="admin1", coverage=("2019-01-01", "2019-09-10"))
    path = ct.write_panel_report(panel, ct.analyse_panel(panel), tmp_path / "out")
    silent = "The source has no record at all in 59 days declared as covered (1 January to 28 February 2019)."
    lost = f"1 of {len(days) + 1} rows is in quarantine"
    source = path.read_text(encoding="utf-8")
    assert silent in source
    assert lost in source
    assert "no such day in the calendar" in source
    french = page.write_panel_report(panel, ct.analyse_panel(panel), tmp_path / "fr", language="fr")
    assert "La source n’a aucun relevé pour 59 jours" in french.read_text(encoding="utf-8")
    numbers = json.loads((path.parent / "findings.json").read_text(encoding="utf-8"))
    assert [text.startswith(begin) for text, begin in zip(numbers["warnings"], (silent, lost), strict=True)] == [
        True
    ] * 2
    assert (numbers["ledger"]["read"], numbers["ledger"]["quarantined"]) == (len(days) + 1, 1)


def test_areas_of_one_name_in_several_countries_are_told(tmp_path):
    """Two areas are one series then, and a rate ratio is of neither."""
    days = pd.date_range("2019-03-01", "2019-08-31")
    rows = [
        f"{number},{place},{day:%Y-%m-%d},{day:%Y-%m-%d},0,0,1,1,1,1"
        for number, (day, place) in enumerate(
            itertools.product(days, ["Northern,Rwanda", "Northern ,Zambia", "Kigali,Rwanda", ",Rwanda", ",Zambia"])
        )
    ]
    header = "id,adm_1,country,date_start,date_end,deaths_a,deaths_b,deaths_civilians,low,best,high"
    (tmp_path / "ged251.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    read = ct.read_incidents(tmp_path / "ged251.csv")
    number = 2 * len(days)
    warned = read.ledger.warnings.set_index("warning")["records"]
    assert warned[warned.index.str.contains("several countries")].tolist() == [number]
    said = {
        "en": f"Records in areas of a name that several countries have: {number}.",
        "fr": f"Relevés de régions dont plusieurs pays ont le nom\u00a0: {number}.",
    }
    for by, told in (("admin1", True), ("perpetrator", False)):
        panel = ct.daily_series(read, measure="deaths", by=by, coverage=("2019-03-01", "2019-08-31"))
        found = ct.analyse_panel(panel)
        for language, sentence in said.items():
            path = ct.write_panel_report(panel, found, tmp_path / f"{by} {language}", language=language)
            assert (sentence in path.read_text(encoding="utf-8")) == told


@pytest.mark.parametrize(
    ("language", "told"), [("en", "Records in districts of a name that"), ("fr", "Relevés de districts dont")]
)
def test_districts_of_one_name_in_several_areas_are_told(language, told, tmp_path):
    days = pd.date_range("2019-03-01", "2019-08-31")
    rows = [
        f"{number},{place},{day:%Y-%m-%d},{day:%Y-%m-%d},0,0,1,1,1,1"
        for number, (day, place) in enumerate(itertools.product(days, ["Homs,Markaz", "Hama,Markaz", "Hama,Hama"]))
    ]
    header = "id,adm_1,adm_2,date_start,date_end,deaths_a,deaths_b,deaths_civilians,low,best,high"
    (tmp_path / "ged251.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    read = ct.read_incidents(tmp_path / "ged251.csv")
    for by, warned in (("admin2", True), (["admin1", "admin2"], False)):
        panel = ct.daily_series(read, measure="deaths", by=by, coverage=("2019-03-01", "2019-08-31"))
        path = ct.write_panel_report(panel, ct.analyse_panel(panel), tmp_path / f"{len(by)}", language=language)
        assert (told in path.read_text(encoding="utf-8")) == warned


def test_links_have_names_of_their_own(written, links_told_apart):
    assert len(links_told_apart(written)) > 10

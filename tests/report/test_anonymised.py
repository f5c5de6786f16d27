"""An anonymised report: from all its files together nothing can be had that is withheld."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

import conflictts as ct
from conflictts.cli import app
from conflictts.errors import InputError, TooLittleData
from conflictts.report import wording, write
from conflictts.report.anonymised import headline
from conflictts.report.language import translator
from conflictts.report.write import FORMATS, USUAL
from tests.report.test_numbers import in_both, without_a_table

K = 5
DAYS = ("2019-05-06", "2019-11-03")
TRUCE = "2019-08-31"
HEAD = "incident_id,date_start,date_end,admin1,place,lat,lon,perpetrator,civilians_killed_low,civilians_killed_best,"
HEAD += "civilians_killed_high,unit,source_url,note"
Record = dict[str, object]


def records() -> list[Record]:
    """Twelve incidents a week in two areas before the truce; after it weeks of few deaths, of one incident, of none."""
    rng, made = np.random.default_rng(3), []
    for week, monday in enumerate(pd.date_range(*DAYS, freq="7D")):
        after = monday >= pd.Timestamp(TRUCE)
        tolls = [1] * (week % 5) if after else [int(toll) for toll in rng.integers(1, 7, size=12)]
        tolls = {22: [30], 24: [2, 3, 4, 1, 2, 1]}.get(week, tolls)
        for number, toll in enumerate(tolls):
            hama = number % 2 == 1 and (not after or week == 24)
            made.append(
                {
                    "incident_id": f"SECRET-{week}-{number}", "day": monday + pd.Timedelta(days=number % 6),
                    "admin1": "Hama" if hama else "Idlib", "place": "Hidden Village", "lat": 35.934 + week % 3 / 10,
                    "lon": 36.631, "perpetrator": "Secret Unit", "toll": toll, "note": "a nurse and her son",
                }
            )  # fmt: skip
    return made


def written(path: Path, made: list[Record]) -> Path:
    lines = [HEAD]
    for each in made:
        day, toll = pd.Timestamp(each["day"]).date(), each["toll"]
        lines.append(
            f"{each['incident_id']},{day},{day},{each['admin1']},{each['place']},{each['lat']},{each['lon']},"
            f"{each['perpetrator']},{toll},{toll},{toll},incident,https://secret.example/{each['incident_id']},"
            f"{each['note']}"
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def report(folder: Path, made: list[Record], **named: object) -> dict[str, bytes]:
    """Every file of an anonymised report of records."""
    folder.mkdir()
    options: dict[str, object] = {"measure": "civilians", "coverage": DAYS, "anonymise": K, **named}
    found = ct.read_incidents(written(folder / "secret-file.csv", made))
    out = ct.write_report(found, ct.Truce(TRUCE), folder / "out", **options).parent
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def changed(records_: list[Record], change: Callable[[Record], Record], week: int) -> list[Record]:
    """The records with the first of a week changed."""
    at = next(n for n, each in enumerate(records_) if str(each["incident_id"]).startswith(f"SECRET-{week}-"))
    return [*records_[:at], change(records_[at]), *records_[at + 1 :]]


def more(by: int) -> Callable[[Record], Record]:
    return lambda each: {**each, "toll": int(each["toll"]) + by}


ALIKE = {  # which week, and what becomes of its first record: none of it may change a single byte
    "a death more in a withheld week, one less in another": [(17, more(1)), (23, more(-1))],
    "three deaths more in one withheld week, and fewer in one": [(19, more(2)), (22, more(-2))],
    "another day of the week": [(17, lambda each: {**each, "day": each["day"] + pd.Timedelta(days=3)})],
    "another day of a week that is shown": [(3, lambda each: {**each, "day": each["day"] + pd.Timedelta(days=3)})],
    "a place nearby": [(3, lambda each: {**each, "lat": each["lat"] + 0.004, "lon": 36.649})],
    "another name, note, source and identifier": [
        (3, lambda each: {**each, "perpetrator": "Another Unit", "note": "other", "incident_id": "X", "place": "Y"})
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def made() -> list[Record]:
    return records()


@pytest.fixture(scope="module")
def files(made: list[Record], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return report(tmp_path_factory.mktemp("anonymised") / "one", made)


@pytest.fixture(scope="module")
def numbers(files: dict[str, bytes]) -> dict:
    return json.loads(files["findings.json"])


@pytest.mark.parametrize(
    "areas", [None, {"Idlib": {"admin1": "Idlib"}, "Hama": {"admin1": "Hama"}}], ids=["one", "two"]
)
def test_every_number_leads_to_a_table_that_holds_it(areas, idlib, tmp_path):
    page = ct.write_report(
        idlib, idlib.truces["TRC-5"], tmp_path / "out", areas=areas, formats=("html", "json"), anonymise=K
    )
    told = page.read_text(encoding="utf-8")
    lost, checked = without_a_table(told, page.parent)
    assert lost == []
    assert checked >= 2, "the headline, and how weeks are withheld"
    assert in_both(translator("fr").page(told)) == in_both(told)


def test_the_records_have_what_must_be_withheld(numbers):
    """Weeks of 1 to 4 deaths, a week of one incident with 30, and weeks of none after the truce."""
    (area,) = numbers["areas"]
    status = [week["status"] for week in area["weeks"]]
    assert status[:17] == ["shown"] * 17
    assert status[17:] == ["withheld"] * 3 + ["shown"] + ["withheld"] * 3 + ["shown", "shown"] + ["withheld"] * 0
    assert [week["count"] for week in area["weeks"]][20:26] == [0, None, None, None, 15, 0]
    (comparison,) = area["comparisons"]
    assert comparison["sides"][1]["withheld"] == 6
    assert comparison["upper"] < 1


@pytest.mark.parametrize("which", ALIKE)
def test_records_that_differ_in_what_is_withheld_make_the_same_bytes(which, made, files, tmp_path):
    """Whatever is computed from the files, by subtraction or otherwise: it cannot tell such records apart."""
    other = made
    for week, change in ALIKE[which]:
        other = changed(other, change, week)
    assert other != made
    assert report(tmp_path / "other", other) == files


def test_records_that_differ_in_what_is_shown_do_not(made, files, tmp_path):
    assert report(tmp_path / "other", changed(made, more(40), 3)) != files


def test_records_of_nobody_do_not_make_one_massacre_a_cell_of_many(made, tmp_path):
    """Forty killed in one incident, and nine incidents of nobody, in the same week and place."""
    week = next(each for each in made if str(each["incident_id"]).startswith("SECRET-3-"))
    alone = {**week, "lat": 33.5, "lon": 36.3, "day": pd.Timestamp("2019-10-28")}
    more = [{**alone, "incident_id": f"N{number}", "toll": 40 * (number == 0)} for number in range(10)]
    found = report(tmp_path / "massacre", made + more)
    (area,) = json.loads(found["findings.json"])["areas"]
    assert area["weeks"][-1] == {**area["weeks"][-1], "week": "2019-10-28", "status": "withheld", "count": None}
    assert not [place for place in area["places"] if place["latitude"] < 34]


def test_an_area_of_nobody_is_told_as_none_and_may_be_named(made, tmp_path):
    """Two records a week of which nobody was killed are no withheld toll, and their area is no unknown one."""
    quiet = [
        {**made[0], "incident_id": f"Q{week}-{number}", "admin1": "Quietland", "toll": 0, "day": monday}
        for week, monday in enumerate(pd.date_range(*DAYS, freq="7D"))
        for number in range(2)
    ]
    areas = {"Idlib": {"admin1": "Idlib"}, "Quietland": {"admin1": "Quietland"}}
    found = json.loads(report(tmp_path / "two", made + quiet, areas=areas)["findings.json"])
    assert {(week["status"], week["count"]) for week in found["areas"][1]["weeks"]} == {("shown", 0)}
    assert found["areas"][1]["withheld_together"] == []
    both = report(tmp_path / "both", made + quiet, where={"admin1": ["Idlib", "Hama", "Quietland"]})
    alone = report(tmp_path / "alone", made, where={"admin1": ["Idlib", "Hama"]})
    weeks = [[each["weeks"] for each in json.loads(files["findings.json"])["areas"]] for files in (both, alone)]
    assert weeks[0] == weeks[1]


def test_nothing_of_a_record_stands_in_any_file(made, files):
    everything = b"\n".join(files.values()).decode("utf-8", errors="replace")
    for secret in ("SECRET", "secret", "Hidden Village", "nurse", "36.63", "35.93"):
        assert secret not in everything, secret
    assert re.findall(r"\b[0-9a-f]{32,}\b", everything) == [], "no digest"


@pytest.mark.parametrize(
    ("where", "language", "said"),
    [
        ({"admin1": "Idlib"}, "en", "only admin1 Idlib"),
        ({"admin1": ["Hama", "Idlib"]}, "fr", "seulement admin1 Hama ou Idlib"),
        ({"admin1": "Idlib", "perpetrator": "Secret Unit"}, "fr", "seulement admin1 Idlib, auteur Secret Unit"),
    ],
)
def test_which_records_are_counted_is_told_without_the_name_of_their_file(where, language, said, made, tmp_path):
    """An export describes its area by its file; yet the page must say that it is of a part of the records."""
    files = report(tmp_path / "part", made, where=where, language=language)
    assert json.loads(files["findings.json"])["areas"][0]["scope"].startswith("only admin1 ")
    assert f"<span>{said}</span>" in files["report.html"].decode()
    footer = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", files["figures/weeks.svg"].decode()))
    assert f"· {said} ·" in html.unescape(footer)
    assert not any(b"secret-file" in each for each in files.values())


def test_a_full_report_that_lay_there_is_gone(made, tmp_path):
    out = tmp_path / "out"
    (out / "figures").mkdir(parents=True)
    for name in ("report.html", "report.toml", "series.csv", "findings.json", "figures/daily.svg"):
        (out / name).write_text("of a full report", encoding="utf-8")
    found = ct.read_incidents(written(tmp_path / "secret-file.csv", made))
    ct.write_report(
        found, ct.Truce(TRUCE), out, measure="civilians", coverage=DAYS, formats=("csv",), anonymise=K
    )  # fmt: skip
    assert sorted(path.name for path in out.iterdir()) == ["places.csv", "weeks.csv"]


def test_every_count_is_a_multiple_and_says_so(files, numbers):
    assert numbers["anonymised"]["k"] == K
    counts = [week["count"] for area in numbers["areas"] for week in area["weeks"]]
    counts += [place["count"] for area in numbers["areas"] for place in area["places"]]
    counts += [side["count"] for area in numbers["areas"] for each in area["comparisons"] for side in each["sides"]]
    assert len(counts) > 20
    assert {count % K for count in counts if count is not None} == {0}
    for name in ("weeks.csv", "places.csv"):
        rows = list(csv.DictReader(io.StringIO(files[name].decode("utf-8-sig"))))
        assert len(rows) > 1
        assert {row["k"] for row in rows} == {str(K)}
        assert all(row["count"] == "" or int(row["count"]) % K == 0 for row in rows)
    assert f"(k = {K})" in files["report.html"].decode()


def test_the_numbers_meet_the_schema(files, numbers):
    schema = json.loads(ct.findings_schema("anonymised"))
    Draft202012Validator.check_schema(schema)
    assert [each.message for each in Draft202012Validator(schema).iter_errors(numbers)] == []
    assert files["findings.schema.json"].decode() == ct.findings_schema("anonymised")
    assert CliRunner().invoke(app, ["report", "--schema", "--anonymise"]).stdout == ct.findings_schema("anonymised")
    for path in ("areas.0.weeks.0.count", "areas.0.comparisons.0.rate_ratio", "anonymised.k"):
        spoiled = json.loads(json.dumps(numbers))
        *parents, last = path.split(".")
        at = spoiled
        for parent in parents:
            at = at[int(parent) if isinstance(at, list) else parent]
        at[last] = "4"
        assert not Draft202012Validator(schema).is_valid(spoiled), path


def figures_in(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:[.,]\d+)*", text))


def test_every_number_of_the_page_and_its_figures_is_on_the_list(files, numbers):
    """The list: findings.json, its weeks' first and last days, k, and what the page says whatever the records hold."""
    (area,) = numbers["areas"]
    allowed = figures_in((Path(write.__file__).parent / "templates" / "anonymised.html.j2").read_text("utf-8"))
    allowed |= figures_in(wording.ANONYMISED_COVERAGE) | {str(K), str(K - 1), "95"}
    allowed |= figures_in(json.dumps(numbers["source"])) | figures_in(f"{numbers['made_on']} {numbers['made_by']}")
    days = [pd.Timestamp(week["week"]) + pd.Timedelta(days=more) for week in area["weeks"] for more in (0, 6)]
    days += [pd.Timestamp(TRUCE)]
    allowed |= {str(part) for day in days for part in (day.day, day.year)}
    allowed |= {f"{week['count']:,}" for week in area["weeks"] if week["count"] is not None}
    (comparison,) = area["comparisons"]
    for side in comparison["sides"]:
        allowed |= {str(side["weeks"]), str(side["withheld"]), f"{side['count']:,}", f"{side['per_week']:.2g}"}
    allowed |= {f"{comparison[name]:.2g}" for name in ("rate_ratio", "lower", "upper")}
    allowed |= {f"{comparison[name]:#.2g}" for name in ("rate_ratio", "lower", "upper")}
    allowed |= {str(len(area["weeks"]))}
    for row in area["withheld_together"]:
        allowed |= {str(row["weeks"]), f"{row['count'] or 0:,}"}
    for place in area["places"]:
        allowed |= {f"{place['latitude']:.1f}", f"{place['longitude']:.1f}", str(place["count"])}
    source = files["report.html"].decode()
    body = re.sub(r"<style.*?</style>|<meta[^>]*>|<svg .*?</svg>", "", source, flags=re.DOTALL)
    said = html.unescape(re.sub(r"<[^>]+>", " ", body))
    read_aloud = " ".join(html.unescape(text) for text in re.findall(r'(?:aria-label|alt|title)="([^"]*)"', source))
    assert figures_in(said) | figures_in(read_aloud) <= allowed
    svg = files["figures/weeks.svg"].decode()
    axis = {str(tick) for tick in range(0, 200, 5)}  # of the scale of counts
    drawn = html.unescape(" ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg)))
    assert figures_in(drawn) <= allowed | axis
    assert "<title" not in svg
    assert "<desc" not in svg


def test_bars_stand_at_multiples_and_withheld_weeks_at_one_height(numbers, monkeypatch):
    """Of what is drawn, heights tell no more than the table."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    from conflictts.figures.safe_weeks import plot_safe_weeks
    from conflictts.series.disclosure import SafeWeeks

    (area,) = numbers["areas"]
    weeks = pd.DataFrame(area["weeks"]).set_index("week")
    weeks.index = pd.DatetimeIndex(weeks.index)
    safe = SafeWeeks(weeks.astype({"count": float}), pd.DataFrame(), K, "civilians", "civilian deaths")
    ax = plot_safe_weeks(safe, ax=Figure().add_subplot())
    heights = [bar.get_height() for bar in ax.patches if isinstance(bar, Rectangle) and bar.get_width() < 7]
    shown = [float(week["count"]) for week in area["weeks"] if week["status"] == "shown"]
    withheld = [week for week in area["weeks"] if week["status"] == "withheld"]
    assert sorted(heights) == sorted([*shown, *[K - 1] * len(withheld)])


REFUSED = [
    ({"where": {"place": "Hidden Village"}}, InputError, "cannot be of a single place"),
    ({"where": {"reporting_body": "x"}}, InputError, "cannot be of a single reporting_body"),
    ({"areas": {"Idlib": {"admin1": "Idlib"}, "All": {}}}, InputError, "'Idlib' and 'All' share records"),
    ({"anonymise": 2}, InputError, "fewer than 2 are to be withheld: that hides nothing"),
    ({"draws": 3}, InputError, "no part that `draws` bears on"),
    ({"baseline": DAYS}, InputError, "no part that `baseline` bears on"),
    ({"anonymise": 60}, TooLittleData, "Too few civilian deaths in 8 whole weeks after the truce: where cells of fewer "
     "than 60 are withheld, 120 must be sure"),
    ({"window": ("2019-08-01", "2019-11-03")}, TooLittleData, "Only 3 observed whole weeks, Monday to Sunday"),
]  # fmt: skip


@pytest.mark.parametrize(("named", "kind", "reason"), REFUSED)
def test_what_would_tell_or_is_too_thin_is_refused(named, kind, reason, made, tmp_path):
    with pytest.raises(kind, match=reason):
        report(tmp_path / "refused", made, **named)
    assert not (tmp_path / "refused" / "out").exists()


def test_several_areas_and_a_side_too_thin(made, tmp_path, links_told_apart):
    found = report(tmp_path / "two", made, areas={"Idlib": {"admin1": "Idlib"}, "Hama": {"admin1": "Hama"}})
    numbers = json.loads(found["findings.json"])
    refusals = [each.get("refused", "") for area in numbers["areas"] for each in area["comparisons"]]
    assert [bool(each) for each in refusals] == [False, True], refusals
    text = found["report.html"].decode()
    assert "Not compared. Too few civilian deaths in 8 whole weeks" in text
    assert 'id="area-2-table-weeks"' in text
    names = links_told_apart(text)
    assert {"table, Week by week, Idlib", "table, Week by week, Hama"} <= names
    assert {"figures/area-1-weeks.svg", "figures/area-2-weeks.png"} <= found.keys()


def test_the_command(tmp_path):
    run = CliRunner().invoke(
        app, ["report", "--anonymise", "--smallest", "10", "--json", "--out", str(tmp_path / "out")]
    )
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)["anonymised"]["k"] == 10
    alone = CliRunner().invoke(app, ["report", "--smallest", "10", "--out", str(tmp_path / "out")])
    assert alone.exit_code == 2
    assert "--anonymise" in alone.output


def test_french_leaves_nothing_in_english(made, tmp_path, monkeypatch):
    words = translator("fr")
    monkeypatch.setattr(write, "translator", lambda _: words)
    options = {"areas": {"Idlib": {"admin1": "Idlib"}, "Hama": {"admin1": "Hama"}}, "language": "fr"}
    for number, named in enumerate((options, {"language": "fr"})):
        found = report(tmp_path / str(number), made, **named)
        assert json.loads(found["findings.json"])["language"] == "fr"
    assert set(words.unknown) == {
        *("Idlib", "Hama", "press catalogue", "SVG", "PNG"),
        *("findings.json", "findings.schema.json", "weeks.csv", "places.csv"),
    }


def test_same_input_and_date_give_the_same_bytes(tmp_path, printable):
    formats = FORMATS if printable else USUAL
    script = (
        "import sys, conflictts as ct; c = ct.load_idlib_2019();"
        "ct.write_report(c, c.truces['TRC-5'], sys.argv[1], window=('2019-04-30', '2019-11-06'), anonymise=5,"
        "                formats=sys.argv[2:])"
    )
    for run, zone in (("a", "UTC"), ("b", "Asia/Damascus")):
        environment = {"SOURCE_DATE_EPOCH": "1573000000", "PYTHONHASHSEED": str(ord(run)), "TZ": zone, "PATH": ""}
        environment["PYTHONPATH"] = str(Path(ct.__file__).parents[1])  # the code under test, wherever it lies
        command = [sys.executable, "-c", script, str(tmp_path / run), *formats]
        subprocess.run(command, check=True, env=environment, cwd=tmp_path, timeout=600)
    first, second = ({path.name: path.read_bytes() for path in (tmp_path / run).rglob("*.*")} for run in "ab")
    assert first == second
    assert ("report.pdf" in first) == printable


def test_a_limit_next_to_1_is_told_with_the_digits_that_tell_its_side():
    weeks = {"first": pd.Timestamp("2019-05-06"), "last": pd.Timestamp("2019-08-19"), "per_week": 10.0}
    effect = SimpleNamespace(
        sides=pd.DataFrame([weeks, weeks], index=["before", "after"]), truce=ct.Truce("2019-08-31"), level=0.95,
        rate_ratio=0.5, lower=0.25, upper=0.996,
    )  # fmt: skip
    assert "were lower after" in headline(effect, "deaths")
    assert headline(effect, "deaths").endswith("a rate ratio of 0.50 (95% interval 0.25 to 0.996).")

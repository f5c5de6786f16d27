"""A report by a file: what may stand in it, what is refused and how, and that a report's own file makes it again."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import conflictts as ct
from conflictts.errors import InputError, TooLittleData
from conflictts.report.again import recipe_of
from conflictts.report.findings import Choices
from conflictts.report.recipe import read_recipe

BUNDLED = '[records]\ncase = "idlib_2019"\n'
TRUCE = "[[truce]]\neffective = 2019-08-31\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "weekly.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_days_spans_and_conditions_are_read_as_written(tmp_path):
    recipe = read_recipe(
        written(
            tmp_path,
            BUNDLED + "[report]\nmeasure = 'civilians'\ncoverage = [2019-04-20, '2020-01-15']\n"
            "gaps = [[2019-06-01, 2019-06-10]]\nout = 'weekly'\ndraws = 5\n"
            "[[area]]\nname = 'Idlib'\nwhere = { admin1 = 'Idlib' }\n"
            "[[area]]\nname = 'Hama and Aleppo'\nwhere = { admin1 = ['Hama', 'Aleppo'] }\n"
            "[[truce]]\neffective = 2019-08-31\nannounced = 2019-08-30\nwindow = [2019-04-30, 2019-11-06]\n"
            "[[truce]]\neffective = 2019-05-18\ncompared = false\n",
        )
    )
    assert recipe.choices["coverage"] == ("2019-04-20", "2020-01-15")
    assert recipe.choices["gaps"] == [("2019-06-01", "2019-06-10")]
    assert recipe.areas == {"Idlib": {"admin1": "Idlib"}, "Hama and Aleppo": {"admin1": ["Hama", "Aleppo"]}}
    (truce,), (other,) = recipe.truces, recipe.other_truces
    assert (truce.name, truce.announced.day) == ("truce of 31 August 2019", 30)
    assert other.effective.isoformat() == "2019-05-18T00:00:00"
    assert recipe.windows == {truce.name: ("2019-04-30", "2019-11-06")}


REFUSED = [
    (BUNDLED + "[report]\nmeasur = 'deaths'\n" + TRUCE,
     r"weekly\.toml, line 4: \[report\] has no key 'measur'\. Did you mean 'measure'\?"),
    (BUNDLED + "[repport]\n" + TRUCE, r"line 3: no table 'repport' is known\. Did you mean 'report'\?"),
    (BUNDLED + "[report]\ncolour = 'red'\n" + TRUCE, r"no key 'colour'\. Known: allocation, anonymise, baseline"),
    (BUNDLED + "[report]\ncoverage = [2019-05-01]\n" + TRUCE, r"line 4: `coverage` .* must be a first and a last day"),
    (BUNDLED + "[report]\ndraws = true\n" + TRUCE, r"`draws` in \[report\] is True\. It must be a whole number"),
    (BUNDLED + "[[truce]]\neffective = '31 August'\n",
     r"`effective` .* must be a day without an hour, such as 2019-08-31"),
    (BUNDLED + "[[truce]]\neffective = 2019-08-31T06:00:00\n",
     r"`effective` in .* is 2019-08-31 06:00:00. It must be a day"),
    (BUNDLED + "[report]\ncoverage = [2019-11-30, 2019-05-01]\n" + TRUCE, r"line 4: `coverage` .* a first and a last"),
    (BUNDLED + "[report]\ngaps = [[2019-06-03, 2019-06-01]]\n" + TRUCE, r"line 4: `gaps` .* first and last days"),
    (BUNDLED + "[report]\ncoverage = ['2019-W05-1', 2019-05-01]\n" + TRUCE, r"`coverage` .* a first and a last day"),
    (BUNDLED + TRUCE + "ended = 2019-08-30\n", r"weekly\.toml: A truce effective on 2019-08-31 cannot have ended on"),
    (BUNDLED + "[truce]\neffective = 2019-08-31\n", r"write \[\[truce\]\], a table"),
    (BUNDLED + "[[truce]]\nname = 'Sochi'\n", r"a \[\[truce\]\] lacks `effective`"),
    (BUNDLED + "[[area]]\nwhere = { admin1 = 'Idlib' }\n" + TRUCE, r"a \[\[area\]\] lacks `name`"),
    (BUNDLED + "[[area]]\nname = 'a'\n[[area]]\nname = 'a'\n" + TRUCE, r"two of \[\[area\]\] have one name"),
    (BUNDLED, r"no \[\[truce\]\]\. Give one or more"),
    (BUNDLED + TRUCE + "compared = false\n", r"`compared = false`"),
    ("[records]\nfiles = []\n" + TRUCE, r"`files` in \[records\] is empty"),
    (BUNDLED + "files = ['a.csv']\n" + TRUCE, r"either `files` or `case"),
    (BUNDLED + "[[input]]\nholds = 'records'\nfile = 'a.csv'\n" + TRUCE, r"a \[\[input\]\] lacks `sha256`"),
    (BUNDLED + "[input]\nfile = 'a.csv'\n" + TRUCE, r"write \[\[input\]\], a table"),
    (BUNDLED + "deletions = 'a.csv'\n" + TRUCE, r"`deletions` in \[records\] is of `files`"),
    ("[records]\ncase = 'yemen'\n" + TRUCE, r"no bundled case 'yemen'\. Known: idlib_2019"),
    ("a = 1\nrecords = ?", r"is not TOML: .*line 2"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_what_cannot_be_meant_is_refused_with_file_line_and_remedy(tmp_path, text, reason):
    with pytest.raises(InputError, match=reason):
        read_recipe(written(tmp_path, text))


def test_a_file_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_recipe(tmp_path / "none.toml")
    (tmp_path / "page.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not TOML"):
        read_recipe(tmp_path / "page.toml")


def test_a_mark_of_utf_8_at_the_beginning_is_none_of_the_text(tmp_path):
    path = tmp_path / "weekly.toml"
    path.write_text(BUNDLED + TRUCE, encoding="utf-8-sig")
    assert read_recipe(path).records == {"case": "idlib_2019"}


def test_a_seed_below_0_is_refused_before_anything_is_counted(tmp_path, idlib):
    recipe = read_recipe(written(tmp_path, BUNDLED + "[report]\ndraws = 5\nseed = -1\n" + TRUCE))
    with pytest.raises(InputError, match="seed = -1 is below 0"):
        recipe.make(idlib)


def test_records_that_changed_since_are_refused(tmp_path, write_records):
    write_records(tmp_path / "records.csv")
    digest = ct.read_incidents(tmp_path / "records.csv").provenance.sha256[0]
    text = "[records]\nfiles = ['records.csv']\n[[input]]\nholds = 'records'\nfile = '{}'\nsha256 = '{}'\n" + TRUCE
    assert len(read_recipe(written(tmp_path, text.format("records.csv", digest))).read().table) > 0
    assert len(read_recipe(written(tmp_path, text.format("its-first-name.csv", digest))).read().table) > 0
    is_none = r"records\.csv \(records\) is not the file that stands in \[\[input\]\]: its SHA-256 is "
    with pytest.raises(InputError, match=rf"{is_none}{digest}, not {'0' * 64}\. Use the file meant"):
        read_recipe(written(tmp_path, text.format("records.csv", "0" * 64))).read()
    with pytest.raises(InputError, match=rf"{is_none}{digest}, and none of that name is given"):
        read_recipe(written(tmp_path, text.format("a.csv", "0" * 64))).read()
    more = text.format("records.csv", digest) + f"[[input]]\nholds = 'claims'\nfile = 'c.csv'\nsha256 = '{'1' * 64}'\n"
    with pytest.raises(InputError, match=rf"c\.csv stands in \[\[input\]\], and no file of its SHA-256 {'1' * 64} is"):
        read_recipe(written(tmp_path, more)).read()


def case_files(idlib: ct.Case) -> list[dict[str, object]]:
    """The files of the bundled case, told in a second way."""
    tables = {"records": "incidents", "claims": "claims", "truces": "truces", "events": "events"}
    rows = {"records": len(idlib.table), "claims": len(idlib.claims), "truces": len(idlib.truces)}
    rows["events"] = len(idlib.events)
    folder = files("conflictts") / "data" / "idlib_2019"
    digests = {holds: sha256((folder / f"{name}.csv").read_bytes()).hexdigest() for holds, name in tables.items()}
    return [
        {"holds": holds, "name": f"{tables[holds]}.csv", "rows": rows[holds], "sha256": digests[holds]}
        for holds in tables
    ]


def test_every_file_that_was_read_stands_on_the_page_in_the_numbers_and_in_the_file(bundled, idlib):
    read = case_files(idlib)
    assert json.loads((bundled / "findings.json").read_text("utf-8"))["inputs"] == read
    given = tomllib.loads((bundled / "report.toml").read_text("utf-8"))["input"]
    assert given == [{"file" if key == "name" else key: value for key, value in each.items()} for each in read]
    page = BeautifulSoup((bundled / "report.html").read_text("utf-8"), "html.parser")
    shown = [[cell.get_text() for cell in row(["th", "td"])] for row in page.find(id="table-inputs").tbody("tr")]
    assert [row[1:] for row in shown] == [[each["name"], str(each["rows"]), each["sha256"]] for each in read]
    assert [row[0] for row in shown] == ["Records", "Claims", "Truces", "Events"]


@pytest.mark.parametrize("name", ["incidents.csv", "claims.csv", "truces.csv", "events.csv"])
def test_the_bundled_case_of_another_version_is_refused(bundled, idlib, tmp_path, name):
    text = (bundled / "report.toml").read_text("utf-8")
    assert len(read_recipe(written(tmp_path, text)).read().table) == len(idlib.table)
    digest = next(each["sha256"] for each in case_files(idlib) if each["name"] == name)
    other = written(tmp_path, text.replace(str(digest), "0" * 64))
    with pytest.raises(InputError, match=rf"{name} \(\w+\) is not the file .*{digest}, not 0+\. Install the version"):
        read_recipe(other).read()


def test_claims_and_deletions_are_read_again_and_checked(tmp_path):
    """From files given in Python too, as long as the table is what the file holds."""
    lines = ["event_id_cnty,event_date,time_precision,fatalities,country,admin1,event_type"]
    days = pd.date_range("2023-01-01", periods=120)
    lines += [f"SYR{n},{day:%Y-%m-%d},1,{5 if n < 60 else 1},Syria,Idlib,Battles" for n, day in enumerate(days)]
    (tmp_path / "acled.csv").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "gone.csv").write_text("event_id_cnty\nSYR7\n", encoding="utf-8")
    head = "claim_id,measure,period_start,period_end,low,best,high,wording,reporting_body\n"
    told = f"{head}C1,people_killed,2023-01-01,2023-02-28,280,300,310,about 300,Office\n"
    (tmp_path / "claims.csv").write_text(told, encoding="utf-8")
    incidents = ct.read_acled(tmp_path / "acled.csv", deletions=tmp_path / "gone.csv")
    claims = ct.read_claims(tmp_path / "claims.csv")
    given = {
        "measure": "deaths", "coverage": ("2023-01-01", "2023-04-30"), "formats": ("html", "json")
    }  # fmt: skip
    ct.write_report(incidents, ct.Truce("2023-03-02"), tmp_path / "one", claims=claims, **given)
    (tmp_path / "report.toml").write_bytes((tmp_path / "one" / "report.toml").read_bytes())
    recipe = read_recipe(tmp_path / "report.toml")
    assert recipe.records == {"files": ["acled.csv"], "deletions": "gone.csv", "claims": "claims.csv"}
    assert [(each["file"], each["rows"]) for each in recipe.inputs] == [
        ("acled.csv", 120), ("gone.csv", 1), ("claims.csv", 1)
    ]  # fmt: skip
    assert "#" not in (tmp_path / "report.toml").read_text("utf-8"), "nothing is left unsaid"
    recipe.make(recipe.read(), out=str(tmp_path / "two"))
    one, two = (
        {**json.loads((tmp_path / run / "findings.json").read_text("utf-8")), "made_on": ""} for run in ("one", "two")
    )
    assert one == two
    (tmp_path / "claims.csv").write_text(told.replace("280", "281"), encoding="utf-8")
    with pytest.raises(InputError, match=r"claims\.csv \(claims\) is not the file .*, not [0-9a-f]{64}\. Use the file"):
        recipe.make(recipe.read())
    (tmp_path / "gone.csv").write_text("event_id_cnty\nSYR8\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"gone\.csv \(deletions\) is not the file"):
        recipe.read()
    changed = claims.assign(low=1.0)
    ct.write_report(incidents, ct.Truce("2023-03-02"), tmp_path / "three", claims=changed, **given)
    numbers = json.loads((tmp_path / "three" / "findings.json").read_text("utf-8"))
    assert numbers["inputs"][2] == {"holds": "claims", "name": "", "rows": 1, "sha256": ""}
    assert "# What this file does not say: claims were given." in numbers["recipe"]
    assert "a table given in Python" in (tmp_path / "three" / "report.html").read_text("utf-8")


HOSTILE = ['"""', "a\nb = 1", "\\", "\x7f\x1b[31m", "[[truce]]", "trêve № 5 – “x”", "{{ 7*7 }}", "\u202eevil"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_come_back_from_the_file_as_they_were(tmp_path, text, idlib):
    """What a report writes down of itself is read back as the same choices, whatever the names hold."""
    choices = Choices(
        measure="deaths", coverage=("2019-04-20", "2020-01-15"), gaps=(("2019-06-01", "2019-06-10"),),
        where={"perpetrator": [text]}, allocation="start", lag=7, retrieved_on="2020-02-01",
        baseline=("2019-05-01", "2019-05-31"), draws=3, seed=8,
    )  # fmt: skip
    truces = [ct.Truce("2019-08-31", announced="2019-08-30", name=text, note=text, brokers=text)]
    areas = {text: {text: [text, "b"]}}
    windows = {text: ("2019-04-30", "2019-11-06")}
    source = recipe_of(
        idlib, truces, areas, choices=choices, windows=windows, other_truces=[ct.Truce("2019-01-01")],
        claims=idlib.claims, events=idlib.events, formats=("html", "json"), language="fr",
    )  # fmt: skip
    assert tomllib.loads(source)["area"][0]["name"] == text
    recipe = read_recipe(written(tmp_path, source))
    assert recipe.areas == areas
    assert [(each.name, each.note, each.brokers, each.effective) for each in recipe.truces] == [
        (each.name, each.note, each.brokers, each.effective) for each in truces
    ]
    assert recipe.windows == windows
    assert [each.effective for each in recipe.other_truces] == [ct.Truce("2019-01-01").effective]
    assert recipe.choices == {
        "measure": "deaths", "coverage": ("2019-04-20", "2020-01-15"), "gaps": [("2019-06-01", "2019-06-10")],
        "where": {"perpetrator": [text]}, "allocation": "start", "lag": 7, "retrieved_on": "2020-02-01",
        "baseline": ("2019-05-01", "2019-05-31"), "draws": 3, "seed": 8, "formats": ["html", "json"], "language": "fr",
    }  # fmt: skip


def test_the_file_that_a_report_writes_makes_the_same_report(tmp_path, write_records, monkeypatch):
    """Byte for byte, from the file that lies in it, put beside the records."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1573000000")
    incidents = ct.read_incidents(write_records(tmp_path / "records.csv"))
    truces = [ct.Truce("2019-08-31", name="first & last")]
    ct.write_report(
        incidents, truces, tmp_path / "one", coverage=("2019-05-01", "2019-11-30"), formats=("html", "json", "csv"),
        areas={"north <b>": {"admin1": "Idlib"}}, window={"first & last": ("2019-05-01", "2019-11-01")},
    )  # fmt: skip
    with pytest.raises(
        InputError, match=r"report\.toml names records\.csv, and there is no file .*: copy it to that of"
    ):
        read_recipe(tmp_path / "one" / "report.toml").read()
    (tmp_path / "report.toml").write_bytes((tmp_path / "one" / "report.toml").read_bytes())
    recipe = read_recipe(tmp_path / "report.toml")
    recipe.make(recipe.read(), out=str(tmp_path / "two"))
    first, second = ({path.name: path.read_bytes() for path in (tmp_path / run).iterdir()} for run in ("one", "two"))
    assert first == second
    assert {"report.html", "report.toml"} <= first.keys()


def test_another_column_map_is_refused(tmp_path):
    """The map decides which column is counted: with another one the same bytes give another answer."""
    days = pd.date_range("2023-01-01", periods=120)
    lines = [f"{day:%Y-%m-%d},{5 if number < 60 else 1},{number % 3}" for number, day in enumerate(days)]
    (tmp_path / "desk.csv").write_text("\n".join(["Date,Killed,Hurt", *lines]), encoding="utf-8")
    columns = '[columns]\ndate_start = "Date"\ncivilians_best = "{}"\n'
    map_beside = tmp_path / "desk.toml"
    map_beside.write_text(columns.format("Killed"), encoding="utf-8")
    incidents = ct.read_incidents(tmp_path / "desk.csv")
    page = ct.write_report(
        incidents, ct.Truce("2023-03-02"), tmp_path / "one", coverage=("2023-01-01", "2023-04-30"),
        formats=("html", "json"),
    )  # fmt: skip
    told = incidents.provenance.column_map_sha256
    numbers = json.loads((tmp_path / "one" / "findings.json").read_text("utf-8"))
    whole = '[columns]\ncivilians_best = "Killed"\ndate_start = "Date"'
    assert numbers["source"]["column_map"] == {"sha256": told, "toml": whole}
    assert told in page.read_text("utf-8")
    assert 'civilians_best = "Killed"' in page.read_text("utf-8").replace("&#34;", '"')
    (tmp_path / "report.toml").write_bytes((tmp_path / "one" / "report.toml").read_bytes())
    assert len(read_recipe(tmp_path / "report.toml").read().table) == 120
    map_beside.write_text(f"# only a comment\n{columns.format('Killed')}", encoding="utf-8")
    assert len(read_recipe(tmp_path / "report.toml").read().table) == 120
    map_beside.write_text(columns.format("Hurt"), encoding="utf-8")
    with pytest.raises(InputError, match=f'not {told}.*civilians_best = "Hurt"'):
        read_recipe(tmp_path / "report.toml").read()
    map_beside.write_text(f"{columns.format('Killed')}[reading]\nday_first = true\n", encoding="utf-8")
    with pytest.raises(InputError, match="not read as they were"):
        read_recipe(tmp_path / "report.toml").read()


def test_what_the_file_cannot_say_is_said_in_it(idlib):
    given = {"choices": Choices("deaths", None, (), {}, "spread", None, None, None, None, 1), "windows": {}}
    source = recipe_of(
        idlib, [ct.Truce("2019-08-31")], {"": {}}, other_truces=[], claims=None, events=idlib.events,
        formats=("html",), language="en", **given,
    )  # fmt: skip
    assert "# What this file does not say: the claims were not those of the case." in source
    assert "# What this file does not say: not all truces of the case were shown." in source
    nowhere = ct.Incidents(idlib.table, idlib.ledger, replace(idlib.provenance, inputs=()))
    assert recipe_of(
        nowhere, [ct.Truce("2019-08-31")], {"": {}}, other_truces=[], claims=None, events=None, formats=("html",),
        language="en", **given,
    ) == ""  # fmt: skip


def test_nothing_can_be_compared(idlib, tmp_path):
    with pytest.raises(TooLittleData, match=r"None of 2 comparisons can be made\. here, truce of 1 May 2019: "):
        ct.write_report(
            idlib, ct.Truce("2019-05-01"), tmp_path / "out", areas={"here": {}, "there": {"admin1": "Hama"}}
        )
    assert not (tmp_path / "out").exists()

"""What a person should look at before counting: said of the records that show it, and of no others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from conflictts.incidents.delimited import read_delimited
from conflictts.incidents.doubts import doubts_about

MAP = {"date_start": "Day", "admin1": "Where", "deaths_best": "Killed"}
TODAY = pd.Timestamp("2020-06-01")
NEVER = "No record states civilians, combatants or injured, so that cannot be counted"


@pytest.fixture
def doubts(tmp_path: Path):
    def doubts(rows: list[str], columns: dict[str, str] = MAP, **declared: tuple[str, str]) -> list[str]:
        path = tmp_path / "desk.csv"
        path.write_text("\n".join(["Day,Where,Killed,Weapon", *rows]) + "\n", encoding="utf-8")
        return doubts_about(read_delimited(path, columns=columns, **declared), today=TODAY)

    return doubts


def test_nothing_is_said_of_a_file_in_order(doubts):
    every = {**MAP, "event_type": "Weapon"}
    assert doubts(["2019-05-01,Idlib,3,air", "2019-05-02,Hama,0,air"], every) == [NEVER]


def test_columns_that_the_map_leaves_are_named(doubts):
    said = doubts(["2019-05-01,Idlib,3,air"], {"date_start": "Day", "deaths_best": "Killed"})
    assert said == ["Columns that no mapping uses: Where, Weapon", NEVER]


def test_blank_tolls_are_numbered_and_are_not_0(doubts):
    said = doubts(["2019-05-01,Idlib,,air", "2019-05-02,Hama,0,air", "2019-05-03,Hama,,air", "2019-05-04,Hama,2,air"])
    assert said[1:] == [
        "Of 4 records 2 state no deaths. Blank is not 0: such a record counts as an incident and adds nothing to that "
        "toll of its day",
        NEVER,
    ]
    both = {**MAP, "civilians_best": "Killed"}
    assert doubts(["2019-05-01,Idlib,3,air"], both)[1:] == [], "many a source never tells of combatants"
    assert doubts(["2019-05-01,Idlib,,air"])[1:] == [NEVER.replace("civilians", "deaths, civilians")]


def test_days_that_cannot_have_been_seen(doubts):
    rows = ["2019-05-01,Idlib,3,air", "2020-06-01,Idlib,3,air", "2020-06-02,Hama,3,air", "2091-05-04,,3,air"]
    assert doubts(rows)[2:] == ["2 records begin after today, 2020-06-01: the latest on 2091-05-04"]
    assert doubts(rows[:3], coverage=("2019-01-01", "2019-12-31"))[2:] == [
        "1 record begins after today, 2020-06-01: 2020-06-02 in Hama",
        "1 record lies outside the days declared as covered, 2019-01-01 to 2019-12-31: 2020-06-01 in Idlib",
    ]


def test_days_after_the_download(tmp_path):
    """By the earlier of the two days that a download tells."""
    path = tmp_path / "desk.csv"
    path.write_text("Day,Where,Killed\n2019-05-01,Idlib,3\n2019-05-09,Idlib,3\n", encoding="utf-8")
    read = read_delimited(path, columns=MAP)
    told = replace(read.provenance, retrieved_on=pd.Timestamp("2019-05-20"), data_through=pd.Timestamp("2019-05-08"))
    (said,) = set(doubts_about(replace(read, provenance=told), today=TODAY)) - {NEVER}
    assert said == "1 record begins after the last day it claims to cover, 2019-05-08: 2019-05-09 in Idlib"


def test_names_that_look_alike(doubts):
    rows = [f"2019-05-0{day},{name},3,air" for day, name in enumerate(["Idlib ", "Idlib", "idlib", "Idlib"], 1)]
    assert doubts([*rows, "2019-05-05,Deir-ez-Zor,1,air", "2019-05-06,Deir ez Zor,1,air", "2019-05-07,,1,air"])[1:] == [
        "In Where blanks around a name are left off: 'Idlib ' (1) as 'Idlib'",
        NEVER,
        "In admin1 'Deir-ez-Zor' (1) and 'Deir ez Zor' (1) look like one name, and are counted apart",
        "In admin1 'Idlib' (3) and 'idlib' (1) look like one name, and are counted apart",
    ]
    several = [f"2019-05-01,{name}{end},1,air" for name in "abcde" for end in ("", "-", " ")]
    said = doubts(several)
    assert (
        "In Where blanks around a name are left off: 'a ' (1) as 'a', 'b ' (1) as 'b', 'c ' (1) as 'c' and 2 more"
        in said
    )
    assert said[-1] == "In admin1 2 more names are written in several ways, and counted apart"

"""Sources of several formats become one table whose ledger adds up; what both tell is said."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import conflictts as ct
from conflictts.errors import InputError
from conflictts.incidents.merging import TOLD_TWICE

UCDP = (
    "id,date_start,date_end,date_prec,where_coordinates,deaths_a,deaths_b,deaths_civilians,low,best,high\n"
    "1,2019-08-01,2019-08-01,1,Kafr Nabl town,0,0,4,4,4,4\n"
    "2,2019-08-05,2019-08-05,1,Hass,0,1,0,1,1,1\n"
    "3,2019-08-32,2019-08-32,1,Hass,0,1,0,1,1,1\n"
)
ACLED = (
    "event_id_cnty,event_date,time_precision,event_type,location,fatalities,civilian_targeting\n"
    "SYR1,1 August 2019,1,Battles,Kafr Nabl,4,Civilian targeting\n"
    "SYR2,09 August 2019,1,Battles,Saraqib,several,\n"
    "SYR9,10 August 2019,1,Battles,Saraqib,2,\n"
)
DESK = "Nr;Tag;Ort;Tote\nD1;31/08/2019;Ariha;5\nD2;31/09/2019;Ariha;6\n"
MAP = {"incident_id": "Nr", "date_start": "Tag", "place": "Ort", "civilians_best": "Tote"}


@pytest.fixture
def paths(tmp_path):
    for name, text in (("ged.csv", UCDP), ("acled.csv", ACLED), ("desk.csv", DESK)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return {name: tmp_path / f"{name}.csv" for name in ("ged", "acled", "desk")}


@pytest.fixture
def sources(paths):
    return (
        ct.read_ucdp(paths["ged"]),
        ct.read_acled(paths["acled"], deletions=["SYR9"]),
        ct.read_delimited(paths["desk"], columns=MAP),
    )


def test_three_formats_become_one_table_whose_ledger_adds_up(sources):
    ged, acled, desk = sources
    both = ct.combine_incidents(ct.combine_incidents(ged, acled), desk)
    assert both.table["incident_id"].tolist() == ["1", "2", "SYR1", "D1"]
    assert both.table["incident_id"].is_unique
    ledger = both.ledger
    assert (ledger.read, ledger.used, ledger.n_quarantined, int(ledger.excluded["records"].sum())) == (8, 4, 3, 1)
    assert ledger.summary()["rows"].sum() == ledger.read == both.provenance.rows
    assert sorted(ledger.quarantined["file"].unique()) == ["acled.csv", "desk.csv", "ged.csv"]
    assert both.provenance.files == ("ged.csv", "acled.csv", "desk.csv")
    assert both.provenance.provider == "UCDP GED; ACLED; desk.csv"
    assert "attribution required" in both.provenance.licence
    daily = ct.daily_series(both, measure="civilians", coverage=("2019-08-01", "2019-08-31"))
    assert daily.table["best"].sum() == 4 + 4 + 5
    for part, source in zip((slice(0, 2), slice(2, 3), slice(3, 4)), sources, strict=True):
        pd.testing.assert_frame_equal(both.table.iloc[part].reset_index(drop=True), source.table)


def test_files_of_one_name_in_several_folders_are_told_apart(tmp_path):
    sources = []
    for name in ("acled", "desk", "ged"):
        path = tmp_path / name / "export.csv"
        path.parent.mkdir()
        path.write_text(f"incident_id;date_start\n{name}-1;2019-08-31\n{name}-2;unknown\n", encoding="utf-8")
        sources.append(ct.read_delimited(path))
    both = ct.combine_incidents(ct.combine_incidents(*sources[:2]), sources[2])
    assert (both.ledger.read, both.ledger.used, both.ledger.n_quarantined) == (6, 3, 3)
    assert both.ledger.quarantined["file"].tolist() == [
        "export.csv", "export.csv (source 2)", "export.csv (source 3)",
    ]  # fmt: skip
    nested = ct.combine_incidents(sources[0], ct.combine_incidents(*sources[1:]))
    assert nested.ledger.n_quarantined == nested.ledger.quarantined["file"].nunique() == 3


def test_events_that_both_tell_are_said_and_merged_on_request(sources):
    ged, acled, _ = sources
    both = ct.combine_incidents(ged, acled)
    said = both.ledger.warnings.set_index("warning").loc[TOLD_TWICE]
    assert (said["records"], said["example"]) == (1, "1")
    merged = ct.merge_duplicates(ged, acled, ct.find_duplicates(ged, acled).pairs, prefer="a")
    assert merged.table["incident_id"].tolist() == ["1", "2"]
    assert merged.ledger.summary()["rows"].sum() == merged.ledger.read == 6


def test_pairs_that_were_looked_at_in_a_file_are_merged(paths, tmp_path):
    first = ct.read_ucdp(paths["ged"])
    other = replace(first, table=first.table.assign(incident_id=["11", "12"], part_of=""))
    found = ct.find_duplicates(first, other).pairs
    found.to_csv(tmp_path / "pairs.csv", index=False)
    merged = ct.merge_duplicates(first, other, pd.read_csv(tmp_path / "pairs.csv"), prefer="b")
    assert merged.table["incident_id"].tolist() == ["11", "12"]
    assert ct.undo_merges(merged, ["11"]).table["incident_id"].tolist() == ["1", "11", "12"]


def test_sources_that_share_identifiers_are_not_combined(sources):
    with pytest.raises(InputError, match="2 identifiers stand in both sources, the first '1'"):
        ct.combine_incidents(sources[0], sources[0])


@pytest.mark.parametrize("names", [["ged", "acled"], ["ged", "desk"]])
def test_files_of_several_formats_in_one_call_are_refused_with_what_to_do(paths, tmp_path, names):
    (tmp_path / "desk.toml").write_text('[columns]\ndate_start = "Tag"\n')
    with pytest.raises(InputError, match=r"others apart; then combine_incidents\(a, b\) puts them into one table"):
        ct.read_incidents([paths[name] for name in names])

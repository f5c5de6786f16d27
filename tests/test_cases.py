"""The bundled case: complete, equal to the coded tables, and ready to count."""

from __future__ import annotations

import pandas as pd
import pytest

import conflictts as ct
import conflictts.cases

# data/idlib_2019/truces.csv: identifier, announced, in force, ended.
TRUCES = [
    ("TRC-1", "2018-09-17", "2018-10-15", "2019-04-30"),
    ("TRC-2", "2019-05-19", "2019-05-18", "2019-05-20"),
    ("TRC-3", "2019-06-12", "2019-06-12", "2019-06-13"),
    ("TRC-4", "2019-08-01", "2019-08-02", "2019-08-05"),
    ("TRC-5", "2019-08-30", "2019-08-31", None),
    ("TRC-6", "2020-01-10", "2020-01-12", "2020-01-15"),
    ("TRC-7", "2020-03-05", "2020-03-06", None),
]


def test_case_holds_every_row_of_its_tables(idlib):
    """data/idlib_2019/README.md: 321 records, 116 of them details; 136 claims, 7 truces, 3 events."""
    assert (idlib.ledger.read, idlib.ledger.used, idlib.ledger.n_quarantined) == (321, 321, 0)
    assert (idlib.table["part_of"] != "").sum() == 116
    assert (len(idlib.claims), len(idlib.truces), len(idlib.events)) == (136, 7, 3)


def test_truces(idlib):
    def written(day):
        return None if day is None else f"{day:%Y-%m-%d}"

    met = [(key, *map(written, (t.announced, t.effective, t.ended))) for key, t in idlib.truces.items()]
    assert met == TRUCES
    assert idlib.truces["TRC-5"].name == "truce of 31 August 2019"
    assert idlib.truces["TRC-3"].brokers == "Russia; Turkey"


def test_events(idlib):
    assert idlib.events["date"].dt.strftime("%Y-%m-%d").tolist() == ["2019-09-10", "2019-10-22", "2019-11-06"]
    assert idlib.events["event_id"].tolist() == ["EVT-1", "EVT-2", "EVT-3"]


def test_coverage_is_declared_and_contains_every_record(idlib):
    first, last = idlib.provenance.coverage
    assert (f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}") == ("2019-04-20", "2020-01-15")
    assert idlib.table["date_start"].min() >= first
    assert idlib.table["date_end"].max() <= last


def test_two_loads_share_nothing(idlib):
    other = ct.load_idlib_2019()
    other.table.loc[0, "civilians_best"] = 999.0
    other.claims.loc[0, "best"] = 999.0
    other.truces.clear()
    again = ct.load_idlib_2019()
    pd.testing.assert_frame_equal(again.table, idlib.table)
    pd.testing.assert_frame_equal(again.claims, idlib.claims)
    assert again.truces == idlib.truces


@pytest.mark.parametrize("name", ["incidents.csv", "claims.csv", "truces.csv", "events.csv"])
def test_bundled_table_is_the_coded_one(shared, name):
    bundled = conflictts.cases.files("conflictts") / "data" / "idlib_2019" / name
    assert bundled.read_bytes() == (shared / "idlib_2019" / name).read_bytes()

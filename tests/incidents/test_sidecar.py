"""What a download wrote beside its file: believed while the file is the same, said to the ledger when it is not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

import conflictts as ct
from conflictts.incidents.inputs import Input
from conflictts.incidents.ucdp import Release

HEADER = "id,date_start,date_end,date_prec,country,adm_1,deaths_a,deaths_b,deaths_civilians,low,best,high\n"
ROW = "{0},2026-0{0}-03,2026-0{0}-03,1,Syria,Idlib,0,0,{0},{0},{0},{0}\n"
TOLD = {
    "format": 1, "provider": "UCDP GED", "release": "25.1", "query": {"Country": "652", "pagesize": "1000"},
    "requested": "2026-09-30T23:30:00-02:00", "data_through": "2024-12-31", "restrictions": None, "held_back": None,
}  # fmt: skip


@pytest.fixture
def write(tmp_path) -> Callable[..., Path]:
    """Write a file of UCDP rows and, unless told is None, its sidecar with the right digest."""

    def write(name: str, ids: tuple[int, ...], told: dict | None, **other: object) -> Path:
        path = tmp_path / name
        path.write_text(HEADER + "".join(ROW.format(i) for i in ids))
        if told is not None:
            digest = ct.read_ucdp(path).provenance.sha256[0]
            path.with_name(f"{name}.provenance.json").write_text(json.dumps({**told, "sha256": digest, **other}))
        return path

    return write


def test_all_that_it_says_reaches_the_provenance(write, tmp_path):
    told = ct.read_incidents(write("out.csv", (1, 2), TOLD)).provenance
    assert told.release == "25.1"
    assert told.query == "Country=652"
    assert told.retrieved_on == pd.Timestamp("2026-10-01"), "of UTC"
    assert told.data_through == pd.Timestamp("2024-12-31")
    assert told.provider == "UCDP GED"
    assert told.caveat == ""
    assert told.vintage == "release 25.1"
    beside = hashlib.sha256((tmp_path / "out.csv.provenance.json").read_bytes()).hexdigest()
    assert told.inputs[1:] == (Input("download", "out.csv.provenance.json", None, beside),)


def test_without_one_nothing_is_claimed(write):
    incidents = ct.read_incidents(write("out.csv", (1,), None))
    told = incidents.provenance
    assert (told.release, told.query, told.retrieved_on, told.data_through) == (None, "", None, None)
    assert incidents.ledger.warnings.empty


def test_file_changed_after_its_download_is_said_and_nothing_believed(write):
    path = write("out.csv", (1, 2), TOLD)
    path.write_text(path.read_text().replace("Syria", "Syrya"))
    incidents = ct.read_incidents(path)
    (warning,) = incidents.ledger.warnings.to_dict("records")
    assert "out.csv was changed after its download" in warning["warning"]
    assert "out.csv.provenance.json" in warning["warning"]
    assert (warning["records"], warning["example"]) == (2, "1")
    told = incidents.provenance
    assert (told.release, told.query, told.retrieved_on, told.data_through) == (None, "", None, None)


DAMAGED = [
    pytest.param(b"", id="empty"),
    pytest.param(b"\xff\xfe\x00", id="no text"),
    pytest.param(b"[1, 2]", id="a list"),
    pytest.param(b"[" * 100_000, id="nested beyond measure"),
    pytest.param(json.dumps({**TOLD, "sha256": 3}).encode(), id="digest is a number"),
    pytest.param(json.dumps({**TOLD, "sha256": "0", "format": 2}).encode(), id="another format"),
    pytest.param(json.dumps({**TOLD, "sha256": "0", "query": "all"}).encode(), id="query is text"),
    pytest.param(json.dumps({**TOLD, "sha256": "0", "requested": "lately"}).encode(), id="no day"),
    pytest.param(json.dumps({**TOLD, "sha256": "0", "data_through": "2024-13-31"}).encode(), id="no such month"),
    pytest.param(b" " * 1_000_001, id="too large"),
]


@pytest.mark.parametrize("content", DAMAGED)
def test_damaged_sidecar_is_said_and_the_file_read_all_the_same(content, write):
    path = write("out.csv", (1, 2), None)
    path.with_name("out.csv.provenance.json").write_bytes(content)
    incidents = ct.read_incidents(path)
    (warning,) = incidents.ledger.warnings["warning"]
    assert warning.startswith("out.csv.provenance.json is not what a download writes")
    assert incidents.ledger.used == 2
    assert incidents.provenance.retrieved_on is None


def test_candidate_releases_are_told_by_the_sidecar_where_file_names_are_silent(write):
    newer = write("a.csv", (1, 2), {**TOLD, "release": "26.0.3", "data_through": "2026-03-31"})
    older = write("b.csv", (2, 3), {**TOLD, "release": "26.0.2", "requested": "2026-03-20T10:00:00+00:00"})
    incidents = ct.read_ucdp([newer, older])
    assert incidents.provenance.provider == "UCDP Candidate"
    assert "Candidate Events Dataset" in incidents.provenance.citation
    assert incidents.provenance.release == "26.0.3, 26.0.2"
    assert incidents.provenance.retrieved_on == pd.Timestamp("2026-03-20"), "the earliest"
    assert incidents.provenance.data_through == pd.Timestamp("2024-12-31")
    assert incidents.table["incident_id"].tolist() == ["1", "2", "3"]
    kept = incidents.ledger.excluded
    assert kept["records"].tolist() == [1]
    assert ct.read_ucdp([newer, older], release="mine").provenance.release == "mine"


def test_file_with_the_longest_of_names_is_read_without_one(write):
    assert ct.read_ucdp(write(f"{'a' * 251}.csv", (1,), None)).ledger.used == 1


def test_what_no_file_can_hold_is_replaced(write):
    told = ct.read_ucdp(write("out.csv", (1,), {**TOLD, "held_back": "\ud800 those\n of  late"})).provenance
    assert told.caveat.endswith("downloaded with: ? those of late.")


def test_days_are_claimed_only_if_every_file_tells_them(write):
    one, other = write("a.csv", (1,), TOLD), write("b.csv", (2,), None)
    told = ct.read_ucdp([one, other]).provenance
    assert (told.retrieved_on, told.data_through) == (None, None)
    assert told.query == "Country=652"


def asked_for(first: str | None, last: str, **other: str) -> dict:
    days = {"StartDate": first} if first else {}
    return {**TOLD, "query": {"Country": "652", **days, "EndDate": last, **other}, "data_through": last}


STRETCHES = [
    pytest.param([asked_for("2025-01-01", "2025-12-31"), asked_for(None, "2024-12-31")], "2025-12-31", id="years"),
    pytest.param([asked_for("2024-01-01", "2024-12-31"), asked_for("2025-01-02", "2025-12-31")], "2024-12-31",
                 id="a day between them"),
    pytest.param([asked_for("2024-01-01", "2025-03-31"), asked_for("2025-01-01", "2025-02-28")], "2025-03-31",
                 id="one within the other"),
    pytest.param([asked_for(None, "2024-12-31"), asked_for("2025-01-01", "2025-12-31", Country="645")], "2024-12-31",
                 id="of another country"),
    pytest.param([TOLD, {**TOLD, "release": "25.0.1", "data_through": "2025-01-31"},
                  {**TOLD, "release": "25.0.2", "data_through": "2025-02-28"}], "2025-02-28", id="GED and Candidate"),
    pytest.param([TOLD, {**TOLD, "release": "25.0.2", "data_through": "2025-02-28"}], "2024-12-31", id="a month lacks"),
    pytest.param([TOLD, {**TOLD, "release": "25.01.25.06", "data_through": "2025-06-30"}], "2025-06-30", id="a half"),
    pytest.param([TOLD, {**asked_for("2020-01-01", "2025-02-28"), "release": "25.0.2"}], "2024-12-31",
                 id="more asked for than a release has"),
]  # fmt: skip


@pytest.mark.parametrize(("downloads", "through"), STRETCHES)
def test_downloads_of_days_that_follow_one_another_cover_them_all(write, downloads, through):
    paths = [write(f"{number}.csv", (number,), told) for number, told in enumerate(downloads, start=1)]
    for order in (paths, paths[::-1]):
        told = ct.read_ucdp(order).provenance
        assert told.data_through == pd.Timestamp(through)
        assert "ended after 2024-12-31" not in told.caveat or through == "2024-12-31"


def test_events_beyond_the_end_asked_for_are_known_to_be_missing(write):
    path = write("out.csv", (1,), {**TOLD, "query": {"EndDate": "2026-05-31"}})
    assert "leaves out events that ended after 2026-05-31" in ct.read_ucdp(path).provenance.caveat


RELEASES = [
    ("25.1", "2024-12-31", False), ("19.1", "2018-12-31", False), ("26.0.7", "2026-07-31", True),
    ("25.0.12", "2025-12-31", True), ("24.01.24.06", "2024-06-30", True), ("24.0.2", "2024-02-29", True),
]  # fmt: skip


@pytest.mark.parametrize(("name", "through", "candidate"), RELEASES)
def test_release_covers_what_its_name_says(name, through, candidate):
    release = Release.named(name)
    assert (release.data_through.isoformat(), release.candidate) == (through, candidate)
    first = {"24.01.24.06": "2024-01-01"}.get(name, f"{through[:7]}-01")
    assert release.data_from == (date.fromisoformat(first) if candidate else None)


def test_name_of_no_release_is_none():
    assert Release.named("5.0") is None
    assert Release.named("") is None

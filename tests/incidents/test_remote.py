from __future__ import annotations

import csv
import errno
import hashlib
import importlib.util
import io
import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

import conflictts as ct
from conflictts.errors import ConflictTSError, InputError, ProviderError
from conflictts.incidents.acled import CAVEAT
from conflictts.incidents.credentials import Secret
from conflictts.incidents.exchange import Pace
from conflictts.incidents.pages import _natural
from conflictts.incidents.recognise import read_incidents
from conflictts.incidents.remote import Download, fetch_acled, fetch_ucdp
from conflictts.incidents.ucdp import CITATION, CITATION_CANDIDATE, read_ucdp

_spec = importlib.util.spec_from_file_location("provider_server", Path(__file__).with_name("provider_server.py"))
provider_server = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(provider_server)
FAULTS, SECRETS, ProviderServer = provider_server.FAULTS, provider_server.SECRETS, provider_server.ProviderServer

SEEDS = range(240)
PROVIDERS = ("ucdp", "acled")
ENVIRONMENT = {
    "CONFLICTTS_UCDP_TOKEN": provider_server.UCDP_TOKEN,
    "CONFLICTTS_ACLED_USER": provider_server.USER,
    "CONFLICTTS_ACLED_PASSWORD": provider_server.PASSWORD,
}


class Killed(BaseException):
    """The process ends here."""


class Time:
    """A clock that moves when somebody sleeps, and otherwise stands still."""

    def __init__(self) -> None:
        self.now = datetime(2021, 1, 1, tzinfo=UTC)
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.slept.append(seconds)

    def pace(self, **options: object) -> Pace:
        own = {"clock": lambda: self.now, "sleep": self.sleep, "rng": np.random.default_rng(1), "timeout": 5.0}
        return Pace(**{**own, **options})


@pytest.fixture(autouse=True)
def state(monkeypatch, tmp_path_factory) -> Path:
    """A state folder of this test's own."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("CONFLICTTS_STATE", str(folder))
    return folder


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("keyring.get_password", lambda *_: None)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(scope="module")
def running() -> Iterator[ProviderServer]:
    with ProviderServer() as one:
        yield one


@pytest.fixture
def server(running) -> ProviderServer:
    running.begin()
    return running


def fetch(provider: str, server: ProviderServer, out: Path, pace: Pace, **options: object) -> Download:
    if provider == "ucdp":
        query = {"version": "25.1", "country": 652, "start": "2019-05-01", "end": date(2019, 5, 31)}
        own = {"base_url": f"{server.url}/api", "page_size": 5}
        return fetch_ucdp(out, **{**query, **own, "pace": pace, **options})
    query = {"country": "Syria", "start": "2019-08-01", "end": "2019-08-31"}
    return fetch_acled(out, **{**query, "base_url": server.url, "page_size": 4, "pace": pace, **options})


@pytest.fixture(scope="module")
def clean(running, tmp_path_factory) -> dict[str, bytes]:
    """The bytes of each provider's file when nothing goes wrong."""
    folder, files = tmp_path_factory.mktemp("clean"), {}
    running.begin()
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in ENVIRONMENT.items():
            patch.setenv(variable, value)
        patch.setenv("CONFLICTTS_STATE", str(folder))
        for provider in PROVIDERS:
            fetch(provider, running, folder / provider, Time().pace())
            files[provider] = (folder / provider).read_bytes()
    return files


def asked_pages(server: ProviderServer) -> list[int]:
    """Numbers of the pages asked for: as UCDP counts them; for ACLED by what the cursor leads to, from 1."""
    cursors = {0: 1, **{server.cursor_at(4 * n - 1): n + 1 for n in range(1, 9)}}
    return [
        int(line.rpartition("page=")[2]) if "page=" in line else cursors[int(line.rpartition("cursor=")[2])]
        for line in server.asked
        if line.startswith("GET")
    ]


def told_by(error: BaseException) -> str:
    """All that an error can show: texts, traceback, and the locals of every frame that is not this file's."""
    shown = []
    each: BaseException | None = error
    while each is not None:
        shown.append(f"{each!r} {each} {each.args!r}")
        assert not type(each).__module__.startswith(("httpx", "httpcore", "h11")), "it knows the request"
        each = each.__cause__ or each.__context__
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    for frame in whole.stack:
        frame.locals = None if frame.filename == __file__ else frame.locals
    return "\n".join([*shown, *whole.format()])


def assert_no_secret(*texts: str) -> None:
    for text in texts:
        for secret in (*SECRETS, *map(quote, SECRETS)):
            assert secret not in text, f"{secret!r} shows in {text[:200]!r}"


def written_in(folder: Path) -> list[str]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) + path.read_bytes().decode("utf-8", "replace") for path in paths]


@contextmanager
def killing(step: int | None) -> Iterator[list[int]]:
    """Let the process end at one step of writing: half of a file written, before or after a rename or removal."""
    steps = [0]

    def due() -> bool:
        steps[0] += 1
        return steps[0] == step

    def around(real: Callable, *args: object, **kwargs: object) -> object:
        if due():
            raise Killed
        result = real(*args, **kwargs)
        if due():
            raise Killed
        return result

    def half(real: Callable, path: Path, content: bytes) -> object:
        if due():
            real(path, content[: len(content) // 2])
            raise Killed
        return real(path, content)

    with pytest.MonkeyPatch.context() as patch:
        real_replace, real_unlink, real_write = os.replace, Path.unlink, Path.write_bytes
        patch.setattr("conflictts.incidents.pages.os.replace", partial(around, real_replace))
        patch.setattr(Path, "unlink", lambda path, **how: around(real_unlink, path, **how))
        patch.setattr(Path, "write_bytes", lambda path, content: half(real_write, path, content))
        yield steps


# --- known answers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_record_once_in_the_providers_columns(provider, server, time, tmp_path):
    told: list[str] = []
    done = fetch(provider, server, tmp_path / "out.csv", time.pace(), progress=told.append)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text(encoding="utf-8"), newline="")))
    sent, key = (server.ucdp, "id") if provider == "ucdp" else (server.acled, "event_id_cnty")
    as_sent = {
        str(row[key]): {
            name: "" if value is None else str(int(value)) if isinstance(value, bool) else str(value)
            for name, value in row.items()
        }
        for row in sent
    }
    assert {row[key]: row for row in rows} == as_sent
    assert len(rows) == done.rows == len(sent)
    assert list(rows[0]) == list(sent[0])
    assert [row[key] for row in rows] == sorted(as_sent, key=lambda name: int(name.removeprefix("SYR")))
    assert (done.pages, done.resumed, done.notes) == (5, 0, ())
    assert done.summary().to_dict("records")[0]["rows"] == len(sent)
    assert told[-1].endswith("5 of 5 pages")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.csv.provenance.json"]


def test_ucdp_download_is_read_by_read_ucdp(server, time, tmp_path):
    incidents = read_ucdp(fetch("ucdp", server, tmp_path / "ged.csv", time.pace()).path)
    assert incidents.ledger.used == 23
    assert incidents.table["deaths_best"].sum() == sum(range(23))
    assert incidents.table["date_start"].min().isoformat() == "2019-05-01T00:00:00"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_provenance_says_what_was_asked_and_what_came(provider, server, time, tmp_path):
    server.restrictions = {"date_recency": {"quantity": 12, "unit": "months"}}
    done = fetch(provider, server, tmp_path / "out.csv", time.pace(pause=60.0))
    told = json.loads(done.provenance_path.read_text(encoding="utf-8"))
    assert told["sha256"] == done.sha256 == hashlib.sha256(done.path.read_bytes()).hexdigest()
    assert (told["rows"], told["pages"], told["file"]) == (done.rows, 5, "out.csv")
    assert told["requested"] == "2021-01-01T00:00:00+00:00"
    assert told["finished"] > told["requested"]
    assert told["licence"]
    assert told["citation"]
    if provider == "ucdp":
        assert told["query"] == {
            "pagesize": "5", "Country": "652", "StartDate": "2019-05-01", "EndDate": "2019-05-31",
        }  # fmt: skip
        assert (told["provider"], told["release"]) == ("UCDP GED", "25.1")
    else:
        assert told["query"]["event_date"] == "2019-08-01|2019-08-31"
        assert told["restrictions"] == server.restrictions


def test_a_record_with_letters_that_end_lines_or_texts_is_read_again(server, time, tmp_path):
    notes = ["a lone\rreturn", "two\r\nlines", "a\0b", "half \ud800", ' "quoted", ']
    for row, note in zip(server.acled, notes, strict=False):
        row["notes"] = note
    done = fetch("acled", server, tmp_path / "out.csv", time.pace())
    assert b"\r\n" not in done.path.read_bytes().replace(b"two\r\nlines", b"")
    incidents = read_incidents(done.path)
    assert (incidents.ledger.read, incidents.ledger.used) == (17, 17)
    with done.path.open(encoding="utf-8", newline="") as stream:
        told = {row["notes"] for row in csv.DictReader(stream)}
    assert told >= {"a lone\rreturn", "two\r\nlines", "a?b", "half ?", ' "quoted", '}


def test_download_is_read_with_what_was_asked_and_when(server, time, tmp_path):
    ucdp = read_incidents(fetch("ucdp", server, tmp_path / "ged.csv", time.pace()).path)
    assert ucdp.provenance.release == "25.1", "though the file's name does not tell it"
    assert ucdp.provenance.query == "Country=652; EndDate=2019-05-31; StartDate=2019-05-01"
    assert ucdp.provenance.retrieved_on.isoformat() == "2021-01-01T00:00:00"
    assert ucdp.provenance.data_through.isoformat() == "2019-05-31T00:00:00"
    assert ucdp.provenance.citation == CITATION
    acled = read_incidents(fetch("acled", server, tmp_path / "acled.csv", time.pace()).path)
    assert acled.provenance.query == "country=Syria; event_date=2019-08-01|2019-08-31; event_date_where=BETWEEN"
    assert acled.provenance.data_through.isoformat() == "2019-08-31T00:00:00"
    assert acled.provenance.caveat == CAVEAT
    assert not any(
        "provenance" in line for line in [*ucdp.ledger.warnings["warning"], *acled.ledger.warnings["warning"]]
    )


def test_candidate_release_is_downloaded_as_what_it_is(server, time, tmp_path):
    done = fetch("ucdp", server, tmp_path / "out.csv", time.pace(), version="20.0.11", end=None)
    told = json.loads(done.provenance_path.read_text())
    assert told["provider"] == "UCDP Candidate"
    assert CITATION_CANDIDATE in told["citation"]
    assert told["data_through"] == "2020-11-30"
    assert read_incidents(done.path).provenance.provider == "UCDP Candidate"


def test_download_that_runs_past_its_own_day_claims_no_more_than_that_day(server, time, tmp_path):
    done = fetch("acled", server, tmp_path / "out.csv", time.pace(), end="2029-01-01")
    assert json.loads(done.provenance_path.read_text())["data_through"] == "2021-01-01"


def test_file_changed_after_its_download_is_said(server, time, tmp_path):
    done = fetch("acled", server, tmp_path / "out.csv", time.pace())
    done.path.write_bytes(done.path.read_bytes().replace(b"Idleb", b"Idlib"))
    incidents = read_incidents(done.path)
    assert incidents.ledger.warnings["warning"].str.contains("out.csv was changed after its download").sum() == 1
    assert incidents.provenance.retrieved_on is None


def test_restrictions_in_any_form_are_kept(server, time, tmp_path):
    server.restrictions = ["\ud800", {"date_recency": 3}]
    done = fetch("acled", server, tmp_path / "out.csv", time.pace())
    assert json.loads(done.provenance_path.read_text(encoding="utf-8"))["restrictions"] == ["?", {"date_recency": 3}]
    assert '["?", {"date_recency": 3}]' in read_incidents(done.path).provenance.caveat


def test_records_held_back_reach_the_report_as_text(server, time, tmp_path):
    told = {"quantity": 12, "unit": "Months<script>alert(1)</script>", "date": "2019-08-20"}
    server.restrictions = {"date_recency": told}
    days, row = np.arange("2019-07-01", "2019-08-29", dtype="M8[D]").repeat(3).astype(str), server.acled[0]
    server.acled = [{**row, "event_id_cnty": f"SYR{n}", "event_date": day} for n, day in enumerate(days)]
    days_asked = {"start": "2019-07-01", "end": "2019-08-28"}
    done = fetch("acled", server, tmp_path / "out.csv", time.pace(), page_size=50, **days_asked)
    incidents = read_incidents(done.path)
    assert incidents.provenance.data_through.isoformat() == "2019-08-20T00:00:00", "what was held back is not covered"
    page = ct.write_report(
        incidents,
        ct.Truce("2019-07-31"),
        tmp_path / "report",
        measure="incidents",
        coverage=("2019-07-01", "2019-08-28"),
    )
    quality = page.read_text(encoding="utf-8").partition('<h2 id="quality">')[2].partition("<h2")[0]
    assert "held records back from the account they were downloaded with: those of the last 12 months" in quality
    assert "&lt;script&gt;" in quality
    assert "<script" not in page.read_text(encoding="utf-8")


KEYS = [
    pytest.param(["SYR10", "SYR9", "SYR1"], ["SYR1", "SYR9", "SYR10"], id="by value"),
    pytest.param(["12", "3", "0003"], ["0003", "3", "12"], id="leading zeros, then by writing"),
    pytest.param(["YEM1", "SYR20"], ["SYR20", "YEM1"], id="by letters first"),
]


@pytest.mark.parametrize(("given", "expected"), KEYS)
def test_ids_are_in_natural_order(given, expected):
    assert sorted(given, key=_natural) == expected


# --- faults ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at", [0, 3])
def test_one_fault_changes_no_byte(provider, fault, at, server, time, tmp_path, clean):
    server.faults = [*[None] * at, fault]
    pace = time.pace(timeout=0.1 if fault == "timeout" else 5.0)
    if provider == "ucdp" and fault == "expired":  # a token in a header cannot be renewed
        with pytest.raises(ProviderError, match=r"refuses the credentials \(401\)"):
            fetch(provider, server, tmp_path / "out.csv", pace)
    fetch(provider, server, tmp_path / "out.csv", pace)
    assert (tmp_path / "out.csv").read_bytes() == clean[provider]
    assert all(line.startswith(("GET /api/gedevents/25.1?", "GET /api/acled/read?", "POST /oauth/token"))
               for line in server.asked), "nothing else is fetched, and no redirect followed"  # fmt: skip


NAMED = [
    ("429", "is status 429"),
    ("timeout", "did not come within 0.3 s"),
    ("reset", "connection failed or broke off"),
    ("truncated", "connection failed or broke off"),
    ("cut", "is not whole JSON"),
    ("wrong type", "is not declared as JSON"),
    ("login page", "is a web page, as for an expired session"),
    ("redirect", "points elsewhere"),
    ("page missing", "has 0 rows where 5 of 23 belong"),
    ("row missing", "has 4 rows where 5 of 23 belong"),
    ("row doubled", "5 rows hold 4 different ids"),
    ("row of page before", "repeats 1 records of earlier pages"),
    ("row of another", "does not answer the query"),
    ("page repeated", "is another page: it names 3 as the next, not 2"),
    ("total off", "counts 24 records in all where earlier pages counted 23"),
    ("column missing", "has 25 columns, other than the 26"),
    ("no total", "has no TotalCount"),
]


@pytest.mark.parametrize(("fault", "words"), NAMED)
def test_a_fault_is_named_and_the_page_asked_for_again(fault, words, server, time, tmp_path):
    told: list[str] = []
    server.faults = [None, fault]
    done = fetch(
        "ucdp",
        server,
        tmp_path / "out.csv",
        time.pace(timeout=0.3 if fault == "timeout" else 5.0),
        progress=told.append,
    )
    assert words in told[1]
    assert told[1].startswith("the answer ")
    assert asked_pages(server) == [0, 1, 1, 2, 3, 4]
    assert done.notes == ()


def test_acled_count_must_be_that_of_the_rows(server, time, tmp_path):
    told: list[str] = []
    server.faults = [None, "count off"]
    fetch("acled", server, tmp_path / "out.csv", time.pace(), progress=told.append)
    assert "has 4 rows and says 5" in told[0]


def test_acled_pages_are_asked_for_by_the_cursor_of_the_page_before(server, time, tmp_path):
    fetch("acled", server, tmp_path / "out.csv", time.pace())
    cursors = [line.rpartition("cursor=")[2] for line in server.asked if line.startswith("GET")]
    assert cursors == ["0", "48246", "48290", "48334", "48378"]  # 48213 + 11 n after the rows n = 3, 7, 11, 15
    assert not any("page=" in line for line in server.asked), "ACLED withdrew it"


def test_full_page_that_names_no_next_one_is_not_taken_for_the_last(server, time, tmp_path):
    told: list[str] = []
    server.faults = [None, None, "no cursor"]
    fetch("acled", server, tmp_path / "out.csv", time.pace(), progress=told.append)
    assert "names no page after it, and 17 records make more" in told[1]
    assert asked_pages(server) == [1, 2, 2, 3, 4, 5]


def test_page_that_was_another_is_noticed_when_the_cursors_end_early(server, time, tmp_path, clean):
    server.faults = [None, None, "page repeated"]  # the third page in place of the second
    done = fetch("acled", server, tmp_path / "out.csv", time.pace())
    assert done.notes == ("started anew: ACLED has 1 rows where 4 of 17 belong on this page",)
    assert (tmp_path / "out.csv").read_bytes() == clean["acled"]


def test_records_held_back_are_named_when_none_is_left(server, time, tmp_path):
    server.acled = []
    server.restrictions = {"date_recency": {"quantity": 12, "unit": "Months", "date": "2018-08-29"}}
    with pytest.raises(ProviderError, match=r"holds records back .*those of the last 12 months, after 2018-08-29"):
        fetch("acled", server, tmp_path / "out.csv", time.pace())


@pytest.mark.parametrize("seed", SEEDS)
def test_fault_schedules_lose_and_double_nothing_and_show_no_secret(seed, server, tmp_path, clean, caplog, state):
    caplog.set_level(logging.DEBUG)
    rng = np.random.default_rng(seed)
    provider = PROVIDERS[seed % 2]
    usual = [fault for fault in FAULTS if fault != "timeout" or seed % 4 == 0]  # the few seconds this may take
    server.faults = [
        str(rng.choice(usual)) if rng.random() < 0.5 else None for _ in range(rng.integers(1, 14))
    ]  # fmt: skip
    server.lifetime = int(rng.choice([70, 100, 86400]))  # seconds; with 60 taken off, some expire on the way
    kills = sorted(rng.integers(1, 55, size=rng.integers(0, 3)).tolist())
    out, time, shown = tmp_path / "out.csv", Time(), []
    patient = time.pace(timeout=0.1, attempts=5, rng=np.random.default_rng(seed))
    failed = 0
    for _ in range(6):
        try:
            with killing(kills.pop(0) if kills else None):
                done = fetch(provider, server, out, patient, progress=shown.append)
            break
        except Killed:
            assert not out.exists() or out.read_bytes() == clean[provider], "whole or not at all"
        except ProviderError as error:
            failed += 1
            server.faults, kills = [], []
            shown += [str(error), told_by(error)]
        assert_no_secret(*written_in(tmp_path), *written_in(state))
    assert failed <= 1
    assert out.read_bytes() == clean[provider]
    assert json.loads(done.provenance_path.read_text())["sha256"] == hashlib.sha256(clean[provider]).hexdigest()
    assert not (tmp_path / "out.csv.partial").exists()
    assert_no_secret(caplog.text, repr(done), *shown, *written_in(tmp_path))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_killed_at_any_step_of_writing(provider, server, tmp_path, clean):
    with killing(None) as steps:
        fetch(provider, server, tmp_path / "whole.csv", Time().pace())
    assert steps[0] > 40, "the kills reach into every file that is written"
    for step in range(1, steps[0] + 1):
        out = tmp_path / f"{step}.csv"
        with killing(step), pytest.raises(Killed):
            fetch(provider, server, out, Time().pace())
        fetch(provider, server, out, Time().pace())
        assert out.read_bytes() == clean[provider], step
        assert not out.with_name(f"{out.name}.partial").exists()


KILLED_PROCESS = """
import os, signal, sys
from conflictts.incidents.exchange import Pace
from conflictts.incidents.remote import fetch_acled, fetch_ucdp
provider, url, out, page = sys.argv[1:]
def tell(what):
    if f" {page} of 5 pages" in what:
        os.kill(os.getpid(), signal.SIGKILL)
pace = Pace(pause=0.0, first_wait=0.0)
if provider == "ucdp":
    fetch_ucdp(out, version="25.1", country=652, start="2019-05-01", end="2019-05-31", base_url=url + "/api",
               page_size=5, pace=pace, progress=tell)
else:
    fetch_acled(out, country="Syria", start="2019-08-01", end="2019-08-31", base_url=url, page_size=4, pace=pace,
                progress=tell)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a system with SIGKILL")
@pytest.mark.parametrize(("provider", "page"), [("ucdp", 1), ("ucdp", 3), ("acled", 2), ("acled", 5)])
def test_killed_process_is_taken_up_again(provider, page, server, tmp_path, clean):
    out = tmp_path / "out.csv"
    command = [sys.executable, "-c", KILLED_PROCESS, provider, server.url, str(out), str(page)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not out.exists()
    assert_no_secret(done.stdout, done.stderr, *written_in(tmp_path))
    before = len(asked_pages(server))
    keeps_day = Time()
    keeps_day.now = datetime.now(UTC)  # the killed process went by the system's clock
    result = fetch(provider, server, out, keeps_day.pace())
    assert out.read_bytes() == clean[provider]
    assert result.resumed == page
    assert len(asked_pages(server)) - before == 5 - page, "verified pages are not fetched again"


WAITING_PROCESS = KILLED_PROCESS.replace("os.kill(os.getpid(), signal.SIGKILL)", "print(what, flush=True) or input()")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a system with SIGKILL")
def test_file_that_another_process_downloads_is_left_to_it_and_taken_over_when_it_is_dead(server, tmp_path, clean):
    out = tmp_path / "out.csv"
    command = [sys.executable, "-c", WAITING_PROCESS, "ucdp", server.url, str(out), "2"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "UCDP: 2 of 5 pages\n"
        before = list(server.asked)
        with pytest.raises(InputError, match=rf"out.csv is being downloaded already, by process {other.pid} on "):
            fetch("ucdp", server, out, Time().pace())
        assert server.asked == before, "nothing is sent"
        assert fetch("ucdp", server, tmp_path / "other.csv", Time().pace()).rows == 23
        other.kill()
    done = fetch("ucdp", server, out, Time().pace())
    assert done.resumed == 2
    assert out.read_bytes() == clean["ucdp"]
    assert not out.with_name("out.csv.partial").exists()


# --- what is kept, and what starts anew -----------------------------------------------------------------------------


@pytest.fixture
def interrupted(server, time, tmp_path) -> Callable[[str], Path]:
    """A download that ended with two of its five pages on disk."""

    def interrupt(provider: str) -> Path:
        login = [None] if provider == "acled" else []
        server.faults = [*login, None, None, *["503"] * 6]
        with pytest.raises(
            ProviderError, match=r"after 6 attempts .* status 503.*2 of 5 pages on disk are not fetched"
        ):
            fetch(provider, server, tmp_path / "out.csv", time.pace())
        server.faults, server.asked = [], []
        return tmp_path / "out.csv"

    return interrupt


@pytest.mark.parametrize("provider", PROVIDERS)
def test_resumes_where_it_stopped(provider, interrupted, server, time, clean):
    out, told = interrupted(provider), []
    done = fetch(provider, server, out, time.pace(), progress=told.append)
    assert done.resumed == 2
    assert told[0] == "taken up again with 2 of 5 pages on disk"
    assert asked_pages(server) == ([2, 3, 4] if provider == "ucdp" else [3, 4, 5])
    assert out.read_bytes() == clean[provider]


def test_another_query_starts_anew_and_says_so(interrupted, server, time):
    done = fetch("ucdp", server, interrupted("ucdp"), time.pace(), end="2019-06-30")
    assert done.notes == ("started anew: the query is another than that of the pages on disk",)
    assert asked_pages(server) == [0, 1, 2, 3, 4]


def test_another_total_starts_anew_and_says_so(interrupted, server, time):
    out = interrupted("ucdp")
    server.ucdp = provider_server.ucdp_rows(24)
    done = fetch("ucdp", server, out, time.pace())
    assert done.notes == ("started anew: UCDP counts 24 records in all where earlier pages counted 23",)
    assert asked_pages(server) == [2, 2, 0, 1, 2, 3, 4], "a new total is believed when it is repeated"
    assert done.rows == 24
    assert "counts 24 records" in done.provenance_path.read_text()


def test_records_that_are_revised_are_not_mixed_with_those_of_another_day(interrupted, server, time):
    out = interrupted("acled")
    time.sleep(86_500)  # by the test's own clock
    done = fetch("acled", server, out, time.pace())
    assert done.notes == ("started anew: the pages on disk are of 2021-01-01, and records are revised since",)
    assert asked_pages(server) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("damage", [b"", b"0" * 64 + b"\n[]", b"\x00\xff"])
def test_page_damaged_on_disk_is_fetched_again(damage, interrupted, server, time, clean):
    out = interrupted("ucdp")
    (out.with_name("out.csv.partial") / "page-000001").write_bytes(damage)
    done = fetch("ucdp", server, out, time.pace())
    assert done.notes == ("page-000001 was damaged on disk, and is fetched again",)
    assert asked_pages(server) == [1, 2, 3, 4]
    assert out.read_bytes() == clean["ucdp"]


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"asked": 1}'])
def test_pages_without_their_query_are_not_used(damage, interrupted, server, time, clean):
    out = interrupted("ucdp")
    (out.with_name("out.csv.partial") / "state.json").write_bytes(damage)
    done = fetch("ucdp", server, out, time.pace())
    assert done.notes == ("started anew: the pages on disk had lost the record of their query",)
    assert out.read_bytes() == clean["ucdp"]


def test_page_damaged_after_it_was_verified_is_not_written(server, time, tmp_path, clean):
    out, told = tmp_path / "out.csv", []

    def damage(what: str) -> None:
        told.append(what)
        if "5 of 5" in what:
            (tmp_path / "out.csv.partial" / "page-000003").write_bytes(b"damaged")

    with pytest.raises(InputError, match="page-000003 is damaged on disk since it was verified"):
        fetch("ucdp", server, out, time.pace(), progress=damage)
    assert not out.exists()
    fetch("ucdp", server, out, time.pace())
    assert out.read_bytes() == clean["ucdp"]


def test_full_disk_is_said_and_verified_pages_are_kept(server, time, tmp_path, clean, monkeypatch):
    out, real = tmp_path / "out.csv", os.replace

    def full(source: Path, target: Path) -> None:
        if Path(target).name == "page-000002":
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("conflictts.incidents.pages.os.replace", full)
        with pytest.raises(InputError, match=r"page-000002 cannot be written .*No space left.*verified pages are kept"):
            fetch("ucdp", server, out, time.pace())
    assert fetch("ucdp", server, out, time.pace()).resumed == 2
    assert out.read_bytes() == clean["ucdp"]


def test_day_of_retrieval_is_that_of_the_records_not_of_a_vain_attempt_before(interrupted, server, time, tmp_path):
    server.faults = ["500"] * 6
    with pytest.raises(ProviderError):
        fetch("ucdp", server, tmp_path / "vain.csv", time.pace())
    out = interrupted("ucdp")
    time.sleep(86_400 * 3)  # by the test's own clock
    server.ucdp = provider_server.ucdp_rows(24)  # starts anew
    for path in (tmp_path / "vain.csv", out):
        told = json.loads(fetch("ucdp", server, path, time.pace()).provenance_path.read_text())
        assert told["requested"].startswith("2021-01-04"), path


def test_old_file_stays_until_the_new_one_is_whole(server, time, tmp_path, clean):
    out = tmp_path / "out.csv"
    out.write_text("old")
    server.faults = [None, *["500"] * 6]
    with pytest.raises(ProviderError):
        fetch("ucdp", server, out, time.pace())
    assert out.read_text() == "old"
    fetch("ucdp", server, out, time.pace())
    assert out.read_bytes() == clean["ucdp"]


def test_provider_that_contradicts_itself_is_given_up(server, time, tmp_path):
    server.faults = [None, *["total off"] * 2] * 3
    with pytest.raises(ProviderError, match=r"contradicts itself: in 3 downloads .* counts 24 records"):
        fetch("ucdp", server, tmp_path / "out.csv", time.pace())


def test_query_without_records_is_said_and_leaves_nothing(server, time, tmp_path):
    server.ucdp = []
    with pytest.raises(ProviderError, match=r"no record matches.*Country=652"):
        fetch("ucdp", server, tmp_path / "out.csv", time.pace())
    assert list(tmp_path.iterdir()) == []


# --- pace -----------------------------------------------------------------------------------------------------------


def test_requests_are_a_pause_apart(server, time, tmp_path):
    fetch("ucdp", server, tmp_path / "out.csv", time.pace(pause=2.5))
    assert time.slept == [2.5] * 4


def test_waits_double_with_jitter_and_are_bounded(server, time, tmp_path):
    server.faults = ["429", "500", "502", "503", "429"]
    fetch("ucdp", server, tmp_path / "out.csv", time.pace(pause=0.0, first_wait=2.0, longest_wait=10.0))
    waits = time.slept
    assert len(waits) == 5
    for wait, bound in zip(waits, [2.0, 4.0, 8.0, 10.0, 10.0], strict=True):
        assert bound / 2 <= wait <= bound
    assert len(set(waits)) == 5, "jitter"


@pytest.mark.parametrize(("fault", "least"), [("429 for 7 s", 7.0), ("429 until a date", 60.0)])
def test_retry_after_is_waited_for(fault, least, server, time, tmp_path):
    server.faults = [fault]
    fetch("ucdp", server, tmp_path / "out.csv", time.pace(pause=0.0, first_wait=1.0))
    assert least + 0.5 <= time.slept[0] <= least + 1.0  # and a drawn part of the first wait


def test_retry_after_that_is_over_leaves_the_usual_wait(server, time, tmp_path):
    time.now += timedelta(hours=1)
    server.faults = ["429 until a date", "429 for 0 s", "429"]
    fetch("ucdp", server, tmp_path / "out.csv", time.pace(pause=0.0, first_wait=2.0))
    for wait, bound in zip(time.slept, [2.0, 4.0, 8.0], strict=True):
        assert bound / 2 <= wait <= bound


def test_long_retry_after_is_said_and_not_waited_for(server, time, tmp_path):
    server.faults = [None, "429 until a date"]
    with pytest.raises(ProviderError, match=r"until 2021-01-01 00:01 UTC.*1 of 5 pages on disk"):
        fetch("ucdp", server, tmp_path / "out.csv", time.pace(pause=0.0, longest_wait=30.0))
    assert time.slept == []


def test_requests_of_a_day_are_bounded_over_runs(server, time, tmp_path, clean):
    out, pace = tmp_path / "out.csv", time.pace(daily_requests=3)
    for _ in range(2):
        with pytest.raises(ProviderError, match=r"3 requests were sent on 2021-01-01 \(UTC\).*3 of 5 pages on disk"):
            fetch("ucdp", server, out, pace)
    assert len(server.asked) == 3
    time.sleep(86_400)  # by the test's own clock
    fetch("ucdp", server, out, pace)
    assert out.read_bytes() == clean["ucdp"]


def test_requests_of_a_day_are_bounded_over_files(server, time, tmp_path, state):
    pace = time.pace(daily_requests=7)
    fetch("ucdp", server, tmp_path / "one.csv", pace)
    with pytest.raises(ProviderError, match=r"7 requests were sent on 2021-01-01 \(UTC\).*2 of 5 pages on disk"):
        fetch("ucdp", server, tmp_path / "other.csv", pace)
    assert len(server.asked) == 7
    counted = json.loads((state / "requests.json").read_text())
    assert counted == {"2021-01-01": {f"UCDP {server.url.removeprefix('http://')}": 7}}
    fetch("acled", server, tmp_path / "acled.csv", pace)


def test_status_400_is_passing_once_the_query_was_answered(server, time, tmp_path):
    server.faults = ["400"]
    with pytest.raises(ProviderError, match="page 0 was answered with status 400"):
        fetch("ucdp", server, tmp_path / "out.csv", time.pace())
    assert time.slept == [], "an unusable query is not repeated"
    server.faults = [None, "400"]
    assert fetch("ucdp", server, tmp_path / "out.csv", time.pace(pause=0.0)).rows == 23
    assert 31.0 <= time.slept[0] <= 32.0, "30 s for the limit of a minute, and 1 to 2 s drawn"


# --- credentials ----------------------------------------------------------------------------------------------------


def test_token_is_renewed_before_it_expires(server, time, tmp_path, clean):
    server.lifetime = 100  # seconds, of which 60 are kept in reserve
    fetch("acled", server, tmp_path / "out.csv", time.pace(pause=25.0))
    assert server.tokens > 1
    assert (tmp_path / "out.csv").read_bytes() == clean["acled"]


def test_refused_refresh_token_falls_back_on_the_password(server, time, tmp_path, clean):
    server.faults = [None, None, "expired", "expired"]  # the session, and then the refresh token
    fetch("acled", server, tmp_path / "out.csv", time.pace())
    assert [line for line in server.asked if line.startswith("POST")] == ["POST /oauth/token"] * 3
    assert (tmp_path / "out.csv").read_bytes() == clean["acled"]


def test_token_of_a_refresh_that_is_not_accepted_falls_back_on_the_password(server, time, tmp_path):
    server.faults = [None, None, "expired", None, "expired"]
    fetch("acled", server, tmp_path / "out.csv", time.pace())
    assert server.grants == ["password", "refresh_token", "password"]


def test_wire_log_is_as_before_when_the_download_is_over(server, time, tmp_path):
    fetch("ucdp", server, tmp_path / "out.csv", time.pace())
    assert all(not logging.getLogger(f"httpcore.{part}").filters for part in ("connection", "http11", "proxy"))


def test_end_of_one_download_does_not_open_the_wire_log_of_another(server, time, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)

    def meanwhile(what: str) -> None:
        if "1 of 5" in what:
            fetch("ucdp", server, tmp_path / "other.csv", Time().pace())

    fetch("ucdp", server, tmp_path / "out.csv", time.pace(), progress=meanwhile)
    assert "HTTP Request" in caplog.text
    assert_no_secret(caplog.text)


@pytest.mark.parametrize(
    ("provider", "variable", "message"),
    [
        pytest.param("ucdp", "CONFLICTTS_UCDP_TOKEN", r"refuses the credentials \(401\)", id="token"),
        pytest.param("acled", "CONFLICTTS_ACLED_PASSWORD", r"log-in was refused \(400\)", id="password"),
    ],
)
def test_wrong_credentials_are_said_and_not_shown(provider, variable, message, server, time, tmp_path, monkeypatch):
    monkeypatch.setenv(variable, "wrong-Zebra")
    with pytest.raises(ProviderError, match=message) as caught:
        fetch(provider, server, tmp_path / "out.csv", time.pace())
    assert len(server.asked) == 1, "asking again could lock the account"
    assert_no_secret(told_by(caught.value), *written_in(tmp_path))


@pytest.mark.parametrize("variable", ENVIRONMENT)
def test_missing_credential_is_named_with_both_places(variable, server, time, tmp_path, monkeypatch):
    monkeypatch.setenv(variable, "  ")
    with pytest.raises(ProviderError, match=rf"There is no {variable}.*keyring set conflictts {variable}"):
        fetch("ucdp" if "UCDP" in variable else "acled", server, tmp_path / "out.csv", time.pace())
    assert server.asked == []
    assert list(tmp_path.iterdir()) == []


def test_credential_may_come_from_the_keyring(server, time, tmp_path, monkeypatch):
    monkeypatch.delenv("CONFLICTTS_UCDP_TOKEN")
    kept = {("conflictts", "CONFLICTTS_UCDP_TOKEN"): provider_server.UCDP_TOKEN}
    monkeypatch.setattr("keyring.get_password", lambda *name: kept.get(name))
    assert fetch("ucdp", server, tmp_path / "out.csv", time.pace()).rows == 23


def test_keyring_that_cannot_be_opened_is_as_good_as_none(server, time, tmp_path, monkeypatch):
    from keyring.errors import NoKeyringError

    def locked(*_: str) -> str:
        raise NoKeyringError(provider_server.UCDP_TOKEN)

    monkeypatch.delenv("CONFLICTTS_UCDP_TOKEN")
    monkeypatch.setattr("keyring.get_password", locked)
    with pytest.raises(ProviderError, match="There is no CONFLICTTS_UCDP_TOKEN") as caught:
        fetch("ucdp", server, tmp_path / "out.csv", time.pace())
    assert_no_secret(repr(caught.value), str(caught.value))


@pytest.mark.parametrize(
    ("token", "message"), [("Zebra\nZebra", "unprintable characters"), ("Zébra", "letters beyond ASCII")]
)
def test_token_that_no_header_carries_is_refused_unshown(token, message, server, time, tmp_path, monkeypatch):
    monkeypatch.setenv("CONFLICTTS_UCDP_TOKEN", token)
    with pytest.raises(ProviderError, match=message) as caught:
        fetch("ucdp", server, tmp_path / "out.csv", time.pace())
    assert "bra" not in told_by(caught.value).replace("library", "")


def test_secret_shows_itself_to_nobody():
    secret = Secret("open sesame")
    assert "sesame" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "open sesame"
    with pytest.raises(TypeError, match="not written to disk"):
        pickle.dumps(secret)


# --- arguments ------------------------------------------------------------------------------------------------------

UNUSABLE = [
    pytest.param("ucdp", {"version": "latest"}, "version 'latest' is no release", id="version"),
    pytest.param("ucdp", {"version": 25.1}, r"version 25\.1 is no release", id="a number"),
    pytest.param("ucdp", {"base_url": "https://[::1"}, "`base_url` is no address", id="no address"),
    pytest.param("ucdp", {"version": "25.1/../x"}, "no release of UCDP", id="path in the version"),
    pytest.param("ucdp", {"country": "Syria"}, "country 'Syria' is no Gleditsch-Ward number.*652", id="name for UCDP"),
    pytest.param("ucdp", {"start": "2019-13-01"}, "`start` is '2019-13-01', which is no day", id="no such month"),
    pytest.param("ucdp", {"start": "2019-06-01"}, "2019-06-01 is after `end` 2019-05-31", id="order"),
    pytest.param("ucdp", {"page_size": 1001}, "page_size is 1001; .* 1 to 1,000", id="UCDP's page"),
    pytest.param("acled", {"page_size": 5001}, "page_size is 5001; .* 1 to 5,000", id="ACLED's page"),
    pytest.param("acled", {"country": "Syria&limit=0"}, "'Syria&limit=0' is no name", id="more than a name"),
    pytest.param("acled", {"country": []}, "No country was named", id="no country"),
    pytest.param("acled", {"start": None}, "both `start` and `end`", id="no start"),
    pytest.param("acled", {"base_url": "http://acleddata.com"}, "not sent in the clear", id="no TLS"),
    pytest.param("acled", {"base_url": "https://u:Zebra@example.org"}, "holds a user name", id="user in address"),
    pytest.param("acled", {"base_url": "u:Zebra@example.org"}, "holds a user name", id="user in half an address"),
]


@pytest.mark.parametrize(("provider", "options", "message"), UNUSABLE)
def test_unusable_argument_is_an_error_before_anything_is_sent(provider, options, message, server, time, tmp_path):
    with pytest.raises(InputError, match=message) as caught:
        fetch(provider, server, tmp_path / "out.csv", time.pace(), **options)
    assert server.asked == []
    assert "Zebra" not in str(caught.value)


def test_folder_that_is_not_there_is_an_error(server, time, tmp_path):
    with pytest.raises(InputError, match="its folder does not exist"):
        fetch("ucdp", server, tmp_path / "no" / "out.csv", time.pace())
    with pytest.raises(InputError, match="is a folder"):
        fetch("ucdp", server, tmp_path, time.pace())


def test_several_countries_are_one_query(server, time, tmp_path):
    fetch("ucdp", server, tmp_path / "u.csv", time.pace(), country=[652, 645])
    fetch("acled", server, tmp_path / "a.csv", time.pace(), country=["Syria", "Iraq"])
    assert "Country=652%2C645" in server.asked[0]
    assert "country=Syria%3AOR%3Acountry%3DIraq" in server.asked[-1]


@pytest.mark.parametrize("module", ["httpx", "tenacity"])
def test_absent_extra_is_named_with_its_command(module, server, time, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ProviderError, match=rf"need {module}.*pip install '\.\[remote\]'"):
        fetch("ucdp", server, tmp_path / "out.csv", time.pace())


def test_provider_error_is_of_the_library():
    assert issubclass(ProviderError, ConflictTSError)

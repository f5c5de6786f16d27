"""Mutated and hostile files: each ends in an account that adds up, or in one error that names it and says what to do.

The long run is benchmarks/fuzz_readers.py; its figures stand in benchmarks/README.md.
"""

from __future__ import annotations

import gzip
import importlib.util
import io
import re
import subprocess
import sys
import zipfile
from encodings.aliases import aliases
from pathlib import Path

import numpy as np
import pytest

import conflictts as ct
from conflictts.errors import ConflictTSError, CoverageError, InputError
from conflictts.incidents.encoding import decoded
from conflictts.incidents.files import read_raw_records

_spec = importlib.util.spec_from_file_location(
    "fuzz_readers", Path(__file__).parents[2] / "benchmarks" / "fuzz_readers.py"
)
fuzz = importlib.util.module_from_spec(_spec)
sys.modules["fuzz_readers"] = fuzz  # dataclasses look their module up
_spec.loader.exec_module(fuzz)

ADDRESS_SPACE = 3 << 30  # bytes a process that reads a bomb may map; idle with its libraries loaded it maps about 1.5
MOST_SECONDS = 60  # for one bomb; each takes a few on an idle machine
READ = """
import resource, sys
import conflictts, pandas, pyarrow.csv, pyarrow.parquet, openpyxl
resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))
try:
    print("READ", conflictts.read_incidents(sys.argv[1]).ledger.read)
except conflictts.errors.ConflictTSError as error:
    print("REFUSED", error)
"""
HEAD = "Day,Killed\n"
MAP = '[columns]\ndate_start = "Day"\ncivilians_best = "Killed"\n'


@pytest.mark.parametrize("block", range(3))
def test_mutated_files_end_in_an_account_or_an_error(block):
    before = fuzz.peak()
    ends, wrong, _ = fuzz.run(100, 20261122, first=100 * block)
    assert wrong == []
    assert ends["InputError"] > 10  # the mutations bite,
    assert ends["all used"] + ends["some set aside"] > 10  # and not all of them kill
    assert fuzz.peak() - before < fuzz.MOST_GROWTH


@pytest.mark.parametrize("container", fuzz.CONTAINERS)
@pytest.mark.parametrize("kind", fuzz.FORMATS)
def test_sound_file_of_every_kind_is_used_whole(tmp_path, kind, container):
    rng = np.random.default_rng(1)
    rows = fuzz.good_table(kind, rng, 25)
    draft = fuzz.Draft(kind, container, list(fuzz.HEADERS[kind]), rows)
    write = {"xlsx": fuzz._workbook, "parquet": lambda d: fuzz._parquet(d, _Never())}.get(container)
    if write is not None:
        content = write(draft)
    elif container == "jsonl":
        content = fuzz._json_lines(draft, _Never())
    else:
        content = fuzz._csv(draft)
        content = gzip.compress(content) if container == "csv.gz" else content
        content = fuzz._zipped(content, draft, _Never()) if container == "zip" else content
    path = tmp_path / f"sound.{container}"
    path.write_bytes(content)
    if kind == "delimited":
        (tmp_path / "sound.toml").write_text(fuzz.MAP, encoding="utf-8")
    ledger = ct.read_incidents(path).ledger
    assert (ledger.read, ledger.used) == (25, 25)


class _Never:
    """Draws that choose no mutation."""

    def random(self):
        return 0.9

    def integers(self, *_args, **_kwargs):
        return 0


def _packed(content: bytes, name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def _workbook(rows: str) -> bytes:
    draft = fuzz.Draft("delimited", "xlsx", ["Day"], [])
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(fuzz._workbook(draft))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for member in old.namelist():
            content = old.read(member)
            if member.endswith("sheet1.xml"):
                content = content.replace(b"</sheetData>", rows.encode() + b"</sheetData>")
            new.writestr(member, content)
    return out.getvalue()


def _parquet(rows: int) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet

    out = io.BytesIO()
    nulls = pa.nulls(rows, pa.int8())
    pa.parquet.write_table(pa.table({f"c{i}": nulls for i in range(20)}), out)
    return out.getvalue()


BOMBS = [
    pytest.param("csv.gz", lambda: gzip.compress(bytes(200 << 20), 9), "unpacks to more than", id="gzip bomb"),
    pytest.param("zip", lambda: _packed(bytes(200 << 20), "table.csv"), "unpacks to more than", id="zip bomb"),
    pytest.param(
        "zip", lambda: _packed(_packed(bytes(50 << 20), "a.csv"), "a.zip"), "archive inside an archive", id="nested zip"
    ),
    pytest.param(
        "xlsx", lambda: _workbook('<row r="999999999"><c><v>1</v></c></row>'), "claims more than", id="row number"
    ),
    pytest.param(
        "xlsx",
        lambda: _workbook('<row><c r="XFD1"><v>1</v></c></row>' * 20_000),
        "spreads [0-9,]+ values",
        id="wide rows",
    ),
    pytest.param(
        "jsonl", lambda: "".join(f'{{"k{i}": 1}}\n' for i in range(30_000)).encode(), "spreads", id="a key a line"
    ),
    pytest.param("parquet", lambda: _parquet(20_000_000), "spreads", id="parquet of nothing"),
    pytest.param("csv", lambda: b"a,b" + b",c" * 400_000 + b"\n1,2\n", "columns, more than any", id="wide header"),
]


@pytest.mark.parametrize(("ending", "make", "message"), BOMBS)
def test_bomb_is_refused_in_bounded_memory_and_time(tmp_path, ending, make, message):
    path = tmp_path / f"bomb.{ending}"
    path.write_bytes(make())
    (tmp_path / "bomb.toml").write_text(MAP, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", READ.format(limit=ADDRESS_SPACE), str(path)],
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("REFUSED bomb.")
    assert re.search(message, done.stdout), done.stdout


# One line for each fault that fuzzing found; each ended in an exception of another kind, or in silence.
SET_ASIDE = [
    pytest.param('{"Day": "2019-08-31", "Killed": "\\ud800"}', "half a character", id="lone surrogate"),
    pytest.param('{"Day": "2019-08-31", "\\udfff": 1}', "half a character", id="lone surrogate in a key"),
    pytest.param('{"Day": "2019-08-31", "Killed": 1, "Killed": 2}', "'Killed' stands twice", id="key twice"),
    pytest.param('{"Day": "2019-08-31", "Killed": 1, " Killed": 2}', "'Killed' stands twice", id="key and space"),
]


@pytest.mark.parametrize(("line", "reason"), SET_ASIDE)
def test_json_line_that_holds_no_record_is_set_aside(tmp_path, line, reason):
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"Day": "2019-08-30", "Killed": 3}}\n{line}\n', encoding="utf-8")
    raw = read_raw_records(path)
    assert len(raw.table) == 1
    assert raw.malformed.index.tolist() == [2]
    assert reason in raw.malformed["reason"].iloc[0]


WRONG_READING = [
    pytest.param('encoding = "base64"', "'base64', declared for a.csv, is no encoding", id="no text encoding"),
    pytest.param('encoding = "\\u0000"', "is no encoding known here", id="NUL"),
    pytest.param("encoding = 5", "a.toml: encoding is 5. Write it as text", id="encoding is a number"),
    pytest.param("sheet = 5", "a.toml: sheet is 5. Write it as text", id="sheet is a number"),
    pytest.param("reference_date = 5", "a.csv: reference_date is 5. Write it as YYYY-MM-DD", id="number for a day"),
    pytest.param('reference_date = ""', "a.csv: reference_date is ''", id="blank day"),
    pytest.param("reference_date = 2019-01-01T00:00:00Z", "a.csv: reference_date", id="time zone"),
    pytest.param('encoding = "utf-7"', "an impossible character near line", id="half a character"),
]


@pytest.mark.parametrize(("line", "message"), WRONG_READING)
def test_wrong_map_is_one_error_that_names_the_file(tmp_path, line, message):
    (tmp_path / "a.toml").write_text(f"{MAP}[reading]\n{line}\n", encoding="utf-8")
    (tmp_path / "a.csv").write_text(HEAD + "2019-08-31,3\n2019-09-01,+2AA-\n", encoding="utf-8")
    with pytest.raises(InputError, match=message):
        ct.read_incidents(tmp_path / "a.csv")


@pytest.mark.parametrize("days", [("", ""), (5, 6), ("2019-01-01", "2019-12-31T00:00Z"), 5])
def test_coverage_that_is_no_pair_of_days_is_refused(tmp_path, days):
    (tmp_path / "a.csv").write_text(HEAD + "2019-08-31,3\n", encoding="utf-8")
    with pytest.raises(CoverageError, match=r"a\.csv: coverage is .* Give its first and last day"):
        ct.read_delimited(tmp_path / "a.csv", columns={"date_start": "Day", "civilians_best": "Killed"}, coverage=days)


@pytest.mark.parametrize("stamp", ["9999-12-31", "-2019-01-01", "0001-01-01", "1e300", "2019-08-31T12:00:00+02:00"])
def test_absurd_timestamp_ends_no_reading(tmp_path, stamp):
    path = tmp_path / "acled.csv"
    path.write_text(
        "event_id_cnty,event_date,event_type,fatalities,timestamp\n"
        f"SYR1,2019-08-31,Battles,3,{stamp}\nSYR1,2019-08-31,Battles,4,1567245600\n",
        encoding="utf-8",
    )
    ledger = ct.read_incidents(path).ledger
    assert ledger.read == 2
    assert ledger.used + ledger.n_quarantined + ledger.excluded["records"].sum() == 2


def test_acled_time_of_day_counts_as_the_same_second(tmp_path):
    path = tmp_path / "acled.csv"
    path.write_text(
        "event_id_cnty,event_date,event_type,fatalities,timestamp\n"
        "SYR1,2019-08-31,Battles,3,2019-08-31T12:00:01+02:00\nSYR1,2019-08-31,Battles,4,1567245600\n",
        encoding="utf-8",
    )  # 1567245600 is 2019-08-31 10:00:00 UTC: the first row is a second newer
    incidents = ct.read_incidents(path)
    assert incidents.table["deaths_best"].tolist() == [3]
    assert incidents.ledger.excluded["records"].tolist() == [1]


def test_every_encoding_python_knows_is_read_or_refused():
    names = {*aliases.values(), "idna", "punycode", "undefined", "raw_unicode_escape", "palmos"}
    assert {codec: message for codec in names if (message := _refusal(codec)) and "a.csv" not in message} == {}
    assert [codec for codec in ("utf-8", "cp1252", "mac_roman") if _refusal(codec)] == []


def _refusal(codec: str) -> str:
    try:
        with decoded(io.BytesIO(b"Day,Killed\n2019-08-31,3\n"), "a.csv", declared=codec, suspect=False) as text:
            text.stream.read()
    except ConflictTSError as error:
        return str(error)
    return ""

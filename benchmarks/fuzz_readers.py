"""Mutated files against `read_incidents`: each must end in an account that adds up, or in one error of this package.

Run: .venv/bin/python benchmarks/fuzz_readers.py --files 10000 --seed 1

The figures stand in benchmarks/README.md. File k of a seed is the same in every run: `--first K --files 1` makes it
again. The suite runs the same over a few hundred files (tests/incidents/test_fuzz.py).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import re
import resource
import shutil
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

import conflictts as ct
from conflictts.errors import ConflictTSError

Rng = np.random.Generator
REMEDY = re.compile(
    r"\b(export|download|give|save|mend|check|rename|remove|unpack|cut|make|write|name|choose|say|declare|read it"
    r"|install|do not trust|did you mean|swap|look at it|try)\b",
    re.IGNORECASE,
)
MOST_GROWTH = 512 << 20  # bytes by which a file of at most 2 MB may raise the peak of resident memory, in all of a run
SLOW = 20.0  # seconds; a file of this size that takes longer hangs, for whoever waits
CONTAINERS = ("csv", "csv.gz", "zip", "xlsx", "parquet", "jsonl")
FORMATS = ("ucdp", "acled", "catalogue", "delimited")
LONG = 1_000_000

HEADERS = {
    kind: tuple(re.split(r"[,\s]+", names))
    for kind, names in {
        "ucdp": (
            "id,code_status,type_of_violence,side_a,side_b,number_of_sources,source_headline,where_prec,where_coordinates,"
            "adm_1,adm_2,latitude,longitude,country,event_clarity,date_prec,date_start,date_end,deaths_a,deaths_b,"
            "deaths_civilians,best,high,low"
        ),
        "acled": (
            "event_id_cnty,event_date,time_precision,event_type,actor1,actor2,civilian_targeting,country,admin1,admin2,"
            "location,latitude,longitude,geo_precision,source,notes,fatalities,timestamp"
        ),
        "catalogue": (
            "incident_id,date_start,date_end,date_precision,unit,admin1,place,lat,lon,event_type,perpetrator,"
            "civilians_killed_low,civilians_killed_best,civilians_killed_high,civilians_injured_best,publisher,source_url"
        ),
        "delimited": "Day,Until,Governorate,Town,Killed,Wounded,Who,Note",
    }.items()
}
MAP = """[columns]
date_start = "Day"
date_end = "Until"
admin1 = "Governorate"
place = "Town"
civilians_best = "Killed"
injured_best = "Wounded"
perpetrator = "Who"

[source]
provider = "Desk of The Example"
coverage = ["2019-01-01", "2019-12-31"]

[reading]
day_first = true
reference_date = "2020-01-01"
"""
EVIL = (
    *(
        "",
        " ",
        "\t",
        "\n",
        "\r",
        "\r\n",
        "\x00",
        "\x01\x02\x1b[31m",
        "\x1a",
        "\x7f\x85",
        "\ufeff",
        "\u2028",
        "\u202eexe",
    ),
    *('=HYPERLINK("http://example.org";"x")', "=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "'"),
    *('"', '""', 'a"b', '"unclosed', ",", ";", "a;b;c;d", "|", "\\", "\\N", "NULL", "NA", "nan", "None", "inf", "-inf"),
    *("1e308", "1e999", "-1e999", "9" * 400, "0x1F", "1,000", "1.5", "-1", "٣", "१२", "½", "²", "1e-320", "-0"),
    *("0000-00-00", "0001-01-01", "9999-12-31", "2019-02-30", "99999-01-01", "-2019-01-01", "2019-13-01", "1e5"),
    *("2019-08-31T25:61:61", "2019-08-31 00:00:00.000", "31/12/9999", "13/13/2019", "31 December 9999", "29 Feb 2100"),
    *("December 0000", "late", "last week", "yesterday", "fin août", "de 2 à 5 août 2019", "nearly a thousand", "of"),
    *("between 5 and", "part_of:", "part_of:C3", "part_of:part_of:C3", "one million billion", "a" * 5000, "{", "[]"),
    *("naïve é ü", "شارع", "𝕏💥", "e\u0301" * 50, "\ud7ff", "\ufffe", "\uffff", "../../etc/passwd", "<script>", "%s%n"),
)


@dataclass(slots=True)
class Draft:
    """A file in the making: its table, then its bytes, with what was done to it and how many records it must have."""

    kind: str
    container: str
    header: list[str]
    rows: list[list[str]]
    delimiter: str = ","
    newline: str = "\n"
    encoding: str = "utf-8"
    done: list[str] = field(default_factory=list)
    counted: bool = True  # whether an independent count of the records is still possible
    map: str = MAP


@dataclass(frozen=True, slots=True)
class Case:
    """One mutated file on disk, what was done to it, and its records by an independent count where there is one."""

    path: Path
    done: tuple[str, ...]
    records: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file: the kind of end, and what is wrong with it or blank."""

    end: str
    wrong: str = ""


def good_table(kind: str, rng: Rng, rows: int) -> list[list[str]]:
    """Rows of invented but sound records."""
    table = []
    for number in range(rows):
        day = f"2019-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"
        a, b, dead = (int(count) for count in rng.integers(0, 20, 3))
        town, note = "Maʿarrat an-Nuʿmān", 'Raid, "double tap"\nبيان: قتلى' if number % 7 == 0 else "Raid on a market"
        place = ["35.6", "36.7"]
        if kind == "ucdp":
            row = [str(1000 + number), "Clear", "1", "Government of Syria", "Insurgents", "2", note, "1", town, "Idlib"]
            row += ["", *place, "Syria", "1", "1", day, day, str(a), str(b), str(dead), *[str(a + b + dead)] * 3]
        elif kind == "acled":
            row = [f"SYR{number}", day, "1", "Explosions/Remote violence", "Military", "Civilians"]
            row += [
                "Civilian targeting",
                "Syria",
                "Idleb",
                "",
                town,
                *place,
                "1",
                "SHAM",
                note,
                str(dead),
                str(1_600_000_000 + number),
            ]
        elif kind == "catalogue":
            unit = f"part_of:C{number - 1}" if number % 6 == 5 else "incident"
            row = [f"C{number}", day, day, "day", unit, "Idlib", town, *place, "airstrike", "government"]
            row += [str(dead), str(dead), str(dead + 2), str(a), "Example", "https://example.org/1"]
        else:
            year, month, of_month = day.split("-")
            row = [f"{of_month}/{month}/{year}", "", "Idlib", town, str(dead), str(a), "government", note]
        table.append(row)
    return table


def make_case(folder: Path, seed: int, number: int) -> Case:
    """Make file `number` of a run; the same for the same seed."""
    rng = np.random.default_rng([seed, number])
    kind = FORMATS[number % len(FORMATS)]
    container = CONTAINERS[int(rng.choice(len(CONTAINERS), p=(0.4, 0.1, 0.12, 0.12, 0.12, 0.14)))]
    draft = Draft(kind, container, list(HEADERS[kind]), good_table(kind, rng, int(rng.integers(1, 30))))
    for _ in range(int(rng.integers(0, 3))):
        _pick(TABLE_CHANGES, rng)(draft, rng)
    content = _packed(draft, rng)
    if rng.random() < 0.3 or not draft.done:
        content = _broken(content, rng)
        draft.done.append("file bytes")
        if container in ("csv", "jsonl", "parquet"):
            draft.counted = False
    name = f"fuzz{number}.{draft.container if rng.random() < 0.93 else 'csv'}"
    path = folder / name
    path.write_bytes(content)
    if kind == "delimited":
        _write_map(folder / f"fuzz{number}.toml", draft, rng)
    records = len(draft.rows) if draft.counted else _counted(content, draft.container)
    return Case(path, (kind, draft.container, *draft.done), records)


def judge(case: Case) -> Outcome:
    """Read the file; say how that ended and what is wrong with the end."""
    begun = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            incidents = ct.read_incidents(case.path)
            ledger = incidents.ledger
            lines = ledger.summary()
            text = repr(incidents)
    except ConflictTSError as error:
        return _timed(begun, type(error).__name__, _wrong_message(str(error), case))
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return Outcome("other exception", _where(error))
    wrong = []
    outcome = ledger.used + ledger.n_quarantined + int(ledger.excluded["records"].sum())
    if outcome != ledger.read or len(incidents.table) != ledger.used or len(ledger.rejected) != ledger.n_quarantined:
        wrong.append(f"the ledger accounts for {outcome}, with {len(ledger.rejected)} rejected, of {ledger.read} read")
    if int(lines["rows"].sum()) != ledger.read:
        wrong.append(f"the ledger's lines add up to {lines['rows'].sum()} of {ledger.read} read")
    if case.records is not None and ledger.read != case.records:
        wrong.append(f"{ledger.read} records read where an independent count finds {case.records}")
    if not text:
        wrong.append("it has no repr")
    return _timed(begun, "all used" if ledger.used == ledger.read else "some set aside", "; ".join(wrong))


def _where(error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "conflictts/" in frame.filename]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__}: {str(error)[:200]} at {places}"


def _timed(begun: float, end: str, wrong: str) -> Outcome:
    seconds = time.perf_counter() - begun
    return Outcome(end, wrong or (f"took {seconds:.0f} s" if seconds > SLOW else ""))


def _wrong_message(message: str, case: Case) -> str:
    if case.path.name.split(".")[0] not in message:
        return f"the message names no file: {message[:600]}"
    if not REMEDY.search(message):
        return f"the message says nothing to do: {message[:600]}"
    return f"the message has {len(message)} characters: {message[:600]}" if len(message) > 2000 else ""


# --- changes of the table -----------------------------------------------------------------------------------------


def _evil_cells(draft: Draft, rng: Rng) -> None:
    for _ in range(int(rng.integers(1, 6))):
        row = draft.rows[rng.integers(len(draft.rows))] if draft.rows else draft.header
        if row:
            row[rng.integers(len(row))] = _pick(EVIL, rng)
    draft.done.append("evil cells")


def _evil_column(draft: Draft, rng: Rng) -> None:
    place = int(rng.integers(len(draft.header)))
    for row in draft.rows:
        if place < len(row):
            row[place] = _pick(EVIL, rng)
    draft.done.append("evil column")


def _long_cell(draft: Draft, rng: Rng) -> None:
    if rng.random() > 0.1 or not draft.rows:
        _evil_cells(draft, rng)
        return
    row = draft.rows[rng.integers(len(draft.rows))]
    if row:
        unit = _pick(("x", "9", "a b ", "é", "1 ", '"', "2 to ", "ten ", "=("), rng)
        row[rng.integers(len(row))] = (unit * LONG)[:LONG]
    draft.done.append("long cell")


def _swapped_cells(draft: Draft, rng: Rng) -> None:
    for row in draft.rows:
        if rng.random() < 0.3 and len(row) > 1:
            i, j = rng.integers(len(row), size=2)
            row[i], row[j] = row[j], row[i]
    draft.done.append("cells swapped")


def _header(draft: Draft, rng: Rng) -> None:
    place = int(rng.integers(len(draft.header)))
    what = int(rng.integers(5))
    if what == 0:
        draft.header[place] = _pick(EVIL, rng)
    elif what == 1:
        draft.header[place] = _pick(draft.header, rng)
    elif what == 2:
        draft.header[place] = f" {draft.header[place].upper()} "
    elif what == 3 and len(draft.header) > 1:
        for row in (draft.header, *draft.rows):
            del row[place : place + 1]
    else:
        for row in (draft.header, *draft.rows):
            row.extend(row[place : place + 1])
    draft.done.append("columns")


def _rows(draft: Draft, rng: Rng) -> None:
    what = int(rng.integers(6))
    place = int(rng.integers(len(draft.rows) + 1))
    if what == 0:
        del draft.rows[place:]
    elif what == 1:
        draft.rows += [list(row) for row in draft.rows[place:]]
    elif what == 2 and draft.rows:
        row = draft.rows[place - 1]
        del row[int(rng.integers(len(row) + 1)) :]
    elif what == 3:
        draft.rows.insert(place, list(draft.header))
    elif what == 4 and draft.rows:
        draft.rows[place - 1] = draft.rows[place - 1] * 3
    else:
        draft.rows.insert(place, [""] * len(draft.header))
    draft.done.append("rows")


def _dialect(draft: Draft, rng: Rng) -> None:
    draft.delimiter = _pick((",", ";", "\t", "|", ":", " "), rng)
    draft.newline = _pick(("\n", "\r\n", "\r", "\n\n"), rng)
    draft.done.append("dialect")


def _encoding(draft: Draft, rng: Rng) -> None:
    names = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "cp1256", "cp1251", "mac_roman")
    draft.encoding = _pick((*names, "utf-7", "latin-1", "cp037"), rng)
    draft.done.append("encoding")


TABLE_CHANGES: tuple[Callable[[Draft, Rng], None], ...] = (
    *(_evil_cells, _evil_cells, _evil_column, _long_cell, _swapped_cells),
    *(_header, _rows, _rows, _dialect, _encoding),
)


# --- the table as bytes -------------------------------------------------------------------------------------------


def _packed(draft: Draft, rng: Rng) -> bytes:
    if draft.container == "xlsx":
        return _workbook(draft)
    if draft.container == "parquet":
        return _parquet(draft, rng)
    inner = _json_lines(draft, rng) if draft.container == "jsonl" else _csv(draft)
    if rng.random() < 0.3:
        inner = _broken(inner, rng)
        draft.done.append("text bytes")
    draft.counted = False
    plain = _counted(inner, "jsonl" if draft.container == "jsonl" else "csv")
    if plain is not None:  # as the packed text has it, whatever the packing
        draft.counted = True
        draft.rows = [[]] * plain
    if draft.container == "csv.gz":
        return gzip.compress(inner, 1, mtime=0)
    if draft.container == "zip":
        return _zipped(inner, draft, rng)
    return inner


def _csv(draft: Draft) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=draft.delimiter, lineterminator=draft.newline)
    writer.writerow(draft.header)
    writer.writerows(draft.rows)
    return text.getvalue().encode(draft.encoding, "replace" if draft.encoding != "utf-8" else "surrogatepass")


def _json_lines(draft: Draft, rng: Rng) -> bytes:
    lines = []
    for row in draft.rows:
        pairs = [(key, _typed(cell, rng)) for key, cell in zip(draft.header, row, strict=False)]
        lines.append("{" + ", ".join(f"{json.dumps(key)}: {value}" for key, value in pairs) + "}")
    return (draft.newline.join(lines) + "\n").encode(draft.encoding, "replace")


def _typed(cell: str, rng: Rng) -> str:
    what = rng.random()
    if what < 0.005:
        odd = ("null", "NaN", "-Infinity", "1e999", "true", '{"a": [1, {}]}', '"\\ud800"', "9" * 5000, "[" * 3000)
        return str(_pick(odd, rng))
    plain = re.fullmatch(r"-?(0|[1-9]\d{0,300})", cell, re.ASCII)
    return cell if plain and what < 0.5 else json.dumps(cell, ensure_ascii=what < 0.7)


def _workbook(draft: Draft) -> bytes:
    """A minimal workbook, written by hand so that its cells may hold what no writer would write."""
    lines = []
    for number, row in enumerate([draft.header, *draft.rows], start=1):
        cells = "".join(_xlsx_cell(cell) for cell in row)
        lines.append(f'<row r="{number}">{cells}</row>')
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    spread = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{spread}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{spread}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData></worksheet>',
    }
    draft.rows = [row for row in draft.rows if any(cell.strip() for cell in row)]
    if not any(cell.strip() for cell in draft.header):
        draft.counted = False
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name), text.encode("utf-8", "replace"), zipfile.ZIP_DEFLATED, 1)
    return out.getvalue()


def _xlsx_cell(cell: str) -> str:
    if re.fullmatch(r"-?\d{1,9}(\.\d+)?", cell, re.ASCII) or cell in ("inf", "nan", "1e999", "1e308"):
        return f"<c><v>{cell}</v></c>"
    if cell.startswith("="):
        return f"<c><f>{escape(cell[1:])}</f><v>7</v></c>"
    plain = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", lambda found: f"_x{ord(found[0]):04X}_", cell)
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(plain)}</t></is></c>'


def _parquet(draft: Draft, rng: Rng) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet

    width = len(draft.header)
    columns = [[row[i] if i < len(row) else None for row in draft.rows] for i in range(width)]
    arrays = [pa.array(column, pa.string()) for column in columns]
    if width and draft.rows and rng.random() < 0.5:
        count = len(draft.rows)
        odd = (
            pa.array([2**62] * count, pa.int64()),
            pa.array([float("nan")] * count),
            pa.array([b"\xff\x00"] * count, pa.binary()),
            pa.array([2**31 - 1] * count, pa.date32()),
            pa.array([2**62] * count, pa.timestamp("us")),
            pa.array([-(2**62)] * count, pa.timestamp("us", tz="UTC")),
            pa.array([{"a": [1]}] * count),
            pa.array([None] * count, pa.null()),
            pa.array([True] * count),
            pa.array(["x"] * count).dictionary_encode(),
            pa.array([2**62 + 1] * count, pa.timestamp("ns")),
            pa.array([10**17] * count, pa.duration("ns")),
        )
        arrays[int(rng.integers(width))] = _pick(odd, rng)
        draft.done.append("odd type")
    out = io.BytesIO()
    pa.parquet.write_table(pa.Table.from_arrays(arrays, draft.header), out, compression=_pick(("none", "snappy"), rng))
    return out.getvalue()


def _zipped(inner: bytes, draft: Draft, rng: Rng) -> bytes:
    names = ["table.csv"]
    if rng.random() < 0.4:
        names = _pick(
            (
                ["../table.csv"],
                ["/etc/table.csv"],
                ["C:\\table.csv"],
                ["a\\..\\table.csv"],
                ["__MACOSX/._table.csv", "table.csv"],
                ["table.csv", "readme.txt"],
                ["table.csv", "codebook.pdf"],
                ["folder/", "folder/table.csv"],
                ["table.csv", "table.csv"],
                ["tab\u202evsc.exe"],
                ["x" * 3000 + ".csv"],
                ["\x01\n.csv"],
                [],
                ["table.zip"],
                ["table.csv.gz"],
                ["xl/x", "[Content_Types].xml"],
            ),
            rng,
        )
        draft.done.append("member names")
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as archive:
        warnings.simplefilter("ignore")  # zipfile's own, of a name given twice
        for name in names:
            content = inner if "table" in name or len(names) == 1 else b"nothing of note"
            if name == "table.zip":
                content = _zipped(inner, Draft("", "", [], []), np.random.default_rng(0))
            elif name.endswith(".gz"):
                content = gzip.compress(inner, 1, mtime=0)
            archive.writestr(zipfile.ZipInfo(name), b"" if name.endswith("/") else content, zipfile.ZIP_DEFLATED, 1)
    return out.getvalue()


def _broken(content: bytes, rng: Rng) -> bytes:
    """Bytes flipped, inserted, deleted, cut off or doubled."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 5))):
        if not data:
            break
        what = int(rng.integers(7))
        head = rng.random() < 0.3  # signatures and headers lie at the beginning
        place = int(rng.integers(min(len(data), 60) if head else len(data)))
        if what <= 1:
            data[place] ^= 1 << int(rng.integers(8))
        elif what == 2:
            data[place:place] = rng.bytes(int(rng.integers(1, 5)))
        elif what == 3:
            del data[place : place + int(rng.integers(1, 20))]
        elif what == 4:
            del data[place:]
        elif what == 5:
            odd = (b"\x00", b'"', b"\r", b"\n", b"\n\n", b"\xff", b",", b"\xe2\x80", b"\xed\xa0\x80")
            data[place:place] = _pick(odd, rng)
        else:
            data[place:place] = data[place : place + 200]
    return bytes(data)


def _write_map(path: Path, draft: Draft, rng: Rng) -> None:
    what = rng.random()
    content = draft.map.encode()
    if what < 0.06:
        content = _broken(content, rng)
        draft.done.append("map bytes")
    elif what < 0.16:
        lines = draft.map.splitlines()
        values = ('""', "5", "[]", "{}", "true", "1979-05-27T07:32:00Z", '"\\u0000"', '"base64"', '"utf-16"', "nan")
        value = _pick(values, rng)
        key = _pick(("date_start", "date_end", "place", "provider", "coverage", "day_first", "reference_date"), rng)
        lines = [f"{key} = {value}" if line.startswith(f"{key} ") else line for line in lines]
        if rng.random() < 0.4:
            lines.append(f"{_pick(('encoding', 'sheet', 'nonsense'), rng)} = {value}")
        content = "\n".join(lines).encode()
        draft.done.append("map values")
        draft.counted = False
    path.write_bytes(content)


def _counted(content: bytes, container: str) -> int | None:
    """Records by the standard library's own reading; None where that finds none, or the text is not sound UTF-8."""
    if container not in ("csv", "jsonl") or b"\x00" in content:
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    if container == "jsonl":
        if not text.lstrip().startswith("{"):
            return None
        lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
        return len(lines)
    if text.lstrip().startswith("{"):
        return None
    csv.field_size_limit(1 << 24)
    counts = set()
    for delimiter in (",", ";", "\t", "|"):  # a count that hangs on the delimiter is no independent one
        try:
            rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
            counts.add(sum(1 for row in rows if row))
        except csv.Error:
            return None
    return counts.pop() - 1 if len(counts) == 1 else None


def _pick(choices, rng: Rng):  # type: ignore[no-untyped-def]
    return choices[int(rng.integers(len(choices)))]


def peak() -> int:
    """Peak of this process's resident memory so far, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def run(files: int, seed: int, *, first: int = 0) -> tuple[Counter[str], list[tuple[Case, str]], float]:
    """Read mutated files first..first+files-1; the ends counted, whatever is wrong, and the slowest file's seconds."""
    ends: Counter[str] = Counter()
    wrong: list[tuple[Case, str]] = []
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(first, first + files):
            home = Path(folder) / "one"
            home.mkdir()
            case = make_case(home, seed, number)
            begun = time.perf_counter()
            outcome = judge(case)
            slowest = max(slowest, time.perf_counter() - begun)
            ends[outcome.end] += 1
            ends["(of these counted independently)"] += outcome.end in ("all used", "some set aside") and (
                case.records is not None
            )
            if outcome.wrong:
                wrong.append((case, f"number {number}: {outcome.wrong}"))
            shutil.rmtree(home)
    return ends, wrong, slowest


def main() -> int:
    """Run, print the ends by kind, and every wrong one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    arguments = parser.parse_args()
    run(20, arguments.seed + 1)  # so that what is loaded once is loaded
    before, begun = peak(), time.perf_counter()
    ends, wrong, slowest = run(arguments.files, arguments.seed, first=arguments.first)
    for case, what in wrong:
        print(f"WRONG {', '.join(case.done)}: {what}\n")
    for end, count in ends.most_common():
        print(f"{count:7,} {end}")
    print(f"{len(wrong):7,} wrong")
    print(f"{time.perf_counter() - begun:.0f} s; slowest file {slowest:.1f} s; peak grew {(peak() - before) >> 20} MiB")
    return int(bool(wrong) or peak() - before > MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(main())

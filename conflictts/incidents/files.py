"""A file on disk in, its rows as text out: nothing is interpreted here, and no row is dropped."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from conflictts.errors import InputError

MAX_BYTES = 4 << 30  # of one unpacked file; UCDP GED whole is 0.25 GB, ACLED whole about 2 GB
MAX_EXPANSION = 200  # unpacked / packed; conflict exports pack about 10:1, decompression bombs 1,000:1
_CHUNK = 1 << 22
_SIGNATURES = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a zip archive or an Excel workbook; unpack it, or export the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; export the sheet as CSV",
    b"PAR1": "a Parquet file; export it as CSV",
}


@dataclass(frozen=True, slots=True, eq=False)
class RawRecords:
    """The rows of one file as the text they are.

    Attributes
    ----------
    name : str
        File name without its folder.
    sha256 : str
        Of the file as it lies on disk.
    table : DataFrame of str, shape (n_rows, n_columns)
        Rows with as many fields as the header. The index is the row's number as a spreadsheet counts it (header = 1).
    malformed : DataFrame of str, columns ``reason`` and ``value``
        Rows that could not be split into the header's columns, same index.
    """

    name: str
    sha256: str
    table: pd.DataFrame
    malformed: pd.DataFrame


def read_raw_records(path: str | PathLike[str]) -> RawRecords:
    """Read a comma-separated text file (plain or gzip; UTF-8, or UTF-16 with its mark) without interpreting it.

    Raises
    ------
    InputError
        If the file is missing, empty, not text, damaged, or has no records.
    """
    path = Path(path)
    packed = _read_bytes(path)
    text = _decode(_unpack(packed, path), path)
    if not text.strip():
        raise InputError(f"{path.name} is empty: it holds no text. Export or download it again.")
    header, rows, malformed = _split(text, path)
    if not rows and not malformed:
        raise InputError(f"{path.name} has a header but no records below it. Export the file again.")
    index = pd.Index([number for number, _ in rows], name="row", dtype="int64")
    table = pd.DataFrame([fields for _, fields in rows], columns=header, index=index, dtype="str")
    bad = pd.DataFrame(
        {"reason": [reason for _, reason, _ in malformed], "value": [value for _, _, value in malformed]},
        index=pd.Index([number for number, _, _ in malformed], name="row", dtype="int64"),
        dtype="str",
    )
    return RawRecords(name=path.name, sha256=hashlib.sha256(packed).hexdigest(), table=table, malformed=bad)


def require_columns(raw: RawRecords, required: tuple[str, ...], *, kind: str) -> None:
    """Raise InputError unless the file has every required column of `kind` ("a UCDP GED export")."""
    missing = [column for column in required if column not in raw.table]
    if missing:
        raise InputError(
            f"{raw.name} is not {kind}: it lacks the columns {', '.join(missing)}. It has "
            f"{shorten(list(raw.table))}. Check that it is the file you meant, comma-separated, with its header row."
        )


def write_for_spreadsheet(table: pd.DataFrame, path: str | PathLike[str]) -> None:
    """Write text rows as UTF-8 CSV, with a leading quote before anything a spreadsheet would run as a formula."""
    formula = re.compile(r"^[=@\t\r]|^[+-](?![\d.]+$)")

    def as_text(cell: Any) -> Any:
        return f"'{cell}" if isinstance(cell, str) and formula.match(cell) else cell

    safe = table.map(as_text).rename(columns=as_text)
    safe.to_csv(path, index=False, encoding="utf-8", lineterminator="\n", quoting=csv.QUOTE_ALL)


def _read_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path.name} has {path.stat().st_size:,} bytes, more than {MAX_BYTES:,}. Cut it by year.")
        packed = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"There is no file {path}. Check the path.") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, not a file. Name the file inside it.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}). Check its permissions.") from None
    if not packed.strip():
        raise InputError(f"{path.name} is empty ({len(packed)} bytes). Export or download it again.")
    return packed


def _unpack(packed: bytes, path: Path) -> bytes:
    if not packed.startswith(b"\x1f\x8b"):
        return packed
    limit = min(MAX_BYTES, max(64 << 20, MAX_EXPANSION * len(packed)))
    parts: list[bytes] = []
    size = 0
    try:
        with gzip.open(io.BytesIO(packed)) as stream:
            while part := stream.read(_CHUNK):
                size += len(part)
                if size > limit:
                    raise InputError(
                        f"{path.name} unpacks to more than {limit >> 20} MiB from {len(packed) >> 10} KiB, which no "
                        "table of records does. Unpack it yourself and look at it before reading it."
                    )
                parts.append(part)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path.name} is a damaged gzip file ({error}). Download it again.") from None
    return b"".join(parts)


def _decode(content: bytes, path: Path) -> str:
    for signature, what in _SIGNATURES.items():
        if content.startswith(signature):
            raise InputError(f"{path.name} is not a text table but {what}. Give a CSV export.")
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path.name} is not {encoding.removesuffix('-sig')} text: byte 0x{content[error.start]:02x} "
            f"in line {line}. Save it as CSV UTF-8."
        ) from None
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise InputError(f"{path.name} is not a text table: it has a NUL byte in line {line}. Give a CSV export.")
    return text


def _split(text: str, path: Path) -> tuple[list[str], list[tuple[int, list[str]]], list[tuple[int, str, str]]]:
    csv.field_size_limit(1 << 30)  # the module's own default refuses long notes; MAX_BYTES is the bound that counts
    read_now: list[str] = []  # the physical lines of the record at hand, for rows that cannot be split

    def lines() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            read_now.append(line)
            yield line

    reader = csv.reader(lines(), strict=True)
    try:
        header = [name.strip() for name in next((fields for fields in reader if fields), [])]
    except csv.Error as error:
        raise InputError(f"{path.name} has a header that cannot be read ({error}). Check its first line.") from None
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise InputError(f"{path.name} has the column {twice[0]!r} more than once. Rename or remove one of them.")
    rows: list[tuple[int, list[str]]] = []
    malformed: list[tuple[int, str, str]] = []
    number = 1
    while True:
        first_line = reader.line_num + 1
        read_now.clear()
        number += 1
        try:
            fields = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                raise InputError(
                    f"{path.name} ends inside a quotation that opens in the record at line {first_line}. "
                    "The file is truncated or a quotation mark is missing there; mend that line or download it again."
                ) from None
            malformed.append((number, f"not readable as CSV: {error}", "".join(read_now).rstrip("\r\n")))
            continue
        if len(fields) == len(header):
            rows.append((number, fields))
        elif fields:  # an empty line is no record
            as_written = "".join(read_now).rstrip("\r\n")
            malformed.append((number, f"{len(fields)} fields where the header has {len(header)}", as_written))
    return header, rows, malformed


def shorten(names: list[str], most: int = 8) -> str:
    """Name the first few of a list for a message, and say how many more there are."""
    shown = ", ".join(name[:40] for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown

"""A file on disk in, its rows as text out: nothing is interpreted here, and no row is dropped."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import IO, Any

import pandas as pd

from conflictts.errors import InputError, require_kind, require_path
from conflictts.incidents.encoding import NotUtf8, Text, decoded, refuse_other
from conflictts.incidents.formulas import harmless, names_as_meant, table_as_meant
from conflictts.incidents.packing import Digested, digest, is_workbook, unpacked
from conflictts.incidents.sheets import PARQUET, Sheet, read_json_lines, read_parquet, read_workbook
from conflictts.incidents.splitting import (
    Form,
    Layout,
    Soundness,
    Split,
    find_layout,
    line_of,
    records,
    refuse_twice,
    scan,
    split_exactly,
    split_fast,
)

Path_ = str | PathLike[str]
Wanted = Callable[[tuple[str, ...]], Collection[str] | None]
"""Columns of a file to columns to keep, or None for all; a mapping tells the form their cells are hoped to have."""

AS_CSV: dict[str, Any] = {"index": False, "lineterminator": "\n", "quoting": csv.QUOTE_ALL}


@dataclass(frozen=True, slots=True, eq=False)
class RawRecords:
    """The rows of one file as the text they are.

    Attributes
    ----------
    name : str
        File name without its folder.
    sha256 : str
        Of the file as it lies on disk.
    table : DataFrame, shape (n_rows, n_columns)
        Rows with as many fields as the header, in the columns that were asked for. The index is the row's number as
        a spreadsheet counts it (header = 1). Columns are of str; where all are as hoped (see `splitting.Form`), they
        may also be float64 (NaN where blank) or datetime64[us].
    malformed : DataFrame of str, columns ``reason`` and ``value``
        Rows that could not be split into the header's columns, same index.
    header : tuple of str
        All columns of the file.
    path : Path
        Where it lay.
    encoding : str or None
        The encoding its reader declared.
    remarks : tuple of str
        What to tell the user about how it was read, such as a detected encoding.
    """

    name: str
    sha256: str
    table: pd.DataFrame
    malformed: pd.DataFrame
    header: tuple[str, ...]
    path: Path
    encoding: str | None = None
    remarks: tuple[str, ...] = ()

    @property
    def read(self) -> int:
        """Rows in the file, split or not."""
        return len(self.table) + len(self.malformed)

    def as_written(self, rows: Iterable[int]) -> pd.DataFrame:
        """Rows of `table` in all columns of the file; the file is read again if not all of them were kept.

        Raises
        ------
        InputError
            If the file was changed in the meantime.
        """
        wanted = set(rows)
        if tuple(self.table) == self.header and (self.table.dtypes == "str").all():
            return self.table.loc[self.table.index.isin(wanted)]
        found: list[list[str]] = []
        numbers: list[int] = []
        if wanted:
            if digest(self.path) != self.sha256:
                raise InputError(f"{self.name} was changed while it was read. Read it again.")
            suspect = any("as detected" in remark for remark in self.remarks)
            with (
                unpacked(self.path) as stream,
                decoded(stream, self.name, declared=self.encoding, suspect=suspect) as text,
            ):
                for number, fields, _ in records(text.stream, find_layout(text, self.name), self.name):
                    if number in wanted and not isinstance(fields, str):
                        numbers.append(number)
                        found.append(fields)
        index = pd.Index(numbers, dtype="int64", name="row")
        return table_as_meant(pd.DataFrame(found, index=index, columns=list(self.header), dtype="str"))


def read_raw_records(
    path: Path_, *, wanted: Wanted | None = None, encoding: str | None = None, sheet: str | None = None
) -> RawRecords:
    """Read a table without interpreting it: delimited text, a workbook, Parquet or JSON lines, plain or packed.

    Parameters
    ----------
    path : path-like
        Text delimited by commas, semicolons, tabs or bars, in UTF-8 or UTF-16, or in another encoding that is declared
        or can be told; an Excel workbook (.xlsx), a Parquet file, or JSON lines. Plain, gzip or zip.
    wanted : callable, optional
        Gets the columns of the file and says which to keep, or None for all of them. A mapping says also what their
        cells are hoped to be, in the words of `splitting.Form`.
    encoding : str, optional
        Where the file is neither UTF-8 nor UTF-16, and its encoding is known.
    sheet : str, optional
        The sheet of a workbook; default the first that is not hidden.

    Raises
    ------
    InputError
        If the file is missing, empty, not text, damaged, or has no records.
    """
    path = _as_path(path)
    with unpacked(path) as stream:
        start = stream.read(4)
        stream.seek(0)
        if start == PARQUET:
            return _from_sheet(read_parquet(stream, path.name), path, wanted)
        if is_workbook(stream):
            return _from_sheet(read_workbook(stream, path.name, sheet=sheet), path, wanted)
        for suspect in (False, True):
            try:
                with decoded(stream, path.name, declared=encoding, suspect=suspect) as text:
                    return _from_text(text, path, wanted, encoding)
            except NotUtf8:
                if encoding is not None:
                    refuse_other(stream, path.name)
                stream.seek(0)
    raise InputError(f"{path.name} cannot be decoded. Save it as CSV UTF-8.")


def paths_of(path_or_paths: Path_ | Iterable[Path_]) -> list[Path]:
    """One path or several as a list.

    Raises
    ------
    InputError
        If there is none, or one stands twice.
    """
    if isinstance(path_or_paths, pd.DataFrame | pd.Series):
        advice = "Write the frame to a file, frame.to_csv('records.csv'), and name that."
        require_kind(path_or_paths, (str, PathLike), "path", advice)
    if isinstance(path_or_paths, Mapping) or not isinstance(path_or_paths, Iterable):
        require_path(path_or_paths, "path")
    given = [path_or_paths] if isinstance(path_or_paths, str | PathLike) else list(path_or_paths)
    paths = [_as_path(path) for path in given]
    if not paths:
        raise InputError("No file was given. Name one or more.")
    twice = [path for i, path in enumerate(paths) if path in paths[:i]]
    if twice:
        raise InputError(f"{twice[0]} is given twice. Name each file once.")
    return paths


def map_beside(path: Path) -> Path | None:
    """The column map that lies beside a file, if there is one."""
    stem = path.name
    while (shorter := Path(stem).stem) != stem:
        stem = shorter
        if (beside := path.with_name(f"{stem}.toml")).is_file():
            return beside
    return None


def tell_apart(raws: Sequence[RawRecords]) -> list[RawRecords]:
    """Files of one name get as many of their folders' names before it as tell them apart in the ledger."""
    return [replace(raw, name=_name_among(raw, [each.path for each in raws if each.name == raw.name])) for raw in raws]


def _name_among(raw: RawRecords, alike: Sequence[Path]) -> str:
    for n_parts in range(1, len(raw.path.parts)):
        name = raw.path.parts[-n_parts:]
        if sum(path.parts[-n_parts:] == name for path in alike) == 1:
            return "/".join(name)
    return raw.path.as_posix()


def require_columns(raw: RawRecords, required: tuple[str, ...], *, kind: str) -> None:
    """Raise InputError unless the file has every required column of `kind` ("a UCDP GED export")."""
    missing = [column for column in required if column not in raw.header]
    if missing:
        raise InputError(
            f"{raw.name} is not {kind}: it lacks the columns {', '.join(missing)}. It has "
            f"{shorten(list(raw.header))}. Check that it is the file you meant, with its header row."
        )


def write_for_spreadsheet(table: pd.DataFrame, path: str | PathLike[str]) -> None:
    """Write a table as `as_csv` gives it, in UTF-8 with the mark Excel needs."""
    _harmless(table).to_csv(path, encoding="utf-8-sig", **AS_CSV)


def as_csv(table: pd.DataFrame) -> str:
    """A table as CSV of which a spreadsheet runs no cell; what makes cells harmless is undone in reading."""
    return str(_harmless(table).to_csv(**AS_CSV))


def _harmless(table: pd.DataFrame) -> pd.DataFrame:
    return table.map(harmless).rename(columns=harmless)


def shorten(names: list[str], most: int = 8) -> str:
    """Name the first few of a list for a message, and say how many more there are."""
    shown = ", ".join(name[:40] for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _as_path(path: Path_) -> Path:
    require_path(path, "path")
    return Path(path)


def _from_text(text: Text, path: Path, wanted: Wanted | None, encoding: str | None) -> RawRecords:
    if _is_json_lines(text):
        text.stream.seek(text.begins)
        lines = io.TextIOWrapper(text.stream, encoding="utf-8")
        try:
            return _from_sheet(read_json_lines(lines, path.name), path, wanted)
        except UnicodeDecodeError:
            raise NotUtf8 from None
        finally:
            lines.detach()
    layout = find_layout(text, path.name)
    layout = replace(layout, header=_names(layout.header, path))
    columns = _chosen(layout.header, wanted)
    table, sound, sha256 = _at_once(text.stream, layout, columns, path)
    if sound.nul is not None:
        line = line_of(text.stream, sound.nul)
        raise InputError(f"{path.name} is not a text table: it has a NUL byte in line {line}. Give a CSV export.")
    exact = wanted is None or table is None or not sound.plain
    split = split_exactly(text.stream, layout, list(columns), path.name) if exact else Split(table, [])
    return _raw(layout.header, split, path, text.remarks, sha256=sha256, encoding=encoding)


def _at_once(
    stream: IO[bytes], layout: Layout, columns: Mapping[str, Form], path: Path
) -> tuple[pd.DataFrame | None, Soundness, str]:
    """Split the text on the fast path while another thread proves that this may be done, and takes the digest."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        if not isinstance(getattr(stream, "name", None), str):  # unpacked or decoded: one stream for both
            sha256 = thread.submit(digest, path)
            stream.seek(0)
            sound = scan(stream, layout)
            return split_fast(stream, layout, columns) if columns else None, sound, sha256.result()
        proof: Future[tuple[Soundness, str]] = thread.submit(proved, path, layout)
        table = split_fast(path, layout, columns) if columns else None
        return table, *proof.result()


def proved(path: Path, layout: Layout) -> tuple[Soundness, str]:
    """Scan a file of plain text and take its digest in one reading."""
    with path.open("rb", buffering=0) as stream:
        taken = Digested(stream)
        sound = scan(taken, layout)
        return sound, taken.sha256.hexdigest()


def _is_json_lines(text: Text) -> bool:
    text.stream.seek(text.begins)
    start = text.stream.read(4096).lstrip()
    return start.startswith(b"{") and b":" in start


def _chosen(header: tuple[str, ...], wanted: Wanted | None) -> dict[str, Form]:
    chosen = wanted(header) if wanted is not None else None
    forms: Mapping[str, Form] = chosen if isinstance(chosen, Mapping) else {}
    kept = set(header if chosen is None else chosen)
    return {column: forms.get(column, "text") for column in header if column in kept}


def _names(header: tuple[str, ...], path: Path) -> tuple[str, ...]:
    names = names_as_meant(header)
    refuse_twice(names, path.name)
    return names


def _from_sheet(sheet: Sheet, path: Path, wanted: Wanted | None) -> RawRecords:
    header = _names(sheet.header, path)
    if wanted is not None:
        wanted(header)
    split = replace(sheet.split, table=sheet.split.table.set_axis(list(header), axis="columns"))
    return _raw(header, split, path, sheet.remarks, sha256=digest(path), encoding=None)


def _raw(
    header: tuple[str, ...], split: Split, path: Path, remarks: tuple[str, ...], *, sha256: str, encoding: str | None
) -> RawRecords:
    if not len(split.table) and not split.malformed:
        raise InputError(f"{path.name} has a header but no records below it. Export the file again.")
    malformed = pd.DataFrame(
        {"reason": [reason for _, reason, _ in split.malformed], "value": [value for _, _, value in split.malformed]},
        index=pd.Index([number for number, _, _ in split.malformed], name="row", dtype="int64"),
        dtype="str",
    )
    return RawRecords(path.name, sha256, table_as_meant(split.table), malformed, header, path, encoding, remarks)

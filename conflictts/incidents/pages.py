"""A provider's answers in, verified pages on disk out; kept until every page of the query is there."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from conflictts.errors import InputError

FORMAT = 2  # of the files in the state folder


class BadAnswer(Exception):
    """An answer that does not count, and why. It is asked for again, after `wait` seconds if the provider says so."""

    def __init__(self, reason: str, *, wait: float | None = None) -> None:
        """State the reason as what the answer is or does."""
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


class Doubtful(BadAnswer):
    """An answer that is sound in itself and contradicts what was met before. It is believed when it is repeated."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands around the rows of a page: the query's total, and the cursor of the next page if there is one."""

    total: int
    rows: list[Any]
    following: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """What is asked of a provider, and the rules that each page of its answer must meet.

    Attributes
    ----------
    name : str
        The provider, as messages name it.
    url : str
        Address of the endpoint, without the query.
    query : mapping of str to str
        Every parameter but the page's number. Holds no credential.
    first_page, page_size : int
        Number of the first page, and rows on every page but the last.
    identifier : str
        The column whose value is a record's own.
    required : tuple of str
        Columns without which a row is not a record of this provider.
    envelope : callable
        Takes the answer and the page's number; returns the Envelope, or raises BadAnswer.
    belongs : callable
        Tells whether a row answers the query.
    by_cursor : bool
        Whether a page is asked for by the cursor that the page before it named, instead of by its number.
    keeps : timedelta or None
        For how long verified pages may be completed by later ones; None where a release never changes.
    """

    name: str
    url: str
    query: Mapping[str, str]
    first_page: int
    page_size: int
    identifier: str
    required: tuple[str, ...]
    envelope: Callable[[dict[str, Any], int], Envelope]
    belongs: Callable[[dict[str, Any]], bool]
    by_cursor: bool = False
    keeps: timedelta | None = None

    def numbers(self, total: int) -> range:
        """Page numbers of a query with `total` records."""
        return range(self.first_page, self.first_page + -(-total // self.page_size))

    def rows_on(self, number: int, total: int) -> int:
        """Rows that page `number` must have."""
        before = (number - self.first_page) * self.page_size
        return max(0, min(self.page_size, total - before))


@dataclass(frozen=True, slots=True)
class Page:
    """One verified page: its number, the query's total, and its rows as text in the provider's columns.

    `following` is the cursor of the next page, where the service works by cursors.
    """

    number: int
    total: int
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    restrictions: Any
    following: str | None


def read_page(service: Service, content: bytes, number: int) -> Page:
    """Read one answer; raise BadAnswer unless it is page `number` of the query, whole and in order."""
    try:
        answer = json.loads(content.decode("utf-8"), parse_float=str, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise BadAnswer(f"is not whole JSON ({len(content):,} bytes)")
    envelope = service.envelope(answer, number)
    total, rows = envelope.total, envelope.rows
    if total == 0 and not rows:
        raise Doubtful(f"says that no record matches the query{_held_back(answer)}")
    # What a cursor leads to depends on the page that named it: repeated, the fault is in what is on disk.
    fault = Doubtful if service.by_cursor and number > service.first_page else BadAnswer
    expected = service.rows_on(number, total)
    if len(rows) != expected or not rows:
        raise fault(f"has {len(rows):,} rows where {expected:,} of {total:,} belong on this page")
    last = number == service.numbers(total)[-1]
    if service.by_cursor and last != (envelope.following is None):
        named = "names a page after the last" if last else f"names no page after it, and {total:,} records make more"
        raise fault(named)
    columns = _columns(rows, service)
    for row in rows:
        if not service.belongs(row):
            raise BadAnswer("holds a record that does not answer the query")
    texts = tuple(tuple(_as_text(row[column]) for column in columns) for row in rows)
    return Page(number, total, columns, texts, answer.get("data_query_restrictions") or None, envelope.following)


class PageStore:
    """The verified pages of one download, in a folder beside the file they will become.

    Every file is written under a temporary name and renamed, and carries the digest of its content, so that a process
    may end at any point. The folder knows the query and holds no credential.
    """

    def __init__(self, folder: Path, service: Service, *, now: datetime, tell: Callable[[str], None]) -> None:
        """Take up what is in the folder, which must be there, as far as it answers this query."""
        self.folder = folder
        self.service = service
        self.notes: list[str] = []
        self.requested = now
        self.resumed = 0
        self.restrictions: Any = None
        self.total: int | None = None
        self._columns: tuple[str, ...] = ()
        self._numbers: set[int] = set()
        self._seen: set[str] = set()
        self._cursors: dict[int, str | None] = {}
        self._tell = tell
        self._open(now)

    def __len__(self) -> int:
        return len(self._numbers)

    def next_missing(self) -> int | None:
        """Return the lowest page number not yet on disk; None when all are."""
        if self.total is None:
            return self.service.first_page
        return next((n for n in self.service.numbers(self.total) if n not in self._numbers), None)

    def address(self, number: int) -> dict[str, str]:
        """Return the parameters by which page `number` is asked for; of cursors, the pages before it must be here."""
        if not self.service.by_cursor:
            return {"page": str(number)}
        return {"cursor": (self._cursors.get(number - 1) or "") if number > self.service.first_page else "0"}

    def n_pages(self) -> int | None:
        """Pages of the whole query, None before the first is there."""
        return None if self.total is None else len(self.service.numbers(self.total))

    def check(self, page: Page) -> None:
        """Raise BadAnswer if the page repeats a record, Doubtful if it contradicts the pages on disk."""
        own = self._identifiers(page)
        if len(own) != len(page.rows):
            raise BadAnswer(f"repeats a record: {len(page.rows):,} rows hold {len(own):,} different ids")
        if self.total is None:
            return
        if page.total != self.total:
            raise Doubtful(f"counts {page.total:,} records in all where earlier pages counted {self.total:,}")
        if page.columns != self._columns:
            raise Doubtful(f"has {len(page.columns)} columns, other than the {len(self._columns)} of earlier pages")
        if common := len(own & self._seen):
            raise Doubtful(f"repeats {common:,} records of earlier pages")

    def add(self, page: Page) -> None:
        """Write a checked page to disk."""
        cells = [page.number, page.total, page.columns, page.rows, page.restrictions, page.following]
        content = json.dumps(cells).encode()
        digest = hashlib.sha256(content).hexdigest().encode()
        write_whole(self.folder / f"page-{page.number:06d}", self.folder, digest + b"\n" + content)
        self._remember(page)

    def start_anew(self, reason: str, now: datetime) -> None:
        """Drop the pages on disk, and say why."""
        for path in self.folder.glob("page-*"):
            path.unlink(missing_ok=True)
        self._forget_pages()
        self.resumed, self.requested = 0, now
        self.note(f"started anew: {reason}")

    def note(self, what: str) -> None:
        """Say something about the download, now and in its provenance."""
        self.notes.append(what)
        self._tell(what)
        self._write_state()

    def write_csv(self, out: Path) -> str:
        """Write all rows to `out`, in the order of their ids, so that the same records give the same bytes.

        Returns
        -------
        str
            SHA-256 of the file.
        """
        at = self._columns.index(self.service.identifier)
        write = csv.writer(_Echo(), lineterminator="\r\n").writerow  # with both letters, cells that hold one are quoted

        def line(cells: Sequence[str]) -> str:  # one text a record, not 49 cells
            return str(write(cells)).removesuffix("\r\n") + "\n"

        lines: list[tuple[Any, str]] = []
        for number in sorted(self._numbers):
            lines += ((_natural(row[at]), line(row)) for row in self._reload(number).rows)
        lines.sort(key=lambda keyed: keyed[0])
        half_written = self.folder / f"out.{os.getpid()}.tmp"
        with half_written.open("w", encoding="utf-8", newline="") as stream:
            stream.write(line(self._columns))
            stream.writelines(text for _, text in lines)
            stream.flush()
            os.fsync(stream.fileno())
        with half_written.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        os.replace(half_written, out)
        return digest

    def remove(self) -> None:
        """Remove what is in the folder, the query first: what a kill leaves is then nobody's."""
        (self.folder / "state.json").unlink(missing_ok=True)
        for path in [*self.folder.glob("page-*"), *self.folder.glob("*.tmp")]:
            path.unlink(missing_ok=True)

    def _open(self, now: datetime) -> None:
        for path in self.folder.glob("*.tmp"):
            path.unlink(missing_ok=True)
        state = self._read_state()
        kept = sorted(self.folder.glob("page-*"))
        if not kept:
            self._write_state()
        elif state is None:
            self.start_anew("the pages on disk had lost the record of their query", now)
        elif state["asked"] != self._asked():
            self.start_anew("the query is another than that of the pages on disk", now)
        elif self.service.keeps is not None and now - state["requested"] > self.service.keeps:
            reason = f"the pages on disk are of {state['requested']:%Y-%m-%d}, and records are revised since"
            self.start_anew(reason, now)
        else:
            self.requested, self.notes = state["requested"], state["notes"]
            self._resume(kept)
            if self.total is None:  # not one of them was sound
                self.requested = now
                self._write_state()

    def _resume(self, kept: list[Path]) -> None:
        for path in kept:
            try:
                page = self._load(path)
                self.check(page)
                self._remember(page)
            except (BadAnswer, OSError):
                path.unlink(missing_ok=True)
                self.note(f"{path.name} was damaged on disk, and is fetched again")
        self.resumed = len(self)
        if self.resumed:
            self._tell(f"taken up again with {self.resumed} of {self.n_pages()} pages on disk")

    def _reload(self, number: int) -> Page:
        path = self._path(number)
        try:
            return self._load(path)
        except BadAnswer as error:
            reason = error.reason
        raise InputError(f"{path} {reason} on disk since it was verified. Check the disk, and run the same again.")

    def _load(self, path: Path) -> Page:
        digest, _, content = path.read_bytes().partition(b"\n")
        if hashlib.sha256(content).hexdigest().encode() != digest:
            raise BadAnswer("is damaged")
        number, total, columns, rows, restrictions, following = json.loads(content)
        if self._path(number) != path:
            raise BadAnswer("has another page's name")
        return Page(number, total, tuple(columns), tuple(map(tuple, rows)), restrictions, following)

    def _path(self, number: int) -> Path:
        return self.folder / f"page-{number:06d}"

    def _identifiers(self, page: Page) -> set[str]:
        at = page.columns.index(self.service.identifier)
        return {row[at] for row in page.rows}

    def _remember(self, page: Page) -> None:
        self.total, self._columns = page.total, page.columns
        self._numbers.add(page.number)
        self._seen |= self._identifiers(page)
        self._cursors[page.number] = page.following
        self.restrictions = page.restrictions or self.restrictions

    def _forget_pages(self) -> None:
        self.total, self._columns = None, ()
        self._numbers, self._seen, self._cursors = set(), set(), {}

    def _asked(self) -> dict[str, Any]:
        return {"format": FORMAT, "url": self.service.url, "query": dict(self.service.query)}

    def _write_state(self) -> None:
        state = {"asked": self._asked(), "requested": self.requested.isoformat(), "notes": self.notes}
        write_whole(self.folder / "state.json", self.folder, json.dumps(state, indent=1).encode())

    def _read_state(self) -> dict[str, Any] | None:
        try:
            state = json.loads((self.folder / "state.json").read_bytes())
            return {
                "asked": dict(state["asked"]),
                "requested": datetime.fromisoformat(state["requested"]),
                "notes": [str(note) for note in state["notes"]],
            }
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return None


def write_whole(path: Path, folder: Path, content: bytes) -> None:
    """Write a file under a temporary name in `folder` and rename it: it is there whole or not at all."""
    half_written = folder / f"{path.name}.{os.getpid()}.tmp"
    half_written.write_bytes(content)
    os.replace(half_written, path)


def _held_back(answer: dict[str, Any]) -> str:
    restrictions = answer.get("data_query_restrictions")
    words = in_words(restrictions).encode("utf-8", "replace").decode()  # a lone surrogate cannot be shown
    return f", and that it holds records back from this account ({words})" if restrictions else ""


def in_words(restrictions: Any) -> str:
    """Say what an account may not read: ACLED's ``date_recency`` in words, anything else as it came, shortened."""
    recency = restrictions.get("date_recency") if isinstance(restrictions, dict) else None
    if isinstance(recency, dict) and {"quantity", "unit"} <= recency.keys():
        words = f"those of the last {recency['quantity']} {str(recency['unit']).lower()}"
        day = recency.get("date")
        return f"{words}, after {day}"[:200] if day else words[:200]
    return json.dumps(restrictions, ensure_ascii=False)[:200]


def _columns(rows: list[Any], service: Service) -> tuple[str, ...]:
    if not all(isinstance(row, dict) for row in rows):
        raise BadAnswer("has rows that are no records")
    columns = tuple(rows[0])
    missing = [column for column in service.required if column not in columns]
    if missing:
        raise BadAnswer(f"lacks the column {missing[0]}")
    if any(row.keys() != rows[0].keys() for row in rows):
        raise BadAnswer("has rows with different columns")
    return columns


def _as_text(value: Any) -> str:
    """Write a cell as the provider's own files do: null is empty, true is 1."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (str, int)):
        # a lone surrogate has no bytes, and no table of text a NUL
        return str(value).replace("\0", "?").encode("utf-8", "replace").decode("utf-8")
    raise BadAnswer("has a cell that is neither text nor number")


def _natural(identifier: str) -> tuple[list[tuple[str, int, str]], str]:
    """SYR9 before SYR10: letters by letter, numbers by value."""
    parts = re.split(r"0*([0-9]+)", identifier)
    pairs = zip(parts[::2], [*parts[1::2], ""], strict=True)
    return [(letters, len(digits), digits) for letters, digits in pairs], identifier


class _Echo:
    """A file that keeps nothing: what is written to it is handed back, so that a csv.writer makes lines."""

    def write(self, text: str) -> str:
        return text


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")

"""A configuration file in TOML in, a report out."""

from __future__ import annotations

import datetime
import difflib
import os
import re
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conflictts import cases
from conflictts.errors import CoverageError, InputError
from conflictts.incidents.acled import read_acled
from conflictts.incidents.day import read_day
from conflictts.incidents.inputs import Input
from conflictts.incidents.recognise import read_incidents
from conflictts.incidents.table import Incidents, Where
from conflictts.report.findings import areas_without_records
from conflictts.report.write import write_report
from conflictts.series.claims import input_of_claims, read_claims
from conflictts.truce.period import Truce

CASES = ("idlib_2019",)
OUT = "conflictts-report"
KEYS: dict[str, dict[str, str]] = {  # table -> key -> what its value must be
    "records": {
        "files": "texts", "case": "text", "deletions": "text", "claims": "text", "column_map_sha256": "text",
    },
    "input": {"holds": "text", "file": "text", "rows": "number", "sha256": "text"},
    "report": {
        "out": "text", "measure": "text", "coverage": "span", "gaps": "spans", "where": "where", "allocation": "text",
        "lag": "number", "retrieved_on": "day", "baseline": "span", "draws": "number", "seed": "number",
        "formats": "texts", "language": "text", "anonymise": "number",
    },
    "area": {"name": "text", "where": "where"},
    "truce": {
        "effective": "day", "announced": "day", "ended": "day", "name": "text", "brokers": "text", "note": "text",
        "window": "span", "compared": "yes or no",
    },
}  # fmt: skip
MANY = ("input", "area", "truce")  # tables that stand once for each
NEEDED = {"input": ("holds", "file", "sha256"), "area": ("name",), "truce": ("effective",)}
WANTED = {
    "text": 'text, such as "civilians"',
    "texts": 'a list of text, such as ["records.csv"]',
    "number": "a whole number",
    "yes or no": "true or false",
    "day": "a day without an hour, such as 2019-08-31",
    "span": "a first and a last day, such as [2019-01-01, 2019-11-30]",
    "spans": "a list of first and last days, such as [[2019-06-01, 2019-06-10]]",
    "where": 'columns and their values, such as { admin1 = "Idlib" } or { admin1 = ["Idlib", "Hama"] }',
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a configuration file asks for.

    Attributes
    ----------
    path : Path
        The file; relative paths in it start from its folder.
    records : dict
        Where the records come from, by the keys of the table [records].
    inputs : tuple of dict
        Every file that must be read, byte for byte; none where any will do.
    choices : dict
        Of the table [report].
    areas : dict of name to conditions
    truces, other_truces : tuple of Truce
        To compare, and to show.
    windows : dict of truce name to (first, last)
    """

    path: Path
    records: Mapping[str, Any]
    inputs: tuple[Mapping[str, Any], ...]
    choices: Mapping[str, Any]
    areas: Mapping[str, Where]
    truces: tuple[Truce, ...]
    other_truces: tuple[Truce, ...]
    windows: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def read(self) -> Incidents:
        """The records.

        Raises
        ------
        ConflictTSError
            As the readers; also if what is read, or its column map, is not that whose SHA-256 is given.
        """
        if "case" in self.records:
            case = cases.load_idlib_2019()
            self._check_inputs(case.provenance.inputs)
            return case
        paths = [self._read(each) for each in self.records["files"]]
        deletions = self.records.get("deletions")
        found = read_incidents(paths) if deletions is None else read_acled(paths, deletions=self._read(deletions))
        self._check_inputs(found.provenance.inputs)
        told = self.records.get("column_map_sha256")
        if told is not None and told != found.provenance.column_map_sha256:
            read = found.provenance.column_map
            raise InputError(
                f"{self.path}: the columns of {', '.join(found.provenance.files)} are not read as they were: the "
                f"column map has SHA-256 {found.provenance.column_map_sha256 or '(there is none)'}, not {told}. Put "
                f"the map beside the file that stands in {self.path.name} as a comment, or take `column_map_sha256` "
                "out." + (f" Now it is: {'; '.join(read.splitlines())}." if read else "")
            )
        return found

    def without_records(self, incidents: Incidents) -> dict[str, str]:
        """Which of several areas are left out, as there is no record of them, and why; errors as `make`."""
        return areas_without_records(incidents, self.areas or {"": {}}, self.choices.get("where", {}))

    def make(
        self,
        incidents: Incidents,
        *,
        out: str | None = None,
        processes: int = 1,
        progress: Callable[[str], None] | None = None,
    ) -> Path:
        """Write the report; parameters and errors as `write_report`."""
        choices = dict(self.choices)
        folder = choices.pop("out", OUT)
        claims, events, others = None, None, self.other_truces
        if isinstance(incidents, cases.Case):
            named = {truce.effective for truce in (*self.truces, *others)}
            claims, events = incidents.claims, incidents.events
            others += tuple(each for each in incidents.truces.values() if each.effective not in named)
        if "claims" in self.records:
            claims = read_claims(self._read(self.records["claims"]))
            self._check_inputs([input_of_claims(claims)])
        return write_report(
            incidents, self.truces, self._beside(folder) if out is None else out, areas=self.areas or None,
            window=self.windows, other_truces=others, claims=claims, events=events, processes=processes,
            progress=progress, **choices,
        )  # fmt: skip

    def _check_inputs(self, read: Sequence[Input]) -> None:
        """Refuse what was read if it is not what stands in [[input]], byte for byte; claims are read by themselves."""
        claims = "claims" in self.records
        alone = {each.holds for each in read} == {"claims"}
        given = [each for each in self.inputs if not claims or (each["holds"] == "claims") == alone]
        if not given:
            return
        wanted = {each["sha256"]: each["file"] for each in given}
        for each in read:
            if each.sha256 not in wanted and not (claims and not alone and each.holds == "claims"):
                meant = [digest for digest, name in wanted.items() if name == each.name]
                mend = (
                    "Install the version of conflictts that made the report"
                    if "case" in self.records
                    else "Use the file meant"
                )
                raise InputError(
                    f"{self.path}: {each.name} ({each.holds}) is not the file that stands in [[input]]: its SHA-256 is "
                    f"{each.sha256}, {f'not {meant[0]}' if meant else 'and none of that name is given'}. {mend}, or "
                    "take every [[input]] out."
                )
        for digest in wanted.keys() - {each.sha256 for each in read}:
            raise InputError(
                f"{self.path}: {wanted[digest]} stands in [[input]], and no file of its SHA-256 {digest} is read. Name "
                "it in [records], put it beside its file if it is of a download, or take its [[input]] out."
            )

    def _beside(self, name: str) -> Path:
        return self.path.parent / Path(name).expanduser()

    def _read(self, name: str) -> Path:
        found = self._beside(name)
        if not found.exists():
            raise InputError(
                f"{self.path} names {name}, and there is no file {found}. Names are taken from the folder of "
                f"{self.path.name}: copy it to that of the records."
            )
        return found


def read_recipe(path: str | os.PathLike[str]) -> Recipe:
    """Read a configuration file, strictly.

    Parameters
    ----------
    path : path-like
        TOML with the tables [records], [report], [[area]] and [[truce]].

    Raises
    ------
    InputError
        If it cannot be read; if a table or key is unknown (the message names it, its line and the known ones), missing
        or of another kind.
    """
    path = Path(path).expanduser().absolute()
    try:
        text = path.read_text(encoding="utf-8-sig")
        given = tomllib.loads(text)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}). Name a TOML file with --config.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not TOML: {error}.") from None
    _check(given, path, text)
    records = given.get("records", {})
    if ("files" in records) == ("case" in records):
        raise InputError(f'{path}: [records] needs either `files` or `case = "idlib_2019"`, and not both.')
    if records.get("case", CASES[0]) not in CASES:
        raise InputError(f"{path}: no bundled case {records['case']!r}. Known: {', '.join(CASES)}.")
    beside = [key for key in ("deletions", "column_map_sha256") if key in records]
    if "case" in records and beside:
        raise InputError(f"{path}: `{beside[0]}` in [records] is of `files`, and nothing of a `case`. Take it out.")
    if records.get("files") == []:
        raise InputError(f"{path}: `files` in [records] is empty. Name one file or more.")
    if not given.get("truce"):
        raise InputError(f"{path}: no [[truce]]. Give one or more, each with the day it took effect.")
    truces = [(_truce(each, path), each) for each in given["truce"]]
    compared = tuple(truce for truce, each in truces if each.get("compared", True))
    if not compared:
        raise InputError(f"{path}: every [[truce]] is `compared = false`. Compare one or more.")
    areas = {each["name"]: each.get("where", {}) for each in given.get("area", [])}
    if len(areas) < len(given.get("area", [])):
        raise InputError(f"{path}: two of [[area]] have one name. Name them apart.")
    return Recipe(
        path=path,
        records=records,
        inputs=tuple(given.get("input", ())),
        choices={key: _plain(value) for key, value in given.get("report", {}).items()},
        areas=areas,
        truces=compared,
        other_truces=tuple(truce for truce, each in truces if not each.get("compared", True)),
        windows={truce.name: _plain(each["window"]) for truce, each in truces if "window" in each},
    )


def _truce(given: dict[str, Any], path: Path) -> Truce:
    if given.get("window") is not None and not given.get("compared", True):
        raise InputError(f"{path}: a [[truce]] with `compared = false` has a `window`. Take one of them out.")
    named = {key: _plain(value) for key, value in given.items() if key not in ("window", "compared")}
    try:
        return Truce(**named)
    except CoverageError as error:
        raise InputError(f"{path}: {error}") from None


def _plain(value: Any) -> Any:
    """Days as text, spans as pairs."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, list):
        parts = [_plain(each) for each in value]
        is_span = len(parts) == 2 and all(isinstance(each, datetime.date) or _is_day(each) for each in value)
        return tuple(parts) if is_span else parts
    return value


def _check(given: dict[str, Any], path: Path, text: str) -> None:
    """Refuse what no table or key of the file may be."""
    for name, value in given.items():
        if name not in KEYS:
            raise InputError(f"{path}{_line(name, text)}: no table {name!r} is known. {_near(name, KEYS)}")
        many = name in MANY
        tables = value if many and isinstance(value, list) else [value]
        if (many and not isinstance(value, list)) or not all(isinstance(each, dict) for each in tables):
            raise InputError(f"{path}{_line(name, text)}: write {f'[[{name}]]' if many else f'[{name}]'}, a table.")
        for table in tables:
            _check_table(table, name, path, text)


def _check_table(table: dict[str, Any], name: str, path: Path, text: str) -> None:
    known, written = KEYS[name], f"[[{name}]]" if name in MANY else f"[{name}]"
    for key, value in table.items():
        if key not in known:
            raise InputError(f"{path}{_line(key, text)}: {written} has no key {key!r}. {_near(key, known)}")
        if not _is(known[key], value):
            as_written = str(value) if isinstance(value, datetime.date) else repr(value)
            raise InputError(
                f"{path}{_line(key, text)}: `{key}` in {written} is {as_written}. It must be {WANTED[known[key]]}."
            )
    for needed in NEEDED.get(name, ()):
        if not table.get(needed):
            raise InputError(f"{path}: a {written} lacks `{needed}`.")


def _near(name: str, known: Collection[str]) -> str:
    """The known name that was probably meant, else all of them."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(known))}."


def _line(key: str, text: str) -> str:
    """Where a key or table is written, as far as it can be found by its name."""
    pattern = re.compile(rf"""^\s*(?:\[+\s*)?["']?{re.escape(key)}["']?\s*(?:=|\.|\])""")
    places = [number for number, line in enumerate(text.splitlines(), start=1) if pattern.match(line)]
    return f", line {places[0]}" if places else ""


def _is_day(value: Any) -> bool:
    if isinstance(value, str):
        try:
            read_day(value)
        except ValueError:
            return False
        return True
    return isinstance(value, datetime.date) and not isinstance(value, datetime.datetime)


def _is(kind: str, value: Any) -> bool:
    if kind == "text":
        return isinstance(value, str)
    if kind == "texts":
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    if kind == "number":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "yes or no":
        return isinstance(value, bool)
    if kind == "day":
        return _is_day(value)
    if kind == "span":
        if not (isinstance(value, list) and len(value) == 2 and all(_is_day(each) for each in value)):
            return False
        first, last = _plain(value)
        return bool(first <= last)
    if kind == "spans":
        return isinstance(value, list) and all(_is("span", each) for each in value)
    return isinstance(value, dict) and all(
        isinstance(each, str) or (_is("texts", each) and each) for each in value.values()
    )

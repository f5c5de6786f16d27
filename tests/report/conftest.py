"""Every report that these tests make is held against the published schema; and a small file of records."""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import conflictts as ct
from conflictts.errors import InputError
from conflictts.incidents.lock import locked
from conflictts.report.print import require_weasyprint
from conflictts.report.write import FORMATS, USUAL


@pytest.fixture(scope="session", autouse=True)
def _checked(findings_meet_their_schema: None) -> None: ...


@pytest.fixture(scope="session")
def write_records() -> Callable[..., Path]:
    """Writes a press catalogue of one record a day from 1 May 2019, in areas by turns, far less from 31 August on."""

    def write(path: Path, areas: tuple[str, ...] = ("Idlib", "Hama"), days: int = 214) -> Path:
        killed = ["civilians_killed_low", "civilians_killed_best", "civilians_killed_high"]
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(
                ["incident_id", "date_start", "date_end", "admin1", "latitude", "longitude", *killed, "unit"]
            )
            for number, day in enumerate(pd.date_range("2019-05-01", periods=days)):
                toll = 2 + number % 5 if number < 122 else number % 2
                place = [areas[number % len(areas)], 35.93 + number / 1000, 36.63]
                writer.writerow([f"I{number}", day.date(), day.date(), *place, toll, toll, toll, "incident"])
        return path

    return write


@pytest.fixture(scope="session")
def printable() -> bool:
    """Whether a PDF can be made here; its own tests say what is missing, or fail where all must be there."""
    try:
        require_weasyprint()
    except InputError:
        return False
    return True


@pytest.fixture(scope="session")
def made_on() -> str:
    """The day on which the shared report is made, as SOURCE_DATE_EPOCH."""
    return "1573000000"


@pytest.fixture(scope="session")
def bundled(idlib: ct.Case, printable: bool, made_on: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the bundled case, made by the first process of the tests that asks for it; only to be read."""
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "bundled"
    out = place / "out"
    with pytest.MonkeyPatch.context() as patch, locked(place / "lock", patience=600):
        patch.setenv("SOURCE_DATE_EPOCH", made_on)
        if not out.exists():
            ct.write_report(
                idlib, idlib.truces["TRC-5"], out, window=("2019-04-30", "2019-11-06"),
                other_truces=idlib.truces.values(), claims=idlib.claims, events=idlib.events,
                formats=FORMATS if printable else USUAL,
            )  # fmt: skip
    return out


@pytest.fixture(scope="session")
def links_told_apart() -> Callable[[str], set[str]]:
    """Asserts that no two links of one name lead to different ends; returns the names."""

    def names(page: str) -> set[str]:
        ends = defaultdict(set)
        for link in BeautifulSoup(page, "html.parser")("a"):
            label, seen = link.get("aria-label", ""), link.get_text()
            assert label.startswith(seen) or not label, "who speaks to a page says what is seen (WCAG 2.5.3)"
            ends[label or seen].add(link["href"])
        assert {name: several for name, several in ends.items() if len(several) > 1} == {}
        return set(ends)

    return names

"""What every room's tests share: the bundled case, the files outside the project, and clean figures."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import conflictts as ct

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
LONGEST = (  # files that take a quarter of a minute or more: begun first, so that none is the last to run
    "notebooks/test_jupyterlab.py", "report/test_page.py", "series/test_exports.py", "cli/test_commands.py",
    "series/test_aggregation.py", "truce/test_benchmarks.py", "report/test_language.py", "series/test_several_files.py",
    "cli/test_panel.py", "report/test_print.py", "report/test_areas.py", "docs/test_site.py",
    "report/test_browser.py", "docs/test_scheduled.py", "notebooks/test_papermill.py", "truce/test_changepoints.py",
    "figures/test_small_multiples.py", "series/test_panel_benchmark.py", "test_docstrings.py",
    "figures/test_figures.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))


@pytest.fixture(scope="session")
def require() -> Callable[[bool, str], None]:
    """Skip a test whose outside means are absent; fail instead where CONFLICTTS_REQUIRE_ALL says all must be there."""

    def present_or_skip(present: bool, reason: str) -> None:
        if present:
            return
        if os.environ.get("CONFLICTTS_REQUIRE_ALL") == "1":
            pytest.fail(f"{reason}, and CONFLICTTS_REQUIRE_ALL is set")
        pytest.skip(reason)

    return present_or_skip


@pytest.fixture(scope="session")
def findings_meet_their_schema() -> Iterator[None]:
    """Hold every findings.json that is made against the published schema, wherever a test makes it."""
    from jsonschema import Draft202012Validator

    from conflictts.report import write

    schema = json.loads(ct.findings_schema())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    make = write.as_json

    def made_and_checked(*given: object, **named: object) -> dict[str, object]:
        numbers = make(*given, **named)  # type: ignore[arg-type]
        breaches = [f"{each.json_path}: {each.message}" for each in validator.iter_errors(numbers)]
        assert breaches == []
        return numbers

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "as_json", made_and_checked)
        yield


@pytest.fixture(scope="session")
def chromium(require: Callable[[bool, str], None]) -> list[str]:
    """The command that starts Chromium without a window and without calls home."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    require(found is not None, "needs Chromium, which is not installed")
    flags = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
    flags += " disable-component-update disable-sync"
    return [str(found), *(f"--{flag}" for flag in flags.split())]


@pytest.fixture(scope="session")
def shared(require: Callable[[bool, str], None]) -> Path:
    """The folder of data that tests use and the project does not contain."""
    require(SHARED.is_dir(), "needs ../shared/data, which lies outside the project")
    return SHARED


@pytest.fixture(scope="session")
def idlib() -> ct.Case:
    return ct.load_idlib_2019()


@pytest.fixture(scope="session")
def greater_idlib(shared: Path) -> ct.Incidents:
    return ct.read_ucdp(shared / "ucdp" / "ged_greater_idlib_2018_2019.csv")


@pytest.fixture(scope="session")
def syria(shared: Path) -> ct.Incidents:
    return ct.read_ucdp(shared / "ucdp" / "ged_syria_2016_2019_trimmed.csv.gz")


@pytest.fixture
def blank_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what a command says and ends with: most of a report's time goes into figures, which have tests of theirs."""
    from conflictts.figures.sheet import Sheet
    from conflictts.report import drawing

    monkeypatch.setattr(drawing, "draw_sheet", lambda *_, **__: Sheet("<svg ></svg>", b""))

"""The page on scheduled reports: its files run as they stand there, and its exit codes are those of the command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from conflictts.cli.program import IN_PART, INTERRUPTED, PROVIDER_FAILED, REFUSED, UNEXPECTED, UNUSABLE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scheduled.md"
TEXT = PAGE.read_text(encoding="utf-8")
HEAD = "incident_id,date_start,date_end,admin1,civilians_killed_low,civilians_killed_best,civilians_killed_high,unit"


def block(kind: str) -> str:
    (found,) = re.findall(rf"```{kind}\n(.*?)```", TEXT, flags=re.DOTALL)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The page's two files, records of three areas up to the end of November, and the command on the path."""
    (tmp_path / "weekly.in.toml").write_text(block("toml"), encoding="utf-8")
    (tmp_path / "weekly.sh").write_text(block("sh"), encoding="utf-8")
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "conflictts"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m conflictts.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    lines = [HEAD]
    for number in range(214):
        day = pd.Timestamp("2019-05-01") + pd.Timedelta(days=number)
        toll = 2 + number % 5 if number < 122 else number % 2
        area = ("Idlib", "Hama", "Idlib", "Aleppo")[number % 4]
        lines.append(f"I{number},{day.date()},{day.date()},{area},{toll},{toll},{toll},incident")
    (tmp_path / "export.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def run(folder: Path, run_day: str) -> subprocess.CompletedProcess[str]:
    root = str(PAGE.parents[1])
    paths = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": root}
    return subprocess.run(
        ["sh", str(folder / "weekly.sh"), run_day], env=os.environ | paths, capture_output=True, text=True, check=False
    )


def test_a_run_is_silent_and_leaves_a_report_and_one_that_fails_says_why(folder):
    done = run(folder, "2019-12-01")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    numbers = json.loads((folder / "weekly" / "findings.json").read_text("utf-8"))
    assert [each["area"] for each in numbers["findings"]] == ["Idlib", "Hama and Aleppo"]
    assert [each["truce"]["effective"] for each in numbers["not_compared"]] == ["2019-08-02"] * 2
    assert numbers["findings"][0]["series"]["coverage"] == ["2019-05-01", "2019-11-30"]
    assert numbers["findings"][0]["series"]["provisional_days"] == 13
    page = (folder / "weekly" / "report.html").read_bytes()

    (folder / "export.csv").write_text(f"{HEAD}\n", encoding="utf-8")
    refused = run(folder, "2019-12-08")
    assert refused.returncode in (REFUSED, UNUSABLE)
    assert "the older one stays" in refused.stdout
    assert "conflictts: " in refused.stdout
    assert (folder / "weekly" / "report.html").read_bytes() == page


def test_the_page_names_the_exit_codes():
    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", TEXT, flags=re.MULTILINE)]
    assert codes == [0, REFUSED, UNUSABLE, PROVIDER_FAILED, IN_PART, 10, UNEXPECTED, INTERRUPTED]

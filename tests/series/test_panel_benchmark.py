"""The benchmark of panels runs, and the scripts by hand give the numbers of `daily_panel`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "panel.py"


@pytest.mark.parametrize(
    ("kind", "engines"),
    [("ucdp", "conflictts,pandas"), ("acled", "conflictts,pandas"), ("text ids", "conflictts,duckdb")],
)
def test_engines_agree_and_the_table_is_printed(kind, engines):
    rows = ["--rows", "1500", "--repetitions", "1"]
    command = [sys.executable, str(SCRIPT), "--only", kind, *rows, "--engines", engines]
    printed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert printed.returncode == 0, printed.stderr
    assert [line.split(" | ")[0].strip("| ") for line in printed.stdout.splitlines()[-2:]] == engines.split(",")


@pytest.mark.parametrize("kind", ["ucdp", "acled"])
def test_parts_of_the_way_are_timed(kind):
    command = [sys.executable, str(SCRIPT), "--parts", kind, "--rows", "1500"]
    printed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout.splitlines()[-1].startswith("| all of `daily_panel` | ")

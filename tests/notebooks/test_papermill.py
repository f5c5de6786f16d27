"""The notebook that is filled in from outside: given another file and other words, it makes that file's report."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

import conflictts as ct

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "07_report_of_any_file.ipynb"
COLUMNS = ["incident_id", "date_start", "date_end", "place", "deaths_best", "perpetrator"]


def papermill(folder: Path, parameters: dict[str, object]) -> tuple[int, str, Path]:
    """Exit code, what was said, and the executed notebook."""
    settings, executed = folder / "settings.yaml", folder / "executed.ipynb"
    settings.write_text(json.dumps(parameters), encoding="utf-8")  # YAML reads JSON
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", "-f", str(settings), "--cwd", str(folder)]
    done = subprocess.run(
        [*command, str(NOTEBOOK), str(executed)], capture_output=True, text=True, timeout=300, check=False
    )
    return done.returncode, done.stderr, executed


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ct.SimulatedIncidents]:
    """A table of other columns beside its column map."""
    folder = tmp_path_factory.mktemp("desk")
    invented = ct.simulate_incidents(np.random.default_rng(11), rate=4.0, rate_ratio=0.25)
    table = invented.incidents.table[COLUMNS].rename(columns=lambda name: f"its {name}")
    table.to_csv(folder / "desk.csv", index=False)
    said = [f'{name} = "its {name}"' for name in COLUMNS]
    source = ['provider = "Desk of the Example"', 'licence = "internal"']
    (folder / "desk.toml").write_text("\n".join(["[columns]", *said, "[source]", *source]), encoding="utf-8")
    return folder, invented


def test_it_makes_the_report_of_another_file(desk):
    folder, invented = desk
    first, last = (f"{day:%Y-%m-%d}" for day in invented.rates.index[[0, -1]])
    truce = f"{invented.truce:%Y-%m-%d}"
    ended, retrieved = (f"{day:%Y-%m-%d}" for day in invented.rates.index[[-5, -1]])
    asked = {"INPUT": "desk.csv", "TRUCE": truce, "MEASURE": "deaths", "COVERAGE": [first, last], "ENDED": ended}
    asked |= {"LAG": 14, "RETRIEVED_ON": retrieved}
    code, said, executed = papermill(folder, {**asked, "LANGUAGE": "fr", "OUT": "made"})
    assert code == 0, said
    daily = ct.daily_series(
        ct.read_incidents(folder / "desk.csv"),
        measure="deaths", coverage=(first, last), lag=14, retrieved_on=retrieved,
    )  # fmt: skip
    effect = ct.estimate_truce_effect(daily, ct.Truce(truce, ended=ended))
    printed = "".join(
        output.get("text", "")
        for cell in nbformat.read(executed, as_version=4).cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
    assert effect.sentence() in printed
    findings = json.loads((folder / "made" / "findings.json").read_text(encoding="utf-8"))
    assert findings["language"] == "fr"
    assert findings["findings"][0]["truce"]["ended"] == ended
    assert findings["findings"][0]["series"]["provisional_days"] == (daily.table["status"] == "provisional").sum() > 0
    assert "Desk of the Example" in (folder / "made" / "report.html").read_text(encoding="utf-8")


def test_it_stops_where_there_is_too_little_to_compare(desk):
    folder, invented = desk
    first, last = (f"{day:%Y-%m-%d}" for day in invented.rates.index[[0, -1]])
    late = f"{invented.rates.index[-5]:%Y-%m-%d}"  # five days after it: too few
    asked = {"INPUT": "desk.csv", "TRUCE": late, "MEASURE": "deaths", "COVERAGE": [first, last]}
    code, said, _ = papermill(folder, {**asked, "OUT": "refused"})
    assert code != 0
    assert "TooLittleData" in said
    assert not (folder / "refused").exists()

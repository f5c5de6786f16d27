"""The package as a whole: one list of dependencies told twice, nothing tracked that must not be, a README that runs."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement

import conflictts as ct

ROOT = Path(__file__).resolve().parents[1]
CONDA_NAMES = {"duckdb": "python-duckdb", "matplotlib": "matplotlib-base", "seaborn": "seaborn-base"}


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirements(project: dict) -> dict[str, str]:
    lines = project["dependencies"] + [line for extra in project["optional-dependencies"].values() for line in extra]
    parsed = [Requirement(line) for line in lines]
    return {CONDA_NAMES.get(each.name, each.name): str(each.specifier) for each in parsed}


def test_conda_environment_is_that_of_the_project(project):
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    lines = [line for line in environment["dependencies"] if isinstance(line, str) and line != "pip"]
    (from_pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert from_pip[0] == "-e ."
    lines += from_pip[1:]  # what conda-forge does not have
    conda = {re.split("[>=<]", line)[0]: line[len(re.split("[>=<]", line)[0]) :] for line in lines}
    assert conda.pop("python") == project["requires-python"]
    assert conda == requirements(project)


def test_constraints_pin_every_dependency_by_name_and_version_alone(project):
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert all(re.fullmatch(r"[\w.+-]+", part) for pin in pins.items() for part in pin), "no addresses"
    names = {CONDA_NAMES.get(name, name) for name in pins}
    assert requirements(project).keys() <= names
    for line in project["dependencies"]:
        requirement = Requirement(line)
        assert requirement.specifier.contains(pins[requirement.name]), line


def test_versions_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == ct.__version__
    assert f"## {ct.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_bench_runs_every_study():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    run = re.findall(r"\$\(BIN\)/python benchmarks/(\w+\.py)", makefile)
    scripts = [path.name for path in (ROOT / "benchmarks").glob("*.py") if "__main__" in path.read_text("utf-8")]
    assert sorted(set(run)) == sorted(scripts)


def test_readme_names_every_notebook_and_every_function_by_its_name():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(0\d_\w+)`", readme)) == {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    step = re.compile(r"^\| (`[^|]+) \|", flags=re.MULTILINE)
    named = re.findall(r"`(\w+)`", " ".join(step.findall(readme)))
    assert len(named) > 10
    assert [name for name in named if not hasattr(ct, name)] == []


def test_readme_example_runs_as_printed():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    assert 8 <= len([line for line in example.splitlines() if line.strip()]) <= 12
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import matplotlib; matplotlib.use('Agg')\n{example}"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.search(r"rate_ratio\s+0\.15\s+0\.07\s+0\.32", done.stdout)


def test_readme_states_the_result_that_the_library_gives(idlib):
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    daily = ct.daily_series(idlib, measure="civilians")
    effect = ct.estimate_truce_effect(daily, idlib.truces["TRC-5"], window=("2019-04-30", "2019-11-06"))
    for side in ("before", "after"):
        row = effect.rates.loc[side]
        assert f"{row['low']:.0f}–{row['best']:.0f}–{row['high']:.0f}" in readme
        assert f"{row['per_day']:.2f} a day" in readme
    assert (
        f"a rate ratio of {effect.rate_ratio:.2f}, with a 95 % interval from {effect.lower:.3f} to {effect.upper:.2f}"
        in readme
    )
    days = ct.detect_changepoints(daily).location_sets[0]
    assert f"among {len(days)} days between {days[0].day} {days[0]:%B} and {days[-1].day} {days[-1]:%B}" in readme


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebooks_are_a_readers_path(path):
    notebook = nbformat.read(path, as_version=4)
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert re.match(r"# .+\?\n", prose[0]), "one title that is a question"
    assert "**Try next.**" in prose[-1]
    assert all(not cell.outputs and cell.execution_count is None for cell in code), "committed without outputs"
    assert "import conflictts as ct" in code[0].source
    source = "\n".join(cell.source for cell in code)
    assert "from conflictts" not in source, "public names only"
    assert "def " not in source, "helpers belong in the library"


def test_import_is_light():
    """pandas, matplotlib and the rest load when they are used: the command line must answer at once."""
    script = "import sys, conflictts, conflictts.cli; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & {"pandas", "matplotlib", "scipy", "statsmodels", "numba", "seaborn", "jinja2"}


def test_bundled_tables_name_no_victim_and_no_raw_export():
    folder = ROOT / "conflictts" / "data"
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == [
        "LICENSE", "README.md", "claims.csv", "events.csv", "incidents.csv", "truces.csv",
    ]  # fmt: skip

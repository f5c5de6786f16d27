"""The documentation: it builds without a warning, holds every public name, and asks nobody on the network."""

from __future__ import annotations

import doctest
import html
import importlib.util
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import conflictts as ct

ROOT = Path(__file__).resolve().parents[2]
ADDRESSES = {"src", "href", "srcset", "data", "action", "poster"}


class Page(HTMLParser):
    """What a page loads by itself, and where its links lead."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"id", "name"} and value:
                self.ids.add(value)
            if name in ADDRESSES and value:
                (self.links if tag == "a" else self.loaded).append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-E", "-d", str(folder / "doctrees")]
    done = subprocess.run(
        [*command, str(ROOT / "docs"), str(folder / "html")], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    return {str(path.relative_to(site)): Page(path) for path in sorted(site.rglob("*.html"))}


def test_every_public_name_stands_in_it_with_its_docstring(pages):
    ids = set().union(*(page.ids for name, page in pages.items() if name.startswith("api/")))
    assert [name for name in ct.__all__ if f"conflictts.{name}" not in ids] == []


def test_every_notebook_stands_in_it(pages):
    kept = {f"notebooks/{path.stem}.html" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert len(kept) >= 5
    assert kept <= pages.keys()


def test_no_page_loads_anything_from_elsewhere(pages, site):
    for name, page in pages.items():
        assert [each for each in page.loaded if re.match(r"(\w+:)?//", each)] == [], name
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^)\s]*", text) == [], style.name


def test_every_link_within_it_leads_somewhere(pages, site):
    for name, page in pages.items():
        for link in page.links:
            address, _, anchor = link.partition("#")
            if ":" in address or not (address or anchor):
                continue
            target = str(((site / name).parent / address).resolve().relative_to(site.resolve())) if address else name
            assert (site / target).exists(), f"{name} -> {link}"
            if anchor and target in pages:
                assert anchor in pages[target].ids, f"{name} -> {link}"


# What the report promises to state, as the side-by-side page names it
STATED = [
    "Headline", "Low, best, high", "Rate per day", "Window", "Source", "Truce table", "Figures", "Claims",
    "Sensitivity", "Change against the previous period", "Change against a baseline", "ledger",
    "Share laid over several days", "Records without an upper bound", "Coverage", "Provisional days",
    "Methods in plain words", "Citation and licence", "findings.json", "series.csv", "SVG and PNG", "Same bytes",
    "Names and free text", "no request", "PDF", "English and French", "announced", "in force", "detected",
]  # fmt: skip


def test_side_by_side_leaves_out_nothing_that_the_report_states():
    text = (ROOT / "docs" / "side-by-side.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|")][2:]
    assert all(row.count("|") == 6 and "||" not in row.replace(" ", "") for row in rows), "a cell for each page"
    table = "\n".join(rows).casefold()
    assert [item for item in STATED if item.casefold() not in table] == []


def test_numbers_quoted_in_prose_are_those_of_the_library(idlib):
    daily = ct.daily_series(idlib, measure="civilians")
    effect = ct.estimate_truce_effect(daily, idlib.truces["TRC-5"], window=("2019-04-30", "2019-11-06"))
    text = " ".join((ROOT / "docs" / "reading.md").read_text(encoding="utf-8").split())
    row = effect.rates.loc["before"]
    assert f"{row['low']:.0f}–{row['best']:.0f}–{row['high']:.0f}" in text
    assert f"{effect.rates.loc['after', 'per_day']:.2f} a day against {row['per_day']:.2f}" in text
    assert f"{effect.rate_ratio:.2f} (95 % interval {effect.lower:.3f} to {effect.upper:.2f})" in text
    assert f"were {100 * (1 - effect.upper):.0f} to {100 * (1 - effect.lower):.0f} % lower" in text


def test_the_example_among_areas_without_a_truce_prints_what_is_shown():
    failed, tried = doctest.testfile(str(ROOT / "docs" / "reading.md"), module_relative=False)
    assert (failed, tried > 0) == (0, True)


def test_the_notebook_on_claims_answers_what_it_computes(monkeypatch):
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: None)
    cells = nbformat.read(ROOT / "notebooks" / "04_claims_against_the_series.ipynb", as_version=4).cells
    computed: dict[str, object] = {}
    for cell in cells:
        if cell.cell_type == "code":
            exec(cell.source.replace("%load_ext conflictts", ""), computed)
    answer = next(cell.source for cell in cells if cell.source.startswith("**Answer.**"))
    for name in ("as counted", "fitted to SOHR", "fitted to the White Helmets"):
        effect = computed["effects"][name]
        assert f"{effect.rate_ratio:.2f} ({effect.lower:.2f} to {effect.upper:.2f})" in answer


def test_the_notebook_on_the_truce_tells_of_ucdp_what_it_would_compute(idlib, greater_idlib):
    daily = ct.daily_series(greater_idlib, measure="civilians", coverage=("2019-05-01", "2019-11-30"))
    effect = ct.estimate_truce_effect(daily, idlib.truces["TRC-5"], window=("2019-05-01", "2019-11-06"))
    told = (ROOT / "notebooks" / "02_truce_of_31_august.ipynb").read_text(encoding="utf-8")
    assert f"rate ratio {effect.rate_ratio:.2f} ({effect.lower:.2f} to {effect.upper:.2f}), a fall" in told


def test_a_figure_of_a_notebook_has_its_text_on_the_site(tmp_path):
    """Executed as `make docs` does, and built: what %load_ext conflictts keeps with an image stands in its place."""
    begin = (
        "import matplotlib.pyplot as plt\nimport conflictts as ct\n\n%load_ext conflictts\ncase = ct.load_idlib_2019()"
    )
    drawn = 'ct.plot_calendar(ct.daily_series(case, measure="civilians"));'
    code = [nbformat.v4.new_code_cell(source) for source in (begin, drawn, "plt.plot([1, 2]);")]
    notebook = NotebookClient(nbformat.v4.new_notebook(cells=code), timeout=120, kernel_name="python3").execute()
    (told,), (plain,) = ([each for each in cell.outputs if "image/png" in each.get("data", {})] for cell in code[1:])
    alone = ct.alt_text(ct.plot_calendar(ct.daily_series(ct.load_idlib_2019(), measure="civilians")))
    assert told.metadata["image/png"]["alt"] == alone
    assert "alt" not in plain.metadata.get("image/png", {})
    spec = importlib.util.spec_from_file_location("conf", ROOT / "docs" / "conf.py")
    conf = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conf)
    for cell in notebook.cells:
        conf.tell_images(cell)
    nbformat.write(notebook, tmp_path / "index.ipynb")
    (tmp_path / "conf.py").write_text('extensions = ["myst_nb"]\nnb_execution_mode = "off"\n', encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", str(tmp_path), str(tmp_path / "html")], check=True, timeout=120
    )
    page = (tmp_path / "html" / "index.html").read_text(encoding="utf-8")
    assert f'alt="{alone}"' in html.unescape(page)

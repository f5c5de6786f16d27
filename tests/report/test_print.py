"""The page as PDF: all of it, with its fonts, tagged, nothing cut off, nothing fetched; and what is said without it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from typer.testing import CliRunner

import conflictts as ct
from conflictts.cli import app
from conflictts.errors import InputError
from conflictts.report.language import translator
from conflictts.report.print import as_pdf, require_weasyprint
from conflictts.report.write import FORMATS

MARGIN = 15 / 25.4 * 72  # points, left and right, as in the page's style
SLACK = 2  # points: boxes of words hold room above their letters, which turned words have at their side


@pytest.fixture(scope="module")
def weasyprint(require: Callable[[bool, str], None]) -> object:
    try:
        return require_weasyprint()
    except InputError as absent:
        require(False, str(absent))


@pytest.fixture(scope="module")
def poppler(require: Callable[[bool, str], None]) -> Callable[..., str]:
    """Runs one of Poppler's commands."""
    require(shutil.which("pdffonts") is not None, "needs pdffonts and pdftotext, of poppler-utils")

    def run(command: str, *arguments: object) -> str:
        return subprocess.run(
            [command, *map(str, arguments)], check=True, capture_output=True, text=True, encoding="utf-8"
        ).stdout

    return run


@pytest.fixture(scope="module", params=["en", "fr", "areas", "panel"])
def folder(
    request: pytest.FixtureRequest, weasyprint: object, bundled: Path, idlib: ct.Case,
    write_records: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory,
) -> Path:  # fmt: skip
    """A page and its PDF: of the bundled case, its words in French, of several areas and truces, and of a panel."""
    if request.param == "en":
        return bundled
    out = tmp_path_factory.mktemp("print") / "out"
    if request.param == "fr":
        shutil.copytree(bundled, out)
        page = translator("fr").page((bundled / "report.html").read_text(encoding="utf-8"))
        (out / "report.html").write_text(page, encoding="utf-8")
        (out / "report.pdf").write_bytes(as_pdf(page))
        return out
    if request.param == "panel":
        panel = ct.daily_series(idlib, measure="civilians", by="admin1")
        return ct.write_panel_report(panel, ct.analyse_panel(panel, truce=idlib.truces["TRC-5"]), out, pdf=True).parent
    incidents = ct.read_incidents(write_records(out.parent / "records.csv"))
    return ct.write_report(
        incidents, ct.Truce("2019-08-31"), out, coverage=("2019-05-01", "2019-11-30"),
        areas={"Idlib": {"admin1": "Idlib"}, "Hama": {"admin1": "Hama"}}, formats=FORMATS,
    ).parent  # fmt: skip


def page_of(folder: Path) -> tuple[str, Path]:
    (page,) = folder.glob("*.html")
    return page.read_text(encoding="utf-8"), page.with_suffix(".pdf")


def inside(pdf: Path) -> bytes:
    """Everything that a PDF holds, unpacked."""
    content = pdf.read_bytes()
    packed = re.finditer(rb"/FlateDecode.*?>>\nstream\n(.*?)\nendstream", content, flags=re.DOTALL)
    return content + b"\n".join(zlib.decompress(each[1]) for each in packed)


def test_all_of_the_page_is_in_it(folder, poppler):
    source, pdf = page_of(folder)
    page = BeautifulSoup(source, "html.parser")
    drawings = len(page("svg", {"aria-label": True}))
    for unseen in page(["style", "script", "svg", "title"]) + page(class_=["hint", "skip"]):
        unseen.decompose()
    printed = Counter(re.findall(r"\w+", poppler("pdftotext", "-raw", pdf, "-")))
    wanted = Counter(re.findall(r"\w{4,}", page.get_text(" ")))  # shorter ones may be parted at a line's end
    assert sum(wanted.values()) > 200
    missing = {word: number - printed[word] for word, number in wanted.items() if printed[word] < number}
    broken = {word for word in missing if len(word) > 30}  # a digest runs over two lines
    assert missing.keys() - broken == set()
    assert drawings
    assert inside(pdf).count(b"/S /Figure") == drawings, "each drawing, tagged as a figure"


def test_title_language_tags_and_fonts(folder, poppler):
    source, pdf = page_of(folder)
    page = BeautifulSoup(source, "html.parser")
    about = dict(re.findall(r"^([\w ]+):\s+(.*)$", poppler("pdfinfo", pdf), flags=re.MULTILINE))
    assert about["Title"] == page.title.get_text()
    assert (about["Tagged"], about["Encrypted"], about["JavaScript"]) == ("yes", "no", "no")
    assert "CreationDate" not in about, "the day of writing is none of its bytes"
    assert f"/Lang ({page.html['lang']})".encode() in inside(pdf)
    assert b"pdfuaid" in poppler("pdfinfo", "-meta", pdf).encode()
    fonts = poppler("pdffonts", pdf).splitlines()[2:]
    assert len(fonts) >= 2
    for font in fonts:
        assert re.search(r"\byes yes yes\s+\d+\s+\d+$", font), f"embedded, a subset, with its letters: {font}"


def test_qpdf_finds_no_fault_of_syntax(folder, require):
    """Conformance to PDF/UA itself is for a validator such as veraPDF, which no package of Debian holds."""
    require(shutil.which("qpdf") is not None, "needs qpdf")
    _, pdf = page_of(folder)
    found = subprocess.run(["qpdf", "--check", str(pdf)], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "No syntax or stream encoding errors found" in found.stdout


def test_nothing_is_cut_off_and_pages_are_numbered(folder, poppler):
    _, pdf = page_of(folder)
    boxes = poppler("pdftotext", "-bbox", pdf, "-")
    pages = re.findall(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', boxes, flags=re.DOTALL)
    assert len(pages) > 1
    for number, (width, height, content) in enumerate(pages, start=1):
        words = re.findall(r'xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*?)<', content)
        outside = [
            word for left, top, right, bottom, word in words
            if float(left) < MARGIN - SLACK or float(right) > float(width) - MARGIN + SLACK
            or float(top) < 0 or float(bottom) > float(height)
        ]  # fmt: skip
        assert outside == [], number
        assert [word for *_, word in words[-3:]] == [str(number), "/", str(len(pages))]


def test_links_lead_to_what_lies_beside_it_and_nowhere_else(folder):
    _, pdf = page_of(folder)
    content = inside(pdf)
    links = set(re.findall(rb"/URI \((.*?)\)", content))
    assert links
    assert [link for link in links if not (folder / link.decode().partition("#")[0]).is_file()] == []
    for action in (b"/JavaScript", b"/Launch", b"/OpenAction", b"/EmbeddedFile", b"/GoToR"):
        assert action not in content


PAGE = '<!doctype html><html lang="en"><head><title>t</title></head><body><p>word</p>{}</body></html>'


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/a.png", "file:///etc/hostname", "ftp://127.0.0.1:9/a.png"])
def test_nothing_is_fetched(weasyprint, monkeypatch, address):
    def opened(*_: object) -> None:
        raise AssertionError("something was opened")

    monkeypatch.setattr("socket.create_connection", opened)
    monkeypatch.setattr("urllib.request.FileHandler.file_open", opened)
    with pytest.raises(RuntimeError, match=r"left 1 parts of the page out, the first: .*disallowed protocol"):
        as_pdf(PAGE.format(f'<img alt="a" src="{address}">'))
    assert as_pdf(PAGE.format("")).startswith(b"%PDF-1.7")


def test_text_before_a_link_fills_its_line(weasyprint, poppler, tmp_path):
    """At some widths WeasyPrint 70 breaks such a line after its first word, which a part between them prevents."""
    text = 'Rates found without any truce: 2 changes, each with its days shaded. The numbers: <a href="#a">table</a>.'
    widths = "".join(f'<p id="a{width}" style="width: {width}px">{text}</p>' for width in range(400, 700))
    (tmp_path / "page.pdf").write_bytes(as_pdf(PAGE.format(widths.replace("#a", "#a400"))))
    lines = poppler("pdftotext", "-layout", tmp_path / "page.pdf", "-").splitlines()
    begun = [line for line in lines if line.strip().startswith("Rates")]
    assert len(begun) == 300
    assert min(len(line.split()) for line in begun) > 5


DRAWN = '<figure id="drawn"><svg role="img" aria-label="a" xmlns="http://www.w3.org/2000/svg" {}</svg></figure>'


@pytest.mark.parametrize(("lines", "sheets"), [(32, 1), (34, 1), (40, 2)])
def test_a_figure_that_nearly_fits_leaves_no_third_of_a_sheet_blank(lines, sheets, weasyprint, poppler, tmp_path):
    """A sheet holds 51 lines and the figure is 17 high: after 34 it is made narrower, after 40 it is not."""
    svg = DRAWN.format('viewBox="0 0 200 100" width="200" height="100"><rect width="200" height="100"/>')
    style = "<style>figure { margin: 0; break-inside: avoid } figure img { width: 100% }</style>"
    style += "<style>@page { size: A4; margin: 20mm } body, p { margin: 0; line-height: 5mm }</style>"
    page = PAGE.format("<p>word</p>" * lines + svg).replace("</head>", f"{style}</head>")
    (tmp_path / "page.pdf").write_bytes(as_pdf(page))
    assert re.search(rf"Pages:\s+{sheets}\n", poppler("pdfinfo", tmp_path / "page.pdf"))


@pytest.mark.parametrize(("rows", "ahead"), [(6, True), (60, False)])
def test_what_follows_a_figure_goes_ahead_where_its_sheet_would_be_half_blank(
    rows, ahead, weasyprint, poppler, tmp_path
):
    """After 40 lines of 51 the figure of 17 does not fit; what does goes before it, as far as the next heading."""
    svg = DRAWN.format('viewBox="0 0 200 100" width="200" height="100"><rect width="200" height="100"/>')
    style = "<style>figure { margin: 0; break-inside: avoid } figure img { width: 100% }</style>"
    style += "<style>@page { size: A4; margin: 20mm } body, p, div { margin: 0; line-height: 5mm }</style>"
    table = f"<p>Told:</p><div>{'row<br>' * rows}</div><h2>Next</h2><p>after</p>"
    page = PAGE.format("<p>word</p>" * 40 + svg + table).replace("</head>", f"{style}</head>")
    (tmp_path / "page.pdf").write_bytes(as_pdf(page))
    first = poppler("pdftotext", "-l", "1", tmp_path / "page.pdf", "-").split()
    assert [text for text in first if text != "word"] == (["Told:"] + ["row"] * rows) * ahead


def test_arabic_in_a_drawing_is_not_set_letter_by_letter(weasyprint, poppler, tmp_path):
    """Which came out backwards: it is drawn as outlines, with the figure's alternative text to read."""
    svg = DRAWN.format(
        'viewBox="0 0 200 100" width="200" height="100"><text x="9" y="50" style="font-size: 9px">حلب</text>'
    )
    (tmp_path / "page.pdf").write_bytes(as_pdf(PAGE.format(svg)))
    assert poppler("pdftotext", tmp_path / "page.pdf", "-").split() == ["word"]


def without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str | None) -> None:
    """An installation without WeasyPrint, or with one whose libraries the system lacks."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    if source is None:
        monkeypatch.setitem(sys.modules, "weasyprint", None)
    else:
        (tmp_path / "weasyprint.py").write_text(source, encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))


PANGO = "print('noise')\nraise OSError('cannot load library \"libpango-1.0-0\": no such file')"


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        pytest.param(None, "pip install '.[pdf]'", id="no WeasyPrint"),
        pytest.param(PANGO, "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0", id="no Pango"),
    ],
)
@pytest.mark.parametrize("command", [("report",), ("panel", "--by", "admin1")], ids=["report", "panel"])
def test_what_is_not_installed_is_said_before_any_work(source, remedy, command, tmp_path, monkeypatch):
    without_the_library(tmp_path, monkeypatch, source)
    run = CliRunner().invoke(app, [*command, "--pdf", "--out", str(tmp_path / "out")])
    assert run.exit_code == 2
    assert run.stdout == ""
    assert remedy in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "out").exists()

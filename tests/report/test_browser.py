"""The page in a real browser: nothing overflows at desk or telephone width, and no request leaves."""

from __future__ import annotations

import html
import importlib.util
import json
import os
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import conflictts as ct
from conflictts.report.language import translator

UNSEEN = "\u202e\u2066\u200b\u009b\U000e0041"


@pytest.fixture(scope="module")
def page(bundled: Path) -> Path:
    return bundled / "report.html"


@pytest.fixture(scope="module")
def page_of_areas(write_records, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("areas")
    return ct.write_report(
        ct.read_incidents(write_records(folder / "records.csv")), ct.Truce("2019-08-31"), folder / "out",
        coverage=("2019-05-01", "2019-11-30"), areas={"Idlib": {"admin1": "Idlib"}, "Both": {}}, formats=("html",),
    )  # fmt: skip


@pytest.fixture(scope="module")
def page_anonymised(idlib: ct.Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ct.write_report(
        idlib, [idlib.truces["TRC-5"], idlib.truces["TRC-4"]], tmp_path_factory.mktemp("anonymised") / "out",
        areas={"Idlib": {"admin1": "Idlib"}, "Hama": {"admin1": "Hama"}}, formats=("html",), anonymise=5,
    )  # fmt: skip


def run(chromium: list[str], *arguments: str, profile: Path) -> str:
    command = [*chromium, f"--user-data-dir={profile}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


@pytest.mark.parametrize(
    ("width", "which", "drawings"),
    [(1280, "page", 15), (390, "page", 15), (1280, "page_anonymised", 2), (390, "page_anonymised", 2)],
)
def test_nothing_overflows(width, which, drawings, chromium, tmp_path, request):
    """The page is laid out in a frame of the given width; a script outside it measures what sticks out."""
    measure = """
      const d = document.getElementById('f').contentDocument, out = [];
      for (const e of d.querySelectorAll('details')) e.open = true;
      const inScroller = e => e.closest('.scroll') !== null;
      for (const e of d.body.querySelectorAll('*')) {
        if (inScroller(e) && !e.classList.contains('scroll')) continue;
        const r = e.getBoundingClientRect();
        if (r.width > 0 && (r.right > WIDTH + 0.5 || r.left < -0.5)) out.push(e.tagName + '.' + e.className);
      }
      document.title = JSON.stringify({width: d.documentElement.scrollWidth, out: out.slice(0, 5),
                                       svgs: d.querySelectorAll('svg').length});
    """.replace("WIDTH", str(width))
    source = request.getfixturevalue(which).read_text(encoding="utf-8")
    source = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", source)
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<!doctype html><title></title><iframe id="f" style="border:0;width:{width}px;height:900px" '
        f'srcdoc="{html.escape(source)}"></iframe><script>onload = () => {{ {measure} }}</script>',
        encoding="utf-8",
    )
    dom = run(chromium, "--dump-dom", "--virtual-time-budget=4000", f"file://{frame}", profile=tmp_path / "profile")
    measured = json.loads(html.unescape(re.search(r"<title>(.*?)</title>", dom).group(1)))
    assert measured["svgs"] == drawings
    assert measured["out"] == []
    assert measured["width"] <= width


@pytest.mark.parametrize(("left", "dark", "white"), [(0, 385, 5), (9999, 5, 385)], ids=["begin", "end"])
def test_an_edge_beyond_which_a_figure_goes_on_is_shaded(left, dark, white, page, chromium, tmp_path):
    """Also under the white sheet of a drawing, at telephone width; the other edge is not."""
    style = re.search("<style>.*?</style>", page.read_text(encoding="utf-8"), re.DOTALL)[0]
    drawing = '<svg viewBox="0 0 900 300"><rect width="900" height="300" fill="white"/></svg>'
    (tmp_path / "page.html").write_text(
        f'<!doctype html>{style}<figure style="margin: 0; width: 390px"><div class="scroll">{drawing}</div></figure>'
        f"<script>document.querySelector('.scroll').scrollLeft = {left}</script>",
        encoding="utf-8",
    )
    shot = tmp_path / "shot.png"
    options = ("--hide-scrollbars", f"--screenshot={shot}", "--window-size=600,300", f"file://{tmp_path}/page.html")
    run(chromium, *options, profile=tmp_path / "profile")
    middle = plt.imread(shot)[100]
    assert middle[white].min() > 0.99
    assert middle[dark].max() < 0.95


def test_the_table_of_a_panel_is_sorted_by_a_click(idlib, chromium, tmp_path):
    """Under the page's own policy, which lets no other script run; a second click turns the order round."""
    panel = ct.daily_series(idlib, measure="civilians", by="admin1")
    page = ct.write_panel_report(panel, ct.analyse_panel(panel), tmp_path / "out")
    click = """
      const d = document.getElementById('f').contentDocument;
      const head = name => [...d.querySelectorAll('table.sortable th')].find(each => each.textContent === name);
      const areas = () => [...d.querySelectorAll('table.sortable tbody th')].map(each => each.textContent);
      const told = [areas()];
      for (const name of ['Total', 'Total', 'Area']) { head(name).querySelector('button').click(); told.push(areas()); }
      document.title = JSON.stringify(told);
    """
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<!doctype html><title></title><iframe id="f" srcdoc="{html.escape(page.read_text(encoding="utf-8"))}">'
        f"</iframe><script>onload = () => {{ {click} }}</script>",
        encoding="utf-8",
    )
    dom = run(chromium, "--dump-dom", "--virtual-time-budget=4000", f"file://{frame}", profile=tmp_path / "profile")
    told = json.loads(html.unescape(re.search(r"<title>(.*?)</title>", dom).group(1)))
    totals = panel.summary()["best"].sort_values(kind="stable").index.tolist()
    assert told == [list(panel), totals, totals[::-1], sorted(panel)]
    assert totals not in ([*panel], [*panel][::-1])


@pytest.fixture(scope="module")
def axe(require) -> str:
    """The script of axe-core: of the package axe-core-python, or of the file that CONFLICTTS_AXE names."""
    named, package = os.environ.get("CONFLICTTS_AXE"), importlib.util.find_spec("axe_core_python")
    require(bool(named or package), "needs axe-core: pip install axe-core-python, or name a file in CONFLICTTS_AXE")
    path = Path(named) if named else Path(package.submodule_search_locations[0]) / "axe.min.js"
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("width", "language", "which"),
    [(1280, "en", "page"), (390, "fr", "page"), (1280, "en", "page_of_areas"), (1280, "fr", "page_anonymised")],
)
def test_axe_finds_no_violation(width, language, which, axe, chromium, tmp_path, request):
    """Every rule of axe-core that bears on this page, with everything folded away unfolded."""
    run_axe = """
      for (const e of document.querySelectorAll('details')) e.open = true;
      axe.run(document).then(found => {
        document.documentElement.innerHTML = '<head><title></title></head><body></body>';
        document.title = JSON.stringify({passes: found.passes.length, violations: found.violations.map(
          each => [each.id, each.nodes.length, each.nodes[0].html.slice(0, 200), each.nodes[0].failureSummary])});
      });
    """
    source = translator(language).page(request.getfixturevalue(which).read_text(encoding="utf-8"))
    source = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", source)
    tested = tmp_path / "axe.html"
    tested.write_text(source.replace("</body>", f"<script>{axe}</script><script>{run_axe}</script></body>"), "utf-8")
    dom = run(
        chromium, "--dump-dom", "--virtual-time-budget=60000", f"--window-size={width},900", f"file://{tested}",
        profile=tmp_path / "profile",
    )  # fmt: skip
    found = json.loads(html.unescape(re.search(r"<title>(.*?)</title>", dom, flags=re.DOTALL).group(1)))
    assert found["passes"] > 20, "axe ran"
    assert found["violations"] == []


def test_no_request_leaves_the_page(page, chromium, tmp_path):
    log = tmp_path / "net.json"
    picture = tmp_path / "page.png"
    run(
        chromium,
        f"--log-net-log={log}",
        "--net-log-capture-mode=Everything",
        f"--screenshot={picture}",
        "--window-size=1280,4000",
        f"file://{page}",
        profile=tmp_path / "profile",
    )
    assert picture.stat().st_size > 50_000, "the page was painted"
    addresses = set(re.findall(r'"url":"([^"]+)"', log.read_text(encoding="utf-8", errors="replace")))
    browsers_own = re.compile(r"^(https?://)?[^/]*(google|gstatic|gvt1|googleapis)\.[a-z.]+([:/]|$)")
    assert {each for each in addresses if each.startswith("http") and not browsers_own.match(each)} == set()


def test_no_script_of_a_record_runs_and_no_request_leaves(chromium, tmp_path):
    """Scripting is on and the page's own policy against scripts is taken out: what holds is that text stays text."""
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        there = f"http://127.0.0.1:{server.server_port}"
        mark = "document.documentElement.setAttribute('data-ran',1)"
        hostile = " ".join([
            f"<script>{mark}</script>", f"<img src={there}/img onerror={mark}>", f'"><svg onload={mark}>',
            f"<style>@import url({there}/css)</style>",
            f"<iframe src='data:text/html,<img src={there}/data>'></iframe>",
            f"</title><script src={there}/js></script>", f"{UNSEEN}إدلب", f"<a href='javascript:{mark}'>",
        ])  # fmt: skip
        days = pd.date_range("2020-01-01", periods=120)
        table = pd.DataFrame({
            "incident_id": [f"{hostile} {number}" for number in range(120)], "date_start": days, "date_end": days,
            "admin1": hostile, "perpetrator": hostile, "reporting_body": hostile, "unit": "incident",
        })  # fmt: skip
        for bound in ("low", "best", "high"):
            table[f"civilians_killed_{bound}"] = [4 - 3 * (number >= 80) + number % 2 for number in range(120)]
        table.to_csv(tmp_path / "records.csv", index=False)
        truce = ct.Truce(days[80], name=hostile, brokers=hostile, note=hostile)
        page = ct.write_report(
            ct.read_catalogue(tmp_path / "records.csv"), truce, tmp_path / "out", coverage=(days[0], days[-1]),
            where={"admin1": hostile},
        )  # fmt: skip
        source = page.read_text(encoding="utf-8")
        unguarded = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", source)
        assert unguarded != source
        letters = "".join(f"\\u{{{ord(each):x}}}" for each in UNSEEN)
        look = (
            f"const unseen = /[{letters}]/u, root = document.documentElement;"
            "const told = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT), raw = [];"
            "while (told.nextNode()) for (const text of told.currentNode.attributes ? [...told.currentNode.attributes]"
            " : [told.currentNode]) if (unseen.test(text.nodeValue)) raw.push(text.nodeValue);"
            "root.setAttribute('data-raw', raw.length);"
            "root.setAttribute('data-shown', document.body.innerText.split('⟨U+202E⟩').length - 1);"
            "const names = [...document.querySelectorAll('bdi')].map(each => each.textContent);"
            "root.setAttribute('data-names', names.length > 0 && names.every(each => each.includes('إدلب')));"
        )
        proof = f"document.documentElement.setAttribute('data-proof',1); fetch('{there}/proof'); {look}"
        tested = tmp_path / "hostile.html"
        tested.write_text(unguarded.replace("</body>", f"<script>{proof}</script></body>"), encoding="utf-8")
        dom = run(
            chromium, "--dump-dom", "--virtual-time-budget=4000", f"file://{tested}", profile=tmp_path / "profile"
        )
        server.shutdown()
    root = re.search(r"<html[^>]*>", dom).group(0)
    assert "data-proof" in root, "scripts run in this browser"
    assert "data-ran" not in root, "but none of a record's"
    assert asked == ["/proof"]
    assert f"&lt;script&gt;{mark}&lt;/script&gt;" in dom, "it is there to be read"
    assert 'data-raw="0"' in root, "no character that hides or reorders text"
    assert int(re.search('data-shown="([0-9]+)"', root)[1]) > 10, "they are shown by their numbers"
    assert 'data-names="true"' in root
    assert "".join(f"⟨U+{ord(each):04X}⟩" for each in UNSEEN) + "<bdi>إدلب</bdi>" in dom
    numbers = json.loads((page.parent / "findings.json").read_text(encoding="utf-8"))
    assert numbers["findings"][0]["truce"]["name"] == hostile, "data are as they were"
